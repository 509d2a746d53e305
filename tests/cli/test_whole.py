"""
The whole program beside a whole server, both in memory: from the command line to the exit status.

Only the reactor and standard input and output are doubles. Programs over sockets are in tests/e2e.
"""

from __future__ import annotations

import json

import pytest
from twisted.internet.address import UNIXAddress
from twisted.internet.error import ConnectError
from twisted.internet.testing import MemoryReactorClock, StringTransportWithDisconnection
from twisted.python.failure import Failure

from groupchat.cli import main as program
from groupchat.cli import run
from groupchat.cli.options import parse
from groupchat.core.permissions import BAN, AuditEntry, Restriction
from groupchat.testing import START, MemoryClient
from tests.support import Server

MAX_TURNS = 1000  #: of the reactor, after which a program is stuck


class Wire(StringTransportWithDisconnection):
    """The client's end of a connection to the server in memory."""

    def __init__(self, server):
        super().__init__()
        self.end = MemoryClient(server)
        self.open = True

    def turn(self):
        """Carry what was sent in both directions. Returns whether there was anything."""
        sent = self.value()
        self.clear()
        self.end.send(sent)
        self.end.server.run()
        heard = bytes(self.end.transport.taken)
        self.end.transport.taken.clear()
        if heard:
            self.protocol.dataReceived(heard)
        if self.end.gone and self.open:
            self.loseConnection()
        return bool(sent or heard)

    def loseConnection(self):
        if self.open:
            self.open = False
            self.end.close()
            self.protocol.connectionLost(Failure(ConnectError()))

    abortConnection = loseConnection


class Reactor(MemoryReactorClock):
    """Connects to a server in memory, and runs until it is stopped or nothing is left to do."""

    def __init__(self, server):
        super().__init__()
        self.server = server
        self.wires = []

    def connectUNIX(self, path, factory, timeout=30, checkPID=0):
        connector = super().connectUNIX(path, factory, timeout, checkPID)
        if self.server is None:
            factory.clientConnectionFailed(connector, Failure(ConnectError()))
            return connector
        wire = Wire(self.server)
        wire.protocol = factory.buildProtocol(UNIXAddress(path))
        self.wires.append(wire)
        wire.protocol.makeConnection(wire)
        return connector

    def callFromThread(self, function, *arguments):
        self.callLater(0, function, *arguments)

    def carry(self):
        """Let every connection do a turn. Returns whether anything was carried."""
        carried = [wire.turn() for wire in self.wires if wire.open]
        return any(carried)

    def run(self):
        self.running = True
        for hook, arguments, options in self.whenRunningHooks:
            hook(*arguments, **options)
        for _ in range(MAX_TURNS):
            if self.hasStopped:
                break
            if not self.carry():
                self.advance(0.1)
        else:
            pytest.fail("the program does not end")
        for hook, arguments, options in self.triggers["before"]["shutdown"]:
            hook(*arguments, **options)


class Stdio:
    """Standard input with some lines, and standard output."""

    def __init__(self, typed):
        self.typed = typed
        self.printed = bytearray()
        self.read_error = self.write_error = None
        self.unprinted = False
        self._fed = False

    def __call__(self, protocol, reactor):
        self.protocol, self.reactor = protocol, reactor
        protocol.makeConnection(self)
        return self

    def pauseProducing(self):
        pass

    def resumeProducing(self):
        if not self._fed:
            self._fed = True
            self.reactor.callLater(0, self.feed)

    def feed(self):
        self.protocol.dataReceived(self.typed)
        self.protocol.readConnectionLost()

    def registerProducer(self, producer, streaming):
        pass

    def unregisterProducer(self):
        pass

    def write(self, data):
        self.printed += data

    def loseConnection(self):
        self.reactor.callLater(0, self.protocol.connectionLost)

    def finish(self):
        pass


class Aside:
    """Standard error."""

    def __init__(self):
        self.text = bytearray()

    def __call__(self, reactor):
        return self

    def write(self, data):
        self.text += data

    def close(self):
        pass


@pytest.fixture
def server():
    return Server()


@pytest.fixture
def start(server, monkeypatch, tmp_path):
    """
    Run the program as alice with these options and this input. Returns its exit status, its lines,
    and what it said last.
    """
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(program.os, "isatty", lambda descriptor: False)

    def start(*options, typed=b"", there=True):
        stdio, aside = Stdio(typed), Aside()
        monkeypatch.setattr(run, "Stdio", stdio)
        monkeypatch.setattr(program, "Aside", aside)
        line = ["alice", f"unix:{tmp_path}/chat.sock", "--no-tls", *options]
        reactor = Reactor(server if there else None)
        ending = program.connect(parse(line), reactor, timeout=5)
        lines = (bytes(stdio.printed) + bytes(aside.text)).decode().splitlines()
        return ending.status, lines, ending.text

    return start


def test_a_pipe_says_each_line_and_ends_once_all_are_stored(start, server):
    bob = server.plain("bob")
    assert start(typed=b"one\n/two\nthree") == (0, [], "")
    said = ["alice: one", "alice: /two", "alice: three"]
    assert bob.heard() == ["alice joined.", *said, "alice left."]


def test_with_show_it_prints_the_room(start, server):
    server.plain("bob").say("hello")
    server.run()
    status, lines, _ = start("--show", typed=b"hi\n")
    assert status == 0
    assert any(line.endswith("bob: hello") for line in lines)


def test_a_program_gets_the_lines_of_the_server_as_they_are(start, server):
    typed = b'{"type":"say","room":"lobby","text":"hi"}\n'
    status, lines, _ = start("--json", typed=typed)
    events = [json.loads(line) for line in lines]
    assert status == 0
    assert [event["type"] for event in events][:3] == ["welcome", "room", "catchup"]
    assert [event["id"] for event in events if event["type"] in ("ok", "message")] == [1, 1]


def test_a_line_that_is_refused_costs_the_status_6_and_names_the_reason(start):
    status, _, told = start(typed=b"x" * 5000 + b"\nhi\n")
    assert status == 6
    assert "1 line" in told


def test_a_name_that_is_banned_is_turned_away_with_4_and_the_rest_is_counted(start, server):
    server.accounts.save(Restriction(BAN, "alice", "op"), AuditEntry(START, "op", "ban"))
    status, _, told = start(typed=b"one\ntwo\n")
    assert status == 4
    assert "2 lines" in told


def test_where_nobody_listens_it_ends_with_3(start):
    status, _, told = start(typed=b"one\n", there=False)
    assert status == 3
    assert told


def test_with_an_outbox_the_lines_wait_for_the_next_run(start, server, tmp_path):
    outbox = f"--outbox={tmp_path}/unsent"
    status, _, told = start(outbox, typed=b"one\ntwo\n", there=False)
    assert status == 7
    assert "2 lines" in told
    bob = server.plain("bob")
    assert start(outbox)[0] == 0
    assert [line for line in bob.heard() if ":" in line] == ["alice: one", "alice: two"]


def test_a_correction_waits_in_an_outbox_as_a_message_does(start, server, tmp_path):
    outbox = f"--outbox={tmp_path}/unsent"
    assert start(outbox, typed=b"te\n")[0] == 0
    correction = b'{"type":"say","room":"lobby","text":"tea","replaces":1}\n'
    removal = b'{"type":"say","room":"lobby","redacts":1}\n'
    assert start("--json", outbox, typed=correction + removal, there=False)[0] == 7
    bob = server.plain("bob")
    assert start(outbox)[0] == 0
    assert bob.heard()[1:3] == ["alice corrected: tea", "alice removed a message."]


def test_a_password_of_a_file_is_given(start, server, tmp_path):
    alice = server.json("alice")
    alice.ask("register", password="a long password")
    server.run()
    alice.quit()
    server.run()
    password = tmp_path / "password"
    password.write_text("a long password\n")
    password.chmod(0o600)
    assert start(typed=b"hi\n")[0] == 4
    assert start(f"--password-file={password}", typed=b"hi\n")[0] == 0


def test_with_quiet_nothing_is_printed(start, server):
    server.plain("bob").say("hello")
    server.run()
    assert start("--quiet", typed=b"hi\n") == (0, [], "")
