"""
The client's mind: the rooms one is in, over one connection after the other. Sans-I/O.

It takes the server's events and the person's commands, and gives lines to send and events to show.
What one room needs is in `reading.py`, `sending.py` and `echoes.py`; here they meet. Nothing here
knows a socket, a terminal or a file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import msgspec
from twisted.internet.interfaces import IReactorTime

from groupchat.client import client_id
from groupchat.client.echo import EchoFilter
from groupchat.client.errors import PasswordWithheld, ServerUnproven
from groupchat.client.outbox import Entry, Outbox
from groupchat.client.receiver import FILL_REF, MAX_MISSED, RoomReceiver
from groupchat.client.sender import RENUMBERED, RETRYABLE, SendWindow
from groupchat.wire import commands, events, jsonlines, names
from groupchat.wire.commands import Command, Position
from groupchat.wire.events import Event

KEEPALIVE_REF = "groupchat-connect is here"  #: the ref of pings that no person asked for
_LEAVING = "groupchat-connect leaves"
_OURS = frozenset({FILL_REF, KEEPALIVE_REF, _LEAVING})
_JOIN = "/join"


class Display(Protocol):
    """Where a person, or a program, reads."""

    def show(
        self, event: Event | None, line: bytes, me: str, past: bool = False, mine: bool = False
    ) -> None:
        """
        Display what the server said.

        :param event: None for what this client does not know.
        :param line: the same as the server wrote it, without its LF; b"" where it did not.
        :param me: the name of the one who reads.
        :param past: whether it is history.
        :param mine: whether it is what was typed here.
        """

    def tell(self, text: str) -> None:
        """Display what the client has to say."""

    def warn(self, text: str) -> None:
        """
        Display what the client has to say even to those who want to hear of nothing but errors.
        """

    def complain(self, text: str, word: str | None = None) -> None:
        """
        Display what is wrong with what was typed.

        :param word: the command, where it was one.
        """

    def show_elsewhere(self, event: Event, line: bytes) -> None:
        """Display what the server said about a room that we have left."""


class SessionListener(Protocol):
    """Who is told what concerns the whole connection."""

    def on_welcome(self) -> None:
        """The server has let us in."""

    def on_rejected(self, error: events.Error) -> None:
        """The server has refused the hello."""

    def on_bye(self, bye: events.Bye) -> None:
        """The server ends the connection."""


class Room:
    """
    One room of a conversation: how it is read, what is said in it, and which words are one's own.
    """

    def __init__(
        self,
        name: str,
        model: Model,
        position: Position | None = None,
        delivery_only: bool = False,
        max_missed: int | None = None,
    ) -> None:
        self.name = name
        self.delivery_only = (
            delivery_only  #: whether we are in it only to deliver what an earlier run has left
        )
        self.unconfirmed = False  #: whether the server may still say that it can't be entered
        self.joined = False
        self.receiver = RoomReceiver(name, self, position, max_missed)
        self.window = SendWindow(model.outbox, model.clock, model.flush)
        self._model = model
        self._echoes = EchoFilter()
        self._said = 0
        self._new_log = False
        self._reported = False

    def resume_from(self, position: Position | None) -> None:
        """Read from this place on, if nothing was read yet."""
        if position is not None and self.receiver.position is None:
            self.receiver = RoomReceiver(self.name, self, position, MAX_MISSED)

    @property
    def busy(self) -> bool:
        """Whether something is still to come."""
        return not (self.joined and self.window.empty) or self.receiver.catching_up

    def ask(self, question: commands.AskHistory) -> None:
        self._model.send(question)

    def tell(self, text: str) -> None:
        self._model.display.tell(text)

    def show(self, event: Event, line: bytes, past: bool) -> None:
        me = self._model.name
        mine = isinstance(event, events.Message) and self._echoes.claim(event, me)
        if not self.delivery_only:
            self._model.display.show(event, line, me, past, mine)
        if isinstance(event, events.CaughtUp):
            self._echoes.replayed()

    def handle(self, event: Event, line: bytes) -> None:
        """Something happened here."""
        if isinstance(event, events.RoomState):
            self._said = event.said
        elif isinstance(event, events.Reset):
            self._new_log = True
        elif isinstance(event, events.Catchup) and not self.joined:
            self._enter()
        self.receiver.handle(event, line)

    def _enter(self) -> None:
        # Not before this line: a reset may stand between it and the room line that told `said`.
        self.joined = True
        self.unconfirmed = False
        for entry in self.window.open(self._said, self._new_log):
            say = jsonlines.decode(entry.line)
            if isinstance(say, commands.Say) and entry.n is not None:
                self._echoes.expect_text(entry.n, names.visible(say.text), say.act)
        self._new_log = False

    def acknowledged(self, ok: events.Ok) -> None:
        """Something said here got its answer."""
        if (
            ok.n is not None
            and self.window.acknowledged(ok.n)
            and ok.id is not None
            and not self.receiver.has_shown(ok.id)
        ):
            self._echoes.expect(ok.n, ok.id)
        self._reported = False

    def refused(self, error: events.Error) -> bool:
        """
        Something said here was refused. Returns whether that is worth a word: what mends itself is
        not, or once.
        """
        entry = self.window.refused(error)
        if entry is None or error.code not in RETRYABLE:
            self._model.unsaid += entry is not None
            return True
        worth = error.code not in RENUMBERED and not self._reported
        self._reported = self._reported or worth
        return worth

    def disconnected(self) -> None:
        """The connection is gone."""
        self.joined = False
        self.window.close()
        self.receiver.disconnected()


class Model:
    """
    :param name: who speaks.
    :param client: the client secret.
    :param rooms: the rooms to enter; what is typed goes to the first.
    :param display: where a person reads.
    :param outbox: where what is said is kept.
    :param clock: for what is tried again later.
    :param read: how far rooms were read before, where a person goes on reading there; None: rooms
        begin at their newest few.

    :ivar current_room: the room that what is typed goes to.
    :ivar logged_in: whether the server has let us in.
    :ivar operator: whether as an operator.
    :ivar listener: who is told what concerns the whole connection; to be set before anything comes in.
    :ivar password: that of the name, where it is known.
    :ivar unproven: whether nothing shows that the server is the one it should be: it gets no
        password, and in place of the client secret one that lasts as long as the process.
    :ivar unsaid: how much of what was said or asked the server has refused, or left without an
        answer.
    """

    listener: SessionListener
    password: str | None = None
    unproven = False

    def __init__(
        self, name: str, client: str, rooms: Iterable[str], display: Display, outbox: Outbox, clock: IReactorTime,
        read: Mapping[str, Position] | None = None,
    ) -> None:  # fmt: skip
        self.name = name
        self.client = client
        self.display = display
        self.outbox = outbox
        self.clock = clock
        self.logged_in = False
        self.operator = False
        self._passing = client_id.make()
        self.unsaid = 0
        self._send: Callable[[bytes], None] | None = None
        self._asked: Counter[str] = Counter()
        self._switching_to: str | None = None
        self._resumes_reading = read is not None
        self._read = dict(read or {})
        self._rooms = {
            room: Room(room, self, self._read.get(room), max_missed=MAX_MISSED) for room in rooms
        }
        self.current_room = next(iter(self._rooms))
        self._restore()

    def _restore(self) -> None:
        """Take up what an earlier run has left, where it stood."""
        left: dict[str, Room] = {}
        for entry in self.outbox.entries():
            name = entry.room
            if name not in left:
                left[name] = Room(
                    name, self, self.outbox.position(name), delivery_only=name not in self._rooms
                )
            left[name].window.add(entry)
        self._rooms.update(left)

    def identify(self, client: str, read: Mapping[str, Position] | None) -> None:
        """
        It is known which server this is; nothing was said to it yet.

        :param client: the client secret for it.
        :param read: how far its rooms were read before.
        """
        self.client = client
        self._read = dict(read or {})
        for room in self._rooms.values():
            room.resume_from(self._read.get(room.name))

    @property
    def positions(self) -> dict[str, Position]:
        """How far each room was read."""
        now = {
            name: room.receiver.position
            for name, room in self._rooms.items()
            if room.joined and not room.delivery_only
        }
        return self._read | {
            name: position for name, position in now.items() if position is not None
        }

    def _save_positions(self) -> None:
        """Rooms are about to be left, and it is known no longer how far they were read."""
        if self._resumes_reading:
            self._read = self.positions

    # Connections.

    def connect(self, send: Callable[[bytes], None]) -> None:
        """There is a connection; lines go out by `send`."""
        self._send = send
        self.send_hello()

    def send_hello(self) -> None:
        """Ask to be let in."""
        positions = {name: room.receiver.position for name, room in self._rooms.items()}
        if self.unproven:
            self.send(commands.Hello(name=self.name, client=self._passing, rooms=positions))
        else:
            self.send(
                commands.Hello(
                    name=self.name, client=self.client, rooms=positions, password=self.password
                )
            )

    def set_unproven(self, unproven: bool) -> None:
        """
        Say whether the next connection is one on which nothing shows who the server is.

        :raises Ending: what is in the outbox can't be delivered there, as its numbers hold under
            the client secret only.
        """
        if unproven and self.outbox.persistent:
            raise ServerUnproven
        self.unproven = unproven

    def disconnect(self) -> None:
        """The connection is gone. What was said is kept for the next."""
        self._save_positions()
        self._send = None
        self.logged_in = False
        for room in self._rooms.values():
            room.disconnected()

    def fail_requests(self) -> None:
        """What was asked on the last connection is not asked again: it may have been done."""
        asked, self._asked = self._asked, Counter()
        self.unsaid += asked.total()
        for ref in asked.elements():
            self.display.complain("The connection was lost before the answer came. Ask again.", ref)

    def quit(self) -> None:
        """Nothing more is said or asked."""
        self.send(commands.Quit())

    def send(self, command: Command) -> None:
        """Send a line that needs no n."""
        self._write(jsonlines.encode_command(command))

    def _write(self, data: bytes) -> None:
        if self._send is not None:
            self._send(data)

    def flush(self) -> None:
        """Send what is due. To be called when everything that came at once was taken."""
        due = []
        for room in list(self._rooms.values()):
            entries = room.window.due()
            if entries:
                self.outbox.remember(room.name, room.receiver.position)
                due += entries
            elif room.delivery_only and not room.busy:
                self._leave(room)
        self.outbox.commit()  # the numbers are safe before anyone hears of them
        if due:
            self._write(
                b"".join(b'%s,"n":%d}\n' % (entry.line[:-1], entry.n or 0) for entry in due)
            )

    # What the person does.

    @property
    def switching(self) -> bool:
        """Whether it is not yet known which room the next words go to."""
        return self._switching_to is not None

    @property
    def ready(self) -> bool:
        """
        Whether a command can be sent now: we are in, and all that was said before it is stored.
        """
        return self.logged_in and not self.outbox.count and not self.switching

    @property
    def busy(self) -> bool:
        """Whether something said or asked has no answer yet, or history is still to come."""
        return (
            bool(self._asked) or self.switching or any(room.busy for room in self._rooms.values())
        )

    def say(self, text: str, act: bool = False) -> None:
        """Say this here."""
        say = commands.Say(room=self.current_room, text=text, act=act)
        self.say_line(self.current_room, jsonlines.encode_command(say)[:-1])

    def say_line(self, room: str, line: bytes) -> None:
        """
        Say what stands in this line, under a number of ours.

        :param line: a good `say` without an n, without its LF.
        """
        entry = Entry(room, line)
        self.outbox.add(entry)
        self._rooms[room].window.add(entry)

    def is_in(self, room: str) -> bool:
        """Whether we are in this room, or about to be."""
        return room in self._rooms

    def ask(self, command: Command, line: bytes | None = None) -> None:
        """
        Ask the server for something that is not a saying.

        :param line: the command as it was typed, where it was.
        """
        if isinstance(command, commands.Register) and self.unproven:
            raise PasswordWithheld(
                "Nothing shows that this is the server: it gets no password.", command.ref
            )
        if (
            isinstance(command, commands.AskHistory)
            and line is None
            and command.room in self._rooms
        ):
            self._rooms[command.room].receiver.redirect_history(command)
        if isinstance(command, commands.Join):
            self._expect_room(command)
        elif isinstance(command, commands.Leave):
            self._rooms.pop(names.key(command.room), None)
        if not isinstance(command, (commands.Join, commands.Pong, commands.Quit)):
            self._asked[command.ref or ""] += 1
        self._write(jsonlines.encode_command(command) if line is None else line + b"\n")

    def _expect_room(self, join: commands.Join) -> None:
        room = names.key(join.room)
        if room not in self._rooms:
            position = None if join.after is None else Position(epoch=join.epoch, after=join.after)
            self._rooms[room] = Room(
                room, self, position, max_missed=MAX_MISSED if self._resumes_reading else None
            )
            self._rooms[room].unconfirmed = True

    def switch_room(self, room: str) -> None:
        """
        Leave this room and enter another.

        :param room: as the server writes it.
        """
        if room == self.current_room:
            self.display.complain(f"You are in {room} already.", _JOIN)
            return
        self._switching_to = room
        position = self._read.get(room) or Position()
        self.ask(commands.Join(room=room, epoch=position.epoch, after=position.after, ref=_JOIN))

    def _arrive(self) -> None:
        """The room that we move to is open."""
        assert self._switching_to is not None
        old, self.current_room, self._switching_to = self.current_room, self._switching_to, None
        self._leave(self._rooms[old])

    def _leave(self, room: Room) -> None:
        self._save_positions()
        del self._rooms[room.name]
        self.send(commands.Leave(room=room.name, ref=_LEAVING))

    # What the server says.

    def receive(self, event: Event | None, line: bytes) -> None:
        """A line of the server; its event is None where this client does not know such."""
        handle = _TAKEN.get(type(event))
        if getattr(event, "ref", None) not in _OURS and isinstance(event, _ANSWERS):
            self._answered(event)
        if handle:
            handle(self, event, line)
        else:
            self._show(event, line)

    def _show(self, event: Event | None, line: bytes) -> None:
        if getattr(event, "ref", None) not in _OURS:
            self.display.show(event, line, self.name)

    def _answered(self, event: Event) -> None:
        ref = getattr(event, "ref", None) or ""
        if self._asked[ref] > 1:
            self._asked[ref] -= 1
        else:
            del self._asked[ref]

    def _take_welcome(self, event: events.Welcome, line: bytes) -> None:
        self.name = event.name
        self.operator = event.operator
        self.logged_in = True
        self._show(event, line)
        self.listener.on_welcome()

    def _take_bye(self, event: events.Bye, line: bytes) -> None:
        self._show(event, line)
        self.listener.on_bye(event)

    def _take_ping(self, event: events.Ping, line: bytes) -> None:
        self._show(event, line)
        self.send(commands.Pong())
        for name, head in event.heads.items():
            room = self._rooms.get(name)
            if room is not None and room.joined:
                room.receiver.on_head(head)

    def _take_in_room(self, event: InRoom, line: bytes) -> None:
        room = self._rooms.get(event.room)
        if room is None:
            self.display.show_elsewhere(event, line)
            return
        if isinstance(event, events.Presence):
            self.name = event.renamed.get(self.name, self.name)
        room.handle(event, line)
        if isinstance(event, events.Catchup) and event.room == self._switching_to:
            self._arrive()

    def _take_history(self, event: events.History, line: bytes) -> None:
        room = self._rooms.get(event.room)
        if event.ref != FILL_REF:
            self._show(event, line)
            if room is not None:
                room.receiver.history_shown(event)
        elif room is not None:
            room.receiver.fill(event)

    def _take_ok(self, event: events.Ok, line: bytes) -> None:
        room = self._rooms.get(event.room or "")
        if room is not None and event.n is not None:
            room.acknowledged(event)
        self._show(event, line)

    def _take_error(self, event: events.Error, line: bytes) -> None:
        room = self._rooms.get(names.key(event.room or ""))
        worth = True
        if room is not None and event.n is not None:
            worth = room.refused(event)
            if event.code in RETRYABLE:
                event = _patiently(event)
        elif room is not None and event.ref == FILL_REF:
            room.receiver.fill(None)
        elif room is not None and room.unconfirmed:
            del self._rooms[room.name]
            self._switching_to = None
        if worth:
            self._show(event, line)
        if event.ref in _OURS:
            return
        if not self.logged_in:
            self.listener.on_rejected(event)
        elif event.ref is not None and event.n is None:
            self.unsaid += 1


def _patiently(error: events.Error) -> events.Error:
    """A refusal of what is said again by itself, as a person should read it."""
    return msgspec.structs.replace(
        error, text=error.text.replace("try again later", "it is tried again by itself")
    )


InRoom = (
    events.RoomState
    | events.Gap
    | events.Reset
    | events.Catchup
    | events.Message
    | events.Presence
    | events.Topic
)
_ANSWERS = (
    events.Ok, events.Error, events.Who, events.Rooms, events.History, events.Topic, events.Pong, events.Bans, events.Mutes,
    events.Places,
)  # fmt: skip
_TAKEN: dict[type[object], Callable[[Model, Any, bytes], None]] = {
    events.Welcome: Model._take_welcome,
    events.Bye: Model._take_bye,
    events.Ping: Model._take_ping,
    events.RoomState: Model._take_in_room,
    events.Gap: Model._take_in_room,
    events.Reset: Model._take_in_room,
    events.Catchup: Model._take_in_room,
    events.Message: Model._take_in_room,
    events.Presence: Model._take_in_room,
    events.Topic: Model._take_in_room,
    events.History: Model._take_history,
    events.Ok: Model._take_ok,
    events.Error: Model._take_error,
}
