"""
How much of something is let through: pure arithmetic over a `seconds` callable.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

_WHOLE = 1 - 1e-9  #: a token, whatever floating point made of it


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
            return (1 - self._tokens) / self._rate
        self._tokens -= 1
        return 0.0

    def give_back(self) -> None:
        """The last token was not used."""
        self._tokens = min(self._burst, self._tokens + 1)


class Buckets:
    """
    A `TokenBucket` for each of many keys, in bounded memory: of more than `most` keys the one unused for longest is forgotten.

    :param rate: tokens a second for each.
    :param burst: tokens that each can save up.
    :param seconds: a monotonic clock, in seconds.
    """

    def __init__(self, rate: float, burst: float, seconds: Callable[[], float], most: int = 10_000) -> None:
        self._make: Callable[[], TokenBucket] = lambda: TokenBucket(rate, burst, seconds)
        self._most = most
        self._buckets: dict[str, TokenBucket] = {}

    def take(self, key: str) -> float:
        """As `TokenBucket.take`, for this key."""
        bucket = self._buckets.pop(key, None) or self._make()
        self._buckets[key] = bucket
        if len(self._buckets) > self._most:
            del self._buckets[next(iter(self._buckets))]
        return bucket.take()

    def give_back(self, key: str) -> None:
        """As `TokenBucket.give_back`, for this key."""
        if key in self._buckets:
            self._buckets[key].give_back()


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
