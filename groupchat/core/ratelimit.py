"""
Rate limits: pure arithmetic over a `seconds` callable.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from ipaddress import IPv6Network

__all__ = ["FailureWindow", "KeyedTokenBuckets", "TokenBucket", "client_prefix"]

_WHOLE = 1 - 1e-9  #: a whole token, with tolerance for rounding
#: seconds; a wait shorter than the clock's resolution would make callers retry at the same instant
_MIN_WAIT = 0.001


class TokenBucket:
    """
    Allows `burst` events at once and `rate` events a second after that.

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
        Take tokens. Returns 0.0 if there were enough, else takes none and returns the seconds until
        there are.
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

    def spend(self, cost: float) -> None:
        """Take tokens even if there are fewer: the next event waits for the difference."""
        self._tokens -= cost if self._rate else 0.0

    def give(self) -> None:
        """Put back a token that was taken."""
        self._tokens = min(self._burst, self._tokens + 1)


class KeyedTokenBuckets:
    """
    A `TokenBucket` for each key. Beyond `max_keys`, the least recently used bucket is dropped.

    :param rate: tokens a second for each; 0 means no limit.
    :param burst: tokens that each key can save up.
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
        """Take tokens of a key, like `TokenBucket.take`."""
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
        """Put back a token of a key."""
        if who in self._buckets:
            self._buckets[who][1].give()

    def forget(self) -> None:
        """Drop the buckets that are full by now."""
        full = self._seconds() - self._burst / self._rate if self._rate else 0.0
        for who, (used, _) in list(self._buckets.items()):
            if used > full:
                break
            del self._buckets[who]


class FailureWindow:
    """
    Counts failures, and tells when there are too many within a period.

    :param max_failures: the number that is too many.
    :param period: seconds.
    :param seconds: a monotonic clock, in seconds.
    """

    __slots__ = ("_max", "_period", "_seconds", "_times")

    def __init__(self, max_failures: int, period: float, seconds: Callable[[], float]) -> None:
        self._times: deque[float] | None = None  # most never fail, and a deque is not small
        self._max = max_failures
        self._period = period
        self._seconds = seconds

    def record(self) -> bool:
        """Count a failure. Returns whether that is too many."""
        now = self._seconds()
        if self._times is None:
            self._times = deque(maxlen=self._max)
        self._times.append(now)
        return len(self._times) == self._max and now - self._times[0] <= self._period


def client_prefix(address: str) -> str:
    """
    Return the part of an address that identifies a client: of an IPv6 address the /64 network,
    since a client can take another address in it for each connection.
    """
    if ":" not in address:
        return address
    return str(IPv6Network((address.partition("%")[0], 64), strict=False))
