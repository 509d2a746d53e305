"""
The pool of connections that have not logged in, and which of them makes room for others.

A silent connection counts only once it has had time to speak: else a thousand clients that connect
again at once, as after a restart, would push each other out before any of them has said a word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime

__all__ = ["GRACE_SECONDS", "MAX_IN_GRACE", "ByAddress", "Pending", "PendingPool"]

GRACE_SECONDS = 1.0  #: seconds in which a connection may log in before it counts
MAX_IN_GRACE = 4096  #: connections that do not count yet, at most
SWEEP_INTERVAL = 0.005  #: seconds between two sweeps, where many connect at once
SWEEP_BATCH = 8  #: connections in a sweep: each may have to go, and others wait meanwhile


class Pending(Protocol):
    """
    A connection in the pool.

    :ivar address: where it comes from (in IPv6 the /64).
    """

    address: str

    @property
    def served(self) -> bool:
        """Whether it waits for the server: it has sent a line that is not answered yet."""

    def make_room(self) -> None:
        """Go: other connections take its place. It leaves the pool at once."""


class ByAddress:
    """Connections in the order in which they came, by address."""

    def __init__(self) -> None:
        self._addresses: dict[str, dict[Pending, None]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Pending]:
        return (one for those in self._addresses.values() for one in those)

    def add(self, one: Pending) -> None:
        those = self._addresses.setdefault(one.address, {})
        self._count += one not in those
        those[one] = None

    def discard(self, one: Pending) -> None:
        those = self._addresses.get(one.address, {})
        if one in those:
            self._count -= 1
            del those[one]
            if not those:
                del self._addresses[one.address]

    def next_to_go(self) -> Pending:
        """Return the oldest of the address with the most; rather one that does not wait for us."""
        fullest = sorted(self._addresses.values(), key=len, reverse=True)
        return next(
            (one for those in fullest for one in those if not one.served), next(iter(fullest[0]))
        )


class PendingPool:
    """
    :param places: for connections that have had their time to log in.
    :param clock: provides `seconds` and `callLater`.
    :param free: returns how many connections more can be open; those that do not count yet take up
        half of that at most.
    """

    def __init__(self, places: int, clock: IReactorTime, free: Callable[[], int]) -> None:
        self._places = places
        self._clock = clock
        self._free = free
        self._all = ByAddress()
        self._ripe = ByAddress()
        #: when the time of each began; the first has had the most of it
        self._young: dict[Pending, float] = {}
        self._timer: IDelayedCall | None = None

    def add(self, one: Pending) -> None:
        """Add a connection."""
        while len(self._all) >= self._places + max(0, min(MAX_IN_GRACE, self._free() // 2)):
            self._all.next_to_go().make_room()
        self._all.add(one)
        self.give_chance(one)

    def give_chance(self, one: Pending) -> None:
        """Give a connection its time to log in, again where it had it before."""
        self._ripe.discard(one)
        self._young.pop(one, None)
        self._young[one] = self._clock.seconds()
        if self._timer is None:
            self._timer = self._clock.callLater(GRACE_SECONDS, self._ripen)

    def remove(self, one: Pending) -> None:
        """Remove a connection: it has joined, or is gone."""
        self._all.discard(one)
        self._ripe.discard(one)
        self._young.pop(one, None)
        if not self._young:
            self.stop()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ripen(self) -> None:
        """Let the connections count that have had their time."""
        self._timer = None
        now = self._clock.seconds()
        for one, since in list(islice(self._young.items(), SWEEP_BATCH)):
            if since + GRACE_SECONDS > now + 0.001:
                break
            del self._young[one]
            if one.served:
                self._young[one] = now
            else:
                self._ripe.add(one)
        while len(self._ripe) > self._places:
            self._ripe.next_to_go().make_room()
        if self._young and self._timer is None:
            oldest = next(iter(self._young.values()))
            self._timer = self._clock.callLater(
                max(SWEEP_INTERVAL, oldest + GRACE_SECONDS - now), self._ripen
            )
