"""
A sandbox in which the end-to-end tests run real programs, and what is built of the project.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_twisted

from tests.e2e.building import build
from tests.e2e.support import Sandbox


@pytest_twisted.async_yield_fixture
async def sandbox(tmp_path: Path, needs: Callable[..., str]) -> AsyncIterator[Sandbox]:
    sandbox = Sandbox(tmp_path, needs)
    yield sandbox
    await sandbox.end()


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The wheel and the sdist of the project."""
    return build(tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("built"))
