"""
groupchat-connect and TLS on real sockets: certificates that stay, that change, that are missing;
and a password at a terminal.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.protocol import Factory, Protocol
from twisted.protocols.tls import TLSMemoryBIOFactory

from groupchat.accounts.store import AccountStore
from groupchat.core.hub import Hub
from groupchat.ledgers.memory import MemoryLedger
from groupchat.server.factory import ChatFactory
from groupchat.settings import Settings
from groupchat.wire import commands, events, jsonlines
from groupchat.wire.framing import LineProtocol
from tests.client.certificates import Certificate
from tests.e2e.support import LIMIT, Program, Sandbox


class House:
    """A server in this process, whose door is behind TLS."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.certificate = Certificate("groupchat")
        ledger = MemoryLedger(reactor.callLater)  # type: ignore[attr-defined]
        accounts = AccountStore(":memory:")
        accounts.open()
        self.hub = Hub(
            Settings(), ledger, accounts, reactor, lambda: int(time.time() * 1000), lambda why: None
        )
        ledger.open(self.hub)
        self.door = ChatFactory(self.hub, reactor)
        self.port = 0
        self._listening: Any = None

    async def open(self, factory: Any = None, interface: str = "127.0.0.1") -> House:
        """Listen, on the same port as before if there was one."""
        await self.close()
        factory = factory or TLSMemoryBIOFactory(self.certificate.options(), False, self.door)
        factory.noisy = False
        self._listening = reactor.listenTCP(self.port, factory, interface=interface)  # type: ignore[attr-defined]
        self.port = self._listening.getHost().port
        return self

    async def close(self) -> None:
        """Listen no more, and cut every connection."""
        listening, self._listening = self._listening, None
        if listening is not None:
            self.door.abort()
            await listening.stopListening()
            await self.door.emptied()

    def cut(self) -> None:
        self.door.abort()

    def connect(self, name: str, *options: str, host: str = "localhost", **more: Any) -> Program:
        show = () if "--json" in options else ("--show",)
        return self.sandbox.start(
            "groupchat-connect", name, host, str(self.port), *show, *options, **more
        )

    @property
    def known(self) -> str:
        return (self.sandbox.home / ".local/state/groupchat/known_hosts").read_text()


@pytest_twisted.async_yield_fixture
async def house(sandbox: Sandbox) -> AsyncIterator[House]:
    house = House(sandbox)
    yield house
    await house.close()


@pytest.mark.parametrize(
    ("host", "interface", "written"),
    [("localhost", "127.0.0.1", "localhost"), ("::1", "::1", "[::1]")],
)
@pytest_twisted.ensureDeferred
async def test_the_certificate_is_told_once_and_known_the_next_time(
    house: House, host: str, interface: str, written: str
):
    await house.open(interface=interface)
    shown = house.certificate.fingerprint
    alice = house.connect("alice", "--tls", host=host)
    await alice.line(
        rf"-- First time at .*:{house.port}\. Its certificate is "
        rf"{shown.replace('+', '.')}; it is remembered in .*"
    )
    alice.send("hello")
    alice.close_input()
    assert await alice.ended() == 0
    assert house.known == f"{written}:{house.port} {shown}\n"
    bob = house.connect("bob", "--tls", host=host)
    await bob.line(r"\[.*\] alice: hello")
    bob.close_input()
    assert await bob.ended() == 0
    assert "First time" not in bob.out.text


@pytest_twisted.ensureDeferred
async def test_a_program_reads_of_the_certificate_beside_the_wire(house: House):
    await house.open()
    bot = house.connect("bot", "--tls", "--json")
    await bot.event("catchup")
    await bot.err.line("-- First time at localhost:.*")
    assert all(line.startswith("{") for line in bot.out.lines)
    bot.close_input()
    assert await bot.ended() == 0


@pytest_twisted.ensureDeferred
async def test_another_certificate_ends_a_run_and_is_another_server_for_the_next(house: House):
    await house.open()
    first = house.certificate.fingerprint
    alice = house.connect("alice", "--tls")
    await alice.says("-- You are up to date.")
    house.certificate = Certificate("groupchat")
    await house.open()
    assert await alice.ended() == 4
    assert alice.err.lines == [
        f"groupchat-connect: Another server is at localhost:{house.port} now: "
        f"its certificate is {house.certificate.fingerprint}. "
        "Your input was meant for the server before it. Start groupchat-connect again to join it."
    ]
    bob = house.connect("bob", terminal=True)
    await bob.says(
        f"-- localhost:{house.port} has another certificate than before: taken for another server."
    )
    await bob.says("-- You are up to date.")
    bob.send("/quit")
    assert await bob.ended() == 0
    assert house.known == "".join(
        f"localhost:{house.port} {one}\n" for one in (first, house.certificate.fingerprint)
    )
    carol = house.connect("carol", "--fingerprint", first)
    assert await carol.ended() == 4
    assert "and not the one given with --fingerprint" in carol.err.text


@pytest_twisted.ensureDeferred
async def test_servers_that_keep_no_certificate_are_joined_one_after_the_other(sandbox: Sandbox):
    daemon = await sandbox.daemon("--ledger", "memory")
    for again in True, False:
        alice = sandbox.pipe("alice", daemon)
        alice.send("hello")
        alice.close_input()
        assert await alice.ended() == 0
        assert alice.err.text == alice.out.text == ""
        await daemon.stop()
        if again:
            daemon = await sandbox.again(daemon, "--ledger", "memory")
    secrets = [
        path.read_text() for path in (sandbox.home / ".local/state/groupchat").glob("alice@*")
    ]
    assert len(set(secrets)) == 2


@pytest_twisted.ensureDeferred
async def test_it_comes_back_by_tls_and_loses_nothing(house: House):
    await house.open()
    alice, bob = (house.connect(name, "--tls") for name in ("alice", "bob"))
    for program in alice, bob:
        await program.says("-- You are up to date.")
    house.cut()
    alice.send("still here")
    await alice.says("-- Connected again.", LIMIT)
    await bob.line(r"(\[.*\] )?alice: still here", LIMIT)
    for program in alice, bob:
        program.close_input()
        assert await program.ended() == 0


class Plain(Protocol):
    """A server that knows no TLS, and speaks first."""

    def connectionMade(self) -> None:
        self.factory.received += 1  # type: ignore[union-attr]
        self.transport.write(b"What is your name?\n")  # type: ignore[union-attr]


@pytest_twisted.ensureDeferred
async def test_a_server_without_tls_is_told_apart_and_never_spoken_to(house: House):
    plain = Factory.forProtocol(Plain)
    plain.received = 0  # type: ignore[attr-defined]
    await house.open(plain)
    alice = house.connect("alice", "--tls")
    assert await alice.ended() == 3
    assert alice.err.lines == [
        f"groupchat-connect: localhost, port {house.port} does not speak TLS. "
        "If you trust the network: --no-tls"
    ]
    assert plain.received == 4  # type: ignore[attr-defined]


class Strict(LineProtocol):
    """A server that wants a password."""

    passwords: list[Any] = []
    lines: list[bytes] = []
    open: set[Strict] = set()

    def connectionMade(self) -> None:
        self.open.add(self)

    def connectionLost(self, reason: Any = None) -> None:
        self.open.discard(self)

    def lineReceived(self, line: bytes) -> None:
        hello = jsonlines.decode(line)
        self.lines.append(line)
        if isinstance(hello, commands.Quit):
            self._say(events.Bye(code="quit", text="Bye."))
            self.transport.loseConnection()
        elif isinstance(hello, commands.Hello):
            self.passwords.append(hello.password)
            if hello.password == "hush":
                self._say(
                    events.Welcome(
                        name="alice",
                        server="x",
                        max=9,
                        operator=False,
                        limits={"line": 1, "text": 1},
                    )
                )
                state = events.RoomState(
                    room="lobby", epoch="e", first=1, head=0, said=0, topic="", members=[], count=1
                )
                self._say(state)
                self._say(events.Catchup(room="lobby", through=0))
            else:
                text = (
                    '"alice" is registered. Its password?'
                    if hello.password is None
                    else "That is not it."
                )
                self._say(events.Error(code="bad-password", text=text))

    def _say(self, event: Any) -> None:
        self.transport.write(jsonlines.encode(event))


@pytest_twisted.async_yield_fixture
async def strict(house: House) -> AsyncIterator[House]:
    Strict.passwords.clear()
    Strict.lines.clear()
    await house.open(
        TLSMemoryBIOFactory(house.certificate.options(), False, Factory.forProtocol(Strict))
    )
    yield house


@pytest_twisted.ensureDeferred
async def test_a_password_is_asked_at_the_terminal_and_not_shown_there(strict: House):
    alice = strict.connect("alice", terminal=True)
    await alice.prompt("Password for alice: ")
    alice.press("guess\n")
    await alice.says("! That is not it.")
    await alice.prompt("Password for alice: ")
    alice.press("hush\n")
    await alice.line("-- Welcome to lobby, alice.*")
    alice.send("/help")
    await alice.line(".*/help .*lists the commands.*")
    alice.send("/quit")
    assert await alice.ended() == 0
    assert Strict.passwords == [None, "guess", "hush"]
    assert "hush" not in alice.out.text and "guess" not in alice.out.text
    assert "/quit" in alice.out.text, "and what is typed is shown again"


@pytest_twisted.ensureDeferred
async def test_ctrl_c_at_the_question_leaves_the_terminal_as_it_was(strict: House):
    command = f"trap : INT; groupchat-connect --line alice localhost {strict.port}; stty -a"
    script = strict.sandbox.start("sh", "-c", command, terminal=True)
    await script.prompt("Password for alice: ")
    script.press("\x03")
    await script.line(r".*(?<!-)\becho\b.*")
    await script.ended()


@pytest_twisted.ensureDeferred
async def test_in_a_pipe_a_password_comes_from_a_file_or_not_at_all(strict: House):
    nobody = strict.connect("alice")
    assert await nobody.ended() == 4
    assert nobody.err.text.strip() == (
        'groupchat-connect: "alice" is registered. Its password? Give it with --password-file.'
    )
    (strict.sandbox.directory / "password").write_text("hush\n")
    alice = strict.connect("alice", "--password-file", "password")
    await alice.says("-- You are up to date.")
    alice.close_input()
    assert await alice.ended() == 0
    assert Strict.passwords == [None, "hush"]


@pytest_twisted.ensureDeferred
async def test_who_takes_the_port_of_a_server_on_this_machine_learns_nothing(strict: House):
    received: list[bytes] = []

    class Impostor(Protocol):
        def dataReceived(self, data: bytes) -> None:
            received.append(data)
            self.transport.write(b"What is your name?\n")  # type: ignore[union-attr]

    (strict.sandbox.directory / "password").write_text("hush\n")
    alice = strict.connect("alice", "--password-file", "password", "--stay")
    await alice.says("-- You are up to date.")
    await strict.open(Factory.forProtocol(Impostor))
    for connection in list(Strict.open):
        connection.transport.abortConnection()
    again = strict.connect("alice", "--password-file", "password")
    assert await again.ended() == 3
    assert len(received) >= 4 and all(data.startswith(b"\x16\x03") for data in received)


@pytest_twisted.ensureDeferred
async def test_another_certificate_at_the_port_of_a_server_on_this_machine_brings_nothing_to_light(
    strict: House,
):
    (strict.sandbox.directory / "password").write_text("hush\n")
    alice = strict.connect("alice", "--password-file", "password", "--stay")
    await alice.says("-- You are up to date.")
    (known,) = (jsonlines.decode(line) for line in Strict.lines)
    strict.certificate = Certificate("groupchat")
    Strict.lines.clear()
    await strict.open(
        TLSMemoryBIOFactory(strict.certificate.options(), False, Factory.forProtocol(Strict))
    )
    for connection in list(Strict.open):
        connection.transport.abortConnection()
    assert await alice.ended() == 4
    for options in ("--password-file", "password"), ("--outbox", "box"):
        again = strict.connect("alice", *options)
        again.send("for the first only")
        assert await again.ended() == 4
        assert "and not the one it had before" in again.err.text
    assert Strict.lines == [], "nothing was said to it"
    assert await strict.connect("alice").ended() == 4
    (met,) = (jsonlines.decode(line) for line in Strict.lines[:1])
    assert met.client != known.client and met.password is None
