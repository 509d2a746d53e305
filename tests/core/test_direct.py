"""
Direct rooms: stored conversations of two registered names.
"""

from __future__ import annotations

import pytest

from groupchat.core.permissions import Account, AuditEntry
from tests.core.accounts import PASSWORD, joined, logged_in, made, types
from tests.support import codes, every_wire, kinds


@pytest.fixture
def server():
    return made("carol")


def in_room(server, name, device="", **fields):
    """Returns a client of one of alice and bob that is in the direct room of the two alone."""
    other = {"alice": "@bob", "bob": "@alice"}[name]
    return joined(server, name, device, rooms={other: fields or None})


def test_each_knows_the_room_by_the_name_of_the_other(server):
    alice = logged_in(server, "alice", rooms={"@bob": None})
    (state,) = types(alice.events(), "room")
    assert (state["room"], sorted(state["members"]), state["count"], state["topic"]) == (
        "@bob",
        ["alice", "bob"],
        2,
        "",
    )
    bob = in_room(server, "bob")
    told = alice.ask("say", room="@bob", text="hello", n=1)
    assert [(event["type"], event["room"]) for event in told] == [
        ("ok", "@bob"),
        ("message", "@bob"),
    ]
    (message,) = bob.events()
    assert (message["room"], message["from"], message["text"]) == ("@alice", "alice", "hello")


def test_nobody_is_told_of_presence_in_it(server):
    alice = in_room(server, "alice")
    bob = in_room(server, "bob")
    bob.ask("leave", room="@alice")
    bob.ask("join", room="@alice")
    bob.ask("rename", name="rob")
    assert alice.events() == []


@pytest.mark.parametrize("name", ["@alice", "@nobody", "@zoe", "@op+bob", "@"])
def test_there_is_one_with_another_registered_name_alone(server, name):
    server.json("zoe")
    alice = joined(server, "alice")
    assert set(codes(alice.ask("join", room=name))) <= {"no-such-name", "bad-name"}
    assert alice.ask("rooms")[0]["count"] == 1


def test_a_guest_has_none(server):
    zoe = server.json("zoe")
    assert codes(zoe.ask("join", room="@bob")) == ["no-such-name"]
    told = server.connect().ask("hello", name="guest", rooms={"@bob": None, "lobby": None})
    (error,) = types(told, "error")
    assert (error["code"], error["room"]) == ("no-such-name", "@bob")
    assert "room" in kinds(told), "and it is in the others"


def test_a_renamed_member_keeps_its_direct_rooms(server):
    alice, bob = in_room(server, "alice"), in_room(server, "bob")
    bob.ask("rename", name="rob")
    alice.ask("say", room="@bob", text="one")
    alice.ask("say", room="@rob", text="two")
    assert [event["text"] for event in types(bob.events(), "message")] == ["one", "two"]
    again = logged_in(server, "carol", rooms={"@rob": None})
    assert types(again.events(), "room")[0]["room"] == "@bob"


def test_a_name_that_is_registered_again_inherits_nothing(server):
    alice = in_room(server, "alice")
    alice.ask("say", room="@bob", text="for bob alone")
    entry = AuditEntry(0, "!root", "delete")
    server.accounts.delete(server.accounts.permissions.owner("bob"), entry)
    server.accounts.register(Account("bob"), PASSWORD, entry)
    bob = logged_in(server, "bob", rooms={"@alice": {"after": 0}})
    told = bob.events()
    assert "direct" not in kinds(told) and types(told, "room")[0]["head"] == 0
    told = alice.ask("say", room="@bob", text="for whom?", ref="s")
    assert [(event["code"], event.get("ref")) for event in told] == [
        ("no-such-name", None),
        ("not-in-room", "s"),
    ], "she would speak to nobody"
    (state,) = types(alice.ask("join", room="@bob"), "room")
    assert state["head"] == 0
    alice.ask("say", room="@bob", text="hello")
    assert [event["text"] for event in types(bob.events(), "message")] == ["hello"]


@every_wire
def test_a_direct_room_ends_with_the_account_of_one_of_the_two(server, wire):
    alice = in_room(server, "alice")
    bob = joined(server, "bob", wire=wire)
    if wire == "plain":
        bob.type("/join @alice")
        server.run()
        bob.read()
    else:
        bob.ask("join", room="@alice")
    server.accounts.delete(
        server.accounts.permissions.owner("bob"), AuditEntry(0, "!root", "delete")
    )
    bob.say("still here?") if wire == "plain" else bob.say("still here?", room="@alice")
    server.run()
    assert "@alice has ended: it takes two registered names." in str(bob.read())
    if wire != "plain":
        assert codes(bob.ask("join", room="@carol")) == ["no-such-name"]
    assert alice.events() == []


def test_a_member_that_registers_a_second_name_leaves_the_direct_rooms_of_the_first(server):
    alice, bob = in_room(server, "alice"), in_room(server, "bob")
    alice.ask("rename", name="alicia")
    alice.ask("register", password="another one")
    assert codes(alice.ask("say", room="@bob", text="x")) == ["no-such-name", "not-in-room"]
    alice.ask("join", room="@bob")
    alice.ask("say", room="@bob", text="from alicia")
    assert [event["type"] for event in bob.events()] == ["tell"]


def test_it_is_paged_searched_and_marked_like_a_room(server):
    alice, bob = in_room(server, "alice"), in_room(server, "bob")
    alice.ask("say", room="@bob", text="tea at four")
    bob.read()
    (history,) = bob.ask("history", room="@alice")
    assert (history["room"], history["messages"][0]["room"]) == ("@alice", "@alice")
    (found,) = bob.ask("search", room="@alice", text="TEA")
    assert [message["room"] for message in found["messages"]] == ["@alice"]
    assert bob.ask("mark", room="@alice", id=1) == [{"type": "ok", "room": "@alice"}]
    assert codes(bob.ask("mark", room="@alice", id=2)) == ["bad-field"]


def test_it_is_resumed_like_a_room(server):
    alice, bob = in_room(server, "alice"), in_room(server, "bob")
    for text in ("one", "two"):
        alice.ask("say", room="@bob", text=text)
    bob.close()
    server.run()
    alice.ask("say", room="@bob", text="three")
    again = logged_in(server, "bob", rooms={"@alice": {"epoch": server.ledger.epoch, "after": 2}})
    told = again.events()
    assert [event["text"] for event in types(told, "message")] == ["three"]
    assert {event["room"] for event in told if "room" in event} == {"@alice"}


def test_a_slow_reader_is_told_its_own_name_of_the_room(server):
    alice, bob = in_room(server, "alice"), in_room(server, "bob")
    bob.stall()
    for number in range(120):
        alice.ask("say", room="@bob", text=f"{number} {'x' * 4000}")
    bob.flow()
    server.run(1)
    told = [event for event in bob.events() if "room" in event]
    assert len(types(told, "message")) == 120 and {event["room"] for event in told} == {"@alice"}


def test_a_correction_in_it_is_told_to_the_two(server):
    alice, bob = in_room(server, "alice"), in_room(server, "bob")
    alice.ask("say", room="@bob", text="helo")
    alice.ask("say", room="@bob", text="hello", replaces=1)
    assert [event.get("replaces") for event in bob.events()] == [None, 1]


def test_a_ping_names_it_as_its_reader_does():
    server = made(idle_timeout=60)
    alice = in_room(server, "alice")
    server.run(25)
    assert types(alice.events(), "ping")[0]["heads"] == {"@bob": 0}


def test_it_has_no_topic_and_no_list_and_is_in_none(server):
    alice = in_room(server, "alice")
    alice.ask("say", room="@bob", text="hello")
    for type in ("who", "topic"):
        assert codes(alice.ask(type, room="@bob")) == ["not-allowed"]
    assert codes(alice.ask("topic", room="@bob", text="x")) == ["not-allowed"]
    assert joined(server, "op").ask("rooms")[0]["rooms"][0]["room"] == "lobby"
    assert alice.ask("rooms")[0]["count"] == 1
    alice.close()
    server.run()
    assert joined(server, "alice", "laptop").ask("rooms")[0]["count"] == 1


def test_it_is_no_room_that_counts(server):
    server = made(max_rooms=1)
    alice = joined(server, "alice")
    assert codes(alice.ask("join", room="dev")) == ["too-many"]
    assert "room" in kinds(alice.ask("join", room="@bob"))
    assert codes(alice.ask("join", room="@bob")) == ["already-in"]


@pytest.mark.parametrize("name", ["op", "carol"])
def test_nobody_else_is_in_it(server, name):
    alice = in_room(server, "alice")
    alice.ask("say", room="@bob", text="for bob alone")
    (room,) = [room for room in server.hub.rooms if room.startswith("@")]
    other = joined(server, name)
    told = [
        *other.ask("join", room=room),
        *other.ask("history", room=room),
        *other.ask("search", room=room, text="bob"),
        *other.ask("mark", room=room, id=1),
        *other.ask("say", room=room, text="x"),
        *other.ask("join", room="@bob"),
        *other.ask("history", room="@bob"),
    ]
    assert codes(told) == ["bad-name", *["not-in-room"] * 4]
    assert "for bob alone" not in str(told)


@pytest.mark.parametrize("room", ["@", "@nobody", "@bob", "@+", "@a+b", "@bob+", "@" + "x" * 600])
@pytest.mark.parametrize("registered", [True, False])
def test_any_name_that_looks_like_one_is_answered(server, room, registered):
    client = joined(server, "alice") if registered else server.json("zoe")
    for type, fields in {
        "join": {}, "leave": {}, "say": {"text": "x", "n": 1}, "topic": {}, "who": {},
        "history": {}, "search": {"text": "x"}, "mark": {"id": 0}, "private": {"private": True},
        "invite": {"name": "carol"}, "uninvite": {"name": "carol"}, "close": {},
    }.items():  # fmt: skip
        told = client.ask(type, room=room, ref=type, **fields)
        assert told[0]["ref"] == type
    assert kinds(client.ask("private", room=room, private=False, ref="o")) == ["error"]
    assert not client.gone
    told = server.connect().ask("hello", name="amy", rooms={room: None})
    assert told[0]["type"] in ("error", "welcome")


# Private messages between registered names.


@every_wire
def test_a_tell_is_said_in_the_direct_room(server, wire):
    alice, bob = joined(server, "alice"), joined(server, "bob", wire=wire)
    alice.read()
    (answer,) = alice.ask("tell", to="bob", text="psst", ref="t")
    assert (answer["type"], answer["id"], answer["ref"]) == ("ok", 1, "t")
    assert bob.heard()[-1] == "alice (to you): psst"
    (state,) = types(alice.ask("join", room="@bob"), "room")
    assert state["head"] == 1


def test_a_connection_in_the_direct_room_gets_the_message_and_the_others_the_tell(server):
    phone, laptop = in_room(server, "bob", "phone"), joined(server, "bob", "laptop")
    alice = joined(server, "alice")
    laptop.read(), phone.read()
    alice.ask("tell", to="bob", text="psst")
    assert kinds(phone.events()) == ["message"]
    (tell,) = laptop.events()
    assert (tell["type"], tell["from"], tell["to"], tell["text"]) == (
        "tell",
        "alice",
        "bob",
        "psst",
    )


def test_what_is_said_in_the_direct_room_is_told_to_connections_that_are_not_in_it(server):
    alice, bob = in_room(server, "alice"), joined(server, "bob")
    alice.ask("say", room="@bob", text="hello")
    assert kinds(bob.events()) == ["tell"]


def test_a_tell_waits_for_a_name_that_is_away(server):
    alice = joined(server, "alice")
    assert kinds(alice.ask("tell", to="bob", text="psst")) == ["ok"]
    bob = logged_in(server, "bob", rooms={"lobby": None, "@alice": {"after": 0}})
    told = bob.events()
    (direct,) = types(told, "direct")
    assert direct == {"type": "direct", "rooms": {"@alice": {"head": 1, "mark": 0}}}
    assert [event["text"] for event in types(told, "message")] == ["psst"]
    bob.ask("mark", room="@alice", id=1)
    again = logged_in(server, "bob", "laptop")
    assert types(again.events(), "direct")[0]["rooms"]["@alice"] == {"head": 1, "mark": 1}


def test_who_has_no_direct_room_with_messages_is_told_of_none(server):
    in_room(server, "alice")
    assert "direct" not in kinds(logged_in(server, "bob").events())
    assert "direct" not in kinds(server.connect().ask("hello", name="zoe"))


def test_a_person_reads_which_direct_rooms_have_something_new(server):
    joined(server, "alice").ask("tell", to="bob", text="psst")
    bob = logged_in(server, "bob", wire="plain")
    assert [line for line in bob.lines() if "@alice" in line]
    bob.type("/join @alice", "thank you")
    server.run()
    told = bob.lines()
    assert any(line.endswith("] alice: psst") for line in told)
    alice = logged_in(server, "alice", "laptop", rooms={"@bob": {"after": 0}})
    assert [event["text"] for event in types(alice.events(), "message")] == ["psst", "thank you"]


def test_a_tell_to_a_guest_or_by_a_guest_is_not_stored(server):
    alice, zoe = joined(server, "alice"), server.json("zoe")
    alice.read()
    (answer,) = alice.ask("tell", to="zoe", text="psst", ref="t")
    assert answer == {"type": "ok", "ref": "t"}
    zoe.ask("tell", to="alice", text="psst")
    assert [event["text"] for event in types(alice.events(), "tell")] == ["psst"]
    assert codes(zoe.ask("tell", to="bob", text="psst")) == ["no-such-name"]
    assert "direct" not in kinds(logged_in(server, "alice", "laptop").events())


def test_a_tell_comes_after_what_its_sender_said_before(server):
    alice, bob = joined(server, "alice"), joined(server, "bob")
    alice.say("in the lobby")
    alice.tell("bob", "to you")
    alice.say("in the lobby again")
    server.run()
    assert bob.heard() == [
        "alice: in the lobby",
        "alice (to you): to you",
        "alice: in the lobby again",
    ]


def test_a_muted_member_tells_nobody_anything(server):
    alice, bob, op = in_room(server, "alice"), joined(server, "bob"), joined(server, "op")
    op.ask("mute", name="alice")
    alice.read()
    assert codes(alice.ask("say", room="@bob", text="x")) == ["muted"]
    assert codes(alice.ask("tell", to="bob", text="x")) == ["muted"]
    assert types(bob.events(), "tell") == []


def test_a_message_with_n_is_known_again_though_its_sender_is_not_in_the_room(server):
    alice = in_room(server, "alice")
    (ok, _) = alice.ask("say", room="@bob", text="once", n=1)
    alice.close()
    server.run()
    again = joined(server, "alice")
    (same,) = again.ask("say", room="@bob", text="once", n=1)
    assert same == ok
    assert codes(again.ask("say", room="@bob", text="two", n=2)) == ["not-in-room"]


def test_a_connection_that_takes_over_goes_on_with_the_direct_room(server):
    in_room(server, "alice")
    bob = in_room(server, "bob")
    again = logged_in(server, "alice", rooms={"@bob": {"after": 0}})
    bob.ask("say", room="@alice", text="hello")
    assert [event["text"] for event in types(again.events(), "message")] == ["hello"]


def test_many_direct_rooms_are_told_in_several_lines(monkeypatch):
    monkeypatch.setattr("groupchat.core.direct.MAX_ROOMS_IN_DIRECT", 2)
    server = made("carol", "dave")
    for name in ("bob", "carol", "dave"):
        joined(server, name).ask("tell", to="alice", text="psst")
    told = types(logged_in(server, "alice").events(), "direct")
    assert [len(event["rooms"]) for event in told] == [2, 1]
    assert {room for event in told for room in event["rooms"]} == {"@bob", "@carol", "@dave"}
