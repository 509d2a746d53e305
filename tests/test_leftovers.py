"""
Nothing is left of many connections of all kinds once they are closed: no protocol, session, timer,
address or cursor.
"""

from __future__ import annotations

import gc
import weakref
from collections import Counter
from typing import Any

import pytest

from groupchat.core.cursor import Cursor
from groupchat.core.session import Session
from groupchat.server.outbound import Outbound
from groupchat.wire import errors
from tests.support import Server, collections

COUNT = 770  #: each kind, each end and each wire in every combination, seven times
ENDS = ["end", "reset", "close", "wait", "quit"]
KINDS = [
    b"",
    b"x",
    b"{",
    b'{"type":"hello","na',
    b"GET / HTTP/1.0\r\n\r\n",
    b"\x16\x03\x01",
    b"root\n" * 5,
    b"\n" * 500,
    b"y" * 40_000,
]


def connect(server, number):
    """Connect a client in one of many ways, chosen by its number, and close it or forget it."""
    client = server.connect(["plain", "json"][number % 2], f"192.0.2.{number % 250}")
    if client.gone:
        return client
    kind = number % (len(KINDS) + 2)
    if kind < len(KINDS):
        client.send(KINDS[kind])
    else:
        client.hello(f"n{number}")
    server.run()
    if kind >= len(KINDS) and number % 3 == 0:
        client.stall()
    client.say("hello")
    {
        "end": client.end,
        "reset": client.reset,
        "close": client.close,
        "wait": lambda: None,
        "quit": client.quit,
    }[ENDS[number // 7 % len(ENDS)]]()
    return client


def objects():
    """Count the objects to which there can be no weak reference."""
    gc.collect()
    kinds = Counter(type(one) for one in gc.get_objects())
    return kinds[Session], kinds[Outbound], kinds[Cursor]


@pytest.mark.limit(120)
@pytest.mark.parametrize("alone", [False, True], ids=["beside a member", "in an empty server"])
def test_of_many_connections_nothing_is_left(alone):
    server = Server(max=5000)
    bystander = None if alone else server.plain("bystander")
    server.run(120)
    before = collections(server, budgets=True)
    timers = len(server.reactor.getDelayedCalls())
    readers = len(server.reactor.getReaders())
    left: weakref.WeakSet[Any] = weakref.WeakSet()
    held = objects()
    for number in range(COUNT):
        client = connect(server, number)
        left.update(filter(None, [client.protocol, client.transport]))
        if number % 10 == 0:
            server.run(0.5)
    server.run(200)
    for session in list(server.hub.members.sessions):  # a silent person at nc may stay for ever
        if session.name != "bystander":
            session.end(errors.QUIT)
    server.run(200)
    assert bystander is None or not bystander.gone
    session = client = None
    gc.collect()
    assert list(left) == []
    assert all(now <= before for now, before in zip(objects(), held, strict=True))
    assert len(server.reactor.getDelayedCalls()) == timers
    assert (len(server.reactor.getReaders()), len(server.reactor.getWriters())) == (readers, 0)
    assert collections(server, budgets=True) == before
    assert server.hub.members.is_consistent()
    assert all(len(room.members) == 1 for room in server.hub.rooms.values())
