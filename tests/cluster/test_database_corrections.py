"""
The tests of tests/core/test_corrections.py, with the clients spread over two nodes on PostgreSQL.
"""

from __future__ import annotations

import pytest

from tests.cluster.in_database import DatabaseOrder, one_database  # noqa: F401  # a fixture
from tests.cluster.spread import spread

pytestmark = pytest.mark.slow  # of a real engine

spread(
    "test_corrections",
    globals(),
    leave_out=[  # it holds back what one node reads
        "test_a_page_that_is_read_while_a_message_is_redacted_does_not_show_it",
    ],
    shared=DatabaseOrder,
)
