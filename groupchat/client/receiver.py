"""
One room as it is read: its cursor, and each message once, in order, without a hole.

The law: what is shown has the id after the one shown before, unless a gap or a reset said
otherwise; the cursor moves only after the line was shown. A server that keeps the wire's promise
leaves no holes; where one appears all the same, what is missing is asked for, and what is behind it
waits. Of very much that was missed between two runs only the newest is shown, and the person is
told how much more there is.
"""

from __future__ import annotations

from typing import Protocol

from groupchat.wire import jsonlines
from groupchat.wire.commands import AskHistory, Position
from groupchat.wire.events import Catchup, CaughtUp, Event, Gap, History, Message, Reset, RoomState

FILL_REF = (
    "groupchat-connect fills a hole"  #: the ref of what is asked for here, and not by a person
)
MAX_MISSED = 1000  #: messages that were missed between two runs and are shown, at most
_PAGE_MESSAGES = 1000  #: messages in a page of history, at most


class RoomView(Protocol):
    """To whom a room is read."""

    def show(self, event: Event, line: bytes, past: bool) -> None:
        """
        Display this; it is known when this returns.

        :param line: the event as the server wrote it, without its LF.
        :param past: whether it is history.
        """

    def ask(self, question: AskHistory) -> None:
        """Send this; the answer comes back by `Reading.fill`."""

    def tell(self, text: str) -> None:
        """Display this: it is not of the server."""


class RoomReceiver:
    """
    :param room: the room.
    :param view: to whom it is read.
    :param position: where to go on; None: at the newest few.
    :param max_missed: messages after that place that are shown, at most; None: all.
    """

    def __init__(
        self,
        room: str,
        view: RoomView,
        position: Position | None = None,
        max_missed: int | None = None,
    ) -> None:
        self._room = room
        self._view = view
        self._epoch = self._coming = position.epoch if position else None
        self._after = position.after if position else None  # None: any id may be the first
        self._through = 0
        self._catching_up = False  # whether the end of history is still to come
        self._held_back: list[tuple[Event, bytes]] | None = (
            None  # what is behind a hole, while that is being filled
        )
        self._until = 0  # the id behind the hole
        self._found: list[Message] = []
        self._max_missed = max_missed
        self._unshown = (
            0,
            0,
            # of what was missed, the ids between the first (exclusive) and the second were not shown
            # yet
        )
        self._shown_from = 0  # the id up to which nothing is shown as it comes

    @property
    def position(self) -> Position | None:
        """Where to go on after a lost connection."""
        return None if self._after is None else Position(epoch=self._epoch, after=self._after)

    @property
    def catching_up(self) -> bool:
        """
        Whether history is still known to come. Of the newest few it is not known whether there are
        any (a server may give none); one that is asked to quit gives them first.
        """
        return (self._catching_up and self._after is not None) or self._held_back is not None

    def has_shown(self, number: int) -> bool:
        """Whether the message with this id was shown, or never will be."""
        return self._after is not None and number <= self._after

    def disconnected(self) -> None:
        """The connection was lost: what was held back comes again."""
        self._held_back = None
        self._found = []
        self._catching_up = True

    def handle(self, event: Event, line: bytes) -> None:
        """Something happened in the room."""
        if self._held_back is not None:
            self._held_back.append((event, line))
        elif isinstance(event, Message):
            self._advance(event.id, event.id, event, line)
        elif isinstance(event, Gap):
            self._advance(event.after + 1, event.before - 1, event, line)
        else:
            self._view.show(event, line, False)
            self._learn(event)

    def _learn(self, event: Event) -> None:
        if isinstance(event, RoomState):
            self._coming = event.epoch
            if self._after is None:
                self._epoch = event.epoch
            self._start(event.first, event.head)
        elif isinstance(event, Reset):
            self._epoch = self._coming = event.epoch
            self._after = self._max_missed = None
            self._unshown, self._shown_from = (0, 0), 0
            self._start(event.first, event.head)
        elif isinstance(event, Catchup):
            self._epoch = (
                self._coming
            )  # not before: until now a reset could say that the place is none in this log
            self._through = event.through
            self._catching_up = True
            self._shorten()
            self._check_end()

    def _start(self, first: int, head: int) -> None:
        if (
            self._after is None and first > head
        ):  # nothing is kept, so none of the newest few will come
            self._after = head

    def _shorten(self) -> None:
        """Leave out what is too much to be read."""
        max_missed, self._max_missed = self._max_missed, None
        if max_missed is None or self._after is None or self._through - self._after <= max_missed:
            return
        missed = self._through - self._after
        self._shown_from = self._through - max_missed
        self._unshown = (self._after, self._shown_from)
        self._view.tell(
            f"You missed {missed} messages. Here are the newest {max_missed}; /history shows those before them."
        )

    def redirect_history(self, question: AskHistory) -> None:
        """
        Let a person's question for history be about what was missed and not shown, where there is
        such.
        """
        after, until = self._unshown
        if question.before is None and after < until:
            question.before = until + 1
            question.limit = min(question.limit, until - after)

    def history_shown(self, page: History) -> None:
        """A page that a person asked for was shown."""
        after, until = self._unshown
        if after < until and page.messages and page.messages[-1].id == until:
            self._unshown = (after, page.messages[0].id - 1) if page.more else (0, 0)
            left = self._unshown[1] - self._unshown[0]
            more = f"You missed {left} more before these; /history shows them."
            self._view.tell(more if left else "That is all that you missed.")

    def _advance(self, first: int, last: int, event: Event, line: bytes) -> None:
        """Show what stands for these ids, if it is its turn."""
        if self._after is not None and last <= self._after:
            return
        if self._after is not None and first > self._after + 1:
            self._ask(first)
            self._held_back = [(event, line)]
            return
        if last > self._shown_from or isinstance(event, Gap):
            self._view.show(event, line, last <= self._through)
        self._after = last
        self._check_end()

    def _check_end(self) -> None:
        if self._catching_up and self._after is not None and self._after >= self._through:
            self._catching_up = False
            self._view.show(CaughtUp(room=self._room), b"", False)

    def on_head(self, head: int) -> None:
        """The server says that it has written everything up to this id."""
        if self._held_back is not None:
            return
        if self._after is None:  # it had no newest few for us
            self._after = head
            self._check_end()
        elif head > self._after:
            self._ask(head + 1)
            self._held_back = []

    def _ask(self, before: int) -> None:
        if not self._found:
            self._until = before
        missing = before - (self._after or 0) - 1
        self._view.ask(
            AskHistory(
                room=self._room, before=before, limit=min(missing, _PAGE_MESSAGES), ref=FILL_REF
            )
        )

    def fill(self, page: History | None) -> None:
        """What was missing, or a part of it; None where it can't be had."""
        if self._held_back is None:
            return
        messages = (
            [message for message in page.messages if not self.has_shown(message.id)] if page else []
        )
        self._found = messages + self._found
        if page and page.more and messages and not self.has_shown(messages[0].id - 1):
            self._ask(messages[0].id)
        else:
            self._close_hole()

    def _close_hole(self) -> None:
        found, self._found = self._found, []
        held, self._held_back = self._held_back or [], None
        for message in found:
            self._skip_to(message.id)
            self.handle(message, jsonlines.encode(message)[:-1])
        self._skip_to(self._until)
        for event, line in held:
            self.handle(event, line)

    def _skip_to(self, number: int) -> None:
        """Name what can't be had before this id."""
        after = self._after or 0
        if number > after + 1:
            gap = Gap(room=self._room, after=after, before=number)
            self.handle(gap, jsonlines.encode(gap)[:-1])
