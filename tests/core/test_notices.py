"""
Notices: messages that are said automatically, and that no program answers.
"""

from __future__ import annotations

import pytest

from tests.core.accounts import joined, made
from tests.support import Server


def flags(events):
    """The texts and the flags of messages."""
    return [
        (event["text"], event.get("act", False), event.get("notice", False))
        for event in events
        if event["type"] in ("message", "tell")
    ]


@pytest.fixture
def server():
    return Server()


def test_a_notice_is_told_as_one_to_all_and_to_those_who_come_later(server):
    alice, bob, person = server.json("alice"), server.json("bob"), server.plain("carol")
    alice.say("the build is green", notice=True, n=1)
    alice.say("hello", notice=False, n=2)
    alice.act("waves")
    server.run()
    expected = [
        ("the build is green", False, True),
        ("hello", False, False),
        ("waves", True, False),
    ]
    assert flags(alice.events()) == flags(bob.events()) == expected
    assert person.heard() == ["alice: the build is green", "alice: hello", "* alice waves"]
    late = server.connect()
    late.hello("late")
    server.run()
    assert flags(late.events()) == expected
    bob.events()
    (page,) = bob.ask("history", room="lobby")
    assert flags(page["messages"]) == expected
    (found,) = bob.ask("search", room="lobby", text="green")
    assert flags(found["messages"]) == expected[:1]


def test_an_act_that_is_a_notice_is_a_notice(server):
    alice = server.json("alice")
    alice.say("waves", act=True, notice=True)
    server.run()
    assert flags(alice.events()) == [("waves", False, True)]


def test_a_flag_that_is_none_is_refused(server):
    (error,) = server.json("alice").ask("say", room="lobby", text="x", notice=1, n=1)
    assert (error["code"], error["n"]) == ("bad-field", 1)


def test_a_private_notice_is_one_too(server):
    alice, bob = server.json("alice"), server.json("bob")
    alice.do("tell", to="bob", text="away until noon", notice=True)
    alice.tell("bob", "hello")
    server.run()
    assert flags(bob.events()) == [("away until noon", False, True), ("hello", False, False)]


def test_in_a_direct_room_it_is_kept_as_one():
    server = made()
    alice, bob = joined(server, "alice"), joined(server, "bob")
    alice.do("tell", to="bob", text="away until noon", notice=True)
    server.run()
    expected = [("away until noon", False, True)]
    assert flags(bob.events()) == expected
    assert flags(bob.ask("join", room="@alice")) == expected


def test_a_message_that_is_removed_or_corrected_keeps_what_it_was(server):
    alice = server.json("alice")
    alice.say("one", notice=True)
    alice.say("two", notice=True)
    alice.do("say", room="lobby", text="uno", replaces=1)
    alice.do("say", room="lobby", redacts=2)
    server.run()
    alice.events()
    (page,) = alice.ask("history", room="lobby")
    assert flags(page["messages"]) == [
        ("one", False, True),
        ("", False, True),
        ("uno", False, False),
        ("", False, False),
    ]
