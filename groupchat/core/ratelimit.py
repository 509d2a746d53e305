"""
How much of something is let through: pure arithmetic over a `seconds` callable.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from ipaddress import IPv6Network

_WHOLE = 1 - 1e-9  #: a token, whatever floating point made of it
#: seconds to wait; with less than a clock can tell apart, one would ask again and again at the same
#: time
_MIN_WAIT = 0.001


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

    def take(self, cost: float = 1.0) -> float:
        """
        Take a token, or so many. Returns 0.0 where there were enough, else the seconds until there
        are (and takes none).
        """
        if not self._rate:
            return 0.0
        now = self._seconds()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < cost * _WHOLE:
            return max((cost - self._tokens) / self._rate, _MIN_WAIT)
        self._tokens -= cost
        return 0.0

    def give(self) -> None:
        """Put back a token that was taken."""
        self._tokens = min(self._burst, self._tokens + 1)


class KeyedTokenBuckets:
    """
    A `TokenBucket` for each of many. Of too many, the one that has not been used for the longest
    time is forgotten.

    :param rate: tokens a second for each; 0 means no limit.
    :param burst: tokens that each can save up.
    :param seconds: a monotonic clock, in seconds.
    :param max_keys: how many keys are remembered.
    """

    def __init__(
        self, rate: float, burst: float, seconds: Callable[[], float], max_keys: int = 4096
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._seconds = seconds
        self._max_keys = max_keys
        self._buckets: dict[
            Hashable, tuple[float, TokenBucket]
        ] = {}  # when it was used last; that was longest ago for the first

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, who: Hashable, cost: float = 1.0) -> float:
        """As `TokenBucket.take`, for this one."""
        if not self._rate:
            return 0.0
        now = self._seconds()
        known = who in self._buckets
        bucket = (
            self._buckets.pop(who)[1]
            if known
            else TokenBucket(self._rate, self._burst, self._seconds)
        )
        self._buckets[who] = now, bucket
        if len(self._buckets) > self._max_keys:
            del self._buckets[next(iter(self._buckets))]
        return bucket.take(cost)

    def give(self, who: Hashable) -> None:
        """Put back a token of this one's."""
        if who in self._buckets:
            self._buckets[who][1].give()

    def forget(self) -> None:
        """Forget those whose buckets are full by now."""
        full = self._seconds() - self._burst / self._rate if self._rate else 0.0
        for who, (used, _) in list(self._buckets.items()):
            if used > full:
                break
            del self._buckets[who]


class FailureWindow:
    """
    Counts faults, and says when there were too many within a while.

    :param most: so many are too many.
    :param within: seconds.
    """

    __slots__ = ("_period", "_seconds", "_times")

    def __init__(self, max_failures: int, period: float, seconds: Callable[[], float]) -> None:
        self._times: deque[float] = deque(maxlen=max_failures)
        self._period = period
        self._seconds = seconds

    def record(self) -> bool:
        """One more. Returns whether that was too many."""
        now = self._seconds()
        self._times.append(now)
        return len(self._times) == self._times.maxlen and now - self._times[0] <= self._period


def client_prefix(address: str) -> str:
    """
    Whose address it is: in IPv6 each has 2 ** 64 of them, and can take another for each connection.
    """
    if ":" not in address:
        return address
    return str(IPv6Network((address.partition("%")[0], 64), strict=False))
