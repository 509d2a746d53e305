"""Turns for the lines of connections before login."""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from groupchat.server.turns import (
    LOGIN_LINES_PER_TURN,
    MAX_ENTERING,
    REQUESTS_PER_TURN,
    LoginTurns,
    Turns,
)
from tests.support import Reactor


class Caller:
    """A connection with lines; each of them is a login that waits for the ledger."""

    def __init__(self, turns, done, name):
        self.entering = False
        self.name = name
        self._turns = turns
        self._done = done

    def go_on(self):
        if self._turns.take(self):
            self.entering = True
            self._done.append(self.name)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def done():
    """The names of those that had their turn."""
    return []


def crowd(turns, done, count):
    callers = [Caller(turns, done, name) for name in range(count)]
    for caller in callers:
        caller.go_on()
    return callers


def requests(call_later):
    return Turns(call_later, REQUESTS_PER_TURN)


@pytest.mark.parametrize(
    ("kind", "lines"), [(requests, REQUESTS_PER_TURN), (LoginTurns, LOGIN_LINES_PER_TURN)]
)
def test_each_turn_has_a_few_lines_in_the_order_in_which_they_came(done, kind, lines):
    reactor = Reactor()
    callers = crowd(kind(reactor.callLater), done, 3 * lines)
    for turn in (1, 2, 3):
        assert done == list(range(turn * lines))
        reactor.turn()
    assert len(done) == len(callers)


def test_logins_pause_while_many_of_them_wait_for_the_ledger(clock, done):
    callers = crowd(LoginTurns(clock.callLater), done, 2 * MAX_ENTERING)
    for _ in range(100):
        clock.advance(0.01)
    assert done == list(range(MAX_ENTERING))
    callers[0].entering = callers[1].entering = False
    clock.advance(0.01)
    assert done == list(range(MAX_ENTERING + 2))


def test_while_logins_pause_the_reactor_has_pauses_too(clock, done):
    turns = LoginTurns(clock.callLater)
    callers = crowd(turns, done, MAX_ENTERING + 1)
    for _ in range(100):
        clock.advance(0)
    assert turns.is_due(callers[-1])
    assert all(call.getTime() > clock.seconds() for call in clock.getDelayedCalls())


def test_a_login_that_is_gone_holds_nobody_back(clock, done):
    turns = LoginTurns(clock.callLater)
    gone = crowd(turns, done, MAX_ENTERING)
    for _ in range(10):
        clock.advance(0)
    assert len(done) == MAX_ENTERING
    del gone
    crowd(turns, done, 1)
    clock.advance(0.01)
    assert len(done) == MAX_ENTERING + 1


def test_requests_do_not_wait_for_the_ledger(clock, done):
    crowd(requests(clock.callLater), done, 2 * MAX_ENTERING)
    for _ in range(100):
        clock.advance(0)
    assert len(done) == 2 * MAX_ENTERING
