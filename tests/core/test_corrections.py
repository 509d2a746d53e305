"""
Corrections and redactions: messages of the log that change earlier ones.
"""

from __future__ import annotations

import pytest

from tests.core.accounts import joined, made, types
from tests.support import codes, every_wire, kinds


@pytest.fixture
def server():
    return made()


def ok(events):
    """Returns the id of the ok among these events."""
    (found,) = types(events, "ok")
    return found["id"]


def messages(events):
    return types(events, "message")


def said(client, text, **fields):
    """Returns the id of a message that a client has said."""
    return ok(client.ask("say", room="lobby", text=text, **fields))


@every_wire
def test_a_correction_is_a_message_that_names_the_one_that_it_replaces(server, wire):
    alice, bob = server.json("zoe"), server.join(wire, "bill")
    first = said(alice, "helo")
    bob.read()
    told = alice.ask("say", room="lobby", text="hello", replaces=first, ref="r")
    assert [(event["type"], event.get("id")) for event in told] == [("ok", 2), ("message", 2)]
    assert (told[1]["text"], told[1]["replaces"]) == ("hello", 1)
    if wire != "plain":
        assert [event["replaces"] for event in messages(bob.events())] == [1]
    else:
        assert bob.lines() == ["-- zoe corrected: hello"]


@every_wire
def test_a_redaction_is_a_message_without_a_text(server, wire):
    alice, bob = server.json("zoe"), server.join(wire, "bill")
    first = said(alice, "my password is 123")
    bob.read()
    told = alice.ask("say", room="lobby", redacts=first)
    assert messages(told)[0]["redacts"] == 1 and messages(told)[0]["text"] == ""
    if wire != "plain":
        assert [event["redacts"] for event in messages(bob.events())] == [1]
    else:
        assert bob.lines() == ["-- zoe removed a message."]


def test_a_replacement_of_a_replacement_names_the_first(server):
    alice = server.json("zoe")
    first = said(alice, "a")
    second = said(alice, "b", replaces=first)
    (message,) = messages(alice.ask("say", room="lobby", text="c", replaces=second))
    assert message["replaces"] == first


@pytest.mark.parametrize("change", [{"text": "changed"}, {}])
def test_members_change_their_own_messages_alone(server, change):
    alice, bob = server.json("zoe"), server.json("bill")
    first = said(alice, "mine")
    field = "replaces" if change else "redacts"
    bob.read()
    told = bob.ask("say", room="lobby", **change, **{field: first}, n=1)
    assert codes(told) == ["not-allowed"] and told[0]["n"] == 1
    assert ok(bob.ask("say", room="lobby", text="it took no n", n=1)) == 2


def test_an_operator_redacts_the_messages_of_others_and_corrects_none():
    server = made(edit_within=20)
    zoe, op = server.json("zoe"), joined(server, "op")
    first = said(zoe, "spam")
    server.run(21)
    op.read()
    assert codes(op.ask("say", room="lobby", text="better", replaces=first)) == ["not-allowed"]
    assert "ok" in kinds(op.ask("say", room="lobby", redacts=first))


def test_a_message_can_be_changed_for_a_while_only():
    server = made(edit_within=20)
    zoe = server.json("zoe")
    first = said(zoe, "helo")
    server.run(21)
    zoe.read()
    assert codes(zoe.ask("say", room="lobby", text="hello", replaces=first)) == ["not-allowed"]
    assert codes(zoe.ask("say", room="lobby", redacts=first)) == ["not-allowed"]


def test_another_device_of_the_author_can_change_a_message(server):
    phone, laptop = joined(server, "alice", "phone"), joined(server, "alice", "laptop")
    first = said(phone, "helo")
    laptop.read()
    assert "ok" in kinds(laptop.ask("say", room="lobby", text="hello", replaces=first))


@pytest.mark.parametrize("id", [7, 2**53 - 1])
def test_a_message_that_is_not_there_can_not_be_changed(server, id):
    zoe = server.json("zoe")
    said(zoe, "one")
    assert codes(zoe.ask("say", room="lobby", redacts=id)) == ["bad-field"]
    said(zoe, "one with an n", n=1)
    assert codes(zoe.ask("say", room="lobby", redacts=id, n=1)) == ["conflict"]


def test_what_is_redacted_can_not_be_changed_any_more(server):
    zoe = server.json("zoe")
    first = said(zoe, "one")
    redaction = said_redaction(zoe, first)
    for change in ({"redacts": first}, {"text": "x", "replaces": first}, {"redacts": redaction}):
        assert codes(zoe.ask("say", room="lobby", **change)) == ["bad-field"]


def said_redaction(client, id):
    return ok(client.ask("say", room="lobby", redacts=id))


def test_a_muted_member_changes_nothing(server):
    zoe, op = server.json("zoe"), joined(server, "op")
    first = said(zoe, "one")
    op.ask("mute", name="zoe")
    zoe.read()
    assert codes(zoe.ask("say", room="lobby", redacts=first)) == ["muted"]


def test_a_correction_is_for_rooms_that_its_author_is_in(server):
    zoe = server.json("zoe")
    first = said(zoe, "one")
    zoe.ask("leave", room="lobby")
    assert codes(zoe.ask("say", room="lobby", redacts=first)) == ["not-in-room"]


def test_a_correction_that_is_said_again_is_stored_once(server):
    zoe = server.json("zoe")
    first = said(zoe, "helo", n=1)
    second = said(zoe, "hello", n=2, replaces=first)
    again = zoe.ask("say", room="lobby", text="hello", n=2, replaces=first)
    assert [event["id"] for event in again] == [second] and kinds(again) == ["ok"]
    assert codes(zoe.ask("say", room="lobby", text="other", n=2, replaces=first)) == ["conflict"]
    third = said(zoe, "after that", n=3)
    assert third == second + 1


def test_the_n_of_a_redacted_message_is_known(server):
    zoe = server.json("zoe")
    first = said(zoe, "secret", n=1)
    zoe.ask("say", room="lobby", redacts=first, n=2)
    (answer,) = zoe.ask("say", room="lobby", text="secret", n=1)
    assert (answer["type"], answer["id"]) == ("ok", first)


# Late readers.


@every_wire
def test_who_joins_after_a_redaction_is_not_shown_the_text(server, wire):
    zoe = server.json("zoe")
    first = said(zoe, "a secret")
    said(zoe, "a corrected secret", replaces=first)
    said_redaction(zoe, first)
    bill = server.connect(wire)
    bill.hello("bill")
    server.run()
    raw = bill.read()
    assert b"secret" not in raw
    if wire != "plain":
        assert raw.count(b'"redacted":true') == 2
    (history,) = types(zoe.ask("history", room="lobby"), "history")
    assert [message["text"] for message in history["messages"]] == ["", "", ""]
    assert [message.get("redacted", False) for message in history["messages"]] == [
        True,
        True,
        False,
    ]


@every_wire
def test_a_slow_reader_is_not_shown_the_text_any_more(server, wire):
    zoe, bill = server.json("zoe"), server.join(wire, "bill")
    bill.stall()
    for _ in range(40):
        said(zoe, "x" * 4000)
    first = said(zoe, "a secret")
    said(zoe, "between")
    said_redaction(zoe, first)
    bill.flow()
    server.run()
    raw = bill.read()
    assert b"secret" not in raw and b"between" in raw


def test_a_redaction_in_the_same_turn_as_its_message_comes_after_it(server):
    zoe, bill = server.json("zoe"), server.json("bill")
    zoe.say("a secret")
    zoe.do("say", room="lobby", redacts=1)
    server.run()
    assert [event.get("redacts") for event in messages(bill.events())] == [None, 1]


def test_a_page_that_is_read_while_a_message_is_redacted_does_not_show_it(server, monkeypatch):
    monkeypatch.setattr("groupchat.core.backlog.TAIL_BYTES", 1)
    zoe, bill = server.json("zoe"), server.connect()
    first = said(zoe, "a secret")
    said(zoe, "after it")
    later = []
    for name in ("history", "page", "search"):
        read = getattr(server.ledger, name)
        monkeypatch.setattr(server.ledger, name, lambda *args, read=read: hold(read(*args), later))
    bill.hello("bill")
    for number, type in enumerate(("history", "search")):
        asker = joined(server, ("alice", "bob")[number], rooms={"den": None})
        asker.do("join", room="lobby", epoch=server.ledger.epoch, after=2)
        server.run()
        asker.do(type, room="lobby", **({"text": "secret"} if type == "search" else {}))
    server.run()
    assert len(later) == 3
    said_redaction(zoe, first)
    for deferred, result in later:
        deferred.callback(result)
    server.run()
    for client in server.factory.connections:
        assert b"secret" not in bytes(client.transport.taken)


def hold(read, later):
    """Returns a Deferred that a test fires with what a read has returned by now."""
    from twisted.internet.defer import Deferred

    held = Deferred()
    read.addCallback(lambda result: later.append((held, result)))
    return held


# At a keyboard.


def test_a_person_edits_the_last_message(server):
    zoe, bill = server.plain("zoe"), server.json("bill")
    zoe.type("helo", "/edit hello")
    server.run()
    assert [(event["text"], event.get("replaces")) for event in messages(bill.events())] == [
        ("helo", None),
        ("hello", 1),
    ]


def test_a_person_edits_a_message_again_and_removes_it(server):
    zoe, bill = server.plain("zoe"), server.json("bill")
    zoe.type("a", "/edit b", "/edit c", "/remove", "/remove")
    server.run()
    told = messages(bill.events())
    assert [event.get("replaces") for event in told] == [None, 1, 1, None]
    assert told[-1]["redacts"] == 1
    (refused,) = [line for line in zoe.lines() if line.startswith("! ")]
    assert refused.startswith("! /remove: ")


def test_a_person_without_a_message_has_nothing_to_edit(server):
    zoe = server.plain("zoe")
    zoe.type("/edit hello")
    server.run()
    assert len(zoe.lines()) == 1
