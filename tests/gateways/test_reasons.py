"""
A wire of a gateway can tell why somebody left; the wires of lines do not.
"""

from __future__ import annotations

import json

import pytest

from groupchat.core.group_entries import LogoutEntry
from groupchat.core.permissions import MUTE, Account, AuditEntry, Restriction
from groupchat.gateways import Opening
from groupchat.ledgers.entry_codec import decode, encode
from groupchat.wire import commands, jsonlines
from groupchat.wire.events import Departure, Presence
from tests.cluster.group import Group
from tests.support import Server

PASSWORD = "correct horse"


class TellingWire:
    """The JSON wire, which notes the reasons that it is told, and takes words of clients."""

    def __init__(self) -> None:
        self.departures: dict[str, Departure] = {}

    @property
    def reasons(self) -> dict[str, str]:
        return {name: departure.code for name, departure in self.departures.items()}

    def __getattr__(self, name):
        return getattr(jsonlines, name)

    def decode(self, line, inside=True):
        given = json.loads(line)
        if given["type"] == "quit":
            return commands.QuitWith(text=given["text"])
        if given["type"] == "leave":
            return commands.LeaveWith(room=given["room"], text=given.get("text", ""))
        return jsonlines.decode(line, inside)

    def encode_all(self, told):
        for event in told:
            if isinstance(event, Presence):
                self.departures.update(event.why)
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
    bob.do("quit", text="")


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
    assert wire.departures["bob"] == Departure(reason)
    (line,) = [event for event in alice.events() if event["type"] == "presence"]
    assert line == {"type": "presence", "room": "lobby", "count": 1, "left": ["bob"]}


@pytest.mark.parametrize(("word", "reason"), [("kick", "kicked"), ("ban", "banned")])
def test_a_wire_is_told_whom_an_operator_sent_out_and_with_which_words(server, word, reason):
    wire = telling(server)
    server.json("alice"), server.json("bob")
    server.accounts.register(Account("op", operator=True), PASSWORD, AuditEntry(0, "!root", "op"))
    operator = server.json("op", password=PASSWORD)
    operator.do(word, name="bob", text="too many\x1bwords")
    server.run()
    assert wire.departures == {"bob": Departure(reason, "too many␛words", "op")}


def test_with_many_that_leave_at_once_each_has_its_own_reason(server):
    wire = telling(server)
    server.json("alice")
    many = [server.json(f"m{number}") for number in range(120)]
    for number, one in enumerate(many):
        one.do("quit", text="") if number % 2 else one.close()
    server.run(5)
    assert wire.reasons == {f"m{number}": "quit" if number % 2 else "lost" for number in range(120)}


def test_other_nodes_are_told_too():
    group = Group()
    wire = telling(group.nodes[0])
    telling(group.nodes[1])
    alice = group.nodes[0].connect()
    alice.hello("alice")
    bob, eve = group.nodes[1].connect(), group.nodes[1].connect()
    bob.hello("bob"), eve.hello("eve")
    group.run()
    bob.do("quit", text="so long")
    group.run()
    assert wire.departures == {"bob": Departure("quit", "so long")}
    group.order.lapse(2, by=1)
    group.run()
    assert wire.reasons == {"bob": "quit", "eve": "node-gone"}


def test_a_node_that_gives_no_reason_is_understood():
    (entry,) = decode(encode([LogoutEntry(3, Departure("quit"))]).replace(b"\xa3why", b"\xa3old"))
    assert isinstance(entry, LogoutEntry) and (entry.seat, entry.why) == (3, Departure(""))


# The words of the member itself.


def test_the_words_of_a_quit_reach_the_others(server):
    wire = telling(server)
    alice, bob = server.json("alice"), server.json("bob")
    alice.events()
    bob.say("last words")
    bob.do("quit", text="supper's\nready")
    server.run()
    assert wire.departures == {"bob": Departure("quit", "supper's␊ready")}
    assert [event["type"] for event in alice.events()] == ["message", "presence"]
    assert bob.events()[-1]["code"] == "quit"


def test_they_reach_them_too_where_the_client_closes_at_once(server):
    wire = telling(server)
    server.json("alice")
    bob = server.json("bob")
    bob.stall()  # so that it has not read all that it asked for
    bob.do("ping")
    bob.do("quit", text="in a hurry")
    server.run()
    assert not bob.gone
    bob.close()
    server.run()
    assert wire.departures["bob"] == Departure("quit", "in a hurry")


def test_the_words_of_a_leave_reach_the_room_that_is_left(server):
    wire = telling(server)
    server.json("alice")
    bob = server.json("bob")
    bob.do("leave", room="lobby", text="see you there")
    server.run()
    assert wire.departures == {"bob": Departure("left", "see you there")}


def test_a_muted_member_leaves_without_words(server):
    wire = telling(server)
    server.json("alice")
    leaving, quitting = server.json("bob"), server.json("eve")
    for name in ("bob", "eve"):
        server.accounts.save(Restriction(MUTE, name, "op"), AuditEntry(0, "op", "mute", name))
    leaving.do("leave", room="lobby", text="rubbish")
    quitting.do("quit", text="rubbish")
    server.run()
    assert wire.departures == {"bob": Departure("left"), "eve": Departure("quit")}


def test_words_are_cut_to_the_length_of_a_topic_between_two_letters(server):
    wire = telling(server)
    server.json("alice")
    bob = server.json("bob")
    bob.do("quit", text="x" + "é" * 400)
    server.run()
    assert wire.departures["bob"].text == "x" + "é" * 255


def test_one_that_quits_before_its_login_tells_nobody(server):
    wire = telling(server)
    alice, bob = server.json("alice"), server.connect()
    alice.events()
    bob.do("quit", text="hello")
    server.run()
    assert bob.events()[-1]["code"] == "quit" and bob.gone
    assert alice.events() == [] and not wire.departures
