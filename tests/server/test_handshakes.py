"""
The queue of connections that wait for their handshake, and the time that handshakes take.
"""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from groupchat.server.handshakes import MAX_IN_A_ROW, HandshakeQueue


class Handshakes:
    """Handshakes that take some time, in the order in which they began."""

    def __init__(self, share: float = 0.5, seconds: float = 0.5) -> None:
        self.clock = Clock()
        self.queue = HandshakeQueue(share, self.clock, self.clock.seconds)
        self.seconds = seconds
        self.begun: list[object] = []

    def step(self, name: object):
        def begin():
            self.begun.append(name)
            self.clock.rightNow += self.seconds

        return begin

    def ask(self, *names: object, origin: str = ""):
        steps = [self.step(name) for name in names]
        for step in steps:
            self.queue.request(step, origin)
        return steps

    @property
    def timers(self) -> int:
        return len(self.clock.getDelayedCalls())


@pytest.fixture
def handshakes():
    return Handshakes()


def test_without_a_limit_all_begin_at_once():
    handshakes = Handshakes(share=0)
    handshakes.ask(*range(1000))
    assert handshakes.begun == list(range(1000)) and handshakes.timers == 0


def test_some_begin_in_a_row_and_the_rest_in_order_as_there_is_time():
    handshakes = Handshakes(share=0.25, seconds=0.001)
    handshakes.ask(*range(64))
    in_a_row = len(handshakes.begun)
    assert in_a_row == pytest.approx(MAX_IN_A_ROW / 0.001, abs=1)
    began = handshakes.clock.seconds()
    while len(handshakes.begun) < 64:
        handshakes.clock.advance(0.001)
    took = handshakes.clock.seconds() - began
    assert (64 - in_a_row) * 0.001 / took == pytest.approx(0.25, abs=0.03)
    assert handshakes.begun == list(range(64))


def test_time_that_nobody_used_is_not_saved_up():
    handshakes = Handshakes(share=0.25, seconds=0.001)
    handshakes.clock.advance(3600)
    handshakes.ask(*range(64))
    assert len(handshakes.begun) < 10


def test_a_step_that_takes_long_is_made_up_for(handshakes):
    handshakes.ask("first", "second")
    handshakes.clock.advance(0.45)
    assert handshakes.begun == ["first"]
    handshakes.clock.advance(0.05)
    assert handshakes.begun == ["first", "second"]


def test_nobody_overtakes(handshakes):
    handshakes.ask(0, 1)
    handshakes.clock.advance(0.4)
    handshakes.ask("late")
    handshakes.clock.advance(0.1)
    assert handshakes.begun == [0, 1]
    handshakes.clock.advance(0.5)
    assert handshakes.begun == [0, 1, "late"]


def test_many_from_one_origin_wait_for_one_of_each_other(handshakes):
    handshakes.ask(*range(5), origin="192.0.2.66")
    for name in ("alice", "bob"):
        handshakes.ask(name, origin=name)
    handshakes.clock.pump([0.5] * 6)
    assert handshakes.begun == [0, 1, "alice", "bob", 2, 3, 4]


def test_a_handshake_that_has_begun_goes_on_before_others_begin(handshakes):
    handshakes.ask(0, 1, 2)
    handshakes.queue.proceed(handshakes.step("next"), list)
    assert handshakes.begun == [0]
    handshakes.clock.pump([0.5] * 3)
    assert handshakes.begun == [0, "next", 1, 2]


def test_after_the_step_comes_what_takes_none_of_their_time(handshakes):
    handshakes.queue.proceed(handshakes.step("last"), handshakes.step("hello"))
    assert handshakes.begun == ["last", "hello"]
    handshakes.ask("other")
    handshakes.clock.advance(0.001)
    assert handshakes.begun == ["last", "hello", "other"], "half a second passed with the hello"


def test_where_there_is_time_it_goes_on_at_once(handshakes):
    handshakes.queue.proceed(handshakes.step("next"), list)
    assert handshakes.begun == ["next"]


def test_a_step_within_a_step_is_of_the_same_turn_and_counts_once(handshakes):
    inner = handshakes.step("inner")
    handshakes.queue.request(lambda: handshakes.queue.proceed(inner, list))
    handshakes.ask("other")
    assert handshakes.begun == ["inner"]
    handshakes.clock.advance(0.5)
    assert handshakes.begun == ["inner", "other"]


def test_one_may_leave_the_queue(handshakes):
    asking = handshakes.ask(0, 1, 2)
    handshakes.queue.cancel(asking[0])
    handshakes.queue.cancel(asking[1])
    handshakes.clock.advance(0.5)
    assert handshakes.begun == [0, 2]


def test_where_nobody_waits_there_is_soon_no_timer(handshakes):
    asking = handshakes.ask(0, 1)
    assert handshakes.timers == 1
    handshakes.queue.cancel(asking[1])
    handshakes.clock.advance(1)
    assert handshakes.timers == 0 and handshakes.begun == [0]


def test_in_one_turn_no_more_is_done_however_often_it_is_asked():
    # A program that has the processor meanwhile makes the turn long, and no step shorter.
    handshakes = Handshakes(share=0.25, seconds=0)
    used = []
    handshakes.queue = HandshakeQueue(0.25, handshakes.clock, lambda: sum(used))
    for _ in range(100):
        handshakes.queue.request(lambda: used.append(0.001))
        handshakes.clock.rightNow += 0.004  # the turn goes on
    assert sum(used) <= MAX_IN_A_ROW + 0.001
    while len(used) < 100:
        handshakes.clock.advance(0.001)


def test_once_stopped_it_calls_nothing_more(handshakes):
    handshakes.ask(0, 1)
    handshakes.queue.proceed(handshakes.step("next"), list)
    handshakes.queue.stop()
    handshakes.clock.advance(10)
    assert handshakes.begun == [0] and handshakes.timers == 0
