"""
So many handshakes of TLS a second: they are what costs most of all that a stranger can ask for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from groupchat.core.ratelimit import TokenBucket

BURST_SECONDS = (
    0.1  #: seconds' worth of handshakes that may come together: more would hold up those who are in
)


class HandshakeQueue:
    """
    Those who wait for their turn: a line for each origin, so that many from one don't hold up one
    from elsewhere.

    :param rate: handshakes a second; 0: no limit.
    :param clock: provides `seconds` and `callLater`.
    """

    def __init__(self, rate: float, clock: Any) -> None:
        self._bucket = TokenBucket(rate, rate * BURST_SECONDS, clock.seconds)
        self._clock = clock
        self._lines: dict[
            str, deque[Callable[[], None]]
        ] = {}  # the one whose turn it is comes first
        self._timer: Any = None

    def ask(self, begin: Callable[[], None], origin: str = "") -> None:
        """Call this when it is its turn: at once, where nobody waits and it may be."""
        self._lines.setdefault(origin, deque()).append(begin)
        if self._timer is None:
            self._next()

    def leave(self, begin: Callable[[], None], origin: str = "") -> None:
        """Don't wait any more, where one does."""
        line = self._lines.get(origin, deque())
        if begin in line:
            line.remove(begin)
            if not line:
                del self._lines[origin]
        if not self._lines and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _next(self) -> None:
        self._timer = None
        while self._lines:
            wait = self._bucket.take()
            if wait:
                self._timer = self._clock.callLater(wait, self._next)
                return
            self._take()()

    def _take(self) -> Callable[[], None]:
        """The next one. Those of its origin have to wait for one of each other."""
        origin, line = next(iter(self._lines.items()))
        del self._lines[origin]
        begin = line.popleft()
        if line:
            self._lines[origin] = line
        return begin
