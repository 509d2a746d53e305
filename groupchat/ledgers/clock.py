"""The time, as the ledgers read it."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Protocol

__all__ = ["Clock", "SystemClock"]


class Clock(Protocol):
    """The clock of a machine. All times are in seconds."""

    def time(self) -> float:
        """Return the time of the system's clock since 1970. It can be wrong, and set."""

    def monotonic(self) -> float:
        """Return the time since some moment, without that in which the machine slept."""

    def uptime(self) -> float:
        """Return the time since some moment, with that in which the machine slept if known."""

    def sleep(self, seconds: float) -> None:
        """Block the calling thread."""


def _uptime() -> Callable[[], float]:
    boot = getattr(time, "CLOCK_BOOTTIME", None)  # Linux has it
    return time.monotonic if boot is None else partial(time.clock_gettime, boot)


class SystemClock:
    """The clock of this machine."""

    monotonic = staticmethod(time.monotonic)
    uptime = staticmethod(_uptime())
    sleep = staticmethod(time.sleep)
    time = staticmethod(time.time)
