"""
Watchers: they read a room like a member, and nobody is told of them.
"""

from __future__ import annotations

import json

import pytest
from zope.interface import implementer
from zope.interface.verify import verifyObject

from groupchat.core.callers import Caller
from groupchat.core.permissions import BAN, AuditEntry, Restriction
from groupchat.core.watcher import Watcher
from groupchat.interfaces import IOutbound
from groupchat.wire import jsonlines
from groupchat.wire.commands import Position
from tests.core.accounts import joined, made
from tests.support import kinds

HOME = "192.0.2.1"
ANYONE = Caller(HOME)


@implementer(IOutbound)
class Peer:
    """The output of a watcher's connection."""

    address = HOME
    try_send = None

    def __init__(self):
        self.full = self.waiting = self.closed = False
        self.data = b""

    def write(self, data):
        self.data += data

    buffer = write

    def flush(self):
        """Nothing is kept back."""

    def finish(self, data):
        self.data += data
        self.closed = True

    abort = flush

    def events(self):
        data, self.data = self.data, b""
        return [json.loads(line) for line in data.splitlines()]


@pytest.fixture
def server():
    return made()


def watch(server, room="lobby", caller=ANYONE, **position):
    """Returns the output of a watcher, and the watcher."""
    peer = Peer()
    verifyObject(IOutbound, peer)
    watcher = Watcher(server.hub, peer, jsonlines, caller, room)
    watcher.begin(Position(**position))
    server.run()
    return peer, watcher


def owner(server, name):
    return Caller(HOME, name, server.accounts.permissions.owner(name).id)


def texts(events):
    return [event["text"] for event in events if event["type"] == "message"]


def test_a_watcher_reads_what_is_said_from_now_on(server):
    zoe = server.json("zoe")
    zoe.say("before")
    server.run()
    peer, _ = watch(server)
    begin = peer.events()
    assert kinds(begin) == ["room", "catchup"]
    assert (begin[0]["members"], begin[0]["head"], begin[0]["said"]) == (["zoe"], 1, 0)
    zoe.say("after")
    server.run()
    (message,) = peer.events()
    assert (message["type"], message["id"], message["text"]) == ("message", 2, "after")


def test_nobody_is_told_of_a_watcher(server):
    zoe = server.json("zoe")
    _, watcher = watch(server)
    (who,) = zoe.ask("who", room="lobby")
    assert [row["name"] for row in who["members"]] == ["zoe"]
    watcher.lost()
    server.run()
    assert zoe.events() == []


def test_a_watcher_goes_on_after_a_position(server):
    zoe = server.json("zoe")
    for text in "abc":
        zoe.say(text)
    server.run()
    assert texts(watch(server, after=1)[0].events()) == ["b", "c"]
    assert texts(watch(server, after=0, epoch=server.ledger.epoch)[0].events()) == ["a", "b", "c"]


@pytest.mark.parametrize("position", [{"epoch": "another", "after": 1}, {"after": 99}])
def test_a_position_of_another_log_is_answered_with_a_reset_and_the_newest(position):
    server = made(replay=1)
    zoe = server.json("zoe")
    zoe.say("a")
    zoe.say("b")
    server.run()
    told = watch(server, **position)[0].events()
    assert kinds(told) == ["room", "reset", "catchup", "message"]
    assert texts(told) == ["b"]


def test_a_room_without_members_is_watched_and_gone_when_nobody_watches(server):
    peer, watcher = watch(server, "den")
    assert peer.events()[0]["members"] == []
    assert "den" in server.hub.rooms
    zoe = server.json("zoe")
    assert [row["room"] for row in zoe.ask("rooms")[0]["rooms"]] == ["lobby"]
    zoe.ask("join", room="den")
    zoe.ask("say", room="den", text="hi")
    told = peer.events()
    assert kinds(told) == ["presence", "message"] and texts(told) == ["hi"]
    zoe.ask("leave", room="den")
    assert "den" in server.hub.rooms
    watcher.lost()
    assert "den" not in server.hub.rooms


def test_a_watcher_that_does_not_read_costs_nothing_and_loses_nothing(server):
    zoe = server.json("zoe")
    peer, watcher = watch(server)
    peer.events()
    peer.full = True
    for number in range(300):
        zoe.say(f"{number} {'x' * 2000}")
        server.run()
    assert peer.data == b""
    peer.full = False
    watcher.drained()
    server.run()
    told = peer.events()
    assert [text.split()[0] for text in texts(told)] == [str(number) for number in range(300)]


def test_a_private_room_is_not_watched_by_others(server):
    alice = joined(server, "alice", rooms={"den": None})
    outside, _ = watch(server, "den")
    inside, _ = watch(server, "den", owner(server, "alice"))
    bob, _ = watch(server, "den", owner(server, "bob"))
    alice.ask("private", room="den", private=True)
    for peer in (outside, bob):
        assert peer.events()[-1] == {
            "type": "bye",
            "code": "not-allowed",
            "text": "den is private now, and not open to you.",
        }
        assert peer.closed
    assert not inside.closed
    alice.ask("say", room="den", text="among us")
    assert texts(inside.events()) == ["among us"] and outside.data == b""
    late, _ = watch(server, "den")
    assert kinds(late.events()) == ["bye"] and late.closed


def test_who_is_invited_watches_until_that_is_taken_back(server):
    alice = joined(server, "alice", rooms={"den": None})
    alice.ask("private", room="den", private=True)
    alice.ask("invite", room="den", name="bob")
    bob, _ = watch(server, "den", owner(server, "bob"))
    alice.ask("say", room="den", text="hello bob")
    assert texts(bob.events()) == ["hello bob"]
    alice.ask("uninvite", room="den", name="bob")
    assert bob.closed


def test_a_direct_room_is_watched_under_the_name_of_the_other(server):
    room = server.hub.direct.between(owner(server, "alice").account, "bob")
    peer, _ = watch(server, room, owner(server, "alice"))
    bob = joined(server, "bob", rooms={"@alice": None})
    bob.ask("say", room="@alice", text="psst")
    assert {event["room"] for event in peer.events()} == {"@bob"}


def test_what_ends_a_callers_right_ends_what_it_reads(server):
    alice = joined(server, "alice")
    secret = alice.ask("token", name="ci")[0]["token"]
    peer, watcher = watch(server, caller=server.hub.callers.bearer(secret, HOME))
    watcher.check()
    assert not peer.closed
    alice.ask("revoke", name="ci")
    watcher.check()
    assert peer.closed and peer.events()[-1]["code"] == "bad-password"
    peer, watcher = watch(server)
    server.accounts.save(Restriction(BAN, "192.0.2.0/24", "op"), AuditEntry(0, "op", "ban"))
    watcher.check()
    assert peer.closed and peer.events()[-1]["code"] == "banned"


@pytest.mark.parametrize(("end", "code"), [("stop", "stopping"), ("fenced", "unavailable")])
def test_a_server_that_ends_says_so_to_watchers(server, end, code):
    peer, _ = watch(server)
    getattr(server.hub, end)()
    assert peer.closed and peer.events()[-1]["code"] == code
    assert "lobby" not in server.hub.rooms


def test_an_account_that_is_deleted_reads_no_more(server):
    peer, watcher = watch(server, caller=owner(server, "alice"))
    server.accounts.delete(server.accounts.permissions.owner("alice"), AuditEntry(0, "op", "x"))
    watcher.check()
    assert peer.closed


def test_a_watcher_that_is_gone_before_it_began_leaves_nothing(server):
    peer = Peer()
    watcher = Watcher(server.hub, peer, jsonlines, ANYONE, "den")
    watcher.begin(Position())
    watcher.lost()
    server.run()
    assert (peer.data, "den" in server.hub.rooms) == (b"", False)


def test_a_redacted_text_is_not_shown_to_a_watcher(server):
    zoe = server.json("zoe")
    zoe.ask("say", room="lobby", text="a secret")
    zoe.ask("say", room="lobby", redacts=1)
    peer, _ = watch(server, after=0)
    assert b"secret" not in peer.data and texts(peer.events()) == ["", ""]
