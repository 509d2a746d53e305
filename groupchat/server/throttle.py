"""
A limit on connections that come to nothing, for each address and for all together.
"""

from __future__ import annotations

from collections.abc import Callable

from groupchat.core.ratelimit import KeyedTokenBuckets, TokenBucket

__all__ = ["ConnectionThrottle"]

BURST_SECONDS = 5.0  #: seconds of its connections that an address can save up
GLOBAL_FACTOR = 10  #: addresses' worth of connections that all may open together
OVERLOAD_COST = 10  #: connections that each counts for while there are more than that
#: Proxies and tunnels bring all kinds of people from here: these have no limit.
UNTHROTTLED = frozenset({"local", "127.0.0.1", "::1"})


class ConnectionThrottle:
    """
    Lets an address open connections at a limited rate; one that logs in does not count.

    While too many come from everywhere, each counts for more: an address that is new is still let
    through.

    :param rate: connections a second from one address; 0 means no limit.
    :param seconds: a monotonic clock, in seconds.
    """

    def __init__(self, rate: float, seconds: Callable[[], float]) -> None:
        self._each = KeyedTokenBuckets(rate, rate * BURST_SECONDS, seconds)
        total = rate * GLOBAL_FACTOR
        self._all = TokenBucket(total, total * BURST_SECONDS, seconds)

    def __len__(self) -> int:
        return len(self._each)

    def allows(self, prefix: str) -> bool:
        """
        Count a connection from an address. Returns whether it may be opened.

        :param prefix: of the address, as `groupchat.core.ratelimit.client_prefix` gives it.
        """
        if prefix in UNTHROTTLED:
            return True
        cost = OVERLOAD_COST if self._all.take() else 1
        return not self._each.take(prefix, cost)

    def give_back(self, prefix: str) -> None:
        """Don't count a connection: it has logged in."""
        self._each.give(prefix)
        self._all.give()

    def forget(self) -> None:
        """Forget the addresses that have not connected for a while."""
        self._each.forget()
