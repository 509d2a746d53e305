"""
The same cases against real daemons, over loopback sockets, with real waits.

On each daemon amy and ben are there as in memory, and two more in a room of their own who talk all
the time: how long they wait for each other, whatever mallory does meanwhile, is what is measured.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from twisted.internet import defer, reactor, task
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import Factory, Protocol
from zope.interface import implementer

from groupchat.testing.notes import JsonNotes, Notes, PlainNotes
from tests.e2e.support import Daemon, Sandbox, until
from tests.hostile.case import (
    ME,
    NOBODY,
    PASSWORD,
    WEB,
    Case,
    Do,
    Send,
    Wait,
    brief,
    hello,
    line,
    login,
    without_telnet,
)
from tests.hostile.play import BYSTANDERS, PATIENCE
from tests.hostile.web_notes import web_notes

RUNNERS = 4  #: daemons at once
PATIENT = 10.0  #: seconds to wait for what must come
SETTLE = 0.05  #: seconds in which the daemon has read what was sent
ASKED = "is anybody there?"
USUAL = {"--replay": 0, "--rate": 0, "--ledger": "memory"}


@implementer(IHalfCloseableProtocol)
class Wire(Protocol):
    """Someone's end of a connection: all that came, and whether it is over."""

    def __init__(self) -> None:
        self.data = b""
        self.over = False

    def connectionMade(self) -> None:
        self.transport.setTcpNoDelay(True)

    def dataReceived(self, data: bytes) -> None:
        self.data += data

    def readConnectionLost(self) -> None:
        self.over = True
        self.transport.loseConnection()

    def writeConnectionLost(self) -> None:
        """Our side is shut."""

    def connectionLost(self, reason: Any = None) -> None:
        self.over = True


class Member(Wire):
    """
    Someone who is in, and behaves.

    :ivar heard: what was said, in the words of the plain wire.
    :ivar head: the last id of the lobby.
    :ivar pongs: answers to its pings.
    """

    def __init__(self, wire: str) -> None:
        super().__init__()
        self._json = wire == "json"
        self.heard: list[str] = []
        self.members = 0
        self.head = self.pongs = 0
        self.notified: Callable[[str], None] = lambda _: None
        self._notes: Notes = JsonNotes() if self._json else PlainNotes()

    def dataReceived(self, data: bytes) -> None:
        *lines, self.data = (self.data + data).split(b"\n")
        for raw in lines:
            self._read(raw)

    def _read(self, raw: bytes) -> None:
        if self._json:
            event = json.loads(raw)
            if event["type"] == "ping":
                self.transport.write(line("pong"))
            if event["type"] == "pong":
                self.pongs += 1
            if event["type"] == "who":
                self.members = event["count"]
            self.head = max(self.head, event.get("id") or 0)
        for note in self._notes.of(raw):
            self.heard.append(note)
            self.notified(note)

    def say(self, text: str, room: str = "lobby") -> None:
        self.transport.write(
            line("say", room=room, text=text) if self._json else f"{text}\n".encode()
        )


class SocketRunner:
    """
    One daemon, and who is on it.

    :ivar worst: the longest that one of the talkers waited for the other, in seconds, and during
        which case.
    """

    def __init__(self, sandbox: Sandbox, worst: dict[str, float]) -> None:
        self._place = sandbox
        self.worst = worst
        self.case = ""
        self._turn = 0
        self._asked = 0.0
        self._talking = True
        self.daemon: Daemon
        self._people: dict[str, Member] = {}

    async def begin(self, settings: dict[str, Any], web: bool = False) -> None:
        named = {
            f"--{name.replace('_', '-')}": f"{value}s" if name == "edit_within" and value else value
            for name, value in settings.items()
        }
        options = {**USUAL, **named}
        self.daemon = await self._place.daemon(
            "--no-tls",
            *(() if web else ("--no-web",)),
            *(str(word) for pair in options.items() for word in pair),
        )
        self.amy, self.ben = [await self._member(name, wire) for name, wire in BYSTANDERS.items()]
        self._talkers = [
            await self._member(name, wire) for name, wire in (("cat", "json"), ("dan", "plain"))
        ]
        self._talkers[0].transport.write(line("leave", room="lobby") + line("join", room="quiet"))
        self._talkers[1].transport.write(b"/join quiet\n")
        await self._alone()
        for talker in self._talkers:
            talker.heard.clear()
            talker.notified = self._word
        self._ask()

    async def _member(self, name: str, wire: str) -> Member:
        member = await self._connect(Member(wire))
        member.transport.write(hello(name) if wire == "json" else f"{name}\n".encode())
        await task.deferLater(reactor, SETTLE)  # type: ignore[arg-type]
        return member

    async def _connect(self, protocol: Any) -> Any:
        factory = Factory.forProtocol(lambda: protocol)  # type: ignore[arg-type]
        factory.noisy = False
        return await TCP4ClientEndpoint(reactor, "127.0.0.1", self.daemon.port).connect(factory)

    # The two who talk all the time.

    def _ask(self) -> None:
        self._turn += 1
        self._asked = time.monotonic()
        self._talkers[self._turn % 2].say(str(self._turn), "quiet")

    def _word(self, note: str) -> None:
        speaker = ("cat", "dan")[self._turn % 2]
        listener = self._talkers[1 if speaker == "cat" else 0]
        if not self._asked or listener.heard[-1:] != [f"{speaker}: {self._turn}"]:
            return  # perhaps the speaker's own echo
        waited, self._asked = time.monotonic() - self._asked, 0
        self.worst[self.case] = max(waited, self.worst.get(self.case, 0))
        for talker in self._talkers:
            talker.heard.clear()
        if self._talking:
            reactor.callLater(0.01, self._ask)  # type: ignore[attr-defined]

    # A case.

    async def play(self, case: Case, wire: str) -> str | None:
        """Play it. Answers with what is wrong."""
        self.case = f"{case.name} ({wire})"
        part = case.parts[wire]
        await self._set_scene(case)
        base = self.ben.head
        mallory: Wire = await self._connect(Wire())
        if case.inside:
            mallory.transport.write(case.login(wire))  # type: ignore[union-attr]
            await until(
                lambda: (
                    case.is_beside_others
                    or all(f"{ME} joined." in one.heard for one in (self.amy, self.ben))
                ),
                self.case,
                PATIENT,
            )
            await until(
                lambda: b"catchup" in mallory.data or b"up to date" in mallory.data,
                self.case,
                PATIENT,
            )
            mallory.data = b""
        self._forget()
        for step in part.steps:
            await self._do(step, mallory)

        def told() -> list[str]:
            return _told(mallory.data, wire, base)

        def heard() -> list[list[str]]:
            return [_notes(one) for one in (self.amy, self.ben)]

        def over() -> str:
            return "closed" if mallory.over else "open"

        def others() -> dict[str, list[str]]:
            found = {who: _notes(one) for who, one in self._people.items()}
            return {who: notes for who, notes in found.items() if notes}

        seen = {who: list(notes) for who, notes in part.others.items()}
        wanted = (_sorted(part.told), [list(part.heard)] * 2, seen, part.end)

        def got() -> tuple[Any, ...]:
            return (_sorted(told()), heard(), others(), over())

        try:
            await until(lambda: got() == wanted, self.case, PATIENT)
        except AssertionError:
            return f"{self.case}: {got()!r:.2000} and not {wanted!r:.2000}"
        waited = await self._round_trip()
        if waited > PATIENCE:
            return f"{self.case}: the bystanders waited {waited * 1000:.0f} ms"
        if got() != wanted:
            return f"{self.case}: afterwards {got()!r:.2000} and not {wanted!r:.2000}"
        for one in (mallory, *self._people.values()):
            if not one.over:
                one.transport.abortConnection()  # type: ignore[union-attr]
        self._people.clear()
        await self.quiet()
        return None

    async def _set_scene(self, case: Case) -> None:
        """Let the others do what they did before."""
        if case.account:
            register = (line("register", password=PASSWORD), line("quit"))
            owner: Wire = await self._connect(Wire())
            owner.transport.write(hello(rooms={}) + b"".join(register))  # type: ignore[union-attr]
            await until(lambda: owner.over, self.case, PATIENT)
        for by in case.scene:
            bystander = {"amy": self.amy, "ben": self.ben}.get(by.who)
            person = bystander or self._people.get(by.who)
            if person is None:
                person = self._people[by.who] = await self._connect(Member("json"))
                person.transport.write(login(by.who))
            pongs = person.pongs
            person.transport.write(by.data + line("ping"))  # type: ignore[union-attr]
            await until(
                lambda person=person, pongs=pongs: person.over or person.pongs > pongs,
                self.case,
                PATIENT,
            )
        if case.scene or case.account:
            await self._round_trip()
        self._forget()

    async def _do(self, step: Any, mallory: Wire) -> None:
        transport: Any = mallory.transport
        if mallory.over and not isinstance(step, Wait):
            return
        match step:
            case Send(data, each):
                for start in range(0, len(data), each or len(data)):
                    transport.write(data[start : start + (each or len(data))])
                    await task.deferLater(reactor, 0)  # type: ignore[arg-type]
                await task.deferLater(reactor, SETTLE)  # type: ignore[arg-type]
            case Wait(seconds):
                await task.deferLater(reactor, seconds)  # type: ignore[arg-type]
            case Do.HALF_CLOSE:
                transport.loseWriteConnection()
            case Do.ABORT:
                await task.deferLater(reactor, SETTLE)  # type: ignore[arg-type]
                transport.abortConnection()
            case Do.STOP_READING:
                transport.pauseProducing()
            case Do.READ_ON:
                transport.resumeProducing()

    async def _round_trip(self) -> float:
        """The longest that one of the bystanders waited for the other."""
        longest = 0.0
        for name, speaker, listener in (("amy", self.amy, self.ben), ("ben", self.ben, self.amy)):
            word = f"{name}: {ASKED} {time.monotonic()}"
            began = time.monotonic()
            came = defer.Deferred()  # type: ignore[var-annotated]
            listener.notified = lambda note, word=word, came=came: (
                came.callback(None) if note == word else None
            )
            speaker.say(word.split(": ", 1)[1])
            await came.addTimeout(PATIENT, reactor)  # type: ignore[arg-type]
            longest = max(longest, time.monotonic() - began)
            listener.notified = lambda _: None
        await until(lambda: word in self.ben.heard, "ben's own word", PATIENT)
        return longest

    async def quiet(self) -> None:
        """Wait until amy and ben are alone in the lobby, and have heard of everything."""
        await self._alone()
        await self._round_trip()
        self._forget()

    async def _alone(self) -> None:
        def alone() -> bool:
            self.ben.transport.write(line("who", room="lobby"))  # type: ignore[union-attr]
            return self.ben.members == 2

        self.ben.members = 0
        await until(alone, "that amy and ben are alone", PATIENT)
        self._forget()

    def _forget(self) -> None:
        for one in (self.amy, self.ben, *self._people.values()):
            one.heard.clear()

    async def end(self) -> None:
        self._talking = False
        await self.daemon.stop()


def _notes(member: Member) -> list[str]:
    return [note for note in member.heard if ASKED not in note]


def _told(data: bytes, wire: str, base: int) -> list[str]:
    if wire == WEB:
        try:
            return [text for text in web_notes(data, base) if ASKED not in text]
        except AssertionError:
            return ["a part of an answer"]
    data = data if wire == "json" else without_telnet(data)
    lines = data.decode("latin-1" if wire == NOBODY else "utf-8", "replace").splitlines()
    if wire == "json":
        lines = [
            brief(json.loads(text), base) if text.startswith("{") and text.endswith("}") else text
            for text in lines
        ]
    return [text for text in lines if ASKED not in text]


def _sorted(told: Iterable[str]) -> tuple[list[str], list[str]]:
    """
    The oks and the rest: where lines come in several packets, both keep their order, but each for
    itself.
    """
    lines = list(told)
    return [text for text in lines if text.startswith("ok ")], [
        text for text in lines if not text.startswith("ok ")
    ]


def _seconds(case: Case) -> float:
    return sum(
        step.seconds
        for part in case.parts.values()
        for step in part.steps
        if isinstance(step, Wait)
    )


async def play(
    cases: Iterable[Case], directory: Path, needs: Callable[..., str], told: Callable[[str], None]
) -> bool:
    """Play all that can be played over sockets. Answers with whether all was well."""
    sandbox = Sandbox(directory, needs)
    sandbox.environment["PYTHONPATH"] = str(
        Path(__file__).parents[2]
    )  # this tree, wherever another is installed
    worst: dict[str, float] = {}
    wrong: list[str] = []
    queue = sorted((case for case in cases if not case.memory), key=_seconds)
    count = sum(len(case.parts) for case in queue)

    async def runner() -> None:
        shared: dict[bool, SocketRunner] = {}  # by whether they answer HTTP
        while queue:
            case = queue.pop()
            for wire in case.parts:
                one = None if case.needs_own_server else shared.pop(case.is_of_the_web, None)
                if one is None:
                    one = SocketRunner(sandbox, worst)
                    await one.begin(dict(case.settings), case.is_of_the_web)
                why = await one.play(case, wire)
                if why is not None:
                    wrong.append(why)
                    told(why)
                if case.needs_own_server or why is not None:
                    await one.end()
                else:
                    shared[case.is_of_the_web] = one
        for one in shared.values():
            await one.end()

    began = time.monotonic()
    await defer.gatherResults(
        [defer.ensureDeferred(runner()) for _ in range(RUNNERS)], consumeErrors=True
    )
    with (
        open(os.devnull, "w") as nowhere,
        contextlib.redirect_stdout(nowhere),
    ):  # what the daemons said, where nothing is wrong
        await sandbox.end()
    name, longest = max(worst.items(), key=lambda pair: pair[1])
    told(
        f"{count} cases over sockets in {time.monotonic() - began:.0f} s, {len(wrong)} of them otherwise than documented; "
        f"two who talked meanwhile waited for each other at most {longest * 1000:.0f} ms (during: {name})"
    )
    return not wrong
