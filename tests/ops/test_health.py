"""
The health of a server: late or stuck, it says so; on time, it beats.
"""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from groupchat.ops.health import MAX_LAG, MAX_LEDGER_DELAY, REMEMBERED, TICK, Health


class Ledger:
    """Answers when the test says so."""

    def __init__(self):
        self.trouble = ""
        self.asked = []
        self.answers = True

    def ping(self):
        answered = Deferred()
        self.asked.append(answered)
        if self.answers:
            answered.callback(None)
        return answered


class Watched:
    """A health with its clock and its ledger."""

    def __init__(self):
        self.ledger, self.clock = Ledger(), Clock()
        self.health = Health(self.ledger, self.clock)
        self.lags, self.beats = [], []
        self.health.on_lag.append(self.lags.append)
        self.health.on_beat.append(lambda: self.beats.append(self.clock.seconds()))
        self.health.start()

    def hang(self, seconds):
        """Let the reactor do nothing for a while."""
        self.clock.rightNow += seconds


@pytest.fixture
def watched():
    return Watched()


def test_a_server_on_time_is_healthy_and_beats_each_second(watched):
    for _ in range(3):
        watched.clock.advance(TICK)
    assert watched.health.problems() == []
    assert watched.beats == [0, 1, 2, 3]
    assert watched.lags == [0, 0, 0]


def test_a_reactor_that_is_late_is_a_problem_until_it_was_on_time_for_a_while(watched):
    watched.hang(TICK + MAX_LAG + 0.5)
    assert watched.health.problems() == ["The reactor lags: it was 1.5 s late."]
    watched.clock.advance(0)
    assert watched.lags == [1.5]
    assert watched.health.problems() == ["The reactor lags: it was 1.5 s late."]
    for _ in range(REMEMBERED - 1):
        watched.clock.advance(TICK)
        assert watched.health.problems()
    watched.clock.advance(TICK)
    assert watched.health.problems() == []


def test_a_ledger_that_does_not_answer_is_a_problem_and_stops_the_beat(watched):
    watched.ledger.answers = False
    seconds = round(MAX_LEDGER_DELAY) + 1
    for _ in range(seconds):
        watched.clock.advance(TICK)
    assert watched.health.problems() == []
    watched.clock.advance(TICK)
    assert watched.health.problems() == ["The ledger has not answered for 6 s."]
    assert watched.beats == [0]
    assert len(watched.ledger.asked) == 2, "it is asked one question at a time"
    watched.ledger.answers = True
    watched.ledger.asked[-1].callback(None)
    assert watched.health.problems() == []
    watched.clock.advance(TICK)
    assert watched.beats == [0, seconds + 1, seconds + 2]


def test_a_ledger_that_refuses_messages_is_a_problem(watched):
    watched.ledger.trouble = "the disk is full"
    assert watched.health.problems() == ["The ledger refuses messages: the disk is full."]


def test_once_stopped_nothing_is_left_and_nothing_beats(watched):
    watched.ledger.answers = False
    watched.clock.advance(TICK)
    watched.health.stop()
    watched.health.stop()
    watched.ledger.asked[-1].callback(None)
    assert watched.clock.getDelayedCalls() == []
    assert watched.beats == [0]
