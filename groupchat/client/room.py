"""A room of the model: its receiver, its sender, and which messages are our own."""

from __future__ import annotations

from enum import Enum, auto
from typing import Protocol

from twisted.internet.interfaces import IReactorTime

from groupchat.client.echo import EchoFilter
from groupchat.client.interfaces import Display
from groupchat.client.outbox import Outbox
from groupchat.client.receiver import MAX_MISSED, RoomReceiver
from groupchat.client.sender import RENUMBERED, RETRYABLE, SendWindow
from groupchat.client.session import Session
from groupchat.wire import commands, events, jsonlines, names
from groupchat.wire.commands import Position
from groupchat.wire.events import Event

__all__ = ["Refusal", "Room", "RoomContext", "RoomEvent"]

#: The events that happen in a room, or are about one.
RoomEvent = (
    events.Message
    | events.Presence
    | events.RoomState
    | events.Gap
    | events.Reset
    | events.Catchup
    | events.Topic
)


class RoomContext(Protocol):
    """The parts of a model that its rooms share."""

    @property
    def session(self) -> Session:
        """Our login."""

    @property
    def display(self) -> Display:
        """Shows what happens."""

    @property
    def outbox(self) -> Outbox:
        """Keeps what is said."""

    @property
    def clock(self) -> IReactorTime:
        """The reactor's time."""

    def flush(self) -> None:
        """Send the messages that are due."""


class Refusal(Enum):
    """The consequence of a refusal."""

    LOST = auto()  #: the message is given up
    SHOWN = auto()  #: nothing is lost, but a person should know
    HIDDEN = auto()  #: nothing is lost, and the person knows already or need not know


class Room:
    """
    A room that we are in, or about to be.

    :param name: the room, as the server writes it.
    :param context: the model.
    :param position: where to go on reading; None for the newest few messages.
    :param delivery_only: whether we are in it only to deliver what an earlier run has left.
    :param max_missed: messages after the position that are shown, at most; None for all.

    :ivar joined: whether its events arrive now.
    :ivar unconfirmed: whether the server may still say that it can't be joined.
    """

    def __init__(
        self,
        name: str,
        context: RoomContext,
        position: Position | None = None,
        delivery_only: bool = False,
        max_missed: int | None = None,
    ) -> None:
        self.name = name
        self.delivery_only = delivery_only
        self.unconfirmed = False
        self.joined = False
        self.receiver = RoomReceiver(name, self, position, max_missed)
        self.window = SendWindow(context.outbox, context.clock, context.flush)
        self._context = context
        self._echoes = EchoFilter()
        self._stored_count = 0  # our messages that the server has stored here
        self._new_log = False
        self._reported = False

    def resume_from(self, position: Position | None, max_missed: int | None = MAX_MISSED) -> None:
        """Go on reading from this position, if nothing was read yet."""
        if position is not None and self.receiver.position is None:
            self.receiver = RoomReceiver(self.name, self, position, max_missed)

    @property
    def busy(self) -> bool:
        """Whether something is still to be received or acknowledged."""
        return not (self.joined and self.window.empty) or self.receiver.catching_up

    # For the receiver: see `groupchat.client.receiver.RoomView`.

    def ask(self, question: commands.AskHistory) -> None:
        self._context.session.send(question)

    def tell(self, text: str) -> None:
        self._context.display.tell(text)

    def show(self, event: Event, line: bytes, past: bool) -> None:
        me = self._context.session.name
        mine = isinstance(event, events.Message) and self._echoes.claim(event, me)
        if not self.delivery_only:
            self._context.display.show(event, line, me, past, mine)
        if isinstance(event, events.CaughtUp):
            self._echoes.replayed()

    # From the server.

    def handle(self, event: Event, line: bytes) -> None:
        """An event of this room arrived."""
        if isinstance(event, events.RoomState):
            self._stored_count = event.said
        elif isinstance(event, events.Reset):
            self._new_log = True
        elif isinstance(event, events.Catchup) and not self.joined:
            self._join()
        self.receiver.handle(event, line)

    def _join(self) -> None:
        # Not before the catchup: a reset may stand between it and the room state.
        self.joined = True
        self.unconfirmed = False
        for entry in self.window.open(self._stored_count, self._new_log):
            say = jsonlines.decode(entry.line)
            if isinstance(say, commands.Say) and entry.n is not None:
                self._echoes.expect_text(entry.n, names.visible(say.text), say.act)
        self._new_log = False

    def acknowledged(self, ok: events.Ok) -> None:
        """The server has stored a message of ours."""
        if ok.n is None:
            return
        is_ours = self.window.acknowledged(ok.n)
        if is_ours and ok.id is not None and not self.receiver.has_shown(ok.id):
            self._echoes.expect(ok.n, ok.id)
        self._reported = False

    def refused(self, error: events.Error) -> Refusal:
        """The server has refused a message of ours. One that is retried is reported once."""
        entry = self.window.refused(error)
        if entry is None:
            return Refusal.SHOWN
        if error.code not in RETRYABLE:
            return Refusal.LOST
        if error.code in RENUMBERED or self._reported:
            return Refusal.HIDDEN
        self._reported = True
        return Refusal.SHOWN

    def disconnected(self) -> None:
        """The connection is gone."""
        self.joined = False
        self.window.close()
        self.receiver.disconnected()
