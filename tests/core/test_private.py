"""
Private rooms: their owners and invitations, and what others learn of them, which is nothing.
"""

from __future__ import annotations

import pytest

from groupchat.core.permissions import AuditEntry
from tests.core.accounts import joined, logged_in, made, types
from tests.support import codes, every_wire, kinds

NOT_OPEN = "There is no such room, or it is not open to you."


@pytest.fixture
def server():
    return made("carol")


def owner_of(server, room="den", *invited):
    """Returns alice, who owns a private room, is in it and has read everything."""
    alice = joined(server, "alice", rooms={"lobby": None, room: None})
    assert kinds(alice.ask("private", room=room, private=True, ref="p")) == ["ok"]
    for name in invited:
        assert kinds(alice.ask("invite", room=room, name=name)) == ["ok"]
    return alice


def refusals(events):
    """Returns the texts of the errors among these events."""
    return [event["text"] for event in types(events, "error")]


# Making a room private.


def test_a_registered_member_makes_a_room_private_and_owns_it(server):
    alice = owner_of(server)
    assert alice.ask("private", room="den", private=True, ref="again") == [
        {"type": "ok", "ref": "again"}
    ]
    bob = joined(server, "bob")
    assert refusals(bob.ask("join", room="den")) == [NOT_OPEN]
    alice.ask("leave", room="den")
    assert "room" in kinds(alice.ask("join", room="den")), "its owner can join it"


def test_registered_members_in_it_are_invited_and_guests_leave(server):
    alice = joined(server, "alice", rooms={"den": None})
    bob = joined(server, "bob", rooms={"den": None})
    zoe = server.json("zoe", rooms={"lobby": None, "den": None})
    alice.read(), bob.read()
    told = alice.ask("private", room="den", private=True)
    assert kinds(told) == ["ok", "presence"] and told[1]["left"] == ["zoe"]
    (error,) = zoe.events()
    assert (error["type"], error["code"], error["room"]) == ("error", "not-allowed", "den")
    assert codes(zoe.ask("say", room="den", text="still here?")) == ["not-in-room"]
    assert refusals(zoe.ask("join", room="den", ref="j")) == [NOT_OPEN]
    assert bob.events() == [event for event in told if event["type"] == "presence"]
    bob.ask("leave", room="den")
    assert "room" in kinds(bob.ask("join", room="den"))


def test_a_guest_that_is_about_to_join_in_the_same_turn_is_not_in_it(server):
    alice = joined(server, "alice", rooms={"den": None})
    zoe = server.json("zoe")
    zoe.do("join", room="den")
    alice.do("private", room="den", private=True)
    server.run()
    told = zoe.events()
    assert "not-allowed" in codes(told)
    (who,) = types(alice.ask("who", room="den"), "who")
    assert [row["name"] for row in who["members"]] == ["alice"]


@pytest.mark.parametrize("room", ["lobby", "@bob"])
def test_some_rooms_can_not_be_made_private(server, room):
    alice = joined(server, "alice", rooms={"lobby": None, "@bob": None})
    assert codes(alice.ask("private", room=room, private=True)) == ["not-allowed"]


def test_a_guest_owns_no_room(server):
    zoe = server.json("zoe", rooms={"den": None})
    assert codes(zoe.ask("private", room="den", private=True)) == ["not-allowed"]


def test_a_room_is_made_private_by_those_in_it_alone(server):
    bob = joined(server, "bob")
    owner_of(server)
    for room in ("den", "nowhere"):
        assert codes(bob.ask("private", room=room, private=True)) == ["not-in-room"]


def test_only_its_owner_makes_it_private_again(server):
    alice = owner_of(server, "den", "bob")
    bob = joined(server, "bob", rooms={"den": None})
    assert codes(bob.ask("private", room="den", private=True)) == ["not-allowed"]
    assert codes(bob.ask("private", room="den", private=False)) == ["not-allowed"]
    assert "ok" in kinds(alice.ask("private", room="den", private=False))
    assert "room" in kinds(server.json("zoe").ask("join", room="den"))
    bob.read()
    (reason,) = refusals(bob.ask("private", room="den", private=True))
    assert reason == "You can't do that in den: only its owner can do that."


# Invitations.


def test_an_invited_name_can_join(server):
    owner_of(server, "den", "bob")
    bob, carol = joined(server, "bob"), joined(server, "carol")
    assert "room" in kinds(bob.ask("join", room="den"))
    assert refusals(carol.ask("join", room="den")) == [NOT_OPEN]


@pytest.mark.parametrize("name", ["zoe", "nobody", "b0b", "\u0430lice"])
def test_only_registered_names_are_invited(server, name):
    alice = owner_of(server)
    server.json("zoe")
    alice.read()
    assert codes(alice.ask("invite", room="den", name=name)) == ["no-such-name"]


def test_only_the_owner_invites(server):
    owner_of(server, "den", "bob")
    bob, op = joined(server, "bob", rooms={"den": None}), joined(server, "op")
    owners = "You can't do that in den: only its owner can do that."
    for client, reason in ((bob, owners), (op, NOT_OPEN)):
        for type in ("invite", "uninvite"):
            assert refusals(client.ask(type, room="den", name="carol")) == [reason]


def test_a_member_of_a_room_that_is_open_learns_why_it_can_not_invite_there(server):
    bob = joined(server, "bob")
    for type, fields in {"invite": {"name": "carol"}, "private": {"private": False}}.items():
        (reason,) = refusals(bob.ask(type, room="lobby", **fields))
        assert reason == "You can't do that in lobby: it is open to everyone."


def test_a_renamed_member_is_invited_and_uninvited_by_its_present_name(server):
    alice = owner_of(server)
    bob = joined(server, "bob")
    bob.ask("rename", name="rob")
    assert "ok" in kinds(alice.ask("invite", room="den", name="rob"))
    assert "room" in kinds(bob.ask("join", room="den"))
    assert "ok" in kinds(alice.ask("uninvite", room="den", name="Rob"))
    assert "not-allowed" in codes(bob.events())


def test_a_member_whose_account_is_deleted_owns_no_new_room(server):
    bob = joined(server, "bob", rooms={"den": None})
    server.accounts.delete(
        server.accounts.permissions.owner("bob"), AuditEntry(0, "!root", "delete")
    )
    assert codes(bob.ask("private", room="den", private=True)) == ["not-allowed"]


def test_all_devices_of_an_uninvited_member_leave_at_once(server):
    alice = owner_of(server, "den", "bob")
    devices = [joined(server, "bob", name, rooms={"den": None}) for name in ("phone", "laptop")]
    alice.read()
    told = alice.ask("uninvite", room="den", name="bob")
    assert kinds(told) == ["ok", "presence"] and told[1]["left"] == ["bob"]
    for device in devices:
        assert codes(device.events()) == ["not-allowed"]
    alice.ask("say", room="den", text="he is gone")
    assert [device.events() for device in devices] == [[], []]


def test_the_last_words_of_an_uninvited_member_come_before_it_leaves(server):
    alice = owner_of(server, "den", "bob")
    bob = joined(server, "bob", rooms={"den": None})
    alice.read()
    alice.do("uninvite", room="den", name="bob")
    bob.say("one", room="den")
    bob.say("two", room="den")
    server.run()
    told = types(alice.events(), "message", "presence")
    assert told[-1]["type"] == "presence" and kinds(told).count("presence") == 1


def test_a_member_that_comes_back_uninvited_is_refused_and_its_old_connection_leaves(server):
    alice = owner_of(server, "den", "bob")
    joined(server, "bob", rooms={"den": None})
    alice.do("uninvite", room="den", name="bob")
    again = server.connect()
    again.hello(
        "bob", client="a-secret-of-bob_____________", rooms={"den": None}, password="correct horse"
    )
    server.run()
    told = again.events()
    assert "welcome" in kinds(told) and "room" not in kinds(told)
    (who,) = types(alice.ask("who", room="den"), "who")
    assert who["count"] == 1


# The sight of others.


def test_a_private_room_is_listed_for_those_invited_alone(server):
    alice = owner_of(server, "den", "bob")
    alice.ask("say", room="den", text="x")
    clients = [joined(server, name) for name in ("bob", "carol", "op")] + [server.json("zoe")]
    alice.read()

    def listed(client):
        (answer,) = types(client.ask("rooms"), "rooms")
        assert answer["count"] == len(answer["rooms"])
        return [row["room"] for row in answer["rooms"]]

    for _ in range(2):
        assert [listed(client) for client in clients] == [
            ["den", "lobby"], ["lobby"], ["lobby"], ["lobby"],
        ]  # fmt: skip
        alice.close()  # the second time, the room has no member
        server.run()


def test_a_private_room_is_not_told_from_one_that_is_not_there(server):
    owner_of(server)
    for client in (joined(server, "bob"), server.json("zoe")):
        answers = []
        for room in ("den", "nowhere"):
            told = [
                *client.ask("history", room=room),
                *client.ask("search", room=room, text="x"),
                *client.ask("who", room=room),
                *client.ask("topic", room=room),
                *client.ask("mark", room=room, id=0),
                *client.ask("say", room=room, text="x"),
                *client.ask("leave", room=room),
                *client.ask("private", room=room, private=False),
                *client.ask("invite", room=room, name="carol"),
                *client.ask("close", room=room),
            ]
            answers.append(
                [
                    {field: value for field, value in event.items() if field != "room"}
                    for event in types(told, "error", "ok")
                ]
            )
        assert answers[0] == answers[1] and len(answers[0]) == 10


def test_history_is_for_those_in_it(server):
    alice = owner_of(server, "den", "bob")
    alice.ask("say", room="den", text="a secret")
    carol = joined(server, "carol", rooms={"den": {"after": 0}, "lobby": None})
    carol.read()
    assert "secret" not in str(carol.ask("search", room="den", text="secret"))
    bob = logged_in(server, "bob", rooms={"den": {"after": 0}})
    assert [event["text"] for event in types(bob.events(), "message")] == ["a secret"]


# Operators.


def test_an_operator_opens_a_private_room(server):
    owner_of(server)
    op = joined(server, "op")
    assert "ok" in kinds(op.ask("private", room="den", private=False))
    assert "room" in kinds(server.json("zoe").ask("join", room="den"))
    assert [entry.verb for entry in server.accounts.audit_entries(1).result] == ["open"]


def test_an_operator_closes_a_private_room_which_stays_its_owner_s(server):
    alice = owner_of(server, "den", "bob")
    bob = joined(server, "bob", rooms={"den": None})
    op = joined(server, "op")
    alice.read()
    assert "ok" in kinds(op.ask("close", room="den"))
    for client in (alice, bob):
        assert "not-allowed" in codes(client.events())
    assert refusals(bob.ask("join", room="den")) == [NOT_OPEN]
    assert "room" in kinds(alice.ask("join", room="den"))
    assert kinds(alice.ask("invite", room="den", name="bob")) == ["ok"]
    assert "room" in kinds(bob.ask("join", room="den"))
    assert "close" in [entry.verb for entry in server.accounts.audit_entries(9).result]


def test_only_an_operator_closes(server):
    alice = owner_of(server)
    assert codes(alice.ask("close", room="den")) == ["not-allowed"]


# At a keyboard.


def test_a_person_makes_a_room_private_and_invites(server):
    alice = joined(server, "alice", wire="plain")
    alice.type("/join den", "/private", "/invite bob", "/uninvite bob", "/open")
    server.run()
    assert [line for line in alice.lines() if "den" in line][1:] == [
        "-- den is private now, and yours.",
        "-- bob is invited to den.",
        "-- bob is not invited any more to den.",
        "-- den is open to everyone now.",
    ]


def test_a_person_that_has_to_leave_is_in_the_room_before_or_the_lobby(server):
    alice = owner_of(server, "den", "bob")
    bob = joined(server, "bob", wire="plain")
    bob.type("/join tea")
    server.run()
    bob.type("/join den")
    server.run()
    bob.read()
    alice.ask("uninvite", room="den", name="bob")
    server.run()
    told = bob.lines()
    assert told[0].startswith("! ") and any("Welcome to tea" in line for line in told)
    bob.type("hello")
    server.run()
    zoe = server.json("zoe", rooms={"tea": {"after": 0}})
    assert [row["name"] for row in zoe.ask("who", room="tea")[0]["members"]] == ["bob", "zoe"]


@every_wire
def test_whoever_is_refused_stays_where_it_was(server, wire):
    owner_of(server)
    zoe = server.join(wire, "zoe")
    if wire == "plain":
        zoe.type("/join den")
    else:
        zoe.do("join", room="den")
    server.run()
    assert zoe.heard()[0] == "refused"
    zoe.say("here I am")
    server.run()
    bill = server.json("bill")
    assert bill.ask("history", room="lobby")[0]["messages"][0]["text"] == "here I am"


def test_a_person_who_may_not_enter_a_room_stays_and_nobody_is_told(server):
    owner_of(server)
    carol, zoe = joined(server, "carol"), server.plain("zoe")
    carol.read()
    zoe.type("/join den", "still here")
    server.run()
    assert zoe.lines() == [f"! /join: {NOT_OPEN[0].lower()}{NOT_OPEN[1:]}"]
    assert carol.heard() == ["zoe: still here"]


def test_a_person_moves_to_a_room_and_leaves_the_old_one(server):
    carol, zoe = joined(server, "carol"), server.plain("zoe")
    carol.read()
    zoe.type("one", "/join tea", "two")
    server.run()
    assert carol.heard() == ["zoe: one", "zoe left."]
    assert [line for line in zoe.lines() if "Welcome" in line] != []
    carol.say("three")
    server.run()
    assert zoe.lines() == []


@pytest.mark.parametrize("room", ["den", "tea"])
def test_a_person_who_is_gone_while_moving_is_gone_from_both_rooms(server, room):
    owner_of(server)
    carol, zoe = joined(server, "carol"), server.plain("zoe")
    carol.read()
    zoe.type(f"/join {room}")
    server.reactor.turn()
    zoe.close()
    server.run()
    assert carol.heard() == ["zoe left."]
    assert [one.name for one in server.hub.rooms["lobby"].members] == ["alice", "carol"]
    assert "tea" not in server.hub.rooms
