"""
What the end-to-end tests get: a place in which real programs run.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest_twisted

from tests.e2e.support import Place


@pytest_twisted.async_yield_fixture
async def place(tmp_path: Path, needs: Callable[..., str]) -> AsyncIterator[Place]:
    place = Place(tmp_path, needs)
    yield place
    await place.end()
