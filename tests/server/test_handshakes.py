"""
The line of those who wait for their handshake.
"""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from groupchat.server.handshakes import HandshakeQueue


@pytest.fixture
def clock():
    return Clock()


def asked(handshakes, count):
    """Let this many ask for a handshake. Returns the list of those that have begun."""
    begun = []
    asking = [lambda number=number: begun.append(number) for number in range(count)]
    for begin in asking:
        handshakes.request(begin)
    return asking, begun


def test_without_a_limit_all_begin_at_once(clock):
    _, begun = asked(HandshakeQueue(0, clock), 1000)
    assert begun == list(range(1000))
    assert clock.getDelayedCalls() == []


def test_a_tenth_of_a_second_s_worth_begins_at_once_and_the_rest_in_order_as_it_may(clock):
    _, begun = asked(HandshakeQueue(100, clock), 64)
    assert begun == list(range(10))
    for done in (20, 30, 40, 50, 60, 64):
        clock.advance(0.1001)
        assert begun == list(range(done))
    assert clock.getDelayedCalls() == []


def test_nobody_overtakes(clock):
    handshakes = HandshakeQueue(1, clock)
    _, begun = asked(handshakes, 2)
    clock.advance(0.9)
    handshakes.request(lambda: begun.append("late"))
    clock.advance(0.1)
    assert begun == [0, 1]
    clock.advance(1)
    assert begun == [0, 1, "late"]


def test_many_from_one_origin_wait_for_one_of_each_other(clock):
    handshakes = HandshakeQueue(1, clock)
    begun = []
    for number in range(5):
        handshakes.request(lambda number=number: begun.append(number), "192.0.2.66")
    for name in ("alice", "bob"):
        handshakes.request(lambda name=name: begun.append(name), name)
    clock.pump([1] * 6)
    assert begun == [0, 1, "alice", "bob", 2, 3, 4]
    assert clock.getDelayedCalls() == []


def test_one_may_leave_the_line(clock):
    handshakes = HandshakeQueue(1, clock)
    asking, begun = asked(handshakes, 3)
    handshakes.cancel(asking[0])
    handshakes.cancel(asking[1])
    clock.advance(1)
    assert begun == [0, 2]


def test_where_nobody_waits_there_is_no_timer(clock):
    handshakes = HandshakeQueue(1, clock)
    asking, _ = asked(handshakes, 2)
    assert len(clock.getDelayedCalls()) == 1
    handshakes.cancel(asking[1])
    assert clock.getDelayedCalls() == []
