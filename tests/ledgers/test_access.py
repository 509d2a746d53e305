"""
Marks, direct rooms and private rooms in every ledger, on disk or in memory.
"""

from __future__ import annotations

import pytest

from groupchat.core.direct_rooms import direct_room
from groupchat.core.entries import CloseEntry, InviteEntry, LookEntry, PrivacyEntry
from groupchat.wire.errors import BadField, NotAllowed, not_open
from tests.ledgers.keeping import ALICE, BOB


def done(log, entry):
    log.post(entry)
    log.run()
    return entry


def refused(entry):
    return isinstance(entry.refusal, NotAllowed) and entry.refusal.text == not_open().text


def private(log, room="den", account="1", members=(), wanted=True, operator=False):
    return done(log, PrivacyEntry(room, wanted, account, tuple(members), operator))


def invite(log, account, by="1", wanted=True, room="den"):
    return done(log, InviteEntry(room, account, by, wanted))


def may_join(log, account, room="den"):
    joins = not refused(log.entered(room=room, account=account))
    looks = not refused(done(log, LookEntry(room, account=account)))
    assert joins == looks, "who may join may look, and nobody else"
    return joins


# Marks.


def test_a_mark_only_moves_forward(log):
    log.fill(5)
    marks = [log.marked(id, "1") for id in (3, 2, 3, 5)]
    assert [(mark.id, mark.moved) for mark in marks] == [
        (3, True),
        (3, False),
        (3, False),
        (5, True),
    ]
    assert log.entered(account="1").mark == 5


def test_a_mark_belongs_to_an_account_or_to_a_guests_client(log):
    log.fill(5)
    log.marked(1, "1")
    log.marked(2, ALICE)
    log.fill(5, room="dev")
    log.marked(3, "1", room="dev")
    assert log.entered(account="1").mark == 1 and log.entered(BOB, account="1").mark == 1
    assert log.entered(ALICE).mark == 2 and log.entered(BOB).mark == 0
    assert log.entered(room="dev", account="1").mark == 3


def test_a_mark_beyond_the_head_is_refused(log):
    log.fill(2)
    assert isinstance(log.marked(3, "1").refusal, BadField)
    assert isinstance(log.marked(1, "1", room="nowhere").refusal, BadField)
    assert log.entered(account="1").mark == 0
    assert log.marked(0, "1").refusal is None


# Direct rooms.

DIRECT = direct_room("2", "1")


def test_a_direct_room_is_for_two_accounts(log):
    assert direct_room("1", "2") == DIRECT
    log.fill(1, room=DIRECT)
    assert all(may_join(log, account, DIRECT) for account in "12")
    assert not any(may_join(log, account, DIRECT) for account in ("3", ""))


def test_the_direct_rooms_of_an_account_are_those_with_messages(log):
    assert log.direct_rooms("1") == {}
    log.entered(room=DIRECT, account="1")
    assert log.direct_rooms("1") == {}
    log.fill(3, room=DIRECT)
    log.fill(2, room=direct_room("1", "3"))
    log.marked(2, "2", room=DIRECT)
    assert log.direct_rooms("1") == {DIRECT: (3, 0), direct_room("1", "3"): (2, 0)}
    assert log.direct_rooms("2") == {DIRECT: (3, 2)}
    assert log.direct_rooms("4") == log.direct_rooms("") == {}


def test_a_direct_room_is_in_no_list_and_can_not_be_made_private(log):
    log.fill(1, room=DIRECT)
    assert log.rooms("1") == log.rooms() == {}
    assert refused(private(log, DIRECT)) and refused(invite(log, "3", room=DIRECT))
    assert refused(done(log, CloseEntry(DIRECT)))


# Private rooms.


def test_a_private_room_is_for_its_owner_and_those_invited(log):
    made = private(log, members=["1", "2"])
    assert (made.refusal, made.private, made.owner) == (None, True, "1")
    assert "2" in made.invited
    assert [may_join(log, account) for account in ("1", "2", "3", "")] == [True, True, False, False]
    entered = log.entered(room="den", account="2")
    assert (entered.private, entered.owner, entered.invited) == (True, "1", made.invited)


def test_who_may_not_join_can_not_tell_a_private_room_from_none(log):
    private(log)
    log.fill(3, room="den")
    log.topic("secret")
    entered = log.entered(room="den", account="3")
    assert entered.refusal.text == not_open().text
    assert (entered.head, entered.first, entered.topic, entered.owner) == (0, 1, "", "")
    assert refused(invite(log, "3", by="3")) and refused(invite(log, "3", by="3", room="none"))
    assert refused(done(log, CloseEntry("none")))
    assert refused(private(log, "none", "3", wanted=False, operator=True))


def test_an_invitation_can_be_given_and_taken_back(log):
    private(log)
    assert invite(log, "2").invited == {"2"} and may_join(log, "2")
    assert invite(log, "2", wanted=False).invited == frozenset() and not may_join(log, "2")
    assert invite(log, "1", wanted=False).refusal is None and may_join(log, "1")


def test_only_the_owner_invites_and_opens(log):
    private(log, members=["2"])
    assert refused(invite(log, "3", by="2")) and refused(invite(log, "3", by=""))
    assert refused(private(log, account="2", wanted=False)) and refused(private(log, account="2"))
    assert refused(private(log, account="", wanted=False))
    assert not may_join(log, "3")
    opened = private(log, wanted=False)
    assert (opened.refusal, opened.private, opened.invited) == (None, False, frozenset())
    assert may_join(log, "3") and may_join(log, "")


def test_an_open_room_keeps_its_owner(log):
    private(log)
    private(log, wanted=False)
    assert refused(private(log, account="2"))
    assert private(log).private


def test_a_guest_can_make_no_room_private(log):
    assert refused(private(log, account=""))
    assert may_join(log, "")


def test_an_operator_can_open_a_room_and_has_not_become_its_owner(log):
    private(log)
    opened = private(log, account="9", wanted=False, operator=True)
    assert (opened.refusal, opened.owner, opened.private) == (None, "", False)
    assert private(log, account="2").owner == "2"


def test_an_operator_can_not_make_the_room_of_another_private(log):
    private(log)
    private(log, wanted=False)
    assert refused(private(log, account="9", operator=True))


def test_a_closed_room_is_its_owners_alone(log):
    private(log, members=["2"])
    closed = done(log, CloseEntry("den"))
    assert (closed.refusal, closed.private, closed.owner, closed.invited) == (
        None, True, "1", frozenset(),
    )  # fmt: skip
    assert may_join(log, "1") and not may_join(log, "2")


def test_an_open_room_can_not_be_closed(log):
    log.fill(1, room="den")
    assert refused(done(log, CloseEntry("den")))


def test_a_private_room_is_listed_for_those_who_may_join(log):
    log.fill(1, room="den")
    log.fill(1)
    private(log, members=["2"])
    for account, rooms in {"1": 2, "2": 2, "3": 1, "": 1}.items():
        assert len(log.rooms(account)) == rooms


@pytest.mark.parametrize("text", ["", "tea"])
def test_privacy_keeps_the_topic_and_the_messages(log, text):
    log.topic(text)
    log.fill(2)
    private(log, "lobby")
    entered = log.entered(account="1")
    assert (entered.topic, entered.head, entered.first) == (text, 2, 1)
