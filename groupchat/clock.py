"""
The reactor's clock: one that nobody sets.
"""

from __future__ import annotations

import time
from typing import Any


def use_monotonic(reactor: Any) -> None:
    """
    Let a reactor measure time by the monotonic clock. Twisted's own is the system's clock: set back
    by an hour it stops every timer for an hour, and set forward it ends them all at once.

    Suspended time does not count: after it, peers that are gone are found out in the usual time,
    and the others stay. Calls that are scheduled already keep the time that they have left.
    """
    if reactor.seconds is time.monotonic:
        return
    difference = time.monotonic() - reactor.seconds()
    reactor.seconds = time.monotonic
    for call in reactor.getDelayedCalls():
        call.seconds = time.monotonic
        call.time += difference
