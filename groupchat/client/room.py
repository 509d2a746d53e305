"""A room of the model: its receiver, its sender, and which messages are our own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum, auto
from typing import Protocol

from twisted.internet.interfaces import IReactorTime

from groupchat.client.echo import EchoFilter
from groupchat.client.interfaces import Display
from groupchat.client.outbox import Entry, Outbox
from groupchat.client.receiver import MAX_MISSED, RoomReceiver
from groupchat.client.sender import RENUMBERED, RETRYABLE, SendWindow
from groupchat.wire import commands, events, jsonlines, names
from groupchat.wire.commands import Command, Position
from groupchat.wire.events import Event

__all__ = ["Refusal", "Room", "RoomContext", "Rooms"]


class RoomContext(Protocol):
    """The parts of a model that its rooms share."""

    @property
    def name(self) -> str:
        """Our own name."""

    @property
    def display(self) -> Display:
        """Shows what happens."""

    @property
    def outbox(self) -> Outbox:
        """Keeps what is said."""

    @property
    def clock(self) -> IReactorTime:
        """The reactor's time."""

    def send(self, command: Command) -> None:
        """Send a command that needs no n."""

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
        self._context.send(question)

    def tell(self, text: str) -> None:
        self._context.display.tell(text)

    def show(self, event: Event, line: bytes, past: bool) -> None:
        me = self._context.name
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


class Rooms:
    """
    The rooms of a model, and how far each was read.

    :param context: the model.
    :param names: the rooms to join.
    :param read: how far rooms were read before, if a person goes on reading there; None if rooms
        begin at their newest few messages.
    """

    def __init__(
        self,
        context: RoomContext,
        names: Iterable[str],
        read: Mapping[str, Position] | None,
    ) -> None:
        self._context = context
        self._resumes_reading = read is not None
        self._read = dict(read or {})
        self._rooms = {
            name: Room(name, context, self._read.get(name), max_missed=MAX_MISSED) for name in names
        }

    def __iter__(self) -> Iterator[Room]:
        return iter(list(self._rooms.values()))

    def __contains__(self, name: str) -> bool:
        return name in self._rooms

    def __getitem__(self, name: str) -> Room:
        return self._rooms[name]

    def get(self, name: str) -> Room | None:
        """Returns the room, or None if we are not in it."""
        return self._rooms.get(name)

    def restore(self, entries: Iterable[Entry]) -> None:
        """Take up the messages that an earlier run has left, at its positions."""
        restored: dict[str, Room] = {}
        for entry in entries:
            name = entry.room
            if name not in restored:
                position = self._context.outbox.position(name)
                is_extra = name not in self._rooms
                restored[name] = Room(name, self._context, position, delivery_only=is_extra)
            restored[name].window.add(entry)
        self._rooms.update(restored)

    def resume(self, read: Mapping[str, Position] | None) -> None:
        """Go on reading at these positions, where nothing was read yet."""
        self._read = dict(read or {})
        for room in self:
            room.resume_from(self._read.get(room.name))

    def position(self, name: str) -> Position | None:
        """Returns how far a room was read before."""
        return self._read.get(name)

    @property
    def positions(self) -> dict[str, Position]:
        """The last position read in each room."""
        now = {
            room.name: room.receiver.position
            for room in self
            if room.joined and not room.delivery_only
        }
        known = {name: position for name, position in now.items() if position is not None}
        return self._read | known

    def add(self, name: str, position: Position | None) -> None:
        """A join was sent; the server may still refuse it."""
        limit = MAX_MISSED if self._resumes_reading else None
        room = self._rooms[name] = Room(name, self._context, position, max_missed=limit)
        room.unconfirmed = True

    def remove(self, name: str) -> None:
        """We are no longer in this room."""
        self._rooms.pop(name, None)

    def save_positions(self) -> None:
        """Rooms are about to be left: remember how far they were read."""
        if self._resumes_reading:
            self._read = self.positions

    def disconnected(self) -> None:
        """The connection is gone."""
        self.save_positions()
        for room in self:
            room.disconnected()
