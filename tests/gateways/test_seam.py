"""
A gateway is one file: it registers how its protocol begins, and takes the connections over.
"""

from __future__ import annotations

import pytest
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import Protocol
from zope.interface import implementer

from groupchat.gateways import Connection, Opening
from groupchat.server.outbound import LINGER
from groupchat.server.pending import LOGIN_DEADLINE
from groupchat.server.tls import Certificate
from tests.support import Server, collections

LOGIN_TIMEOUT = 10  # seconds of silence before login


class Shouting(Protocol):
    """The example: it answers everything in capitals. Its clients log in by a word, or never."""

    lost = False

    def __init__(self, connection: Connection) -> None:
        self.chat = connection

    def dataReceived(self, data: bytes) -> None:
        if b"login" in data:
            self.chat.logged_in(registered=b"account" in data)
        self.transport.write(data.upper())

    def connectionLost(self, reason) -> None:
        self.lost = True


@implementer(IHalfCloseableProtocol)
class Patient(Shouting):
    """It has a last word after the client has shut its side."""

    def readConnectionLost(self) -> None:
        self.transport.write(b"BYE\n")
        self.transport.loseConnection()

    def writeConnectionLost(self) -> None:
        pass


def take_over(connection: Connection, first: bytes) -> None:
    protocol = Patient if first.startswith(b"SHOUT patiently") else Shouting
    connection.hand_over(protocol(connection), first)


GATEWAY = Opening((b"SHOUT ", b"GET "), take_over)


@pytest.fixture
def server():
    return serving()


def serving(**settings):
    """A server with the gateway."""
    server = Server(login_timeout=LOGIN_TIMEOUT, **settings)
    server.factory.register(GATEWAY)
    return server


def shouting(server, first=b"SHOUT hello\n", address="192.0.2.1"):
    """A client that has begun to speak the gateway's protocol, and read the answer."""
    client = server.connect(address=address)
    client.send(first)
    server.run()
    client.read()
    return client


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


# Before its login, and after.


def test_it_is_pending_until_its_protocol_says_that_it_has_logged_in(server):
    client = shouting(server)
    assert len(server.factory.pending) == 1
    client.send(b"login\n")
    server.run()
    assert not server.factory.pending and len(server.factory.connections) == 1
    server.run(3600)
    assert not client.gone


def test_it_may_log_in_with_its_first_bytes(server):
    client = shouting(server, b"SHOUT login\n")
    assert not server.factory.pending
    server.run(3600)
    assert not client.gone


@pytest.mark.parametrize("kind", ["plain", "plain, tls"])
def test_one_that_says_no_more_is_closed_at_the_deadline_and_nobody_notices(kind):
    certificate = Certificate(None, own=True)
    certificate.open()
    server = serving(certificate=certificate, tls_share=0)
    alice, bob = server.plain("alice"), server.plain("bob")
    alice.heard()
    before = collections(server)
    client = server.connect(kind)
    client.send(b"SHOUT hello\n")
    if kind == "plain, tls":
        client.shake()
    server.run(LOGIN_TIMEOUT - 1)
    assert client.read() == b"SHOUT HELLO\n" and not client.gone
    server.run(1.1)
    assert client.gone and client.transport.aborted and client.read() == b""
    assert collections(server) == before
    assert server.hub.counters.byes["idle"] == 1
    assert alice.heard() == bob.heard() == []
    alice.say("still here")
    server.run()
    assert bob.heard() == ["alice: still here"]


def test_one_that_talks_and_never_logs_in_is_closed_all_the_same(server):
    client = shouting(server)
    for _ in range(int(LOGIN_DEADLINE) - 1):
        client.send(b"more\n")
        server.run(1)
    assert not client.gone
    client.send(b"more\n")
    server.run(1.1)
    assert client.gone and not server.factory.connections


def test_one_that_reads_nothing_is_closed_at_the_deadline_too(server):
    client = server.connect()
    client.stall()
    client.send(b"SHOUT " + b"x" * 100_000 + b"\n")
    server.run(LOGIN_TIMEOUT + 0.1)
    assert client.transport.lost and not server.factory.connections


def test_it_counts_for_its_address_until_it_is_lost():
    server = serving(per_address=1)
    client = shouting(server, b"SHOUT login\n")
    late = server.connect("plain")
    server.run(1)
    assert late.lines() == ["! Too many connections come from your address. Try again later."]
    late.close()
    client.close()
    assert not server.factory.connections
    assert server.connect().ask("hello", name="bob")[0]["type"] == "welcome"


def test_its_loss_before_login_frees_its_places():
    server = serving(per_address=1)
    before = collections(server)
    shouting(server).close()
    server.run()
    assert collections(server) == before
    assert server.connect().ask("hello", name="bob")[0]["type"] == "welcome"


def test_one_too_many_of_an_address_is_aborted():
    server = serving(per_address=1)
    server.plain("alice")
    late = server.connect()
    late.send(b"SHOUT hello\n")
    server.run()
    assert late.gone and late.read() == b""
    assert server.hub.counters.byes["too-many-connections"] == 1


@pytest.mark.parametrize(
    ("address", "gone"), [("192.0.2.1", True), ("127.0.0.1", False)], ids=["away", "loopback"]
)
def test_without_tls_where_that_is_required_it_is_aborted(address, gone):
    server = serving(require_tls=True)
    client = server.connect(address=address)
    client.send(b"SHOUT hello\n")
    server.run()
    assert client.gone is gone
    assert server.hub.counters.byes["tls-required"] == gone


def test_a_gateway_can_say_in_its_own_words_why_a_client_may_not_log_in():
    def accept(connection, first):
        connection.refuse(f"NO: {connection.refusal.code}\n".encode())

    server = serving(per_address=1)
    server.factory.register(Opening((b"POLITE ",), accept))
    server.plain("alice")
    late = server.connect()
    late.send(b"POLITE hello\n")
    server.run()
    assert late.read() == b"NO: too-many-connections\n" and late.gone


def test_it_makes_room_where_too_many_are_pending():
    server = serving(max_pending=2, max_connections=4)
    first = shouting(server)
    server.run(2)
    for _ in range(3):
        shouting(server)
    server.run(2)
    assert first.gone and len(server.factory.pending) == 2


def test_a_login_after_the_loss_counts_nothing(server):
    protocols = []
    server.factory.register(
        Opening((b"KEEP ",), lambda connection, first: protocols.append(connection))
    )
    client = server.connect()
    client.send(b"KEEP me\n")
    server.run()
    client.close()
    server.run()
    protocols[0].logged_in()
    assert not server.hub.counters.logins and not server.factory.connections


def test_its_login_and_its_end_are_counted(server):
    shouting(server, b"SHOUT login\n").close()
    shouting(server, b"SHOUT login account\n").close()
    shouting(server).close()
    server.run()
    counters = server.hub.counters
    assert counters.logins == {"guest": 1, "account": 1}
    assert counters.connections == {
        ("other", False, "joined"): 2,
        ("other", False, "no_login"): 1,
    }


# Its end.


def test_a_client_that_shuts_its_side_gets_its_answer_and_is_closed(server):
    client = server.connect()
    client.send(b"SHOUT login\n")
    client.end()
    server.run()
    assert client.read() == b"SHOUT LOGIN\n" and client.gone
    assert not server.factory.connections


def test_a_protocol_that_knows_halves_has_its_last_word(server):
    client = shouting(server, b"SHOUT patiently login\n")
    client.end()
    server.run()
    assert client.read() == b"BYE\n" and client.gone


def test_the_server_stops_without_waiting_for_it(server):
    pending, joined = shouting(server), shouting(server, b"SHOUT login\n")
    stalled = shouting(server, b"SHOUT login\n")
    stalled.stall()
    stalled.send(b"more\n")
    server.run()
    server.hub.stop()
    emptied = server.factory.emptied()
    server.run()
    assert pending.gone and joined.gone and not emptied.called
    server.run(LINGER)
    assert emptied.called


def test_other_connections_are_what_they_were(server):
    server.plain("alice")
    client = server.connect()
    client.send(b"POST / HTTP/1.0\n")
    server.run()
    assert client.read().startswith(b"HTTP/1.0 400 ")


def test_within_tls_it_is_the_same():
    certificate = Certificate(None, own=True)
    certificate.open()
    server = serving(certificate=certificate, tls_share=0)
    client = server.connect("plain, tls")
    client.send(b"SHOUT hello\n")
    client.shake()
    assert client.read() == b"SHOUT HELLO\n"
    client.send(b"more\n")
    server.run()
    assert client.read() == b"MORE\n"
