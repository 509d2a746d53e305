"""
Fixtures of the ledgers' tests: the machine that they run on.
"""

from __future__ import annotations

import pytest

from tests.ledgers.keeping import Machine


@pytest.fixture
def machine() -> Machine:
    return Machine()
