"""
Visitors: connections that a gateway serves and that have no session, such as a browser's that
fetches the page. They are neither pending nor failed logins, and have a bound of their own.
"""

from __future__ import annotations

from collections.abc import Callable

from groupchat.server.pool import MAX_IN_GRACE, ByAddress, Pending

__all__ = ["REMEMBERED", "Visitor", "Visitors"]

REMEMBERED = 60.0  #: seconds for which an address is known to have visited


Visitor = Pending  #: it is `served` while it waits for an answer


class Visitors:
    """
    :param places: returns how many visitors there may be.
    :param streams: returns how many of them may read an answer without an end, beside the others.
    :param seconds: a monotonic clock, in seconds.
    :param give_back: called with an address whose visit came to something.
    """

    def __init__(
        self,
        places: Callable[[], int],
        streams: Callable[[], int],
        seconds: Callable[[], float],
        give_back: Callable[[str], None],
    ) -> None:
        self._places = places
        self._max_streams = streams
        self._seconds = seconds
        self._give_back = give_back
        self._all = ByAddress()
        self._streams: set[Visitor] = set()
        self._last_visit: dict[str, float] = {}  # of each address, the oldest first

    def __len__(self) -> int:
        return len(self._all) + len(self._streams)

    def add(self, one: Visitor) -> None:
        """
        Add a visitor. Another may have to go: the oldest idle one of the address with the most.

        Those that wait for an answer stay, as long as they are no crowd: after a restart all pages
        ask at once.
        """
        while len(self._all) >= self._places():
            oldest = self._all.next_to_go()
            if oldest.served and len(self._all) < self._places() + MAX_IN_GRACE:
                break
            oldest.make_room()
        self._all.add(one)
        self._last_visit.pop(one.address, None)
        self._last_visit[one.address] = self._seconds()

    def busy(self, one: Visitor) -> None:
        """A visitor has asked for something: it is the last to go now."""
        self._all.discard(one)
        self._all.add(one)

    def served(self, one: Visitor) -> None:
        """A visitor got what it asked for: its address may open a connection more."""
        self._give_back(one.address)

    def stream(self, one: Visitor) -> bool:
        """
        Let a visitor read an answer without an end: it is no longer counted among the others.

        Returns whether there is a place for it.
        """
        if len(self._streams) >= self._max_streams():
            return False
        self._all.discard(one)
        self._streams.add(one)
        return True

    def remove(self, one: Visitor) -> None:
        """Remove a visitor: it is gone, or has a session now."""
        self._all.discard(one)
        self._streams.discard(one)

    def stop(self) -> None:
        """Let all go: the server stops."""
        for one in [*self._all, *self._streams]:
            one.make_room()

    def visited(self, address: str) -> bool:
        """Return whether an address visited within the last minute."""
        return self._last_visit.get(address, -REMEMBERED) > self._seconds() - REMEMBERED

    def forget(self) -> None:
        """Forget the addresses of more than a minute ago."""
        while self._last_visit:
            address = next(iter(self._last_visit))
            if self.visited(address):
                break
            del self._last_visit[address]
