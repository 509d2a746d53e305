"""The tests of tests/core/test_direct.py, with the clients spread over two nodes on PostgreSQL."""

from __future__ import annotations

import pytest

from tests.cluster.in_database import DatabaseOrder, one_database  # noqa: F401  # a fixture
from tests.cluster.spread import spread

pytestmark = pytest.mark.slow  # of a real engine

spread("test_direct", globals(), shared=DatabaseOrder)
