"""
The connection: lines to events, and the watch over the silence.
"""

import pytest
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from groupchat.client.connection import PING_INTERVAL, READ_TIMEOUT, ChatConnection
from tests.client.fakes import line, message


class ConnectionOwner:
    def __init__(self):
        self.calls = []

    def opened(self, connection):
        self.calls.append("opened")

    def received(self, event, line):
        self.calls.append(event)

    def check(self):
        self.calls.append("check")

    def lost(self):
        self.calls.append("lost")


class Line:
    """A connection that is open."""

    def __init__(self):
        self.owner, self.clock, self.transport = ConnectionOwner(), Clock(), StringTransport()
        self.protocol = ChatConnection(self.owner, self.clock)
        self.protocol.makeConnection(self.transport)

    def pass_time(self, seconds):
        self.clock.pump([1] * int(seconds))


@pytest.fixture
def wire():
    return Line()


def test_events_are_handed_over_and_then_the_end_of_the_chunk(wire):
    wire.protocol.dataReceived(line(message(1)) + b"\n" + line(message(2)) + b"\n")
    assert wire.owner.calls == ["opened", message(1), message(2), "check"]


def test_what_begins_like_no_object_is_skipped(wire):
    wire.protocol.dataReceived(b"What is your name?\n{broken\n")
    assert wire.owner.calls == ["opened", "check"]


def test_what_is_unknown_is_handed_over_as_none(wire):
    wire.protocol.dataReceived(b'{"type":"new"}\n')
    assert wire.owner.calls == ["opened", None, "check"]


def test_a_line_beyond_all_measure_is_skipped(wire):
    wire.protocol.dataReceived(b"{" * (1 << 20) + b"{\n" + line(message(1)) + b"\n")
    assert wire.owner.calls == ["opened", message(1), "check"]


def test_a_ping_says_that_we_are_here(wire):
    wire.pass_time(PING_INTERVAL - 1)
    assert wire.transport.value() == b""
    wire.pass_time(5)
    assert b'"ping"' in wire.transport.value()


def test_a_client_that_sends_lines_does_not_ping(wire):
    for _ in range(5):
        wire.pass_time(10)
        wire.protocol.send(b"{}\n")
    assert b"ping" not in wire.transport.value()


def test_a_silent_server_is_left(wire):
    wire.pass_time(READ_TIMEOUT - 10)
    wire.protocol.dataReceived(b"{}\n")
    wire.pass_time(READ_TIMEOUT - 10)
    assert not wire.transport.disconnecting and not wire.transport.disconnected
    wire.pass_time(20)
    assert wire.transport.disconnected


def test_a_server_that_is_not_read_is_not_silent(wire):
    wire.protocol.hold()
    assert wire.transport.producerState == "paused"
    wire.pass_time(READ_TIMEOUT * 2)
    assert not wire.transport.disconnected
    wire.protocol.release()
    assert wire.transport.producerState == "producing"
    wire.pass_time(READ_TIMEOUT - 10)
    assert not wire.transport.disconnected


def test_a_lost_connection_leaves_no_timer(wire):
    wire.protocol.connectionLost()
    assert wire.owner.calls[-1] == "lost"
    assert not wire.clock.getDelayedCalls()
