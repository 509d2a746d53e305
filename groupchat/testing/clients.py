"""Clients of a server in memory: a person with ``nc``, and a program that speaks JSON lines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionLost
from twisted.python.failure import Failure

from groupchat.testing.notes import JsonNotes, Notes, PlainNotes
from groupchat.testing.transport import ADDRESS, MemoryTransport

if TYPE_CHECKING:
    from groupchat.testing.server import MemoryServer

__all__ = ["JsonClient", "MemoryClient", "PlainClient", "secret"]

Fields = dict[str, Any]  #: an event of the JSON wire; Any: a test knows the types of its fields


def secret(name: str) -> str:
    """Returns the client id (`client` in a hello) that `JsonClient` sends for this name."""
    return f"a-secret-of-{name:_<16}"


class MemoryClient:
    """
    A client's end of a connection.

    :ivar transport: the server's end, where the test can look at what is underway.
    :ivar protocol: the server's protocol, or None where the server refused the connection at once.
    :ivar notes: turns what arrives into the words of the plain wire.
    """

    notes: Notes = PlainNotes()

    def __init__(self, server: MemoryServer, address: str = ADDRESS) -> None:
        self.server = server
        self.transport = MemoryTransport(server.reactor, address)
        entrance = server.proxied or server.factory
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

    def hello(self, name: str, **fields: object) -> None:
        """Log in; only the JSON wire has more fields."""
        raise NotImplementedError

    def say(self, text: str) -> None:
        raise NotImplementedError

    def act(self, text: str) -> None:
        raise NotImplementedError

    def tell(self, to: str, text: str) -> None:
        raise NotImplementedError

    def rename(self, name: str) -> None:
        raise NotImplementedError

    def topic(self, text: str) -> None:
        raise NotImplementedError

    def quit(self) -> None:
        raise NotImplementedError

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
        client speaks (see `Notes`), so that one test can run on both.
        """
        return [note for line in self.read().splitlines() for note in self.notes.of(line)]

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

    def hello(self, name: str, **fields: object) -> None:
        assert not fields, "a person gives only a name"
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


class JsonClient(MemoryClient):
    """A program that speaks the JSON wire."""

    def __init__(self, server: MemoryServer, address: str = ADDRESS) -> None:
        super().__init__(server, address)
        self.notes = JsonNotes()

    def do(self, type: str, **fields: object) -> None:
        """Send a command."""
        self.send(json.dumps({"type": type, **fields}).encode() + b"\n")

    def events(self) -> list[Fields]:
        """Returns the events that arrived since the last call."""
        return [json.loads(line) for line in self.read().splitlines() if line.startswith(b"{")]

    def ask(self, type: str, **fields: object) -> list[Fields]:
        """Send a command, run the server, and return the events that arrived."""
        self.do(type, **fields)
        self.server.run()
        return self.events()

    def hello(self, name: str, **fields: object) -> None:
        self.do("hello", name=name, **{"client": secret(name), **fields})

    def say(self, text: str, **fields: object) -> None:
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
