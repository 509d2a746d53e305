"""Without systemd, no socket was opened, and Twisted looks for no plugins because of that."""

from __future__ import annotations

import pytest
from twisted.internet.testing import MemoryReactorClock

from groupchat.ops import socket_activation


def test_where_systemd_has_opened_nothing_twisted_is_not_asked(monkeypatch):
    monkeypatch.delenv("LISTEN_FDNAMES", raising=False)
    monkeypatch.setattr(
        socket_activation, "serverFromString", lambda *_: pytest.fail("it looks for plugins")
    )
    assert socket_activation.passed_sockets(MemoryReactorClock()) == []


def test_names_without_sockets_are_none(monkeypatch):
    monkeypatch.setenv("LISTEN_FDNAMES", "left:over")
    assert socket_activation.passed_sockets(MemoryReactorClock()) == []
