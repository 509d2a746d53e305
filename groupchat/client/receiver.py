"""
Receives one room: its cursor, and each message once, in order, without a hole.

The law: the message that is shown has the id after the one shown before, unless a gap or a reset
said otherwise; the cursor moves only after the line was shown. A server that keeps the wire's
promise leaves no holes. If there is one all the same, the missing messages are requested, and
later events wait. If very many messages were missed between two runs, only the newest are shown,
and the person is told how many more there are.
"""

from __future__ import annotations

from typing import Protocol

from groupchat.client.requests import FILL_REF
from groupchat.wire import jsonlines
from groupchat.wire.commands import AskHistory, Position
from groupchat.wire.events import Catchup, CaughtUp, Event, Gap, History, Message, Reset, RoomState

__all__ = ["MAX_MISSED", "RoomReceiver", "RoomView"]

MAX_MISSED = 1000  #: messages missed between two runs that are shown, at most
_PAGE_MESSAGES = 1000  #: messages in a page of history, at most


class RoomView(Protocol):
    """Shows what a receiver has received, and sends its requests."""

    def show(self, event: Event, line: bytes, past: bool) -> None:
        """
        Display this event; it counts as shown when this returns.

        :param line: the event as the server wrote it, without its LF.
        :param past: whether it is history.
        """

    def ask(self, question: AskHistory) -> None:
        """Send this; the answer comes back by `RoomReceiver.fill`."""

    def tell(self, text: str) -> None:
        """Display this notice of the client."""


class RoomReceiver:
    """
    The receiver of a room.

    :param room: the room.
    :param view: shows what is received.
    :param position: where to go on; None for the newest few messages.
    :param max_missed: messages after the position that are shown, at most; None for all.
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
        self._epoch = self._next_epoch = position.epoch if position else None
        self._after = position.after if position else None  # None: any id may be the first
        self._through = 0  # the last id of history
        self._catching_up = False  # whether the end of history is still to be received
        self._held_back: list[tuple[Event, bytes]] | None = None  # while a hole is being filled
        self._hole_end = 0  # the id behind the hole
        self._found: list[Message] = []  # in the hole
        self._max_missed = max_missed
        # Of the missed messages, those after the first id, up to the second, were not shown yet.
        self._unshown = (0, 0)
        self._shown_from = 0  # the id up to which messages are not shown as they arrive

    @property
    def position(self) -> Position | None:
        """Where to go on after a lost connection."""
        return None if self._after is None else Position(epoch=self._epoch, after=self._after)

    @property
    def catching_up(self) -> bool:
        """
        Whether history is known to be still on its way. It is not known whether there are any
        newest few messages: a server may send none, and sends them before it answers a quit.
        """
        return (self._catching_up and self._after is not None) or self._held_back is not None

    def has_shown(self, message_id: int) -> bool:
        """Returns whether the message with this id was shown, or never will be."""
        return self._after is not None and message_id <= self._after

    def disconnected(self) -> None:
        """The connection was lost: events that were held back will be sent again."""
        self._held_back = None
        self._found = []
        self._catching_up = True

    def handle(self, event: Event, line: bytes) -> None:
        """An event of the room arrived."""
        if self._held_back is not None:
            self._held_back.append((event, line))
        elif isinstance(event, Message):
            self._advance(event.id, event.id, event, line)
        elif isinstance(event, Gap):
            self._advance(event.after + 1, event.before - 1, event, line)
        else:
            self._view.show(event, line, False)
            self._apply(event)

    def _apply(self, event: Event) -> None:
        if isinstance(event, RoomState):
            self._next_epoch = event.epoch
            if self._after is None:
                self._epoch = event.epoch
            self._start(event.first, event.head)
        elif isinstance(event, Reset):
            self._epoch = self._next_epoch = event.epoch
            self._after = self._max_missed = None
            self._unshown, self._shown_from = (0, 0), 0
            self._start(event.first, event.head)
        elif isinstance(event, Catchup):
            # Not before: until now a reset could say that this log doesn't have our position.
            self._epoch = self._next_epoch
            self._through = event.through
            self._catching_up = True
            self._shorten()
            self._check_end()

    def _start(self, first: int, head: int) -> None:
        if self._after is None and first > head:  # the log is empty: no newest few will arrive
            self._after = head

    def _shorten(self) -> None:
        """Skip the oldest of the missed messages if they are too many."""
        max_missed, self._max_missed = self._max_missed, None
        if max_missed is None or self._after is None or self._through - self._after <= max_missed:
            return
        missed = self._through - self._after
        self._shown_from = self._through - max_missed
        self._unshown = (self._after, self._shown_from)
        self._view.tell(
            f"You missed {missed} messages. Here are the newest {max_missed}; "
            "/history shows those before them."
        )

    def redirect_history(self, question: AskHistory) -> None:
        """
        Let a person's request for history begin at the missed messages that were not shown, if
        there are any.
        """
        after, until = self._unshown
        if question.before is None and after < until:
            question.before = until + 1
            question.limit = min(question.limit, until - after)

    def history_shown(self, page: History) -> None:
        """A page that a person requested was shown."""
        after, until = self._unshown
        if after < until and page.messages and page.messages[-1].id == until:
            self._unshown = (after, page.messages[0].id - 1) if page.more else (0, 0)
            left = self._unshown[1] - self._unshown[0]
            more = f"You missed {left} more before these; /history shows them."
            self._view.tell(more if left else "That is all that you missed.")

    def _advance(self, first: int, last: int, event: Event, line: bytes) -> None:
        """Show the event that stands for these ids, if it is next."""
        if self._after is not None and last <= self._after:
            return
        if self._after is not None and first > self._after + 1:
            self._request(first)
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
        """The server says that it has sent everything up to this id."""
        if self._held_back is not None:
            return
        if self._after is None:  # there were no newest few messages
            self._after = head
            self._check_end()
        elif head > self._after:
            self._request(head + 1)
            self._held_back = []

    def _request(self, before: int) -> None:
        if not self._found:
            self._hole_end = before
        missing = before - (self._after or 0) - 1
        self._view.ask(
            AskHistory(
                room=self._room, before=before, limit=min(missing, _PAGE_MESSAGES), ref=FILL_REF
            )
        )

    def fill(self, page: History | None) -> None:
        """Take the missing messages, or a part of them; None if the server refuses them."""
        if self._held_back is None:
            return
        messages = (
            [message for message in page.messages if not self.has_shown(message.id)] if page else []
        )
        self._found = messages + self._found
        if page and page.more and messages and not self.has_shown(messages[0].id - 1):
            self._request(messages[0].id)
        else:
            self._close_hole()

    def _close_hole(self) -> None:
        found, self._found = self._found, []
        held, self._held_back = self._held_back or [], None
        for message in found:
            self._skip_to(message.id)
            self.handle(message, jsonlines.encode(message)[:-1])
        self._skip_to(self._hole_end)
        for event, line in held:
            self.handle(event, line)

    def _skip_to(self, message_id: int) -> None:
        """Report a gap for messages before this id that can't be had."""
        after = self._after or 0
        if message_id > after + 1:
            gap = Gap(room=self._room, after=after, before=message_id)
            self.handle(gap, jsonlines.encode(gap)[:-1])
