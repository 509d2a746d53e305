"""
How much of something is let through: pure arithmetic over a `seconds` callable.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

_WHOLE = 1 - 1e-9  #: a token, whatever floating point made of it
_LEAST = 0.001  #: seconds to wait; with less than a clock can tell apart, one would ask again and again at the same time


class TokenBucket:
    """
    Lets `burst` through at once and `rate` a second after that.

    :param rate: tokens a second; 0 means no limit.
    :param burst: tokens that can be saved up.
    :param seconds: a monotonic clock, in seconds.
    """

    __slots__ = ("_at", "_burst", "_rate", "_seconds", "_tokens")

    def __init__(self, rate: float, burst: float, seconds: Callable[[], float]) -> None:
        self._rate = rate
        self._burst = max(1.0, burst)
        self._seconds = seconds
        self._tokens = self._burst
        self._at = seconds()

    def take(self) -> float:
        """Take a token. Returns 0.0 where there was one, else the seconds until there is (and takes none)."""
        if not self._rate:
            return 0.0
        now = self._seconds()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < _WHOLE:
            return max((1 - self._tokens) / self._rate, _LEAST)
        self._tokens -= 1
        return 0.0


class Strikes:
    """
    Counts faults, and says when there were too many within a while.

    :param most: so many are too many.
    :param within: seconds.
    """

    __slots__ = ("_seconds", "_times", "_within")

    def __init__(self, most: int, within: float, seconds: Callable[[], float]) -> None:
        self._times: deque[float] = deque(maxlen=most)
        self._within = within
        self._seconds = seconds

    def strike(self) -> bool:
        """One more. Returns whether that was too many."""
        now = self._seconds()
        self._times.append(now)
        return len(self._times) == self._times.maxlen and now - self._times[0] <= self._within
