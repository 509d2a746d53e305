"""
A whole chat server in memory, for tests: no socket, no thread, and a clock that the test turns.

::

    server = MemoryServer()
    alice, bob = server.json("alice"), server.plain("bob")
    alice.say("Hello!")
    server.run()
    assert bob.lines()[-1] == "alice: Hello!"

Nothing happens until `MemoryServer.run`, so everything that a test does between two runs happens
in one turn of the reactor. The transports are Twisted's own, with its buffers, producers and TLS;
only the socket beneath them is a double, which stalls or breaks when the test says so.
"""

from __future__ import annotations

import contextlib
import errno
import json
import re
import ssl
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import twisted.internet
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.task import Clock
from twisted.internet.tcp import Server
from twisted.logger import Logger
from twisted.python.failure import Failure

from groupchat.accounts.passwords import CHEAP, Passwords
from groupchat.accounts.store import AccountStore
from groupchat.core.hub import Hub
from groupchat.interfaces import ILedger
from groupchat.ledgers.memory import MemoryLedger
from groupchat.server.factory import ChatFactory
from groupchat.server.proxy_protocol import ProxyProtocolFactory
from groupchat.settings import Settings

__all__ = [
    "CLIENTS",
    "START",
    "EncryptedClient",
    "EncryptedJsonClient",
    "EncryptedPlainClient",
    "JsonClient",
    "MemoryClient",
    "MemoryReactor",
    "MemoryServer",
    "MemoryTransport",
    "PlainClient",
    "secret",
]

START = 1_795_356_180_000  #: the system's time at the start, in ms: 2026-11-22 14:03 UTC
ADDRESS = "192.0.2.1"  #: where clients connect from unless a test says otherwise


def secret(name: str) -> str:
    """Returns the client id (`client` in a hello) that `JsonClient` sends for this name."""
    return f"a-secret-of-{name:_<16}"


class MemoryReactor(Clock):
    """A clock that also reads from and writes to `MemoryTransport`, as a reactor does in a turn."""

    def __init__(self) -> None:
        super().__init__()
        self._readers: dict[MemoryTransport, None] = {}
        self._writers: dict[MemoryTransport, None] = {}

    def addReader(self, transport: MemoryTransport) -> None:
        self._readers[transport] = None

    def removeReader(self, transport: MemoryTransport) -> None:
        self._readers.pop(transport, None)

    def addWriter(self, transport: MemoryTransport) -> None:
        self._writers[transport] = None

    def removeWriter(self, transport: MemoryTransport) -> None:
        self._writers.pop(transport, None)

    def getReaders(self) -> list[MemoryTransport]:
        return list(self._readers)

    def getWriters(self) -> list[MemoryTransport]:
        return list(self._writers)

    def removeAll(self) -> list[MemoryTransport]:
        """Forget all transports, and return them."""
        transports = list({**self._readers, **self._writers})
        self._readers.clear()
        self._writers.clear()
        return transports

    def callFromThread(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.callLater(0, function, *arguments)

    def run(self, seconds: float = 0.0) -> None:
        """Do everything that is due now and within the next `seconds`, and move the clock there."""
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
        """Do one turn. Returns whether there was anything to do."""
        # Calls that these make are due in the next turn; `Clock.advance` would make them in this.
        due: list[Any] = [
            call for call in self.getDelayedCalls() if call.getTime() <= self.rightNow
        ]
        for call in due:
            if call.active():
                self.calls.remove(call)
                call.called = 1
                call.func(*call.args, **call.kw)
        readable = [transport for transport in self._readers if transport.readable]
        for transport in readable:
            if transport in self._readers:
                self._lose(transport, transport.doRead(), reading=True)
        writable: list[Any] = [transport for transport in self._writers if transport.writable]
        for transport in writable:
            if transport in self._writers:
                self._lose(transport, transport.doWrite(), reading=False)
        return bool(due or readable or writable)

    def _lose(self, transport: MemoryTransport, why: Exception | None, reading: bool) -> None:
        """Tell a transport that its socket is gone, if there is a reason `why`."""
        if why is None:
            return
        self.removeReader(transport)
        if reading and isinstance(why, ConnectionDone):
            transport.readConnectionLost(Failure(why))
        else:
            self.removeWriter(transport)
            transport.connectionLost(Failure(why))


class _MemorySocket:
    """Stands in for the socket of a `MemoryTransport`, which holds the bytes."""

    def __init__(self, transport: MemoryTransport) -> None:
        self._transport = transport

    def setblocking(self, blocking: bool) -> None:
        assert not blocking

    def setsockopt(self, *option: Any) -> None:
        pass

    def fileno(self) -> int:
        return -1

    def recv(self, size: int) -> bytes:
        transport = self._transport
        if transport.broken:
            raise ConnectionResetError(errno.ECONNRESET, "reset")
        data = bytes(transport.incoming[:size])
        del transport.incoming[:size]
        return data

    def send(self, data: bytes | memoryview) -> int:
        transport = self._transport
        assert not transport.lost, "its socket is gone"
        transport.calls += 1
        if transport.broken:
            raise ConnectionResetError(errno.ECONNRESET, "reset")
        count = len(data) if transport.room is None else min(transport.room, len(data))
        if data and not count:
            raise BlockingIOError(errno.EWOULDBLOCK, "full")
        transport.taken += data[:count]
        if transport.room is not None:
            transport.room -= count
        return count

    def shutdown(self, how: int) -> None:
        self._transport.shut = True

    def close(self) -> None:
        pass


class MemoryTransport(Server):
    """
    The server's end of a TCP connection, with a double for its socket.

    :ivar room: bytes that the other side still takes; None: no limit.
    :ivar taken: bytes that the other side took and the test has not looked at.
    :ivar incoming: bytes that the other side sent and the server has not read.
    :ivar ended: whether the other side has shut its direction.
    :ivar broken: whether the other side has reset the connection.
    :ivar shut: whether the server has shut its direction.
    :ivar lost: whether the server knows that the connection is gone.
    :ivar aborted: whether the server has aborted it.
    :ivar calls: how often the server called `send`.
    """

    def __init__(self, reactor: MemoryReactor, address: str = ADDRESS) -> None:
        self.room: int | None = None
        self.taken = bytearray()
        self.incoming = bytearray()
        self.ended = self.broken = self.shut = self.lost = self.aborted = False
        self.calls = 0
        socket: Any = _MemorySocket(self)
        no_port: Any = None
        loop: Any = reactor
        super().__init__(socket, Any, (address, 40_000), no_port, 0, loop)  # type: ignore[arg-type]
        self.repstr = f"<MemoryTransport of {address}>"

    def connect(self, protocol: Any) -> None:
        self.protocol = protocol
        protocol.makeConnection(self)

    def startTLS(self, ctx: Any, normal: bool = True) -> None:
        # Twisted's TLS takes its clock from the global reactor.
        with mock.patch.object(twisted.internet, "reactor", self.reactor, create=True):
            super().startTLS(ctx, normal)  # type: ignore[no-untyped-call]

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

    def getHost(self) -> IPv4Address:
        return IPv4Address("TCP", "192.0.2.254", 9000)

    def connectionLost(self, reason: Failure) -> None:
        self.lost = True
        super().connectionLost(reason)

    def abortConnection(self) -> None:
        self.aborted = True
        super().abortConnection()  # type: ignore[no-untyped-call]


class MemoryClient:
    """
    A client's end of a connection.

    :ivar transport: the server's end, where the test can look at what is underway.
    :ivar protocol: the server's protocol, or None where the server refused the connection at once.
    """

    def __init__(self, server: MemoryServer, address: str = ADDRESS) -> None:
        self.server = server
        self.transport = MemoryTransport(server.reactor, address)
        entrance: Any = server.proxied or server.factory
        self.protocol = entrance.buildProtocol(IPv4Address("TCP", address, 40_000))
        if self.protocol is None:
            server.reactor.removeReader(self.transport)
            self.transport.lost = True  # closed without a word
        else:
            self.transport.connect(self.protocol)

    # Actions.

    def send(self, *data: bytes) -> None:
        """Send bytes; nothing happens until the server runs."""
        self.transport.incoming += b"".join(data)

    def end(self) -> None:
        """Shut our direction, as `nc -N` does at the end of its input."""
        self.transport.ended = True

    def reset(self) -> None:
        """Reset the connection; the server finds out when it runs."""
        self.transport.broken = True

    def close(self) -> None:
        """Reset the connection, and let the server find out at once."""
        self.reset()
        if not self.transport.lost:
            self.transport.connectionLost(Failure(ConnectionLost()))

    def stall(self, room: int = 0) -> None:
        """Take only `room` more bytes from now on."""
        self.transport.room = room

    def flow(self) -> None:
        """Take everything again."""
        self.transport.room = None

    # Observations.

    def read(self) -> bytes:
        """Returns the whole lines that arrived since the last call."""
        taken = self.transport.taken
        end = taken.rfind(b"\n") + 1
        data = bytes(taken[:end])
        del taken[:end]
        return data

    def heard(self) -> list[str]:
        """
        Returns what arrived since the last call in the words of the plain wire, whichever wire the
        client speaks, so that one test can run on both. Greetings are left out, a refusal of any
        kind is "refused", and history begins with "past".
        """
        return [note for line in self.read().splitlines() for note in self._notes(line)]

    def _notes(self, line: bytes) -> Iterator[str]:
        raise NotImplementedError

    @property
    def gone(self) -> bool:
        """Whether the server sends nothing more."""
        return self.transport.shut or self.transport.lost

    @property
    def is_read(self) -> bool:
        """Whether the server reads from this client at the moment."""
        return self.transport in self.server.reactor.getReaders()


class PlainClient(MemoryClient):
    """A person with `nc`."""

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


class JsonClient(MemoryClient):
    """
    A program that speaks the JSON wire.

    :ivar through: for each room, the last id that is history.
    """

    def __init__(self, server: MemoryServer, address: str = ADDRESS) -> None:
        super().__init__(server, address)
        self.through: dict[str, int] = {}

    def do(self, type: str, **fields: Any) -> None:
        """Send a command."""
        self.send(json.dumps({"type": type, **fields}).encode() + b"\n")

    def events(self) -> list[dict[str, Any]]:
        """Returns the events that arrived since the last call."""
        return [json.loads(line) for line in self.read().splitlines() if line.startswith(b"{")]

    def ask(self, type: str, **fields: Any) -> list[dict[str, Any]]:
        """Send a command, run the server, and return the events that arrived."""
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
        if event["type"] == "catchup":
            self.through[event["room"]] = event["through"]
        elif event["type"] == "message":
            past = "past " if event["id"] <= self.through.get(event["room"], 0) else ""
            yield past + _message(event)
        elif event["type"] in _NOTES:
            yield from _NOTES[event["type"]](event)


def _message(event: dict[str, Any]) -> str:
    if event.get("act"):
        return f"* {event['from']} {event['text']}"
    return f"{event['from']}: {event['text']}"


def _presence(event: dict[str, Any]) -> Iterator[str]:
    if "left" in event:
        yield f"{_together(event['left'])} left."
    for old, new in event.get("renamed", {}).items():
        yield f"{old} is now {new}."
    if "joined" in event:
        yield f"{_together(event['joined'])} joined."


def _topic(event: dict[str, Any]) -> Iterator[str]:
    if event["text"]:
        yield f"{event['from']} set the topic: {event['text']}"
    else:
        yield f"{event['from']} cleared the topic."


def _tell(event: dict[str, Any]) -> Iterator[str]:
    yield f"{event['from']} (to you): {event['text']}"


def _error(event: dict[str, Any]) -> Iterator[str]:
    yield "refused"


def _bye(event: dict[str, Any]) -> Iterator[str]:
    yield event["text"] if event["code"] in ("quit", "stopping") else "refused"


def _gap(event: dict[str, Any]) -> Iterator[str]:
    count = event["before"] - event["after"] - 1
    yield "1 message is no longer kept." if count == 1 else f"{count} messages are no longer kept."


_NOTES: dict[str, Callable[[dict[str, Any]], Iterator[str]]] = {
    "presence": _presence,
    "topic": _topic,
    "tell": _tell,
    "error": _error,
    "bye": _bye,
    "gap": _gap,
}


def _together(names: list[str]) -> str:
    if len(names) > 3:
        return f"{names[0]}, {names[1]} and {len(names) - 2} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


class EncryptedClient(MemoryClient):
    """
    A client that speaks TLS. Its bytes go out once the handshake is done, each time that the client
    reads.

    :ivar context: settings of TLS for connections that are made from now on.
    :ivar ended: whether the server has ended TLS properly.
    """

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    def __init__(self, server: MemoryServer, address: str = ADDRESS) -> None:
        super().__init__(server, address)
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = self.context.wrap_bio(self._in, self._out)
        self.ended = False
        self._unsent = b""
        self._clear = bytearray()
        self.turn()

    def turn(self) -> None:
        """Read what has arrived, and answer."""
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
        """Do the handshake, and send what waits for it."""
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


class EncryptedPlainClient(EncryptedClient, PlainClient):
    """A person with `openssl s_client`."""


class EncryptedJsonClient(EncryptedClient, JsonClient):
    """A program that speaks the JSON wire over TLS."""


#: The clients by the names under which `MemoryServer.connect` knows them.
CLIENTS: dict[str, type[MemoryClient]] = {
    "plain": PlainClient,
    "json": JsonClient,
    "plain, tls": EncryptedPlainClient,
    "json, tls": EncryptedJsonClient,
}


class MemoryServer:
    """
    A whole server without a socket, on a ledger in memory unless another is given.

    :param ledger: makes an `ILedger` from the reactor.
    :param reactor: where several servers share one.
    :param accounts: not open yet; in memory and with cheap passwords unless given.
    :param factory: more arguments of `ChatFactory`.
    :param settings: fields of `Settings`; without `rate` nobody is slowed down.
    :ivar proxied: set it to let connections pass through a `ProxyProtocolFactory`.
    """

    log = Logger()

    def __init__(
        self,
        ledger: Callable[[Any], ILedger] | None = None,
        reactor: MemoryReactor | None = None,
        accounts: AccountStore | None = None,
        factory: dict[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        self.reactor = reactor or MemoryReactor()
        self.ledger: Any = ledger(self.reactor) if ledger else MemoryLedger(self.reactor.callLater)
        self.accounts = accounts or AccountStore(":memory:", Passwords(CHEAP))
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
        self.factory = ChatFactory(self.hub, self.reactor, **factory or {})
        self.factory.doStart()
        self.proxied: ProxyProtocolFactory | None = None

    def now(self) -> int:
        """Returns the system's time, in ms; it passes with the reactor's."""
        return START + round(self.reactor.seconds() * 1000)

    def _broken(self, reason: str) -> None:
        self.log.critical("{reason}", reason=reason)

    def run(self, seconds: float = 0.0) -> None:
        """Let `seconds` pass, and do everything that is due until then."""
        self.reactor.run(seconds)

    def connect(self, wire: str = "json", address: str = ADDRESS) -> Any:
        """Returns a client that has connected and sent nothing, for a wire of `CLIENTS`."""
        return CLIENTS[wire](self, address)

    def join(self, wire: str, name: str, **fields: Any) -> Any:
        """Returns a client that has joined the lobby and read everything that it was told."""
        client = self.connect(wire)
        client.hello(name, **fields)
        if isinstance(client, EncryptedClient):
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
