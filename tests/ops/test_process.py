"""The daemon's process: its signals, its collections of garbage, and its exit status."""

from __future__ import annotations

import gc
import signal

import pytest
from twisted.internet.testing import MemoryReactorClock

from groupchat.ops import process
from groupchat.ops.process import Process, has_terminal


class Reactor(MemoryReactorClock):
    """Does at once what comes from a signal."""

    def callFromThread(self, function):
        function()


@pytest.fixture
def reactor():
    return Reactor()


@pytest.fixture
def done():
    """The things that signals led to."""
    return []


@pytest.fixture
def handlers(monkeypatch):
    """The handlers of signals that are put in place."""
    handlers = {}
    monkeypatch.setattr(signal, "signal", handlers.__setitem__)
    monkeypatch.setattr(signal, "getsignal", lambda number: signal.SIG_DFL)
    return handlers


def listen(reactor, done, terminal=False):
    own = Process(reactor, lambda: terminal)
    own.on_signals(lambda: done.append("stop"), lambda: done.append("reload"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it(reactor, done, handlers, number):
    listen(reactor, done)
    handlers[number](number, None)
    assert done == ["stop"]


@pytest.mark.parametrize(("terminal", "expected"), [(True, "stop"), (False, "reload")])
def test_a_hang_up_stops_it_only_at_a_terminal(reactor, done, handlers, terminal, expected):
    listen(reactor, done, terminal)
    handlers[signal.SIGHUP](signal.SIGHUP, None)
    assert done == [expected]


def test_under_nohup_a_hang_up_stays_ignored(reactor, done, handlers, monkeypatch):
    monkeypatch.setattr(signal, "getsignal", {signal.SIGHUP: signal.SIG_IGN}.__getitem__)
    listen(reactor, done, terminal=True)
    assert set(handlers) == {signal.SIGTERM, signal.SIGINT}


def test_in_a_thread_signals_are_left_alone(reactor, done, handlers, monkeypatch):
    monkeypatch.setattr(process.threading, "current_thread", lambda: "another")
    listen(reactor, done)
    assert handlers == {}


def test_a_terminal_is_one_that_can_be_opened(monkeypatch, tmp_path):
    opened = []

    def open_it(path, flags):
        opened.append(path)
        return os_open(tmp_path, flags)

    os_open = process.os.open
    monkeypatch.setattr(process.os, "open", open_it)
    assert has_terminal()
    monkeypatch.setattr(process.os, "open", lambda path, flags: os_open(tmp_path / "none", flags))
    assert not has_terminal()
    assert opened == ["/dev/tty"]


def test_it_ends_with_its_status_once_all_is_done_or_a_while_after_the_reactor(
    reactor, monkeypatch
):
    at_exit, timers, ended = [], [], []

    class Timer:
        daemon = False

        def __init__(self, seconds, act):
            self.act = act

        def start(self):
            timers.append(self)

    monkeypatch.setattr(process.atexit, "register", at_exit.append)
    monkeypatch.setattr(process.threading, "Timer", Timer)
    monkeypatch.setattr(process.os, "_exit", ended.append)
    Process(reactor).exit_with(70)
    assert timers == []
    for trigger in reactor.triggers["after"]["shutdown"]:
        trigger[0](*trigger[1], **trigger[2])
    assert timers[0].daemon
    timers[0].act()
    at_exit[0]()
    assert ended == [70, 70]


def test_collections_skip_what_is_there_from_the_start(reactor):
    young, middle, old = gc.get_threshold()
    there = [[] for _ in range(100)]
    Process(reactor).keep_collections_short()
    try:
        later = []
        looked_at = {id(one) for one in gc.get_objects()}
        assert id(later) in looked_at and not any(id(one) in looked_at for one in there)
        assert gc.get_threshold() == (young, middle, process.YOUNGER_COLLECTIONS)
    finally:
        gc.set_threshold(young, middle, old)
