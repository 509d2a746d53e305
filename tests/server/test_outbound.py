"""
The way out of one connection: it writes at once where nothing waits, knows when it is full, and
never raises.
"""

from __future__ import annotations

import pytest
from twisted.internet.testing import StringTransport
from zope.interface.verify import verifyObject

from groupchat.interfaces import IOutbound
from groupchat.server.outbound import LINGER, Outbound
from groupchat.server.writers import HIGH_WATER_MARK
from tests.support import Reactor, Transport


class Nobody:
    """A protocol that only hears that it was lost."""

    def __init__(self):
        self.lost = False

    def makeConnection(self, transport):
        pass

    def connectionLost(self, reason):
        self.lost = True


@pytest.fixture
def reactor():
    return Reactor()


@pytest.fixture
def transport(reactor):
    transport = Transport(reactor)
    transport.connect(Nobody())
    return transport


@pytest.fixture
def drained():
    return []


@pytest.fixture
def peer(reactor, transport, drained):
    return Outbound(transport, "192.0.2.1", lambda: drained.append(transport.waiting), reactor)


def test_it_is_a_peer(peer):
    verifyObject(IOutbound, peer)
    assert peer.address == "192.0.2.1"


def test_where_nothing_waits_it_sends_at_once(peer, transport):
    peer.write(b"hello\n")
    assert transport.taken == b"hello\n"
    assert (transport.waiting, transport.calls) == (0, 1)


def test_a_room_can_send_to_the_socket_itself_from_the_first_line_on(peer, transport):
    assert peer.try_send(b"hello\n") == 6
    peer.buffer(b"held\n")
    assert peer.try_send is None
    peer.flush()
    assert peer.try_send(b"world\n") == 6
    assert transport.taken == b"hello\nheld\nworld\n"


def test_what_is_not_taken_waits_and_order_is_kept(peer, transport, reactor):
    transport.room = 3
    peer.write(b"hello\n")
    peer.write(b"world\n")
    assert (bytes(transport.taken), transport.waiting) == (b"hel", 9)
    transport.room = None
    peer.write(b"!\n")
    reactor.run()
    assert transport.taken == b"hello\nworld\n!\n"
    peer.write(b"again\n")
    assert transport.taken.endswith(b"again\n")


def test_buffered_lines_go_out_with_the_next_write_as_one(peer, transport):
    peer.buffer(b"one\n")
    peer.buffer(b"two\n")
    assert transport.calls == 0
    peer.write(b"three\n")
    assert (bytes(transport.taken), transport.calls) == (b"one\ntwo\nthree\n", 1)


def test_buffered_lines_can_be_flushed(peer, transport):
    peer.flush()
    assert transport.calls == 0
    peer.buffer(b"one\n")
    peer.flush()
    assert transport.taken == b"one\n"


def test_it_is_full_when_more_than_64_kib_wait_and_says_when_they_are_gone(
    peer, transport, reactor, drained
):
    transport.room = 0
    peer.write(b"x" * HIGH_WATER_MARK)
    assert not peer.full
    peer.write(b"x")
    assert peer.full and peer.backlog() is not None
    transport.room = HIGH_WATER_MARK
    reactor.run()
    assert peer.full and not drained
    transport.room = None
    reactor.run()
    assert not peer.full and drained == [0]
    assert peer.backlog() is None


def test_a_reader_makes_progress_when_it_has_read_all_even_if_as_much_waits_again(
    peer, transport, reactor, drained
):
    seen = []
    for _ in range(2):
        transport.room = 0
        peer.write(b"hello\n")
        seen.append(peer.backlog())
        assert peer.waiting and not peer.full
        transport.room = None
        reactor.run()
        assert not peer.waiting and peer.backlog() is None
    assert seen[0] != seen[1]
    assert drained == [0, 0]


def test_where_nothing_waited_nothing_was_drained(peer, transport, reactor, drained):
    peer.write(b"hello\n")
    reactor.run()
    assert not peer.waiting and drained == []


def test_it_finishes_with_a_last_word(peer, transport, reactor):
    peer.buffer(b"buffered\n")
    peer.finish(b"bye\n")
    peer.write(b"never\n")
    peer.finish(b"nor this\n")
    reactor.run()
    assert transport.taken == b"buffered\nbye\n"
    assert transport.shut and not transport.lost
    reactor.run(LINGER + 0.1)
    assert transport.aborted and transport.lost


def test_what_waits_comes_before_the_last_word(peer, transport, reactor):
    transport.room = 0
    peer.write(b"x" * 100_000)
    peer.finish(b"bye\n")
    transport.room = None
    reactor.run()
    assert transport.taken == b"x" * 100_000 + b"bye\n"
    assert transport.shut


def test_nothing_is_written_to_one_that_is_lost(peer, transport, reactor):
    peer.finish(b"bye\n")
    reactor.run()
    peer.lost()
    for act in (peer.write, peer.buffer, peer.finish):
        act(b"never\n")
    peer.flush()
    peer.close()
    peer.abort()
    reactor.run()
    assert transport.taken == b"bye\n"
    assert reactor.getDelayedCalls() == []
    assert peer.backlog() is None and not peer.full


def test_one_that_was_reset_is_found_out_by_the_reactor(peer, transport, reactor):
    protocol = transport.protocol
    transport.stopReading()
    transport.broken = True
    peer.write(b"hello\n")
    assert not transport.lost
    reactor.run()
    assert transport.lost and protocol.lost


def test_it_can_close_at_once(peer, transport, reactor):
    peer.abort()
    reactor.run()
    assert transport.lost


class Wrapped(StringTransport):
    """A transport that can't be written to at once, like TLS."""


def test_a_wrapped_transport_says_itself_when_it_is_full(reactor):
    transport, drained = Wrapped(), []
    peer = Outbound(transport, "local", lambda: drained.append(True), reactor)
    peer.write(b"hello\n")
    assert transport.value() == b"hello\n"
    assert transport.streaming
    transport.producer.pauseProducing()
    assert peer.full
    transport.producer.resumeProducing()
    assert not peer.full and drained == [True]
    peer.finish(b"bye\n")
    assert transport.disconnecting and transport.value() == b"hello\nbye\n"
    peer.lost()
