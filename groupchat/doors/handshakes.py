"""
So many handshakes of TLS a second: they are what costs most of all that a stranger can ask for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from groupchat.limits import TokenBucket

AT_ONCE = 0.1  #: seconds' worth of handshakes that may come together: more would hold up those who are in


class Handshakes:
    """
    A line of those who wait for their turn.

    :param rate: handshakes a second; 0: no limit.
    :param clock: provides `seconds` and `callLater`.
    """

    def __init__(self, rate: float, clock: Any) -> None:
        self._bucket = TokenBucket(rate, rate * AT_ONCE, clock.seconds)
        self._clock = clock
        self._line: deque[Callable[[], None]] = deque()
        self._timer: Any = None

    def ask(self, begin: Callable[[], None]) -> None:
        """Call this when it is its turn: at once, where nobody waits and it may be."""
        self._line.append(begin)
        if self._timer is None:
            self._next()

    def leave(self, begin: Callable[[], None]) -> None:
        """Don't wait any more, where one does."""
        if begin in self._line:
            self._line.remove(begin)
        if not self._line and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _next(self) -> None:
        self._timer = None
        while self._line:
            wait = self._bucket.take()
            if wait:
                self._timer = self._clock.callLater(wait, self._next)
                return
            self._line.popleft()()
