"""
The generators: people of the real client library, whose traffic and whose screens are written down.

A writer says one thing after the other, and corrects and removes some of it; a reader only reads,
and its display breaks down now and then, so that it begins again at its cursor, as a process that
was killed and had kept it would. Every writer reads too. The observer speaks the plain wire.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from functools import partial
from random import Random
from typing import Any

from twisted.internet import reactor
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.protocol import ReconnectingClientFactory
from twisted.protocols.basic import LineOnlyReceiver

from groupchat.client import client_id
from groupchat.client.connector import Connector
from groupchat.client.errors import ClientError, NotReachable
from groupchat.client.lifecycle import Lifecycle, LifecycleObserver
from groupchat.client.model import Model
from groupchat.client.outbox import Outbox
from groupchat.client.reconnect import Backoff, LateHellos
from groupchat.client.session import Session
from groupchat.wire import commands, errors, events, jsonlines
from groupchat.wire.commands import Position
from groupchat.wire.events import Event
from tests.faults.history import GONE, History, direct_room, key, removal
from tests.faults.server import PASSWORD

MOST = 120  #: things said and not yet answered that a writer keeps up
HASTE = 0.02  #: what part of the usual time a client waits until it comes back
#: On the plain wire; history has its time before it.
_SAID = re.compile(r"(?:\[[-0-9: ]{16}\] )?(?:[wh]\d: |-- w\d corrected: )(.*)")
AGAIN = 0.1  #: seconds until a client that has just begun, and found no server, tries again
CORRECTIONS, REMOVALS, MARKS = 0.08, 0.04, 0.02  #: what part of the lines is such a one
_MARK_REF = "mark:"
_NO_WELCOME = re.compile("No welcome|without a word")  #: where a hello was not answered
_AWAY = "its ledger"  #: in the refusals of a node that can't reach its engine: come again


class _DisplayBroke(ClientError):
    """Ends a chat whose display broke down."""


class _Watched(Model):
    """A model whose lines are written down as they are sent and received."""

    def __init__(self, member: Member, positions: dict[str, Position | None]) -> None:
        self._note = partial(member.history.note, member.name)
        self._called = member.called
        session = Session(member.name, member.secret, member.password)
        super().__init__(session, positions, _Display(member), Outbox(), reactor)  # type: ignore[arg-type]
        for room, place in positions.items():
            self.rooms[room].resume_from(place, max_missed=None)

    @property
    def positions(self) -> dict[str, Position | None]:
        """The cursors."""
        return {room.name: room.receiver.position for room in self.rooms}

    def connect(self, send: Any) -> None:
        super().connect(partial(self._going, send))

    def _going(self, send: Any, data: bytes) -> None:
        for line in data.splitlines():
            command = jsonlines.decode(line)
            if isinstance(command, commands.Say | commands.Correction):
                room = self._called(command.room)
                self._note("said", room, command.n, _key_of(command, room))
            elif isinstance(command, commands.Hello):
                for name, place in (command.rooms or {}).items():
                    room = self._called(name)
                    self._note("asks", room, place and place.epoch, place and place.after)
        send(data)

    def receive(self, event: Event | None, line: bytes) -> None:
        told = _TOLD.get(type(event))
        if told is not None:
            self._note(*told(event, self._called(getattr(event, "room", None) or "")))
        super().receive(event, line)

    def disconnect(self) -> None:
        self._note("lost")
        super().disconnect()


def _key_of(message: commands.Say | commands.Correction | events.Message, room: str) -> str:
    if message.redacts is not None:
        return removal(room, message.redacts)
    if isinstance(message, events.Message) and message.redacted:
        return GONE
    return key(message.text or "")


def _answer(event: events.Ok | events.Error, room: str) -> tuple[Any, ...]:
    if event.n is None:
        kept = isinstance(event, events.Ok) and (event.ref or "").startswith(_MARK_REF)
        return ("marked", room, int((event.ref or "")[len(_MARK_REF) :])) if kept else ("answer",)
    if isinstance(event, events.Ok):
        return "ok", room, event.n, event.id
    return "no", room, event.n, event.code


_TOLD: dict[type, Any] = {
    events.Welcome: lambda event, room: ("in",),
    events.Message: lambda event, room: ("told", room, event.id, _key_of(event, room)),
    events.Ok: _answer,
    events.Error: _answer,
    events.RoomState: lambda event, room: ("room", room, event.head, event.said, event.mark),
    events.Reset: lambda event, room: ("reset", room),
    events.Gap: lambda event, room: ("gap", room, event.after, event.before),
    events.Catchup: lambda event, room: ("upto", room, event.through),
}
_SHOWN: dict[type, Any] = {
    events.Message: lambda event, room: ("shown", room, event.id, _key_of(event, room)),
    events.Gap: lambda event, room: ("skip", room, event.after, event.before),
    events.Reset: lambda event, room: ("cleared", room),
}


class _Display:
    """A screen. It breaks down after `member.fragile` messages, where that is not 0."""

    def __init__(self, member: Member) -> None:
        self._note = partial(member.history.note, member.name)
        self._member = member
        self._left = member.rng.randrange(member.fragile) if member.fragile else -1

    def show(
        self, event: Event | None, line: bytes, me: str, past: bool = False, mine: bool = False
    ) -> None:
        shown = _SHOWN.get(type(event))
        if shown is None:
            return
        room = self._member.called(event.room)  # type: ignore[union-attr]
        if isinstance(event, events.Message):
            if not self._left:
                raise _DisplayBroke
            self._left -= 1
            self._member.seen[room] = event.id
        self._note(*shown(event, room))

    def tell(self, text: str) -> None: ...

    def warn(self, text: str) -> None: ...

    def complain(self, text: str, word: str | None = None) -> None: ...

    def show_elsewhere(self, event: Event, line: bytes) -> None: ...


class Talker(LifecycleObserver):
    """
    Says as much as is answered, while its member may talk; corrects or removes the newest of its
    messages now and then, and marks what it has read.
    """

    def __init__(self, member: Member) -> None:
        self._member = member
        self._removed: set[tuple[str, int]] = set()
        self.talking = False

    def on_chunk(self) -> None:
        member = self._member
        while self.talking and member.model.outbox.count < MOST:
            room = member.rng.choice(member.rooms)
            line = jsonlines.encode_command(self._next(room))
            member.model.say_line(room, line[:-1])
            if member.rng.random() < MARKS:
                self._mark(room)
        member.model.flush()

    def _next(self, room: str) -> commands.Say | commands.Correction:
        member = self._member
        newest, chance = member.model.rooms[room].own.newest, member.rng.random()
        if newest is None or (room, newest) in self._removed or chance > CORRECTIONS + REMOVALS:
            return commands.Say(room=room, text=member.next_text())
        if chance > REMOVALS:
            return commands.Correction(room=room, text=member.next_text(), replaces=newest)
        self._removed.add((room, newest))
        return commands.Correction(room=room, redacts=newest)

    def _mark(self, room: str) -> None:
        """Mark what was read, or something before it, which changes nothing."""
        member = self._member
        seen = member.seen.get(member.called(room), 0)
        id = member.rng.choice((seen, member.rng.randint(0, seen)))
        member.model.session.send(commands.Mark(room=room, id=id, ref=f"{_MARK_REF}{id}"))


class Member:
    """
    Somebody in some rooms, who comes back whatever happens.

    :param rooms: the rooms; those with a name behind "@" are direct ones.
    :param port: of the proxy.
    :param fragile: the display breaks down after at most this number of messages; 0: never.
    :ivar password: of its account, which it needs for a direct room.
    :ivar seen: for each room the last id displayed.
    :ivar gave_up: why the client ended, where it did so by itself.
    """

    def __init__(
        self,
        name: str,
        rooms: Iterable[str],
        history: History,
        port: int,
        rng: Random,
        fragile: int = 0,
    ) -> None:
        self.name = name
        self.rooms = list(rooms)
        self.secret = client_id.make()
        self.password = PASSWORD if any(room.startswith("@") for room in self.rooms) else None
        self.history = history
        self.rng = rng
        self.fragile = fragile
        self.seen: dict[str, int] = {}
        self.gave_up: list[str] = []
        self.talker = Talker(self)
        self.model = _Watched(self, dict.fromkeys(self.rooms))
        self._late_hellos = LateHellos(reactor)  # type: ignore[arg-type]
        self._endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", port)
        self._serials = itertools.count(1)
        self._chat: Lifecycle | None = None
        self._waiting: Any = None

    def called(self, room: str) -> str:
        """Returns what a room is called in the history, whoever is in it."""
        return direct_room(self.name, room[1:]) if room.startswith("@") else room

    def next_text(self) -> str:
        """Something that nobody has said before."""
        size = self.rng.choice((40, 200, 1000, 4000)) if self.rng.random() < 0.2 else 24
        return f"{self.name}.{next(self._serials)} {'x' * size}"

    def start(self) -> None:
        random = self.rng.random
        backoff = Backoff(lambda: random() * HASTE)
        connector = Connector(self._endpoint, reactor, backoff)  # type: ignore[arg-type]
        self._chat = Lifecycle(connector, lambda: "the proxy", self.model, reactor)  # type: ignore[arg-type]
        self._chat.watch(self.talker)
        self._chat.start().addCallback(self._ended)

    def _ended(self, error: ClientError | None) -> None:
        if self._chat is None:
            return
        if not self._can_come_again(error):
            self.gave_up.append(f"{self.name} gave up ({type(error).__name__}): {error}")
        self.history.counts["restarts"] += 1
        self.model = _Watched(self, self.model.positions)
        self._waiting = reactor.callLater(AGAIN, self.start)  # type: ignore[attr-defined]

    def _can_come_again(self, error: ClientError | None) -> bool:
        """Whether a client that is started again will do better."""
        if isinstance(error, NotReachable):
            if _NO_WELCOME.search(str(error)):
                self._late_hellos.add()  # a node that stood still takes it later
            return True
        if errors.REPLACED.text in str(error):
            return self._late_hellos.judge(errors.REPLACED).retry == 0
        return isinstance(error, _DisplayBroke) or _AWAY in str(error)

    def talk(self, talking: bool = True) -> None:
        """Begin to say something, or end."""
        self.talker.talking = talking
        if self._chat is not None:
            self._chat.guard(self.talker.on_chunk)

    def stall(self) -> None:
        """Read nothing."""
        if self._chat is not None:
            self._chat.connector.pause_reading()

    def go_on(self) -> None:
        if self._chat is not None:
            self._chat.connector.resume_reading()

    @property
    def unanswered(self) -> int:
        return self.model.outbox.count

    def stop(self) -> None:
        chat, self._chat = self._chat, None
        if chat is not None:
            chat.end()
        if self._waiting is not None and self._waiting.active():
            self._waiting.cancel()


class Observer(ReconnectingClientFactory):
    """
    Somebody with the plain wire: what it hears, as history or live, has no hole until it is cut
    off.
    """

    noisy = False
    initialDelay = maxDelay = 0.1

    def __init__(self, name: str, history: History, port: int) -> None:
        self.names = (
            f"{name}-{number}" for number in itertools.count(1)
        )  # the old one may still be taken
        self.note = partial(history.note, name)
        self._connector = reactor.connectTCP("127.0.0.1", port, self)  # type: ignore[attr-defined]

    def buildProtocol(self, addr: Any) -> _Plain:
        return _Plain(self)

    def stop(self) -> None:
        self.stopTrying()
        self._connector.disconnect()


class _Plain(LineOnlyReceiver):
    delimiter = b"\n"

    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    def connectionMade(self) -> None:
        self.sendLine(next(self._observer.names).encode())

    def lineReceived(self, line: bytes) -> None:
        said = _SAID.fullmatch(line.decode())
        if said is not None:
            self._observer.note("heard", "lobby", key(said[1]))

    def connectionLost(self, reason: Any = None) -> None:
        self._observer.note("lost")
