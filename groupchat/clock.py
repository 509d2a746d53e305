"""
The reactor, and how to make it measure time by the monotonic clock, which nobody can set.
"""

from __future__ import annotations

import time
from typing import Any

from twisted.internet.interfaces import IReactorCore, IReactorFromThreads, IReactorTime

__all__ = ["IReactor", "use_monotonic"]


class IReactor(IReactorCore, IReactorFromThreads, IReactorTime):
    """The part of a Twisted reactor that this program needs."""


def use_monotonic(reactor: Any) -> None:  # Any: it replaces attributes that no type has
    """
    Make a reactor measure time by the monotonic clock. Twisted uses the system's clock: set back by
    an hour, it stops every timer for an hour; set forward, it ends them all at once.

    Time in suspension does not count: after it, dead connections are detected in the usual time,
    and the others stay. Calls that are already scheduled keep the time that they have left.
    """
    if reactor.seconds is time.monotonic:
        return
    difference = time.monotonic() - reactor.seconds()
    reactor.seconds = time.monotonic
    for call in reactor.getDelayedCalls():
        call.seconds = time.monotonic
        call.time += difference
