"""
A server in memory: a reactor whose time the test moves on, transports that stall and break when
they are told to, and clients of both wires that a test talks through.

The transports keep Twisted's own buffers, producers and TLS (`abstract.FileDescriptor`); only the
kernel is a double. Nothing happens until `Server.run`, so what is done between two runs is done in
one turn of the reactor.
"""

from __future__ import annotations

import contextlib
import json
import re
import ssl
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import pytest
from argon2 import PasswordHasher
from twisted.internet._newtls import ConnectionMixin, ServerMixin
from twisted.internet.abstract import FileDescriptor
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.task import Clock
from twisted.logger import Logger
from twisted.protocols import tls
from twisted.python.failure import Failure

from groupchat.accounts import passwords
from groupchat.accounts.store import AccountStore
from groupchat.core.hub import Hub
from groupchat.interfaces import ILedger
from groupchat.ledgers.memory import MemoryLedger
from groupchat.server.factory import ChatFactory
from groupchat.server.proxy_protocol import ProxyProtocolFactory
from groupchat.settings import Settings

passwords._hasher = PasswordHasher(
    time_cost=1, memory_cost=8, parallelism=1
)  # quick: what it is else is tested in e2e

START = 1_795_356_180_000  #: when every test begins: 2026-11-22 14:03 UTC, in milliseconds
SECRET = "a-secret-of-{name:_<16}"


def secret(name: str) -> str:
    """The secret of the client that this person always uses."""
    return SECRET.format(name=name)


both_wires = pytest.mark.parametrize("wire", ["plain", "json"])  #: runs a test once on each wire


def kinds(events: list[dict[str, Any]]) -> list[str]:
    """Returns the type of each event."""
    return [event["type"] for event in events]


def codes(events: list[dict[str, Any]]) -> list[str]:
    """Returns the code of each error and each bye among these events."""
    return [event["code"] for event in events if "code" in event]


class Reactor(Clock):
    """A clock that reads and writes, too: what a reactor does in a turn."""

    def __init__(self) -> None:
        super().__init__()
        self._readers: dict[Transport, None] = {}
        self._writers: dict[Transport, None] = {}

    def addReader(self, transport: Transport) -> None:
        self._readers[transport] = None

    def removeReader(self, transport: Transport) -> None:
        self._readers.pop(transport, None)

    def addWriter(self, transport: Transport) -> None:
        self._writers[transport] = None

    def removeWriter(self, transport: Transport) -> None:
        self._writers.pop(transport, None)

    def callFromThread(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.callLater(0, function, *arguments)

    def run(self, seconds: float = 0.0) -> None:
        """Let so much time pass, and everything happen that is due until then."""
        end = self.rightNow + seconds
        while True:
            while self.turn():
                pass
            due = [call.getTime() for call in self.getDelayedCalls() if call.getTime() <= end]
            if not due:
                break
            self.rightNow = max(self.rightNow, min(due))
        self.rightNow = end

    def turn(self) -> bool:
        """One turn. Returns whether there was anything to do."""
        due = [call for call in self.getDelayedCalls() if call.getTime() <= self.rightNow]
        for call in (
            due
        ):  # and not what they ask for, which is of the next turn (`advance` would do that at once)
            if call.active():
                self.calls.remove(call)
                call.called = 1
                call.func(*call.args, **call.kw)
        readable = [one for one in self._readers if one.readable]
        for transport in readable:
            self._work(transport, transport.doRead, self._readers, reading=True)
        writable = [one for one in self._writers if one.writable]
        for transport in writable:
            self._work(transport, transport.doWrite, self._writers)
        return bool(due or readable or writable)

    def _work(
        self,
        transport: Transport,
        work: Callable[[], Any],
        those: dict[Transport, None],
        reading: bool = False,
    ) -> None:
        why = work() if transport in those else None
        if why is None:
            return
        self.removeReader(transport)
        if reading and isinstance(why, ConnectionDone):
            transport.readConnectionLost(Failure(why))
        else:
            self.removeWriter(transport)
            transport.connectionLost(Failure(why))


class Transport(ServerMixin, ConnectionMixin, FileDescriptor):
    """
    The server's end of a connection.

    :ivar room: bytes that the other side still takes; None: all there are.
    :ivar taken: what it took and the client has not looked at.
    :ivar incoming: what it sent and the server has not read.
    :ivar ended: whether it has shut its side.
    :ivar broken: whether it was reset.
    :ivar shut: whether the server has shut its side.
    :ivar lost: whether the server knows the connection to be gone.
    :ivar aborted: whether that was by its own will.
    :ivar calls: how often something was sent.
    """

    def __init__(self, reactor: Reactor) -> None:
        super().__init__(reactor)  # type: ignore[arg-type]
        self.connected = 1
        self.protocol: Any = None
        self.room: int | None = None
        self.taken = bytearray()
        self.incoming = bytearray()
        self.ended = self.broken = self.shut = self.lost = self.aborted = False
        self.calls = 0

    def connect(self, protocol: Any) -> None:
        self.protocol = protocol
        self.startReading()
        protocol.makeConnection(self)

    def startTLS(self, context: Any, normal: bool = True) -> None:
        with mock.patch.object(tls, "_get_default_clock", return_value=self.reactor):
            super().startTLS(context, normal)

    # The kernel.

    @property
    def readable(self) -> bool:
        return bool(self.incoming) or self.ended or self.broken

    @property
    def writable(self) -> bool:
        return self.room is None or self.room > 0 or self.broken or not self.waiting

    @property
    def waiting(self) -> int:
        """Bytes in Twisted's own buffers."""
        return len(self.dataBuffer) - self.offset + self._tempDataLen

    def writeSomeData(self, data: bytes) -> int | Exception:
        assert not self.lost, "its socket is gone"
        self.calls += 1
        if self.broken:
            return ConnectionLost()
        count = len(data) if self.room is None else min(self.room, len(data))
        self.taken += data[:count]
        if self.room is not None:
            self.room -= count
        return count

    def getHandle(self) -> Any:
        return self

    def send(self, data: bytes) -> int:
        """What the socket does, which is never asked past Twisted's own buffer."""
        assert not self.waiting
        count = self.writeSomeData(data)
        if not isinstance(count, int):
            raise ConnectionResetError
        if data and not count:
            raise BlockingIOError
        return count

    def doRead(self) -> Exception | None:
        if self.broken:
            return ConnectionLost()
        data = bytes(self.incoming[: self.bufferSize])
        if not data:
            return ConnectionDone()
        del self.incoming[: self.bufferSize]
        self.protocol.dataReceived(data)
        return None

    # The rest of a TCP connection.

    def readConnectionLost(self, reason: Failure) -> None:
        if IHalfCloseableProtocol.providedBy(self.protocol):
            self.protocol.readConnectionLost()
        else:
            self.connectionLost(reason)

    def _closeWriteConnection(self) -> None:
        self.shut = True
        if IHalfCloseableProtocol.providedBy(self.protocol):
            self.protocol.writeConnectionLost()

    def connectionLost(self, reason: Failure) -> None:
        if not self.lost:
            self.lost = True
            super().connectionLost(reason)
            self.protocol.connectionLost(reason)

    def abortConnection(self) -> None:
        if not self.aborted:
            self.aborted = True
            self.stopReading()
            self.stopWriting()
            self.reactor.callLater(0, self.connectionLost, Failure(ConnectionAborted()))  # type: ignore[attr-defined]


class Client:
    """
    Someone's end of a connection.

    `heard` says what it was told in the words of the plain wire, whichever wire it speaks; how it
    was welcomed is left out.
    """

    def __init__(self, server: Server, address: str = "192.0.2.1") -> None:
        self.server = server
        self.transport = Transport(server.reactor)
        entrance: Any = server.proxied or server.port
        self.door = entrance.buildProtocol(IPv4Address("TCP", address, 40_000))
        if self.door is None:
            self.transport.lost = True  # it is closed without a word
        else:
            self.transport.connect(self.door)

    # What it does.

    def send(self, *data: bytes) -> None:
        """Send these bytes; nothing happens until the server runs."""
        self.transport.incoming += b"".join(data)

    def end(self) -> None:
        """Shut its side, as `nc -N` does at the end of its input."""
        self.transport.ended = True

    def reset(self) -> None:
        """Be gone without a word."""
        self.transport.broken = True

    def close(self) -> None:
        """Be gone, and let the server see that at once."""
        self.reset()
        if not self.transport.lost:
            self.transport.connectionLost(Failure(ConnectionLost()))

    def stall(self, room: int = 0) -> None:
        """Take only so many bytes from now on."""
        self.transport.room = room

    def flow(self) -> None:
        """Take everything."""
        self.transport.room = None

    # What it gets.

    def read(self) -> bytes:
        """What came since the last time, whole lines only."""
        taken = self.transport.taken
        end = taken.rfind(b"\n") + 1
        data = bytes(taken[:end])
        del taken[:end]
        return data

    def heard(self) -> list[str]:
        return [note for line in self.read().splitlines() for note in self._notes(line)]

    def _notes(self, line: bytes) -> Iterator[str]:
        raise NotImplementedError

    @property
    def gone(self) -> bool:
        """Whether the server sends nothing more."""
        return self.transport.shut or self.transport.lost

    @property
    def heeded(self) -> bool:
        """Whether the server reads what is sent."""
        return self.transport in self.server.reactor._readers


class PlainClient(Client):
    """Someone with `nc`."""

    def type(self, *lines: str) -> None:
        self.send(*(f"{line}\n".encode() for line in lines))

    def lines(self) -> list[str]:
        return self.read().decode().splitlines()

    def hello(self, name: str) -> None:
        self.type(name)

    def say(self, text: str) -> None:
        self.type(text)

    def act(self, text: str) -> None:
        self.type(f"/me {text}")

    def tell(self, to: str, text: str) -> None:
        self.type(f"/msg {to} {text}")

    def rename(self, name: str) -> None:
        self.type(f"/name {name}")

    def topic(self, text: str) -> None:
        self.type(f"/topic {text}")

    def quit(self) -> None:
        self.type("/quit")

    def _notes(self, line: bytes) -> Iterator[str]:
        text = line.decode()
        if text.startswith("!"):
            yield "refused"
        elif not re.match("-- (Welcome to|The topic is:|You are up to date)", text):
            yield re.sub(r"^\[[0-9: -]{16}\]", "past", text.removeprefix("-- "))


class JsonClient(Client):
    """
    A program.

    :ivar through: for each room, the last id that is history.
    """

    def __init__(self, server: Server, address: str = "192.0.2.1") -> None:
        super().__init__(server, address)
        self.through: dict[str, int] = {}
        self.caught_up: dict[str, bool] = {}

    def do(self, type: str, **fields: Any) -> None:
        self.send(json.dumps({"type": type, **fields}).encode() + b"\n")

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.read().splitlines() if line.startswith(b"{")]

    def ask(self, type: str, **fields: Any) -> list[dict[str, Any]]:
        """What it gets after this line."""
        self.do(type, **fields)
        self.server.run()
        return self.events()

    def hello(self, name: str, **fields: Any) -> None:
        self.do("hello", name=name, **{"client": secret(name), **fields})

    def say(self, text: str, **fields: Any) -> None:
        self.do("say", text=text, **{"room": "lobby", **fields})

    def act(self, text: str) -> None:
        self.say(text, act=True)

    def tell(self, to: str, text: str) -> None:
        self.do("tell", to=to, text=text)

    def rename(self, name: str) -> None:
        self.do("rename", name=name)

    def topic(self, text: str) -> None:
        self.do("topic", room="lobby", text=text)

    def quit(self) -> None:
        self.do("quit")

    def _notes(self, line: bytes) -> Iterator[str]:
        if not line.startswith(b"{"):
            yield line.decode()
            return
        event = json.loads(line)
        note = getattr(self, f"_{event['type']}", None)
        if note is not None:
            yield from note(event)

    def _catchup(self, event: dict[str, Any]) -> Iterator[str]:
        self.through[event["room"]] = event["through"]
        return iter(())

    def _message(self, event: dict[str, Any]) -> Iterator[str]:
        past = "past " if event["id"] <= self.through.get(event["room"], 0) else ""
        said = (
            f"* {event['from']} {event['text']}"
            if event.get("act")
            else f"{event['from']}: {event['text']}"
        )
        yield past + said

    def _presence(self, event: dict[str, Any]) -> Iterator[str]:
        if "left" in event:
            yield f"{_together(event['left'])} left."
        for old, new in event.get("renamed", {}).items():
            yield f"{old} is now {new}."
        if "joined" in event:
            yield f"{_together(event['joined'])} joined."

    def _topic(self, event: dict[str, Any]) -> Iterator[str]:
        yield (
            f"{event['from']} set the topic: {event['text']}"
            if event["text"]
            else f"{event['from']} cleared the topic."
        )

    def _tell(self, event: dict[str, Any]) -> Iterator[str]:
        yield f"{event['from']} (to you): {event['text']}"

    def _error(self, event: dict[str, Any]) -> Iterator[str]:
        yield "refused"

    def _bye(self, event: dict[str, Any]) -> Iterator[str]:
        yield event["text"] if event["code"] in ("quit", "stopping") else "refused"

    def _gap(self, event: dict[str, Any]) -> Iterator[str]:
        count = event["before"] - event["after"] - 1
        yield (
            "1 message is no longer kept."
            if count == 1
            else f"{count} messages are no longer kept."
        )


def _together(names: list[str]) -> str:
    if len(names) > 3:
        return f"{names[0]}, {names[1]} and {len(names) - 2} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


class Encrypted(Client):
    """
    Someone who speaks TLS. What it sends goes out once the handshake is done, each time that
    something is read.

    :ivar context: of the connections that are made from now on.
    :ivar ended: whether the server has ended TLS, properly.
    """

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    def __init__(self, server: Server, address: str = "192.0.2.1") -> None:
        super().__init__(server, address)
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = self.context.wrap_bio(self._in, self._out)
        self.ended = False
        self._unsent = b""
        self._clear = bytearray()
        self.turn()

    def turn(self) -> None:
        """Read what is there, and answer."""
        self._in.write(bytes(self.transport.taken))
        self.transport.taken.clear()
        try:
            self.tls.do_handshake()
            if self._unsent:
                self.tls.write(self._unsent)
                self._unsent = b""
            while data := self.tls.read(65_536):
                self._clear += data
            self.ended = True
        except ssl.SSLWantReadError:
            pass
        self.transport.incoming += self._out.read()

    def shake(self) -> None:
        """Do the handshake, and send what waits for that."""
        for _ in range(4):
            self.server.run()
            self.turn()
        self.server.run()

    def send(self, *data: bytes) -> None:
        self._unsent += b"".join(data)
        self.turn()

    def leave(self) -> None:
        """End TLS, and send nothing more."""
        with contextlib.suppress(ssl.SSLWantReadError):
            self.tls.unwrap()
        self.transport.incoming += self._out.read()

    def read(self) -> bytes:
        self.turn()
        end = self._clear.rfind(b"\n") + 1
        data = bytes(self._clear[:end])
        del self._clear[:end]
        return data


class EncryptedPlain(Encrypted, PlainClient):
    """Someone with `openssl s_client`."""


class EncryptedJson(Encrypted, JsonClient):
    """A program, from elsewhere."""


CLIENTS: dict[str, type[Any]] = {
    "plain": PlainClient, "json": JsonClient, "plain, tls": EncryptedPlain, "json, tls": EncryptedJson,
}  # fmt: skip


class Server:
    """
    A whole server without a socket, on a ledger in memory unless another is given.

    :param ledger: makes an `ILedger` from the reactor.
    :param door: what its `ChatFactory` is given.
    :param settings: what differs from the defaults; nobody is slowed unless `rate` is given.
    """

    log = Logger()

    def __init__(
        self,
        ledger: Callable[[Any], ILedger] | None = None,
        reactor: Reactor | None = None,
        door: dict[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        self.reactor = reactor or Reactor()
        self.ledger: Any = ledger(self.reactor) if ledger else MemoryLedger(self.reactor.callLater)
        self.accounts = AccountStore(":memory:")
        self.accounts.open()
        self.hub = Hub(
            Settings(**{"rate": 0, **settings}),
            self.ledger,
            self.accounts,
            self.reactor,
            self.now,
            self._broken,
        )
        self.ledger.open(self.hub)
        self.port = ChatFactory(self.hub, self.reactor, **door or {})
        self.port.doStart()
        self.proxied: ProxyProtocolFactory | None = (
            None  # what stands before the port, if anything does
        )

    def now(self) -> int:
        return START + round(self.reactor.seconds() * 1000)

    def _broken(self, reason: str) -> None:
        self.log.critical("{reason}", reason=reason)

    def run(self, seconds: float = 0.0) -> None:
        self.reactor.run(seconds)

    def connect(self, wire: str = "json", address: str = "192.0.2.1") -> Any:
        """A connection that has said nothing."""
        return CLIENTS[wire](self, address)

    def join(self, wire: str, name: str, **fields: Any) -> Any:
        """Someone who has come in and read everything there was."""
        client = self.connect(wire)
        client.hello(name, **fields)
        if isinstance(client, Encrypted):
            client.shake()
        self.run()
        client.heard()
        return client

    def json(self, name: str, **fields: Any) -> JsonClient:
        client: JsonClient = self.join("json", name, **fields)
        return client

    def plain(self, name: str) -> PlainClient:
        client: PlainClient = self.join("plain", name)
        return client
