"""
Reads the log of one room: from the ledger, without what is redacted meanwhile; or from memory,
while the ledger can't be read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, TypeVar

import msgspec

from groupchat.core.search import Found, SearchQuery
from groupchat.interfaces import ILedger
from groupchat.wire.errors import Unavailable
from groupchat.wire.events import Message

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred
    from twisted.python.failure import Failure

    from groupchat.core.backlog import Backlog

__all__ = ["LogReader", "redacted"]

Result = TypeVar("Result")


def redacted(message: Message) -> Message:
    """Return a message without its text."""
    return msgspec.structs.replace(message, text="", redacted=True)


class LogReader:
    """
    Reads a room's log. The ledger answers later, and a text that is redacted until then is left
    out of the answer.

    :param room: its internal name.
    :param backlog: the messages that are in memory, too.
    """

    __slots__ = ("_backlog", "_ledger", "_room", "_under_way")

    def __init__(self, room: str, ledger: ILedger, backlog: Backlog | None = None) -> None:
        self._room = room
        self._ledger = ledger
        self._backlog = backlog
        self._under_way: list[set[int]] = []  # for each read, the ids redacted since it began

    def page(self, after: int, through: int) -> Deferred[list[Message]]:
        """Read a page, like `ILedger.page`."""
        return self._read(self._ledger.page(self._room, after, through), _without)

    def history(
        self, before: int, limit: int, after: int | None = None
    ) -> Deferred[tuple[list[Message], bool]]:
        """
        Read history, like `ILedger.history`. Where the ledger can't be read, it is the part that is
        in memory.
        """

        def remembered(failure: Failure) -> tuple[list[Message], bool]:
            failure.trap(Unavailable)
            backlog = self._backlog
            found = backlog.history(before, limit, after) if backlog is not None else None
            return failure.raiseException() if found is None else found

        return self._read(
            self._ledger.history(self._room, before, limit, after).addErrback(remembered),
            lambda found, ids: (_without(found[0], ids), found[1]),
        )

    def search(self, query: SearchQuery, before: int, limit: int) -> Deferred[Found]:
        """Search, like `ILedger.search`."""
        return self._read(
            self._ledger.search(self._room, query, before, limit),
            lambda found, ids: found._replace(
                messages=[message for message in found.messages if message.id not in ids]
            ),
        )

    def redact(self, ids: Collection[int]) -> None:
        """Leave the texts of these messages out of the answers that are under way."""
        for redacted_ids in self._under_way:
            redacted_ids.update(ids)

    def _read(
        self, asked: Deferred[Result], without: Callable[[Result, set[int]], Result]
    ) -> Deferred[Result]:
        ids: set[int] = set()
        self._under_way.append(ids)

        def answered(result: Result) -> Result:
            self._end(ids)
            return without(result, ids) if ids else result

        def failed(failure: Failure) -> Failure:
            self._end(ids)
            return failure

        return asked.addCallbacks(answered, failed)

    def _end(self, ids: set[int]) -> None:
        self._under_way = [other for other in self._under_way if other is not ids]


def _without(messages: list[Message], ids: set[int]) -> list[Message]:
    return [redacted(message) if message.id in ids else message for message in messages]
