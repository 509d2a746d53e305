"""
The reactor's clock: what the system's clock does is nothing to it.
"""

from __future__ import annotations

import time

import pytest
from twisted.internet import base, selectreactor

from groupchat.clock import use_monotonic


@pytest.fixture
def reactor(monkeypatch):
    """
    A reactor of Twisted's own, and with `set_clock` the system's clock is set so much forward.
    """
    monkeypatch.setattr(
        base.ReactorBase, "seconds", staticmethod(lambda: 1e9 + time.monotonic() + ahead[0])
    )
    ahead = [0.0]
    reactor = selectreactor.SelectReactor()
    reactor.set_clock = lambda seconds: ahead.__setitem__(0, seconds)
    yield reactor
    reactor.disconnectAll()
    for reader in reactor.removeAll():
        reader.connectionLost(None)


def test_what_is_scheduled_is_due_when_it_was_to_be_whatever_becomes_of_the_clock(reactor):
    called = []
    reactor.callLater(1000, called.append, "early")
    use_monotonic(reactor)
    late = reactor.callLater(2000, called.append, "late")
    for ahead in (-3600, 7200):
        reactor.set_clock(ahead)
        assert 990 < reactor.timeout() <= 1000
        reactor.runUntilCurrent()
        assert called == []
    late.reset(0)
    reactor.runUntilCurrent()
    assert called == ["late"]
    (early,) = reactor.getDelayedCalls()
    early.reset(500)
    assert 490 < reactor.timeout() <= 500


def test_a_reactor_that_is_monotonic_already_stays_as_it_is(reactor):
    use_monotonic(reactor)
    call = reactor.callLater(10, print)
    due = call.getTime()
    use_monotonic(reactor)
    assert call.getTime() == due
