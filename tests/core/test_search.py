"""
Search, and marks: what the core adds to a ledger's answers.
"""

from __future__ import annotations

import pytest

from tests.core.accounts import joined, made, types
from tests.support import codes, every_wire, kinds, secret


@pytest.fixture
def server():
    return made()


def said(client, *texts, room="lobby"):
    for text in texts:
        client.say(text, room=room)
    client.server.run()
    client.read()


# Search.


def test_all_words_are_found_without_regard_to_case(server):
    zoe = server.json("zoe")
    said(zoe, "Tea at four", "coffee at four", "no TEA", "four teapots")
    (found,) = zoe.ask("search", room="lobby", text="tea FOUR", ref="s")
    assert [message["text"] for message in found["messages"]] == ["Tea at four", "four teapots"]
    assert (found["type"], found["room"], found["more"], found["ref"]) == (
        "found",
        "lobby",
        False,
        "s",
    )
    assert "before" not in found


def test_the_newest_come_first_and_the_rest_by_before(server):
    zoe = server.json("zoe")
    said(zoe, *(f"tea {number}" for number in range(5)))
    (newest,) = zoe.ask("search", room="lobby", text="tea", limit=2)
    assert [message["id"] for message in newest["messages"]] == [4, 5] and newest["more"]
    (older,) = zoe.ask("search", room="lobby", text="tea", before=newest["before"], limit=5)
    assert [message["id"] for message in older["messages"]] == [1, 2, 3] and not older["more"]


def test_a_sender_can_be_asked_for(server):
    zoe, bill = server.json("zoe"), server.json("bill")
    said(zoe, "tea")
    said(bill, "tea")
    zoe.read()
    (found,) = zoe.ask("search", room="lobby", text="tea", **{"from": "BILL"})
    assert [message["from"] for message in found["messages"]] == ["bill"]


@pytest.mark.parametrize("text", ["\0", "a\0", "\x1b[31m", "\u202e", "\x7f b"])
def test_controls_are_found_as_they_are_shown(server, text):
    zoe = server.json("zoe")
    said(zoe, "anything", "xa\0y \x1b[31m \u202e \x7f b")
    (found,) = zoe.ask("search", room="lobby", text=text)
    assert [message["id"] for message in found["messages"]] == [2]


@pytest.mark.parametrize("room", ["dev", "nowhere", "@bob", ""])
def test_only_rooms_that_one_is_in_are_searched(server, room):
    zoe = server.json("zoe", rooms={"dev": None})
    said(zoe, "a secret", room="dev")
    bill = server.json("bill")
    assert codes(bill.ask("search", room=room, text="secret")) == ["not-in-room"]


@every_wire
def test_what_was_redacted_is_not_found(server, wire):
    zoe = server.join(wire, "zoe")
    zoe.say("a secret")
    server.run()
    if wire != "plain":
        zoe.ask("say", room="lobby", redacts=1)
        (found,) = zoe.ask("search", room="lobby", text="secret")
        assert found["messages"] == []
    else:
        zoe.type("/remove")
        server.run()
        zoe.type("/search secret")
        server.run()
        assert zoe.lines()[-1] == "-- No messages found."


def test_a_person_reads_what_was_found_with_its_time(server):
    zoe = server.plain("zoe")
    zoe.type("tea at four")
    server.run()
    zoe.type("/search TEA")
    server.run()
    told = zoe.lines()
    assert told[0].endswith("] zoe: tea at four") and told[1] == "-- 1 message found."


def test_a_search_counts_as_ten_lines():
    server = made(rate=1, burst=12)
    zoe = server.json("zoe")
    assert kinds(zoe.ask("search", room="lobby", text="tea")) == ["found"]
    for _ in range(3):
        zoe.do("ping")
    server.run()
    assert len(types(zoe.events(), "pong")) == 2
    server.run(1)
    assert len(types(zoe.events(), "pong")) == 1


def test_after_a_search_a_member_waits_for_what_it_cost():
    server = made(rate=1, burst=5)
    zoe = server.json("zoe")
    assert kinds(zoe.ask("search", room="lobby", text="tea")) == ["found"]
    zoe.do("ping")
    server.run(5.9)
    assert zoe.events() == []
    server.run(0.2)
    assert kinds(zoe.events()) == ["pong"]


# Marks.


def test_a_mark_only_moves_forward_and_is_in_the_room_line(server):
    zoe = server.json("zoe")
    said(zoe, "one", "two", "three")
    for id in (2, 1, 2):
        assert zoe.ask("mark", room="lobby", id=id, ref="m") == [
            {"type": "ok", "room": "lobby", "ref": "m"}
        ]
    zoe.ask("leave", room="lobby")
    told = zoe.ask("join", room="lobby")
    assert types(told, "room")[0]["mark"] == 2


def test_a_mark_beyond_the_last_message_is_refused(server):
    zoe = server.json("zoe")
    said(zoe, "one")
    assert codes(zoe.ask("mark", room="lobby", id=2)) == ["bad-field"]
    assert kinds(zoe.ask("mark", room="lobby", id=1)) == ["ok"]


def test_a_mark_is_for_rooms_that_one_is_in(server):
    assert codes(server.json("zoe").ask("mark", room="dev", id=0)) == ["not-in-room"]


def test_a_mark_is_told_to_the_other_devices_if_it_moves(server):
    phone, laptop = joined(server, "alice", "phone"), joined(server, "alice", "laptop")
    tablet = joined(server, "alice", "tablet", rooms={"den": None})
    zoe = server.json("zoe")
    said(zoe, "one", "two")
    phone.read(), laptop.read(), tablet.read()
    assert kinds(phone.ask("mark", room="lobby", id=2)) == ["ok"]
    mark = {"type": "mark", "room": "lobby", "id": 2}
    assert laptop.events() == [mark] == tablet.events()
    laptop.ask("mark", room="lobby", id=1)
    assert phone.events() == [] and zoe.events() == []


def test_a_device_that_falls_behind_is_told_the_mark_of_the_others(server):
    phone, laptop = joined(server, "alice", "phone"), joined(server, "alice", "laptop")
    laptop.stall()
    for _ in range(100):
        phone.say("x" * 4000)
    server.run()
    phone.ask("mark", room="lobby", id=7)
    laptop.flow()
    server.run(1)
    assert types(laptop.events(), "room")[-1]["mark"] == 7


def test_a_guest_s_mark_is_kept_for_its_client(server):
    zoe = server.json("zoe")
    said(zoe, "one")
    zoe.ask("mark", room="lobby", id=1)
    zoe.close()
    server.run()
    again = server.connect()
    told = again.ask("hello", name="another", client=secret("zoe"))
    assert types(told, "room")[0]["mark"] == 1
