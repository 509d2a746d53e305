"""
A sandbox in which the end-to-end tests run real programs.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest_twisted

from tests.e2e.support import Sandbox


@pytest_twisted.async_yield_fixture
async def sandbox(tmp_path: Path, needs: Callable[..., str]) -> AsyncIterator[Sandbox]:
    sandbox = Sandbox(tmp_path, needs)
    yield sandbox
    await sandbox.end()
