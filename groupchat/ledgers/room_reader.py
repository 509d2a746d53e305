"""Reads the log of a room, the same way in every database."""

from __future__ import annotations

from collections.abc import Iterator

from groupchat.core.search import Found, SearchQuery
from groupchat.ledgers.clock import Clock
from groupchat.ledgers.pages import MAX_MESSAGES_IN_PAGE, page
from groupchat.ledgers.search import Condition, is_sent_by
from groupchat.wire.events import Message

__all__ = ["RoomReader"]

FIRST_SEARCHED = 256  #: messages that a search looks at first, to learn how long that takes
MAX_SEARCH_SECONDS = 0.25  #: seconds after which a search answers, about


class RoomReader:
    """
    Lives in the reader's thread.

    :param max_searched: messages that one search looks at.
    """

    def __init__(self, clock: Clock, max_searched: int) -> None:
        self._clock = clock
        self._max_searched = max_searched

    def page(self, room: str, after: int, through: int) -> list[Message]:
        """Return a page of the messages with after < id <= through, ascending."""
        no, first, _ = self._find(room)
        low = max(after + 1, first)
        return page(self._messages(room, no, low, through, "ASC", MAX_MESSAGES_IN_PAGE))

    def history(
        self, room: str, before: int, limit: int, after: int | None = None
    ) -> tuple[list[Message], bool]:
        """
        Return the newest messages with id < before, ascending, and whether there are older ones;
        with `after`, the oldest ones after it, and whether there are newer ones.
        """
        no, first, head = self._find(room)
        limit = min(limit, MAX_MESSAGES_IN_PAGE)
        if after is not None:
            low, last = max(after + 1, first), min(before - 1, head)
            found = page(self._messages(room, no, low, last, "ASC", limit))
            return found, bool(found) and found[-1].id < last
        found = page(self._messages(room, no, first, before - 1, "DESC", limit))
        return found[::-1], bool(found) and found[-1].id > first

    def search(self, room: str, query: SearchQuery, before: int, limit: int) -> Found:
        """
        Return the newest messages with id < before that a query finds.

        It goes back in portions, each bigger than the one before it, until it has found enough, has
        looked at enough, or has taken long enough.
        """
        no, first, head = self._find(room)
        wanted, portion = self._condition(query), FIRST_SEARCHED
        reached = min(before, head + 1)
        last = max(first, reached - wanted.most)
        end = self._clock.monotonic() + MAX_SEARCH_SECONDS
        found: list[Message] = []
        while reached > last and len(found) < limit and self._clock.monotonic() < end:
            low, most = max(last, reached - portion), limit - len(found)
            some = list(self._messages(room, no, low, reached - 1, "DESC", most, wanted))
            reached = some[-1].id if len(some) == most else low
            found += [message for message in some if is_sent_by(message, query)]
            portion *= 4
        shown = page(found)
        if len(shown) < len(found):
            reached = shown[-1].id
        return Found(shown[::-1], reached, reached > first)

    def rooms(self, account: str) -> dict[str, str]:
        """Return the rooms that an account may join, each with its topic."""
        raise NotImplementedError

    def direct_rooms(self, account: str) -> dict[str, tuple[int, int]]:
        """Return the direct rooms of an account, each with its head and the account's mark."""
        raise NotImplementedError

    def close(self) -> None:
        """End: nothing is read any more."""
        raise NotImplementedError

    def _find(self, room: str) -> tuple[int, int, int]:
        """Return a room's number, the first id that is kept, and its head."""
        raise NotImplementedError

    def _condition(self, query: SearchQuery) -> Condition:
        """Return the condition for a query."""
        raise NotImplementedError

    def _messages(
        self,
        room: str,
        no: int,
        low: int,
        high: int,
        order: str,
        limit: int,
        wanted: Condition | None = None,
    ) -> Iterator[Message]:
        """Yield the messages from one id to another, at most `limit`."""
        raise NotImplementedError
