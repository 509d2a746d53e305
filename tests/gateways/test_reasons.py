"""
A wire of a gateway can tell why somebody left; the wires of lines do not.
"""

from __future__ import annotations

import pytest

from groupchat.core.group_entries import LogoutEntry
from groupchat.core.permissions import Account, AuditEntry
from groupchat.gateways import Opening
from groupchat.ledgers.entry_codec import decode, encode
from groupchat.wire import jsonlines
from groupchat.wire.events import Presence
from tests.cluster.group import Group
from tests.support import Server

PASSWORD = "correct horse"


class TellingWire:
    """The JSON wire, which notes the reasons that it is given."""

    def __init__(self) -> None:
        self.reasons: dict[str, str] = {}

    def __getattr__(self, name):
        return getattr(jsonlines, name)

    def encode_all(self, told):
        for event in told:
            if isinstance(event, Presence):
                self.reasons.update(event.why)
        return jsonlines.encode_all(told)


def telling(server):
    """The wire that clients of JSON speak from now on."""
    wire = TellingWire()
    server.factory.register(
        Opening((b"{",), lambda connection, first: connection.speak(wire, first))
    )
    return wire


@pytest.fixture
def server():
    return Server(idle_timeout=90, max=200)


def quits(server, alice, bob):
    bob.quit()


def is_lost(server, alice, bob):
    bob.close()


def leaves(server, alice, bob):
    bob.do("leave", room="lobby")


def is_silent(server, alice, bob):
    for _ in range(100):
        alice.do("ping")
        server.run(1)


@pytest.mark.parametrize(
    ("happens", "reason"),
    [(quits, "quit"), (is_lost, "lost"), (leaves, "left"), (is_silent, "idle")],
)
def test_a_wire_is_told_why_somebody_left(server, happens, reason):
    wire = telling(server)
    alice, bob = server.json("alice"), server.json("bob")
    alice.events()
    happens(server, alice, bob)
    server.run(1)
    assert wire.reasons["bob"] == reason
    (line,) = [event for event in alice.events() if event["type"] == "presence"]
    assert line == {"type": "presence", "room": "lobby", "count": 1, "left": ["bob"]}


@pytest.mark.parametrize(("word", "reason"), [("kick", "kicked"), ("ban", "banned")])
def test_a_wire_is_told_whom_an_operator_sent_out(server, word, reason):
    wire = telling(server)
    server.json("alice"), server.json("bob")
    server.accounts.register(Account("op", operator=True), PASSWORD, AuditEntry(0, "!root", "op"))
    operator = server.json("op", password=PASSWORD)
    operator.do(word, name="bob")
    server.run()
    assert wire.reasons == {"bob": reason}


def test_with_many_that_leave_at_once_each_has_its_own_reason(server):
    wire = telling(server)
    server.json("alice")
    many = [server.json(f"m{number}") for number in range(120)]
    for number, one in enumerate(many):
        one.quit() if number % 2 else one.close()
    server.run(5)
    assert wire.reasons == {f"m{number}": "quit" if number % 2 else "lost" for number in range(120)}


def test_other_nodes_are_told_too():
    group = Group()
    wire = telling(group.nodes[0])
    alice = group.nodes[0].connect()
    alice.hello("alice")
    bob, eve = group.nodes[1].connect(), group.nodes[1].connect()
    bob.hello("bob"), eve.hello("eve")
    group.run()
    bob.quit()
    group.run()
    assert wire.reasons == {"bob": "quit"}
    group.order.lapse(2, by=1)
    group.run()
    assert wire.reasons == {"bob": "quit", "eve": "node-gone"}


def test_a_node_that_gives_no_reason_is_understood():
    (entry,) = decode(encode([LogoutEntry(3, "quit")]).replace(b"\xa3why", b"\xa3old"))
    assert isinstance(entry, LogoutEntry) and (entry.seat, entry.why) == (3, "")
