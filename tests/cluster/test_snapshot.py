"""
A hub goes on from a snapshot like the one that took it: whatever comes next, both come to the same.
"""

from __future__ import annotations

import msgspec
import pytest

from groupchat.core.group_entries import LogoutEntry, MaxEntry
from tests.cluster.group import Group
from tests.core.accounts import PASSWORD
from tests.support import secret


@pytest.fixture
def group(tmp_path):
    """Two nodes, and members that have done all kinds of things."""
    group = Group(accounts=str(tmp_path / "accounts.db"), devices=3)
    group.register("alice", "bob")
    ann = group.nodes[0].json("ann", rooms={"lobby": None, "dev": None})
    for node, device in enumerate(("phone", "laptop")):
        client = group.nodes[node].connect()
        client.hello("alice", client=secret(device), password=PASSWORD, rooms={"den": None})
    group.run()
    client.do("private", room="den", private=True)
    client.do("invite", room="den", name="bob")
    client.do("join", room="@bob")
    ann.do("topic", room="dev", text="tea")
    ann.do("say", room="dev", text="hi", n=1)
    group.nodes[1].json("ben").rename("benjamin")
    group.nodes[0].hub.decide_max(7)
    group.run()
    return group


def test_a_hub_that_is_restored_in_mid_life_knows_the_same(group):
    late = group.add()
    assert late.hub.snapshot() == group.nodes[0].hub.snapshot()
    group.check()
    assert {name: len(room.members) for name, room in late.hub.rooms.items()} == {
        name: len(room.members) for name, room in group.nodes[0].hub.rooms.items()
    }
    assert late.hub.members.max == 7
    assert (late.hub.rooms.listed, late.hub.rooms["dev"].topic) == (3, "tea")
    den = late.hub.rooms["den"].access
    assert (den, den.private) == (group.nodes[0].hub.rooms["den"].access, True)


def test_it_behaves_alike_from_then_on(group):
    late = group.add()
    cat = late.json("cat", rooms={"dev": None, "lobby": None})
    first = group.nodes[0].hub
    for seat in [seat.number for seat in first.members.seats()][::2]:
        group.nodes[0].hub.post(LogoutEntry(seat))
    cat.say("hi")
    cat.rename("catherine")
    group.nodes[1].connect().hello("ann")
    group.nodes[1].hub.post(MaxEntry(3))
    group.run()
    group.check()
    late.connect().hello("dan")
    group.run()
    group.check()


@pytest.mark.parametrize("data", [None, b""], ids=["an empty one", "none"])
def test_the_snapshot_of_an_empty_hub_restores_an_empty_hub(group, data):
    empty = Group(nodes=1).nodes[0].hub.snapshot()
    hub = group.nodes[0].hub
    hub.restore(empty if data is None else data)
    assert hub.snapshot() == empty
    assert (hub.members.count, len(hub.rooms), hub.rooms.listed) == (0, 0, 0)
    assert hub.members.is_consistent()


@pytest.mark.parametrize("data", [b"\x91\x01", b"{}", b"\x93\xc0\x90\x90"])
def test_what_is_no_snapshot_changes_nothing(group, data):
    hub = group.nodes[0].hub
    before = hub.snapshot()
    with pytest.raises(msgspec.DecodeError):
        hub.restore(data)
    assert hub.snapshot() == before


def test_an_empty_snapshot_is_of_nobody():
    group = Group(nodes=1)
    group.nodes[0].json("alice")
    group.run()
    group.nodes[0].hub.restore(b"")
    assert group.nodes[0].hub.members.count == 0 and not group.nodes[0].hub.rooms
