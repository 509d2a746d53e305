"""
Messages that a reader's queue had no place for. They are in the room's log on the server: only
their ids are kept, and they are fetched once the queue has place again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from groupchat.wire.commands import AskHistory, Position
from groupchat.wire.events import Message

__all__ = ["PAGE", "Overflow"]

PAGE = 100  #: messages that are fetched at once


@dataclass(slots=True, eq=False)
class _Range:
    """
    Messages of a room: all of them from one id to another.

    :ivar epoch: the log that the ids belong to.
    :ivar mine: ids of those that this chat said.
    """

    epoch: str
    first: int
    last: int
    mine: set[int] = field(default_factory=set)


class Overflow:
    """The messages that are to be fetched, by room."""

    def __init__(self) -> None:
        self._ranges: dict[str, _Range] = {}

    def __bool__(self) -> bool:
        return bool(self._ranges)

    def __contains__(self, room: str) -> bool:
        """Whether later messages of this room have to wait for earlier ones."""
        return room in self._ranges

    def add(self, message: Message, epoch: str, mine: bool) -> None:
        """There is no place for this message."""
        found = self._ranges.get(message.room)
        if found is None or found.epoch != epoch:
            found = self._ranges[message.room] = _Range(epoch, message.id, message.id)
        found.last = max(found.last, message.id)
        if mine:
            found.mine.add(message.id)

    def forget(self, room: str) -> None:
        """The messages of this room can't be had any more."""
        self._ranges.pop(room, None)

    def position(self, room: str) -> Position | None:
        """Returns the position before the first of them in a room, if there is one."""
        found = self._ranges.get(room)
        return None if found is None else Position(epoch=found.epoch, after=found.first - 1)

    def request(self) -> AskHistory:
        """Returns the request for the next of them."""
        room, found = next(iter(self._ranges.items()))
        before = min(found.last + 1, found.first + PAGE)
        return AskHistory(room=room, after=found.first - 1, before=before, limit=PAGE)

    def take(
        self, request: AskHistory, messages: Iterable[Message]
    ) -> Iterator[tuple[Message, str, bool]]:
        """
        Returns messages that were fetched, each with the log of its room, and whether it is ours.

        :param request: what was asked for. Messages that the server no longer has are left out.
        """
        found = self._ranges.get(request.room)
        if found is None or request.after != found.first - 1:
            return  # the log is another one since
        fetched = list(messages)
        behind = fetched[-1].id + 1 if fetched else request.before or found.last + 1
        found.first = behind
        if behind > found.last:
            self.forget(request.room)
        for message in fetched:
            yield message, found.epoch, message.id in found.mine
        found.mine = {number for number in found.mine if number >= behind}
