"""
One room as it is read: its cursor, and each message once, in order, without a hole.

The law: what is shown has the id after the one shown before, unless a gap or a reset said otherwise; the cursor moves
only after the line was shown. A server that keeps the wire's promise leaves no holes; where one appears all the same,
what is missing is asked for, and what is behind it waits.
"""

from __future__ import annotations

from typing import Protocol

from groupchat.commands import AskHistory, Place
from groupchat.events import Catchup, CaughtUp, Event, Gap, History, Message, Reset, RoomState
from groupchat.wire import jsonlines

FILL = "groupchat-connect fills a hole"  #: the ref of what is asked for here, and not by a person
_PAGE = 1000  #: messages in a page of history, at most


class Reader(Protocol):
    """To whom a room is read."""

    def show(self, event: Event, line: bytes, past: bool) -> None:
        """
        Display this; it is known when this returns.

        :param line: the event as the server wrote it, without its LF.
        :param past: whether it is history.
        """

    def ask(self, question: AskHistory) -> None:
        """Send this; the answer comes back by `Reading.fill`."""


class Reading:
    """
    :param room: the room.
    :param reader: to whom it is read.
    :param place: where to go on; None: at the newest few.
    """

    def __init__(self, room: str, reader: Reader, place: Place | None = None) -> None:
        self._room = room
        self._reader = reader
        self._epoch = place.epoch if place else None
        self._after = place.after if place else None  # None: any id may be the first
        self._through = 0
        self._behind = False  # whether the end of history is still to come
        self._held: list[tuple[Event, bytes]] | None = None  # what is behind a hole, while that is being filled
        self._until = 0  # the id behind the hole
        self._found: list[Message] = []

    @property
    def place(self) -> Place | None:
        """Where to go on after a lost connection."""
        return None if self._after is None else Place(epoch=self._epoch, after=self._after)

    @property
    def behind(self) -> bool:
        """
        Whether history is still known to come. Of the newest few it is not known whether there are any (a server may
        give none); one that is asked to quit gives them first.
        """
        return (self._behind and self._after is not None) or self._held is not None

    def seen(self, number: int) -> bool:
        """Whether the message with this id was shown, or never will be."""
        return self._after is not None and number <= self._after

    def reopen(self) -> None:
        """The connection was lost: what was held back comes again."""
        self._held = None
        self._found = []
        self._behind = True

    def take(self, event: Event, line: bytes) -> None:
        """Something happened in the room."""
        if self._held is not None:
            self._held.append((event, line))
        elif isinstance(event, Message):
            self._advance(event.id, event.id, event, line)
        elif isinstance(event, Gap):
            self._advance(event.after + 1, event.before - 1, event, line)
        else:
            self._reader.show(event, line, False)
            self._learn(event)

    def _learn(self, event: Event) -> None:
        if isinstance(event, RoomState):
            self._epoch = event.epoch
            self._start(event.first, event.head)
        elif isinstance(event, Reset):
            self._epoch = event.epoch
            self._after = None
            self._start(event.first, event.head)
        elif isinstance(event, Catchup):
            self._through = event.through
            self._behind = True
            self._check_end()

    def _start(self, first: int, head: int) -> None:
        if self._after is None and first > head:  # nothing is kept, so none of the newest few will come
            self._after = head

    def _advance(self, first: int, last: int, event: Event, line: bytes) -> None:
        """Show what stands for these ids, if it is its turn."""
        if self._after is not None and last <= self._after:
            return
        if self._after is not None and first > self._after + 1:
            self._ask(first)
            self._held = [(event, line)]
            return
        self._reader.show(event, line, last <= self._through)
        self._after = last
        self._check_end()

    def _check_end(self) -> None:
        if self._behind and self._after is not None and self._after >= self._through:
            self._behind = False
            self._reader.show(CaughtUp(room=self._room), b"", False)

    def heard(self, head: int) -> None:
        """The server says that it has written everything up to this id."""
        if self._held is not None:
            return
        if self._after is None:  # it had no newest few for us
            self._after = head
            self._check_end()
        elif head > self._after:
            self._ask(head + 1)
            self._held = []

    def _ask(self, before: int) -> None:
        if not self._found:
            self._until = before
        missing = before - (self._after or 0) - 1
        self._reader.ask(AskHistory(room=self._room, before=before, limit=min(missing, _PAGE), ref=FILL))

    def fill(self, page: History | None) -> None:
        """What was missing, or a part of it; None where it can't be had."""
        if self._held is None:
            return
        messages = [message for message in page.messages if not self.seen(message.id)] if page else []
        self._found = messages + self._found
        if page and page.more and messages and not self.seen(messages[0].id - 1):
            self._ask(messages[0].id)
        else:
            self._close_hole()

    def _close_hole(self) -> None:
        found, self._found = self._found, []
        held, self._held = self._held or [], None
        for message in found:
            self._skip_to(message.id)
            self.take(message, jsonlines.encode(message)[:-1])
        self._skip_to(self._until)
        for event, line in held:
            self.take(event, line)

    def _skip_to(self, number: int) -> None:
        """Name what can't be had before this id."""
        after = self._after or 0
        if number > after + 1:
            gap = Gap(room=self._room, after=after, before=number)
            self.take(gap, jsonlines.encode(gap)[:-1])
