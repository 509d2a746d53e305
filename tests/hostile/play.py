"""
Plays a hostile case in memory: two bystanders who were there before, mallory, a clock that the
player turns; and a look at what is left when she is gone.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from groupchat.core.permissions import Account, AuditEntry
from groupchat.server.visitors import REMEMBERED
from tests.hostile.case import (
    ME,
    NOBODY,
    OPERATOR,
    PASSWORD,
    WEB,
    Case,
    Do,
    Part,
    Send,
    Wait,
    brief,
    line,
    login,
    without_telnet,
)
from tests.hostile.web_notes import web_notes
from tests.support import Client, JsonClient, Server, collections

BYSTANDERS = {"amy": "plain", "ben": "json"}
AFTER = 2.5  #: seconds in which a ledger on disk takes a removed text out of its files
PATIENCE = 0.25  #: seconds that a bystander waits for another's word, at most


class RawClient(Client):
    """Whatever comes of the bytes, as it came."""


class MemoryRunner:
    """
    One case on one wire.

    :param ledger: makes an `ILedger` from a reactor, or None for the one in memory.
    """

    def __init__(self, case: Case, wire: str, ledger: Callable[[Any], Any] | None = None) -> None:
        self.case = case
        self.wire = wire
        self.part: Part = case.parts[wire]
        self.server = Server(ledger, **{"replay": 0, **case.settings})
        if case.is_of_the_web:
            self.server.serve_web()
        self.bystanders = {name: self.server.join(kind, name) for name, kind in BYSTANDERS.items()}
        self.people: dict[str, JsonClient] = {}
        self._set_scene()
        self._before = collections(self.server)
        self._timers = len(self.server.reactor.getDelayedCalls())
        self.mallory = RawClient(self.server)
        if case.inside:
            self.mallory.send(case.login(wire))
            self.server.run()
            self.mallory.read()
        for one in (*self.bystanders.values(), *self.people.values()):
            one.heard()

    def _set_scene(self) -> None:
        """Let the others do what they did before."""
        if self.case.account:
            self._visit(line("register", password=PASSWORD))
            # her address is known from now on
            self._visit(client="another-client-of-hers", password=PASSWORD)
        if any(by.who == OPERATOR for by in self.case.scene):
            account, entry = Account(OPERATOR, operator=True), AuditEntry(0, "!root", "op")
            self.server.accounts.register(account, PASSWORD, entry)
        for by in self.case.scene:
            self._person(by.who).send(by.data)
            self.server.run()
        for who, one in list(self.people.items()):
            if one.gone:
                one.close()
                del self.people[who]

    def _visit(self, data: bytes = b"", **fields: Any) -> None:
        """Mallory logs in, does this, and is gone again."""
        owner = self.server.join("json", ME, rooms={}, **fields)
        owner.send(data + line("quit"))
        self.server.run()
        owner.close()

    def _person(self, who: str) -> Client:
        if who in self.bystanders:
            return self.bystanders[who]
        if who not in self.people:
            self.people[who] = self.server.connect("json")
            self.people[who].send(login(who))
            self.server.run()
        return self.people[who]

    # Mallory's actions.

    def act(self) -> None:
        """Do it, step by step."""
        for step in self.part.steps:
            self._do(step)
            self.server.run()

    def _do(self, step: Any) -> None:
        match step:
            case Send(data, each):
                for start in range(0, len(data), each or len(data)):
                    self.mallory.send(data[start : start + (each or len(data))])
                    self.server.run()
            case Wait(seconds):
                self._wait(seconds)
            case Do.HALF_CLOSE:
                self.mallory.end()
            case Do.ABORT:
                self.mallory.close()
            case Do.STOP_READING:
                self.mallory.stall()
            case Do.READ_ON:
                self.mallory.flow()

    def _wait(self, seconds: float) -> None:
        """The bystanders show meanwhile that they are there."""
        while seconds > 0:
            self.server.run(min(seconds, 10))
            seconds -= 10
            for one in (self.bystanders["ben"], *self.people.values()):
                one.do("pong")

    # The outcome.

    def told(self) -> tuple[str, ...]:
        """Returns what mallory received, whole lines only."""
        data = bytes(self.mallory.transport.taken)
        self.mallory.transport.taken.clear()
        if self.wire == WEB:
            return tuple(web_notes(data))
        if self.wire != "json":
            data = without_telnet(data)
        assert self.wire == NOBODY or not data or data.endswith(b"\n"), "whole lines"
        lines = data.decode("latin-1" if self.wire == NOBODY else "utf-8").splitlines()
        if self.wire == "json":
            lines = [brief(json.loads(line)) if line.startswith("{") else line for line in lines]
        return tuple(lines)

    def heard(self) -> list[list[str]]:
        """Returns what each bystander received since the last call."""
        return [one.heard() for one in self.bystanders.values()]

    def others(self) -> dict[str, list[str]]:
        """Returns what the people of the scene received since the last call, if anything."""
        heard = {who: one.heard() for who, one in self.people.items()}
        return {who: notes for who, notes in heard.items() if notes}

    def end(self) -> str:
        return "closed" if self.mallory.gone else "open"

    def round_trip(self) -> None:
        """One bystander speaks, then the other; each must be heard soon, and once."""
        for speaker, listener in zip(BYSTANDERS, reversed(BYSTANDERS), strict=True):
            text = f"is anybody there? {speaker}"
            self.bystanders[speaker].say(text)
            self.server.run(PATIENCE)
            heard = self.bystanders[listener].heard()
            assert heard == [f"{speaker}: {text}"], (
                "the bystanders hear each other, and nothing else"
            )
            own = [f"{speaker}: {text}"] if BYSTANDERS[speaker] == "json" else []
            assert self.bystanders[speaker].heard() == own

    def still_there(self) -> None:
        """Mallory can still do what everybody can."""
        self.told()
        if self.wire == WEB:
            self.mallory.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.server.run()
            assert self.told() == ("200",)
            return
        if self.case.inside:
            self.mallory.send(
                b'{"type":"ping","ref":"alive"}\n' if self.wire == "json" else b"/topic\n"
            )
            self.server.run()
            (answer,) = self.told()
            assert answer == "pong ref=alive" or answer.startswith(
                ("-- The topic is: ", "-- There is no topic.")
            )
        else:
            self.mallory.send(self.case.login(self.wire))
            self.server.run()
            assert self.heard() == [[f"{ME} joined."]] * 2
        self.told()

    def leave(self) -> None:
        """Mallory goes, if she is not gone. Everything of hers has to go with her."""
        session = self.mallory.protocol.session
        rooms = (
            set(session.rooms.cursors)
            if session is not None and session in self.server.hub.members.sessions
            else set()
        )
        name = session.name if rooms else ""
        stays = any(
            other.name == name and "lobby" in other.rooms.cursors
            for other in self.server.hub.members.sessions
            if other is not session
        )
        if not self.mallory.transport.lost:
            self.mallory.close()
        self.server.run(AFTER)
        if self.wire == WEB:
            self._wait(REMEMBERED)
        assert self.heard() == [[f"{name} left."] if "lobby" in rooms and not stays else []] * 2
        assert self.left_over() == []

    def left_over(self) -> list[Any]:
        """Everything that is there and was not before mallory came."""
        server, reactor = self.server, self.server.reactor
        those = (*self.bystanders.values(), *self.people.values())
        transports = {one.transport for one in those}
        sizes = collections(server)
        return [
            *(name for name, size in sizes.items() if size != self._before.get(name, 0)),
            *([] if server.hub.members.is_consistent() else [server.hub.members]),
            *(set(reactor.getReaders()) - transports),
            *reactor.getWriters(),
            *reactor.getDelayedCalls()[self._timers :],
        ]
