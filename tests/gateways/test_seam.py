"""
A gateway is one file: it registers how its protocol begins, and takes the connections over.
"""

from __future__ import annotations

import pytest
from twisted.internet.protocol import Protocol

from groupchat.gateways import Connection, Opening
from groupchat.server.tls import Certificate
from tests.support import Server


class Shouting(Protocol):
    """The example: it answers everything in capitals."""

    def dataReceived(self, data: bytes) -> None:
        self.transport.write(data.upper())


def take_over(connection: Connection, first: bytes) -> None:
    connection.hand_over(Shouting(), first)


GATEWAY = Opening((b"SHOUT ", b"GET "), take_over)


@pytest.fixture
def server():
    server = Server()
    server.factory.register(GATEWAY)
    return server


@pytest.mark.parametrize("first", [b"SHOUT hello\n", b"GET / HTTP/1.0\n"])
def test_a_connection_that_begins_as_a_gateway_registered_is_the_gateways(server, first):
    client = server.connect()
    client.send(first)
    server.run()
    assert client.read() == first.upper()
    client.send(b"more\n")
    server.run()
    assert client.read() == b"MORE\n"


def test_its_first_bytes_may_be_cut_anywhere(server):
    client = server.connect()
    for byte in b"SHOUT hi\n":
        client.send(bytes([byte]))
        server.run()
    assert client.read() == b"SHOUT HI\n"


def test_it_is_no_longer_pending_and_has_no_deadline(server):
    client = server.connect()
    client.send(b"SHOUT hello\n")
    server.run()
    assert not server.factory.pending and not server.factory.connections
    server.run(3600)
    assert not client.gone


def test_other_connections_are_what_they_were(server):
    server.plain("alice")
    client = server.connect()
    client.send(b"POST / HTTP/1.0\n")
    server.run()
    assert client.read().startswith(b"HTTP/1.0 400 ")


def test_within_tls_it_is_the_same():
    certificate = Certificate(None, own=True)
    certificate.open()
    server = Server(certificate=certificate, tls_share=0)
    server.factory.register(GATEWAY)
    client = server.connect("plain, tls")
    client.send(b"SHOUT hello\n")
    client.shake()
    assert client.read() == b"SHOUT HELLO\n"
    client.send(b"more\n")
    server.run()
    assert client.read() == b"MORE\n"
