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

from groupchat.testing.clients import JsonClient, MemoryClient, PlainClient, secret
from groupchat.testing.event_stream import EventStreamClient
from groupchat.testing.reactor import MemoryReactor
from groupchat.testing.server import CLIENTS, START, MemoryServer
from groupchat.testing.tls import EncryptedClient, EncryptedJsonClient, EncryptedPlainClient
from groupchat.testing.transport import MemoryTransport
from groupchat.testing.websocket import EncryptedWebSocketClient, WebSocketClient

__all__ = [
    "CLIENTS",
    "START",
    "EncryptedClient",
    "EncryptedJsonClient",
    "EncryptedPlainClient",
    "EncryptedWebSocketClient",
    "EventStreamClient",
    "JsonClient",
    "MemoryClient",
    "MemoryReactor",
    "MemoryServer",
    "MemoryTransport",
    "PlainClient",
    "WebSocketClient",
    "secret",
]
