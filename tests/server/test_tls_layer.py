"""
TLS between a transport and a protocol: what is written before the handshake, long texts, the end,
and clients that make the server answer.
"""

from __future__ import annotations

import contextlib
import ssl

import pytest
from twisted.internet.interfaces import IConsumer, INegotiated, IPushProducer, ISSLTransport
from twisted.internet.protocol import Protocol
from twisted.internet.testing import StringTransport

from groupchat.server.tls import Certificate
from groupchat.server.tls_layer import RECORD_BYTES, TLSLayer
from groupchat.server.tls_transport import TLSTransport

CERTIFICATE = Certificate(None, own=True)
CERTIFICATE.open()


class Below:
    """The way out beneath, which the client reads."""

    def __init__(self) -> None:
        self.full = False
        self.records: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.records.append(data)


class Recorder(Protocol):
    """The protocol within."""

    def __init__(self) -> None:
        self.chunks: list[bytes] = []
        self.lost = False

    def dataReceived(self, data: bytes) -> None:
        self.chunks.append(data)

    def connectionLost(self, reason: object = None) -> None:
        self.lost = True


class Connection:
    """Both ends of a connection that has not shaken hands."""

    def __init__(self) -> None:
        self.transport, self.below, self.upper = StringTransport(), Below(), Recorder()
        self.done: list[bool] = []
        self.layer = TLSLayer(
            CERTIFICATE.context(),
            self.transport,
            self.below,
            self.upper,
            lambda step, then: (step(), then()),
            lambda: self.done.append(True),
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.client = context.wrap_bio(self.incoming, self.outgoing)

    def shake_hands(self) -> None:
        for _ in range(3):
            with contextlib.suppress(ssl.SSLWantReadError):
                self.client.do_handshake()
            self.pass_on()

    def pass_on(self) -> None:
        """Give each end what the other one has sent."""
        self.layer.dataReceived(self.outgoing.read())
        self.incoming.write(b"".join(self.below.records))
        self.below.records.clear()

    def read(self) -> bytes:
        """Return the text that the client has received."""
        text = b""
        try:
            while chunk := self.client.read(1 << 20):
                text += chunk
        except ssl.SSLWantReadError:
            pass
        return text


@pytest.fixture
def connection():
    return Connection()


@pytest.fixture
def opened(connection):
    connection.shake_hands()
    return connection


def test_the_handshake_is_reported_once_and_no_tickets_follow_it(opened):
    assert opened.done == [True]
    assert opened.below.records == [] and opened.read() == b""


def test_what_is_written_before_the_handshake_is_sent_after_it_and_so_is_the_end(connection):
    ends = []
    connection.layer.write(b"one ")
    connection.layer.write(b"two")
    connection.layer.shut(lambda: ends.append(True))
    assert connection.below.records == [] and ends == []
    connection.shake_hands()
    assert connection.read() == b"one two" and ends == [True]


def test_a_text_is_one_record_and_a_long_one_as_few_as_possible_sent_as_one(opened):
    for size in (1, RECORD_BYTES, RECORD_BYTES + 1, 4 * RECORD_BYTES):
        opened.layer.write(b"x" * size)
        (sent,) = opened.below.records
        records = -(-size // RECORD_BYTES)
        assert size + 17 * records <= len(sent) <= size + 29 * records
        opened.pass_on()
        assert opened.read() == b"x" * size


def test_records_that_come_together_are_handed_over_together(opened):
    for word in (b"one ", b"two ", b"three"):
        opened.client.write(word)
    opened.pass_on()
    assert opened.upper.chunks == [b"one two three"]


def test_a_record_may_come_byte_by_byte(opened):
    opened.client.write(b"hello")
    for byte in opened.outgoing.read():
        opened.layer.dataReceived(bytes([byte]))
    assert opened.upper.chunks == [b"hello"]


def test_after_the_end_nothing_more_is_sent_and_still_everything_read(opened):
    opened.layer.shut(lambda: None)
    opened.layer.write(b"never")
    opened.client.write(b"late")
    opened.pass_on()
    assert opened.upper.chunks == [b"late"]
    assert opened.read() == b""
    with pytest.raises(ssl.SSLZeroReturnError):
        opened.client.unwrap()
        opened.client.read(1)


def test_a_protocol_that_knows_no_half_close_is_closed_when_the_client_ends_tls(opened):
    with pytest.raises(ssl.SSLWantReadError):
        opened.client.unwrap()
    opened.pass_on()
    assert opened.transport.disconnecting
    opened.client.unwrap()  # it was answered


@pytest.mark.parametrize("garbage", [b"plain text\n", b"\x17\x03\x03\x00\x10" + b"x" * 16])
def test_garbage_closes_the_connection_and_what_came_before_it_is_handed_over(opened, garbage):
    opened.client.write(b"hello")
    opened.layer.dataReceived(opened.outgoing.read() + garbage)
    assert opened.upper.chunks == [b"hello"]
    assert opened.transport.disconnecting
    opened.layer.dataReceived(b"more")
    assert opened.upper.chunks == [b"hello"]


def test_a_client_that_makes_tls_answer_and_reads_no_answers_is_dropped(connection):
    connection.below.full = True
    with pytest.raises(ssl.SSLWantReadError):
        connection.client.do_handshake()
    connection.pass_on()
    assert connection.transport.disconnected and connection.below.records == []


def test_another_protocol_gets_a_transport_that_encrypts(opened):
    other, below = Recorder(), Below()
    opened.below = below
    opened.layer.hand_over(other, below)
    transport = TLSTransport(opened.transport, opened.layer)
    for interface in (ISSLTransport, INegotiated, IConsumer, IPushProducer):
        assert interface.providedBy(transport)
    assert transport.negotiatedProtocol is None and transport.getPeerCertificate() is None
    transport.write(b"one ")
    transport.writeSequence([b"two ", b"three"])
    opened.client.write(b"hello")
    opened.pass_on()
    assert opened.read() == b"one two three" and other.chunks == [b"hello"]
    assert transport.getPeer() == opened.transport.getPeer()
    transport.loseConnection()
    assert opened.transport.disconnecting
    opened.layer.connectionLost(None)
    assert other.lost and not opened.upper.lost
