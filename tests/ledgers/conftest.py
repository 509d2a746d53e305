"""
Fixtures of the ledgers' tests: time that they let pass, and a clock that they set.
"""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest

from groupchat.ledgers import memory, writer

DAY = 86_400.0


class Passing:
    """The time of the ledgers."""

    def __init__(self) -> None:
        self._passed = self._ahead = 0.0
        self.module = SimpleNamespace(
            time=self._time, monotonic=lambda: time.monotonic() + self._passed
        )

    def _time(self) -> float:
        return time.time() + self._passed + self._ahead

    def now(self) -> int:
        """The time by the system's clock, in milliseconds since 1970."""
        return int(self._time() * 1000)

    def days(self, days: float) -> None:
        """So much later it is."""
        self._passed += days * DAY

    def set_clock(self, days: float) -> None:
        """Set the system's clock so much ahead of what it should be."""
        self._ahead = days * DAY


@pytest.fixture
def passing(monkeypatch: Any) -> Passing:
    passing = Passing()
    for module in (memory, writer):
        monkeypatch.setattr(module, "time", passing.module)
    return passing
