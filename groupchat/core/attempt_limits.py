"""
Limits of password attempts.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

from groupchat.core.ratelimit import KeyedTokenBuckets

__all__ = ["AttemptLimits", "Taken"]

#: Wrong passwords at once, and per second after that: from one address (as many as it can have
#: connections before login); from one address for one name; and for one name from all addresses
#: that never gave its password, which is enough that a few addresses lock no owner out.
ATTEMPTS_PER_ADDRESS = (64, 1 / 10)
ATTEMPTS_PER_NAME_AND_ADDRESS = (10, 1 / 30)
ATTEMPTS_PER_NAME = (200, 1 / 10)
#: pairs of a name and an address that gave its password that are remembered
MAX_KNOWN_ORIGINS = 4096

#: attempts that were taken: the limit, and the key within it
Taken = list[tuple[KeyedTokenBuckets, Hashable]]


class AttemptLimits:
    """
    Slows an address that tries passwords, and not the owner of the name at another: many addresses
    are slowed together, but for those from which the owner has logged in.

    :param seconds: a monotonic clock, in seconds.
    """

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._addresses = _buckets(ATTEMPTS_PER_ADDRESS, seconds)
        self._pairs = _buckets(ATTEMPTS_PER_NAME_AND_ADDRESS, seconds)
        self._strangers = _buckets(ATTEMPTS_PER_NAME, seconds)
        #: the pair that logged in longest ago is the first
        self._known: dict[tuple[str, str], None] = {}

    def take(self, key: str, origin: str) -> tuple[Taken, float]:
        """
        Take an attempt for the name of this key, from this origin. Returns what was taken and 0.0,
        or the seconds until there is one (and then nothing is taken).
        """
        pair = (key, origin)
        taken: Taken = []
        limits: Taken = [(self._addresses, origin), (self._pairs, pair)]
        if pair not in self._known:
            limits.append((self._strangers, key))
        for limit, limited in limits:
            wait = limit.take(limited)
            if wait:
                _give(taken)
                return [], wait
            taken.append((limit, limited))
        return taken, 0.0

    def succeeded(self, key: str, origin: str, taken: Taken) -> None:
        """Give an attempt back: the password was right, and its origin is known from now on."""
        _give(taken)
        self._known.pop((key, origin), None)
        self._known[key, origin] = None
        if len(self._known) > MAX_KNOWN_ORIGINS:
            del self._known[next(iter(self._known))]


def _buckets(limit: tuple[float, float], seconds: Callable[[], float]) -> KeyedTokenBuckets:
    at_once, per_second = limit
    return KeyedTokenBuckets(per_second, at_once, seconds)


def _give(taken: Taken) -> None:
    for limit, limited in taken:
        limit.give(limited)
