"""A room of the model: its receiver, its sender, and which messages are our own."""

from __future__ import annotations

from enum import Enum, auto
from typing import Protocol

from twisted.internet.interfaces import IReactorTime

from groupchat.client.corrections import Corrections, OwnMessages
from groupchat.client.echo import EchoFilter
from groupchat.client.interfaces import Display
from groupchat.client.outbox import Entry, Outbox
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
    :ivar corrections: what was corrected of the messages here.
    :ivar own: our own messages here.
    :ivar corrects: whether the server is new enough to know corrections.
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
        self.corrections = Corrections()
        self.own = OwnMessages()
        self.corrects = False
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
        mine = isinstance(event, events.Message) and self._take(event, me)
        if not self.delivery_only:
            self._context.display.show(event, line, me, past, mine)
        if isinstance(event, events.CaughtUp):
            self._echoes.replayed()

    def _take(self, message: events.Message, me: str) -> bool:
        """Returns whether a message is one that was said here."""
        mine = self._echoes.claim(message, me)
        self._remember(message, mine or names.key(message.sender) == names.key(me))
        return mine

    def _remember(self, message: events.Message, is_own: bool) -> None:
        if message.replaces is not None or message.redacts is not None:
            self.corrections.receive(message)
        if message.redacts is not None:
            self.own.remove(message.redacts)
        elif is_own:
            self.own.receive(message)

    def page_shown(self, page: events.History) -> None:
        """A page of history that a person requested was shown."""
        me = names.key(self._context.session.name)
        for message in page.messages:
            self._remember(message, names.key(message.sender) == me)
        self.receiver.history_shown(page)

    # From the server.

    def handle(self, event: Event, line: bytes) -> None:
        """An event of this room arrived."""
        if isinstance(event, events.RoomState):
            self._stored_count = event.said
            self.corrects = event.mark is not None
        elif isinstance(event, events.Reset):
            self._new_log = True
            self.corrections = Corrections()
            self.own = OwnMessages()
        elif isinstance(event, events.Catchup) and not self.joined:
            self._join()
        self.receiver.handle(event, line)

    def _join(self) -> None:
        # Not before the catchup: a reset may stand between it and the room state.
        self.joined = True
        self.unconfirmed = False
        for entry in self.window.open(self._stored_count, self._new_log):
            say = jsonlines.decode(entry.line)
            if isinstance(say, commands.Say | commands.Correction) and entry.n is not None:
                self._echoes.expect_replay(say, entry.n)
        self._new_log = False

    def acknowledged(self, ok: events.Ok) -> None:
        """The server has stored a message of ours."""
        if ok.n is None:
            return
        entry = self.window.acknowledged(ok.n)
        if entry is not None and ok.id is not None:
            if not self.receiver.has_shown(ok.id):
                self._echoes.expect(ok.n, ok.id)
            self._note_own(entry, ok.id)
        self._reported = False
        if entry is not None:
            entry.answer(ok)

    def _note_own(self, entry: Entry, message_id: int) -> None:
        """Don't wait for the echo: the next line may be about this message."""
        if not entry.may_correct:
            self.own.add(message_id)
            return
        said = jsonlines.decode(entry.line)
        if isinstance(said, commands.Correction) and said.redacts is not None:
            self.own.remove(said.redacts)

    def refused(self, error: events.Error) -> Refusal:
        """The server has refused a message of ours. One that is retried is reported once."""
        entry = self.window.refused(error)
        if entry is None:
            return Refusal.SHOWN
        if error.code not in RETRYABLE:
            entry.answer(error)
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
