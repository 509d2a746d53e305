"""
The commands of a client and the answers to them, on both wires where both have them.
"""

from __future__ import annotations

import pytest

from groupchat.core.flow_control import MAX_UNCOMMITTED_BYTES, MESSAGE_OVERHEAD
from tests.support import Server, codes, every_wire, kinds, secret

OKAY = {"type": "ok"}


# Logging in.


def test_a_program_that_says_hello_is_welcomed_and_told_the_room(server):
    alice = server.connect()
    welcome, room, catchup = alice.ask("hello", name="alice", ref="r1")
    assert welcome == {
        "type": "welcome",
        "name": "alice",
        "server": "groupchat",
        "max": 100,
        "operator": False,
        "limits": {"line": 32768, "text": 4096},
        "ref": "r1",
    }
    assert room == {
        "type": "room",
        "room": "lobby",
        "epoch": server.ledger.epoch,
        "first": 1,
        "head": 0,
        "said": 0,
        "topic": "",
        "members": ["alice"],
        "count": 1,
        "mark": 0,
    }
    assert catchup == {"type": "catchup", "room": "lobby", "through": 0}


def test_a_person_that_types_a_name_is_welcomed_and_up_to_date(server):
    bob = server.connect("plain")
    bob.type("bob")
    server.run()
    assert bob.lines() == [
        "-- Welcome to lobby, bob. 1 here: bob. /help lists the commands.",
        "-- You are up to date.",
    ]


def test_a_person_is_told_the_topic_and_the_first_ten(server):
    for number in range(12):
        server.json(f"n{number:02}").topic("tea at four")
    bob = server.connect("plain")
    bob.type("bob")
    server.run()
    names = ", ".join(["bob", *(f"n{number:02}" for number in range(9))])
    assert bob.lines() == [
        f"-- Welcome to lobby, bob. 13 here: {names}, and 3 more. /help lists the commands.",
        "-- The topic is: tea at four",
        "-- You are up to date.",
    ]


def test_the_word_of_the_day_is_told(server):
    server = Server(motd="Be kind.\nTea is at four.")
    assert server.connect().ask("hello", name="alice")[0]["motd"] == "Be kind.\nTea is at four."
    bob = server.connect("plain")
    bob.type("bob")
    server.run()
    assert bob.lines()[:2] == ["-- Be kind.", "-- Tea is at four."]


@every_wire
def test_a_newcomer_is_told_the_newest_few(wire):
    server = Server(replay=2)
    alice = server.json("alice")
    for text in ("one", "two", "three"):
        alice.say(text)
    server.run()
    bob = server.connect(wire)
    bob.hello("bob")
    server.run()
    assert bob.heard() == ["past alice: two", "past alice: three"]
    alice.say("four")
    server.run()
    assert bob.heard() == ["alice: four"]


@every_wire
@pytest.mark.parametrize("name", ["", "a b", "-x", "x" * 33, "zoë", "root", "Everyone", "carol"])
def test_a_bad_or_taken_name_may_be_tried_again(server, wire, name):
    server.json("carol", client=secret("another"))
    bob = server.connect(wire)
    bob.hello(name)
    server.run()
    assert bob.heard() == ["refused"]
    bob.hello("bob")
    bob.say("hello")
    server.run()
    assert server.hub.members.named("bob") is not None


@every_wire
def test_after_five_refusals_it_ends(server, wire):
    bob = server.connect(wire)
    for _ in range(5):
        assert not bob.gone
        bob.hello("root")
        server.run()
    assert bob.heard() == ["refused"] * 6
    assert bob.gone
    assert server.hub.members.named("bob") is None


@pytest.mark.parametrize(
    "hello", [{}, {"name": "bob", "client": "short"}, {"name": "bob", "rooms": {"a b": None}}]
)
def test_a_hello_with_a_bad_field_is_one_of_the_five(server, hello):
    bob = server.connect()
    answers = [bob.ask("hello", **hello) for _ in range(5)]
    assert [event["type"] for event in answers[-1]] == ["error", "bye"]
    assert answers[-1][-1]["code"] == "bad-field"
    assert all(len(answer) == 1 for answer in answers[:-1])


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        ("bad-name", {"name": "a b"}),
        ("name-taken", {"name": "ALICE"}),
        ("name-reserved", {"name": "root"}),
        ("bad-field", {"name": "bob", "client": "short"}),
        ("bad-field", {"name": "bob", "rooms": {str(n): None for n in range(33)}}),
        ("bad-field", {"name": "bob", "rooms": {"a b": None}}),
        ("bad-field", {"name": "bob", "rooms": {"lobby": None, "LOBBY": None}}),
        ("bad-field", {"name": "bob", "rooms": {"lobby": {"epoch": "x"}}}),
        ("bad-field", {"name": 5}),
        ("bad-field", {}),
    ],
)
def test_a_refused_hello_says_why(server, code, fields):
    server.json("alice")
    bob = server.connect()
    (error,) = bob.ask("hello", ref="r", **fields)
    assert (error["type"], error["code"], error["ref"]) == ("error", code, "r")
    assert bob.ask("hello", name="bob")[0]["type"] == "welcome"


def test_before_a_hello_nothing_else_is_done(server):
    bob = server.connect()
    (error,) = bob.ask("say", room="lobby", text="hi", n=1, ref="r")
    assert error == {
        "type": "error",
        "code": "hello-first",
        "text": error["text"],
        "n": 1,
        "room": "lobby",
        "ref": "r",
    }
    assert codes(bob.ask("ping")) == ["hello-first"]


def test_lines_after_a_refused_hello_get_hello_first(server):
    bob = server.connect()
    bob.hello("root")
    bob.say("hi", n=1)
    server.run()
    assert codes(bob.events()) == ["name-reserved", "hello-first"]


def test_lines_after_a_hello_wait_for_it(server):
    bob = server.connect()
    bob.hello("bob")
    bob.say("hi", n=1)
    server.run()
    assert kinds(bob.events()) == ["welcome", "room", "catchup", "ok", "message"]


def test_a_client_may_quit_before_a_hello(server):
    bob = server.connect()
    assert codes(bob.ask("quit")) == ["quit"]
    assert bob.gone


def test_a_second_hello_is_already_in(server):
    assert codes(server.json("alice").ask("hello", name="al", ref="r")) == ["already-in"]


@every_wire
def test_a_full_server_says_so_once_the_name_is_known(wire):
    server = Server(max=1)
    server.json("alice")
    bob = server.connect(wire)
    bob.hello("root")
    server.run()
    assert bob.heard() == ["refused"] and not bob.gone
    bob.hello("bob")
    server.run()
    assert bob.gone


def test_a_full_server_says_how_full_it_is():
    server = Server(max=1)
    server.json("alice")
    (bye,) = server.connect().ask("hello", name="bob")
    assert (bye["type"], bye["code"], bye["retry"]) == ("bye", "full", 30)
    bob = server.connect("plain")
    bob.type("bob")
    server.run()
    assert bob.lines() == ["! The server is full (1 of 1). Try again later."]


def test_a_full_server_has_room_again_once_a_member_leaves():
    server = Server(max=1)
    server.json("alice").close()
    assert server.connect().ask("hello", name="bob")[0]["type"] == "welcome"


def test_lowering_max_drops_nobody():
    server = Server(max=2)
    alice, bob = server.json("alice"), server.json("bob")
    server.hub.members.decide_max(1)
    server.run(5)
    assert not alice.gone and not bob.gone
    assert codes(server.connect().ask("hello", name="carol")) == ["full"]


# Where one left off.


def test_a_returning_client_gets_the_messages_after_its_cursor(server):
    alice, bob = server.json("alice"), server.json("bob")
    for n in (1, 2, 3):
        alice.say(str(n))
    server.run()
    bob.close()
    alice.say("4")
    server.run()
    bob = server.connect()
    got = bob.ask("hello", name="bob", rooms={"lobby": {"epoch": server.ledger.epoch, "after": 2}})
    assert kinds(got) == ["welcome", "room", "catchup", "message", "message"]
    assert [event.get("id") for event in got[3:]] == [3, 4]
    assert got[2]["through"] == 4


@pytest.mark.parametrize(
    ("place", "ids"),
    [({"after": 0}, list(range(1, 31))), (None, list(range(11, 31))), ({"after": 30}, [])],
)
def test_after_0_asks_for_all_and_null_for_the_newest_few(server, place, ids):
    alice = server.json("alice")
    for n in range(30):
        alice.say(str(n))
    server.run()
    got = server.connect().ask("hello", name="bob", rooms={"lobby": place})
    assert [event["id"] for event in got if event["type"] == "message"] == ids
    assert "gap" not in kinds(got)


@pytest.mark.parametrize("place", [{"epoch": "unknown", "after": 1}, {"after": 31}])
def test_a_client_of_another_log_or_ahead_of_this_one_is_reset(server, place):
    alice = server.json("alice")
    for n in range(30):
        alice.say(str(n))
    server.run()
    got = server.connect().ask("hello", name="bob", rooms={"lobby": place})
    assert kinds(got)[:4] == ["welcome", "room", "reset", "catchup"]
    assert got[2] == {
        "type": "reset",
        "room": "lobby",
        "epoch": server.ledger.epoch,
        "first": 1,
        "head": 30,
    }
    assert [event["id"] for event in got[4:]] == list(range(11, 31))


def test_several_rooms_are_entered_at_once(server):
    alice = server.connect()
    got = alice.ask("hello", name="alice", rooms={"Dev": None, "tea": {"after": 0}})
    assert [event["room"] for event in got if event["type"] == "room"] == ["dev", "tea"]
    assert alice.ask("say", room="DEV", text="hi")[-1]["room"] == "dev"
    assert codes(alice.ask("say", room="lobby", text="hi")) == ["not-in-room"]


def test_a_member_may_be_in_no_room(server):
    assert kinds(server.connect().ask("hello", name="alice", rooms={})) == ["welcome"]


# Saying.


@every_wire
def test_a_message_reaches_all_other_members(server, wire):
    alice, bob, carol = server.join(wire, "alice"), server.plain("bob"), server.json("carol")
    alice.heard(), bob.heard()
    alice.say("hello")
    alice.act("waves")
    server.run()
    assert bob.heard() == carol.heard() == ["alice: hello", "* alice waves"]


@every_wire
@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("  a  b ", "  a  b "),
        ("a\x1b[2Jb", "a␛[2Jb"),
        ("zoë 👋", "zoë 👋"),
        ("a\tb", "a\tb"),
        ("a\u202eb", "a\ufffdb"),
        ("x" * 4096, "x" * 4096),
    ],
)
def test_controls_are_heard_as_something_visible(server, wire, said, heard):
    alice, bob = server.join(wire, "alice"), server.plain("bob")
    alice.say(said)
    server.run()
    assert bob.lines() == [f"alice: {heard}"]


def test_a_sender_gets_its_own_message_in_order_on_the_json_wire_and_not_on_the_plain_one(server):
    alice, bob = server.json("alice"), server.plain("bob")
    alice.heard()
    alice.say("a")
    bob.say("b")
    alice.say("c")
    server.run()
    assert alice.heard() == ["alice: a", "alice: c", "bob: b"]
    assert bob.heard() == ["alice: a", "alice: c"]


def test_the_ok_comes_before_the_message_itself(server):
    alice = server.json("alice")
    assert alice.ask("say", room="lobby", text="hi", n=1, ref="r") == [
        {"type": "ok", "n": 1, "room": "lobby", "id": 1, "ref": "r"},
        {
            "type": "message",
            "room": "lobby",
            "id": 1,
            "at": "2026-11-22T14:03:00.000Z",
            "from": "alice",
            "text": "hi",
        },
    ]
    assert alice.ask("say", room="lobby", text="ho", act=True, ref="s") == [
        {"type": "ok", "room": "lobby", "id": 2, "ref": "s"},
        {
            "type": "message",
            "room": "lobby",
            "id": 2,
            "at": "2026-11-22T14:03:00.000Z",
            "from": "alice",
            "text": "ho",
            "act": True,
        },
    ]


def test_oks_come_in_the_order_of_the_messages(server):
    alice = server.json("alice")
    for n in range(1, 50):
        alice.say(str(n), n=n)
    server.run()
    got = alice.events()
    assert [event["n"] for event in got if event["type"] == "ok"] == list(range(1, 50))
    for n in range(1, 50):
        places = [kinds_at for kinds_at, event in enumerate(got) if event.get("id") == n]
        assert [got[place]["type"] for place in places] == ["ok", "message"]


def test_an_n_said_again_gets_its_first_id_whatever_else_holds_now(server):
    alice = server.json("alice")
    alice.ask("say", room="lobby", text="hi", n=1)
    assert alice.ask("say", room="LOBBY", text="hi", n=1) == [
        {"type": "ok", "n": 1, "room": "lobby", "id": 1}
    ]
    alice.ask("leave", room="lobby")
    assert alice.ask("say", room="lobby", text="hi", n=1, ref="r") == [
        {"type": "ok", "n": 1, "room": "lobby", "id": 1, "ref": "r"}
    ]
    assert codes(alice.ask("say", room="lobby", text="hi", n=2)) == ["not-in-room"]
    assert codes(alice.ask("say", room="lobby", text="  ", n=1)) == ["conflict"]


@pytest.mark.parametrize(
    ("code", "fields", "more"),
    [
        ("out-of-order", {"n": 3}, {"want": 2}),
        ("conflict", {"n": 1}, {}),
        ("conflict", {"n": 1, "text": "first", "act": True}, {}),
        ("conflict", {"n": 1, "text": "first", "notice": True}, {}),
        ("text-empty", {"n": 2, "text": " \t "}, {}),
        ("text-empty", {"text": ""}, {}),
        ("text-too-long", {"n": 2, "text": "x" * 4097}, {}),
        ("text-too-long", {"n": 2, "text": "\x00" * 1366}, {}),
        ("not-in-room", {"n": 1, "room": "dev"}, {}),
        ("not-in-room", {"room": "a b"}, {}),
        ("bad-field", {"n": 0}, {"n": None}),
        ("bad-field", {"n": 5, "text": 5}, {}),
        ("bad-field", {"n": 2**53}, {"n": None}),
    ],
)
def test_a_refused_say_names_n_room_and_ref(server, code, fields, more):
    alice = server.json("alice")
    alice.ask("say", room="lobby", text="first", n=1)
    line = {"room": "lobby", "text": "other", "ref": "r", **fields}
    (error,) = alice.ask("say", **line)
    expected = {
        "type": "error",
        "code": code,
        "text": error["text"],
        "room": line["room"],
        "ref": "r",
        "n": line.get("n"),
        **more,
    }
    assert error == {key: value for key, value in expected.items() if value is not None}
    assert kinds(alice.ask("say", room="lobby", text="second", n=2)) == ["ok", "message"], (
        "a refused say uses up no n"
    )


def test_n_counts_across_connections_and_without_a_client_it_does_not(server):
    alice = server.json("alice")
    alice.ask("say", room="lobby", text="hi", n=1)
    alice.close()
    got = server.connect().ask("hello", name="alice", client=secret("alice"))
    assert got[1]["said"] == 1
    for _ in range(2):
        bob = server.connect()
        bob.do("hello", name="bob")
        assert bob.ask("say", room="lobby", text="hi", n=1)[-2]["type"] == "ok"
        bob.close()
        server.run()


@every_wire
def test_a_text_that_is_refused_is_told_to_nobody_else(server, wire):
    alice, bob = server.join(wire, "alice"), server.json("bob")
    alice.heard()
    alice.say("x" * 4097)
    alice.say("   ")
    server.run()
    assert alice.heard() == ["refused", "refused"]
    assert bob.heard() == []


def test_a_blank_line_says_nothing(server):
    alice, bob = server.plain("alice"), server.json("bob")
    alice.heard()
    alice.send(b"\n", b"\r\n", b"hello\r\n", b"\n")
    server.run()
    assert alice.lines() == []
    assert bob.heard() == ["alice: hello"]


def test_two_slashes_say_a_line_that_begins_with_one(server):
    alice, bob = server.plain("alice"), server.json("bob")
    alice.type("//help", "/unknown", "/WHO")
    server.run()
    assert bob.heard() == ["alice: /help"]
    assert [line[0] for line in alice.lines()] == ["-", "!", "-"]


# Names.


@every_wire
def test_a_new_name_is_told_to_all_and_holds_from_then_on(server, wire):
    bob, alice = server.join(wire, "bob"), server.json("alice")
    bob.heard()
    bob.say("one")
    bob.rename("rob")
    bob.say("two")
    server.run()
    assert alice.heard() == ["bob: one", "bob is now rob.", "rob: two"]
    assert server.hub.members.named("bob") is None


@every_wire
@pytest.mark.parametrize("name", ["a b", "root", "ALICE"])
def test_a_bad_or_taken_new_name_is_refused(server, wire, name):
    server.json("alice")
    bob = server.join(wire, "bob")
    bob.rename(name)
    server.run()
    assert bob.heard() == ["refused"]
    assert server.hub.members.named("bob") is not None


def test_a_name_may_be_changed_in_case_only(server):
    bob, alice = server.json("bob"), server.json("alice")
    bob.heard()
    assert {"type": "ok", "ref": "r"} in bob.ask("rename", name="Bob", ref="r")
    assert alice.heard() == ["bob is now Bob."]
    assert bob.ask("rename", name="Bob", ref="s") == [{"type": "ok", "ref": "s"}]
    assert alice.heard() == []


def test_a_new_name_is_told_in_every_room_of_the_member(server):
    bob = server.json("bob", rooms={"lobby": None, "dev": None})
    alice, carol = server.json("alice"), server.json("carol", rooms={"dev": None})
    bob.rename("rob")
    server.run()
    assert alice.heard() == carol.heard() == ["bob is now rob."]


def test_an_old_name_is_free_at_once(server):
    bob, alice = server.json("bob"), server.json("alice")
    bob.rename("rob")
    server.run()
    alice.heard()
    alice.rename("bob")
    server.run()
    assert alice.heard() == ["alice is now bob."]


# Leaving.


def test_after_leaves_ok_nothing_more_of_that_room_comes(server):
    alice, bob = server.json("alice"), server.json("bob")
    alice.heard()
    alice.say("last", n=1)
    alice.do("leave", room="lobby", ref="r")
    bob.say("one more")
    server.run()
    got = alice.events()
    assert kinds(got)[-1] == "ok" and got[-1] == {"type": "ok", "room": "lobby", "ref": "r"}
    assert bob.heard() == ["alice: last", "bob: one more", "alice left."]
    assert alice.ask("ping") == [{"type": "pong"}]


@pytest.mark.parametrize("kind", ["who", "history", "say", "topic", "leave"])
def test_who_history_say_topic_and_leave_need_membership_of_the_room(server, kind):
    alice = server.json("alice", rooms={})
    assert codes(alice.ask(kind, room="lobby", text="hi")) == ["not-in-room"]
    (error,) = alice.ask(kind, room="lobby", text="hi", ref="r")
    assert (error["room"], error["ref"]) == ("lobby", "r")


@every_wire
def test_a_member_that_quits_gets_a_bye_and_has_left(server, wire):
    bob, alice = server.join(wire, "bob"), server.json("alice")
    bob.heard()
    bob.say("last")
    bob.quit()
    bob.say("too late")
    server.run()
    assert bob.heard()[-1] == "Bye."
    assert bob.gone
    assert alice.heard() == ["bob: last", "bob left."]


def test_quit_is_answered_after_earlier_messages(server):
    bob = server.json("bob")
    bob.say("last", n=1)
    bob.quit()
    server.run()
    assert kinds(bob.events()) == ["ok", "message", "bye"]


@every_wire
def test_a_member_whose_connection_is_lost_has_left(server, wire):
    bob, alice = server.join(wire, "bob"), server.json("alice")
    bob.close()
    server.run()
    assert alice.heard() == ["bob left."]
    assert server.hub.members.named("bob") is None


# Rooms.


def test_a_room_is_joined_and_left(server):
    alice, bob = server.json("alice"), server.json("bob")
    room, catchup = alice.ask("join", room="Dev", ref="r")[-2:]
    assert (room["type"], room["room"], room["ref"]) == ("room", "dev", "r")
    assert catchup == {"type": "catchup", "room": "dev", "through": 0}
    bob.ask("join", room="dev")
    assert alice.heard() == ["bob joined."]


def test_a_join_takes_a_place(server):
    alice, bob = server.json("alice"), server.json("bob")
    alice.do("join", room="dev")
    for n in range(3):
        alice.say(str(n), room="dev")
    server.run()
    got = bob.ask("join", room="dev", epoch=server.ledger.epoch, after=2)
    assert kinds(got) == ["room", "catchup", "message"]
    bob.ask("leave", room="dev")
    assert kinds(bob.ask("join", room="dev", epoch="other", after=2))[:3] == [
        "room",
        "reset",
        "catchup",
    ]


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        ("bad-name", {"room": "a b"}),
        ("bad-field", {"room": "dev", "epoch": "x"}),
        ("already-in", {"room": "LOBBY"}),
        ("bad-field", {}),
        ("bad-field", {"room": "dev", "after": -1}),
    ],
)
def test_a_refused_join_says_why(server, code, fields):
    (error,) = server.json("alice").ask("join", ref="r", **fields)
    assert (error["code"], error["ref"], error.get("room")) == (code, "r", fields.get("room"))


def test_a_member_may_be_in_32_rooms_and_no_more(server):
    alice = server.json("alice", rooms={str(n): None for n in range(31)})
    assert kinds(alice.ask("join", room="31")) == ["room", "catchup"]
    assert codes(alice.ask("join", room="32")) == ["too-many"]
    alice.ask("leave", room="0")
    assert kinds(alice.ask("join", room="32")) == ["room", "catchup"]


def test_a_room_ceases_to_be_without_members_and_messages(server):
    alice = server.json("alice")
    alice.ask("join", room="empty")
    alice.ask("topic", room="empty", text="nothing")
    alice.ask("join", room="dev")
    alice.ask("say", room="dev", text="hi")
    alice.ask("leave", room="empty")
    alice.ask("leave", room="dev")
    (answer,) = alice.ask("rooms", ref="r")
    assert answer == {
        "type": "rooms",
        "count": 2,
        "ref": "r",
        "rooms": [
            {"room": "dev", "count": 0, "topic": ""},
            {"room": "lobby", "count": 1, "topic": ""},
        ],
    }
    assert alice.ask("join", room="empty")[0]["topic"] == ""


def test_the_rooms_are_listed_a_thousand_at_a_time_by_name(server):
    for who in range(33):
        server.json(f"bob{who}", rooms={f"r{who:02}{n:02}": None for n in range(32)})
    alice = server.json("alice")
    (first,), (rest,) = alice.ask("rooms"), alice.ask("rooms", after="R3107")
    assert (len(first["rooms"]), first["count"], first["rooms"][0]["room"]) == (1000, 1057, "lobby")
    assert [entry["room"] for entry in rest["rooms"]][:1] == ["r3108"]
    assert len(rest["rooms"]) == 24 + 32


def test_a_person_is_in_one_room_at_a_time(server):
    alice, bob = server.plain("alice"), server.json("bob")
    alice.heard()
    alice.type("/join dev", "hello")
    server.run()
    assert bob.heard() == ["alice left."]
    assert alice.lines() == [
        "-- Welcome to dev, alice. 1 here: alice. /help lists the commands.",
        "-- You are up to date.",
    ]
    alice.type("/join dev", "/join a b", "/join", "/rooms", "/join LOBBY")
    server.run()
    already, usage, usage_too, *rooms = alice.lines()
    assert already == "! /join: you are in dev already."
    assert usage == usage_too == "! /join: type it like this: /join ROOM"
    assert rooms[:3] == ["-- There are 2 rooms.", "-- dev (1 here)", "-- lobby (1 here)"]
    assert bob.heard() == ["alice joined."]


# Topics.


@every_wire
def test_a_topic_is_told_to_all_and_answered_when_asked_for(server, wire):
    alice, bob = server.join(wire, "alice"), server.json("bob")
    alice.heard()
    alice.topic("tea at\x07four")
    server.run()
    assert bob.heard() == alice.heard() == ["alice set the topic: tea at␇four"]
    assert bob.ask("topic", room="lobby", ref="r") == [
        {"type": "topic", "room": "lobby", "text": "tea at␇four", "from": "alice", "ref": "r"}
    ]


def test_an_empty_topic_clears_it(server):
    alice, bob = server.json("alice"), server.plain("bob")
    alice.heard()
    alice.ask("topic", room="lobby", text="tea")
    got = alice.ask("topic", room="lobby", text="", ref="r")
    assert got == [
        {"type": "ok", "room": "lobby", "ref": "r"},
        {"type": "topic", "room": "lobby", "text": "", "from": "alice"},
    ]
    bob.type("/topic")
    server.run()
    assert bob.lines() == [
        "-- alice set the topic: tea",
        "-- alice cleared the topic.",
        "-- There is no topic.",
    ]


def test_a_topic_has_at_most_512_bytes(server):
    alice = server.json("alice")
    assert kinds(alice.ask("topic", room="lobby", text="x" * 512)) == ["ok", "topic"]
    (error,) = alice.ask("topic", room="lobby", text="ü" * 257, ref="r")
    assert (error["code"], error["room"], error["ref"]) == ("text-too-long", "lobby", "r")


def test_a_member_that_sets_the_topic_and_asks_for_it_gets_the_new_one(server):
    alice = server.json("alice")
    alice.do("topic", room="lobby", text="tea")
    answers = alice.ask("topic", room="lobby", ref="r")
    assert answers[-1] == {
        "type": "topic",
        "room": "lobby",
        "text": "tea",
        "from": "alice",
        "ref": "r",
    }


def test_a_topic_takes_no_id(server):
    alice = server.json("alice")
    alice.ask("topic", room="lobby", text="tea")
    assert alice.ask("say", room="lobby", text="hi")[0]["id"] == 1


# Tells.


@every_wire
def test_a_tell_reaches_one_person_only(server, wire):
    bob, alice, carol = server.join(wire, "bob"), server.json("alice"), server.json("carol")
    bob.heard(), alice.heard()
    assert alice.ask("tell", to="BOB", text="psst", ref="r") == [{"type": "ok", "ref": "r"}]
    assert bob.heard() == ["alice (to you): psst"]
    bob.tell("alice", "what?")
    server.run()
    assert alice.heard() == ["bob (to you): what?"]
    assert carol.heard() == []


@every_wire
def test_a_tell_keeps_its_place_among_what_its_sender_says(server, wire):
    bob, alice = server.join(wire, "bob"), server.json("alice")
    bob.heard()
    alice.say("first")
    alice.tell("bob", "second")
    alice.say("third")
    server.run()
    assert bob.heard() == ["alice: first", "alice (to you): second", "alice: third"]


def test_a_tell_names_who_and_when(server):
    alice, bob = server.json("alice"), server.json("bob")
    alice.ask("tell", to="BOB", text="psst")
    assert bob.events() == [
        {
            "type": "tell",
            "from": "alice",
            "to": "bob",
            "text": "psst",
            "at": "2026-11-22T14:03:00.000Z",
        }
    ]


def test_a_tell_to_nobody_is_refused(server):
    alice, bob = server.json("alice"), server.plain("bob")
    alice.heard()
    assert codes(alice.ask("tell", to="bbo", text="psst", ref="r")) == ["no-such-name"]
    assert codes(alice.ask("tell", to="bob", text=" ")) == ["text-empty"]
    bob.type("/msg bbo psst")
    server.run()
    assert bob.lines() == ['! /msg: nobody here is called "bbo".']


def test_a_tell_to_a_member_whose_output_is_full_is_refused(server):
    alice, bob = server.json("alice"), server.json("bob")
    bob.stall()
    for _ in range(20):
        alice.say("x" * 4000)
    server.run()
    alice.events()
    assert codes(alice.ask("tell", to="bob", text="psst", ref="r")) == ["unavailable"]


# Asking.


def test_who_names_the_members_a_thousand_at_a_time():
    server = Server(max=2000)
    for number in range(1001):
        server.json(f"b{number:04}")
    alice = server.json("alice")
    server.run(1)
    alice.heard()
    (first,) = alice.ask("who", room="lobby", ref="r")
    assert (first["count"], len(first["members"]), first["ref"]) == (1002, 1000, "r")
    assert first["members"][0] == {"name": "alice", "since": "2026-11-22T14:03:00.000Z"}
    (rest,) = alice.ask("who", room="lobby", after="B0998")
    assert [member["name"] for member in rest["members"]] == ["b0999", "b1000"]
    (none,) = alice.ask("who", room="lobby", after="zzz")
    assert (none["members"], none["count"]) == ([], 1002)


@pytest.mark.parametrize(
    ("show", "address"), [("everyone", "192.0.2.7"), ("operators", None), ("nobody", None)]
)
def test_addresses_are_shown_to_those_who_may_see_them(show, address):
    server = Server(show_addresses=show)
    alice = server.connect(address="192.0.2.7")
    alice.hello("alice")
    server.run()
    alice.events()
    (who,) = alice.ask("who", room="lobby")
    assert who["members"][0].get("address") == address


def test_since_is_the_time_of_the_join(server):
    server.plain("alice")
    server.run(90)
    (who,) = server.json("bob").ask("who", room="lobby")
    assert [member["since"] for member in who["members"]] == [
        "2026-11-22T14:03:00.000Z",
        "2026-11-22T14:04:30.000Z",
    ]


def test_a_person_asks_who_is_here(server):
    alice = server.plain("alice")
    server.json("bob")
    alice.heard()
    alice.type("/who")
    server.run()
    assert alice.lines() == ["-- Here are 2: alice, bob."]


def test_history_is_a_page_of_the_log(server):
    alice = server.json("alice")
    for n in range(1, 151):
        alice.say(str(n))
    server.run()
    alice.events()
    (answer,) = alice.ask("history", room="lobby", ref="r")
    assert ([message["id"] for message in answer["messages"]], answer["more"]) == (
        list(range(51, 151)),
        True,
    )
    (answer,) = alice.ask("history", room="lobby", before=3, limit=2)
    assert [message["text"] for message in answer["messages"]] == ["1", "2"]
    assert answer["more"] is False
    assert answer["messages"][0] == {
        "type": "message",
        "room": "lobby",
        "id": 1,
        "at": "2026-11-22T14:03:00.000Z",
        "from": "alice",
        "text": "1",
    }


def test_history_can_begin_after_an_id(server):
    alice = server.json("alice")
    for n in range(1, 6):
        alice.say(str(n))
    server.run()
    alice.events()
    for fields, ids, more in [
        ({"after": 0, "limit": 2}, [1, 2], True),
        ({"after": 3}, [4, 5], False),
        ({"after": 1, "before": 5, "limit": 2}, [2, 3], True),
        ({"after": 1, "before": 4, "limit": 2}, [2, 3], False),
        ({"after": 9}, [], False),
    ]:
        (answer,) = alice.ask("history", room="lobby", **fields)
        assert ([message["id"] for message in answer["messages"]], answer["more"]) == (ids, more)


@pytest.mark.parametrize("before", [0, 1])
def test_before_the_first_there_is_no_history(server, before):
    alice = server.json("alice")
    alice.ask("say", room="lobby", text="hi")
    (answer,) = alice.ask("history", room="lobby", before=before)
    assert (answer["messages"], answer["more"]) == ([], False)


@pytest.mark.parametrize("limit", [0, 1001, -1, 1.0, "5"])
def test_history_has_a_limit_of_1_to_1000(server, limit):
    assert codes(server.json("alice").ask("history", room="lobby", limit=limit)) == ["bad-field"]


def test_history_is_cut_at_64_kib(server):
    alice = server.json("alice")
    for _ in range(40):
        alice.say("x" * 4096)
    server.run()
    alice.events()
    (answer,) = alice.ask("history", room="lobby")
    assert [message["id"] for message in answer["messages"]] == list(range(26, 41))
    assert answer["more"] is True


def test_history_shows_nothing_that_was_not_shown_yet(server):
    """The ledger may be ahead of what the room has told."""
    alice = server.json("alice")
    alice.say("shown")
    server.run()
    alice.events()
    alice.say("new", n=1)
    alice.do("history", room="lobby")
    server.run()
    heard = alice.events()
    history = next(event for event in heard if event["type"] == "history")
    told = [event["id"] for event in heard[: heard.index(history)] if event["type"] == "message"]
    assert {message["id"] for message in history["messages"]} <= {1, *told}


def test_a_person_reads_history_with_its_times(server):
    alice, bob = server.plain("alice"), server.json("bob")
    for text in ("one", "two", "three"):
        bob.say(text)
    server.run()
    alice.heard()
    alice.type("/history 2", "/history 0", "/history many")
    server.run()
    assert alice.heard() == ["past bob: two", "past bob: three", "refused", "refused"]
    alice.type("/history")
    server.run()
    assert alice.heard() == ["past bob: one", "past bob: two", "past bob: three"]


def test_a_person_gets_help(server):
    alice = server.plain("alice")
    alice.type("/help")
    server.run()
    lines = alice.lines()
    assert all(line.startswith("-- ") for line in lines)
    assert any("/who" in line for line in lines) and not any("/kick" in line for line in lines)


def test_where_the_ledger_can_not_be_read_it_is_unavailable(server, expect_logged):
    from twisted.internet.defer import fail

    expect_logged(ZeroDivisionError)
    alice = server.json("alice")
    server.ledger.rooms = lambda account: fail(ZeroDivisionError())
    assert codes(alice.ask("rooms", ref="r")) == ["unavailable"]
    assert alice.ask("ping") == [{"type": "pong"}]


def test_a_ping_is_answered(server):
    alice = server.json("alice")
    assert alice.ask("ping", ref="r") == [{"type": "pong", "ref": "r"}]
    assert alice.ask("pong") == []


# Moderation by a member that is no operator.


@pytest.mark.parametrize(
    "kind", ["kick", "mute", "unmute", "op", "deop", "ban", "unban", "max", "notice"]
)
def test_a_member_may_not_use_the_commands_of_operators(server, kind):
    alice = server.json("alice")
    (error,) = alice.ask(kind, name="alice", max=5, text="hi", ref="r")
    assert (error["code"], error["ref"]) == ("not-allowed", "r")


def test_a_person_is_told_so_too(server):
    alice = server.plain("alice")
    alice.type("/kick alice")
    server.run()
    assert alice.lines() == ["! /kick: only an operator may do that."]


# Errors.


def test_a_bad_line_is_told_and_the_connection_lives_on(server):
    alice = server.json("alice")
    alice.send(
        b"nonsense\n",
        b"\xff\n",
        b'{"type":"sing","ref":"r"}\n',
        b'{"type":"say","n":7,"room":"x","ref":5}\n',
        b"[1]\n",
    )
    server.run()
    errors = alice.events()
    assert codes(errors) == ["bad-json", "bad-utf8", "unknown-type", "bad-field", "bad-json"]
    assert errors[2]["ref"] == "r"
    assert (errors[3]["n"], errors[3]["room"], "ref" in errors[3]) == (7, "x", False)
    assert alice.ask("ping") == [{"type": "pong"}]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"{\n", "bad-json"),
        (b"\xff\n", "bad-utf8"),
        (b'{"type":"x"}\n', "unknown-type"),
        (b"{}\n", "bad-field"),
    ],
)
def test_100_bad_lines_within_10_seconds_end_the_connection(server, line, code):
    alice = server.json("alice")
    alice.send(line * 99)
    server.run(9)
    assert codes(alice.events()) == [code] * 99
    alice.send(line)
    server.run()
    assert codes(alice.events()) == [code, code]
    assert alice.gone


def test_100_bad_lines_in_a_longer_time_do_not(server):
    alice = server.json("alice")
    for _ in range(4):
        alice.send(b"{\n" * 99)
        server.run(10.1)
    assert not alice.gone


def test_refusals_of_well_formed_lines_never_end_it(server):
    alice = server.json("alice")
    for _ in range(300):
        alice.say("", n=1)
        alice.do("join", room="lobby")
        alice.do("say", room="nowhere", text="hi", n=5)
    server.run()
    assert len(codes(alice.events())) == 900
    assert not alice.gone


def test_a_fault_in_the_server_ends_the_connection_and_says_so(server, expect_logged, monkeypatch):
    expect_logged(ZeroDivisionError)
    alice, bob = server.json("alice"), server.json("bob")
    monkeypatch.setattr(server.hub.members, "named", lambda name: 1 / 0)
    assert codes(alice.ask("tell", to="bob", text="hi")) == ["unavailable"]
    assert alice.gone and not bob.gone


# Taking over.


def test_the_same_client_takes_its_connection_over(server):
    old, bob = server.json("alice"), server.json("bob")
    old.heard()
    new = server.connect()
    new.hello("alice")
    server.run()
    assert [(event["code"], "retry" in event) for event in old.events()] == [("replaced", False)]
    assert old.gone
    assert kinds(new.events())[:3] == ["welcome", "room", "catchup"]
    assert bob.heard() == []
    bob.say("hi")
    server.run()
    assert new.heard() == ["bob: hi"]
    assert old.read() == b""


def test_a_replaced_connection_is_not_read_any_more(server):
    old, bob = server.json("alice"), server.json("bob")
    new = server.connect()
    new.hello("alice")
    server.run()
    old.say("a ghost")
    server.run()
    assert bob.heard() == []


def test_room_waits_until_the_earlier_says_are_settled(server):
    old, bob = server.json("alice"), server.json("bob")
    new = server.connect()
    old.say("one", n=1)
    old.say("two", n=2)
    new.hello("alice", rooms={"lobby": {"epoch": server.ledger.epoch, "after": 0}})
    server.run()
    room = next(event for event in new.events() if event["type"] == "room")
    assert (room["said"], room["head"], room["members"]) == (2, 2, ["alice", "bob"])
    assert bob.heard() == ["alice: one", "alice: two"]


def test_under_another_name_it_was_renamed(server):
    server.json("alice")
    bob = server.json("bob")
    new = server.connect()
    new.hello("al", client=secret("alice"))
    server.run()
    assert bob.heard() == ["alice is now al."]
    assert next(event for event in new.events() if event["type"] == "room")["members"] == [
        "bob",
        "al",
    ]


def test_rooms_of_the_old_connection_alone_are_told_that_it_left(server):
    server.json("alice", rooms={"lobby": None, "dev": None})
    bob, carol = server.json("bob"), server.json("carol", rooms={"dev": None, "tea": None})
    new = server.connect()
    new.hello("alice", rooms={"lobby": None, "tea": None})
    server.run()
    assert bob.heard() == []
    assert carol.heard() == ["alice left.", "alice joined."]


def test_a_refused_hello_replaces_nobody(server):
    old = server.json("alice")
    server.json("bob")
    new = server.connect()
    for name in ("bob", "root", "a b"):
        new.hello(name, client=secret("alice"))
    server.run()
    assert codes(new.events()) == ["name-taken", "name-reserved", "bad-name"]
    assert not old.gone


def test_a_client_that_replaces_its_own_connection_fits_into_a_full_server():
    server = Server(max=1)
    server.json("alice")
    assert (
        server.connect().ask("hello", name="alice", client=secret("alice"))[0]["type"] == "welcome"
    )


def test_its_name_is_given_back_to_the_same_client_only(server):
    old = server.json("alice")
    assert codes(server.connect().ask("hello", name="alice", client=secret("mallory"))) == [
        "name-taken"
    ]
    assert codes(server.connect().ask("hello", name="alice")) == ["name-taken"]
    assert not old.gone


def test_a_client_may_replace_its_connection_any_number_of_times(server):
    bob = server.json("bob")
    everyone = []
    for _ in range(5):
        everyone.append(server.connect())
        everyone[-1].hello("alice")
    server.run()
    assert [client.gone for client in everyone] == [True] * 4 + [False]
    assert bob.heard() == ["alice joined."]
    everyone[-1].close()
    server.run()
    assert bob.heard() == ["alice left."]


def test_a_member_that_speaks_and_leaves_at_once_sees_its_message(server):
    alice = server.json("alice")
    alice.do("say", room="lobby", text="bye", n=1)
    alice.do("leave", room="lobby", ref="1")
    server.run()
    assert kinds(alice.events()) == ["ok", "message", "ok"]


def test_after_a_big_page_of_history_the_next_line_waits_for_a_moment(server):
    alice = server.json("alice")
    for number in range(150):
        alice.say(str(number))
    server.run()
    alice.read()
    assert kinds(alice.ask("history", room="lobby", limit=100) + alice.ask("ping")) == [
        "history",
        "pong",
    ]
    alice.do("history", room="lobby", limit=150)
    alice.do("ping")
    server.run()
    assert kinds(alice.events()) == ["history"]
    server.run(0.05)
    assert kinds(alice.events()) == ["pong"]


# A member that sends faster than the ledger stores.


def test_a_member_ahead_of_the_ledger_is_not_read_until_the_ledger_has_caught_up(
    server, monkeypatch
):
    alice, bob = server.json("alice"), server.json("bob")
    held, post = [], server.ledger.post
    monkeypatch.setattr(server.ledger, "post", held.append)
    count = 3 * MAX_UNCOMMITTED_BYTES // MESSAGE_OVERHEAD
    alice.send(
        b"".join(b'{"type":"say","room":"lobby","text":"%d"}\n' % number for number in range(count))
    )
    server.run()
    assert (
        MAX_UNCOMMITTED_BYTES
        <= sum(len(draft.text) + MESSAGE_OVERHEAD for draft in held)
        < MAX_UNCOMMITTED_BYTES + MESSAGE_OVERHEAD + 9
    )
    bob.send(b'{"type":"ping"}\n')
    server.run()
    assert [event["type"] for event in bob.events()] == ["pong"]
    monkeypatch.undo()
    for draft in held:
        post(draft)
    server.run()
    assert [event["text"] for event in bob.events()] == [str(number) for number in range(count)]
    assert [event["type"] for event in alice.events()].count("ok") == count


def test_lines_of_a_paused_member_that_disconnects_are_still_handled(server, monkeypatch):
    alice, bob = server.json("alice"), server.json("bob")
    held, post = [], server.ledger.post
    monkeypatch.setattr(server.ledger, "post", held.append)
    count = MAX_UNCOMMITTED_BYTES // MESSAGE_OVERHEAD + 10
    alice.send(
        b"".join(b'{"type":"say","room":"lobby","text":"%d"}\n' % number for number in range(count))
    )
    alice.end()
    server.run()
    monkeypatch.undo()
    for draft in held:
        post(draft)
    server.run()
    texts = [event["text"] for event in bob.events() if event["type"] == "message"]
    assert texts == [str(number) for number in range(count)]
    assert alice.gone and len(server.hub.members.sessions) == 1
