"""
Corrections and redactions in every ledger, on disk or in memory.
"""

from __future__ import annotations

import pytest

from groupchat.wire.errors import BadField, Conflict, NotAllowed, OutOfOrder
from tests.ledgers.keeping import ALICE, BOB, now


def texts(log, room="lobby"):
    return [message.text for message in log.page(0, 999, room)]


# Corrections.


def test_a_correction_is_a_message_of_the_log(log):
    log.said("helo", n=1)
    correction = log.corrected("hello", replaces=1, n=2)
    assert (correction.refusal, correction.id, correction.fresh) == (None, 2, True)
    first, second = log.page(0, 9)
    assert (first.text, first.replaces, first.redacted) == ("helo", None, False)
    assert (second.id, second.text, second.sender) == (2, "hello", "alice")
    assert (second.replaces, second.redacts, second.redacted) == (1, None, False)
    assert log.history(9, 9)[0] == [first, second]


def test_a_correction_of_a_correction_names_the_first_message(log):
    log.said("a")
    log.corrected("b", replaces=1)
    third = log.corrected("c", replaces=2)
    assert third.replaces == 1 and log.page(2, 3)[0].replaces == 1


def test_a_correction_of_0_is_of_the_authors_newest_message(log):
    log.said("mine")
    log.said("mine, too")
    log.said("another's", sender="bob", client=BOB)
    assert log.corrected("better", replaces=0).replaces == 2
    assert log.corrected("best", replaces=0).replaces == 2, "a correction is not what is meant"
    assert log.removed(0).redacts == 2
    assert log.removed(0).redacts == 1, "and neither is what was removed"
    assert isinstance(log.removed(0).refusal, BadField)


def test_a_correction_in_the_batch_of_its_message_finds_it(log):
    log.say("helo", n=1)
    correction = log.corrected("hello", replaces=1, n=2)
    assert (correction.refusal, correction.id) == (None, 2)


@pytest.mark.parametrize("kind", ["replaces", "redacts"])
@pytest.mark.parametrize("id", [0, 2, 99, 2**52])
def test_a_message_that_is_not_there_can_not_be_corrected(log, kind, id):
    log.said("another's", client=BOB)
    refused = log.corrected("", **{kind: id})
    assert isinstance(refused.refusal, BadField) and refused.id is None
    assert log.entered().head == 1


def test_a_message_that_is_no_longer_kept_can_not_be_corrected(keeping):
    log = keeping("2 messages")
    log.fill(3)
    assert isinstance(log.corrected("x", replaces=1).refusal, BadField)
    assert log.corrected("x", replaces=2).refusal is None


def test_a_redaction_can_not_be_corrected_and_neither_what_was_redacted(log):
    log.said("a")
    log.removed(1)
    for id in (1, 2):
        for refused in (log.corrected("x", replaces=id), log.removed(id)):
            assert isinstance(refused.refusal, BadField)


def test_only_the_author_can_correct(log):
    log.said("a", account="1")
    log.said("b", client=BOB)
    for fields in ({"client": BOB}, {"account": "2", "client": BOB}, {"client": ALICE}):
        for refused in (log.corrected("x", replaces=1, **fields), log.removed(1, **fields)):
            assert isinstance(refused.refusal, NotAllowed)
    assert isinstance(log.corrected("x", replaces=2).refusal, NotAllowed)
    assert texts(log) == ["a", "b"]


def test_an_account_can_correct_from_another_client(log):
    log.said("a", account="1")
    assert log.corrected("b", replaces=1, account="1", client=BOB).refusal is None


def test_a_guest_that_has_registered_since_can_correct(log):
    log.said("a")
    assert log.corrected("b", replaces=1, account="1").refusal is None


def test_a_message_without_a_known_author_is_nobodys(log):
    log.said("a", client=b"")
    assert isinstance(log.corrected("x", replaces=1, client=b"").refusal, NotAllowed)


def test_a_message_can_be_corrected_for_a_while(log):
    at = now()
    log.said("a", at=at)
    assert log.corrected("b", replaces=1, at=at + 60_000).refusal is None
    late = log.corrected("c", replaces=1, at=at + 60_001)
    assert isinstance(late.refusal, NotAllowed) and "within 1 minute." in late.refusal.text
    assert isinstance(log.corrected("c", replaces=1, at=at, within=0).refusal, NotAllowed)


def test_operators_can_redact_anything_at_any_time_and_correct_only_their_own(log):
    log.said("a", at=now() - 10_000_000)
    operator = {"client": BOB, "operator": True, "within": 0}
    assert isinstance(log.corrected("x", replaces=1, **operator).refusal, NotAllowed)
    assert log.removed(1, **operator).refusal is None
    assert texts(log) == ["", ""]


# Redactions.


def test_a_redaction_takes_the_text_of_a_message_and_of_its_replacements(log):
    log.said("a")
    log.said("between")
    log.corrected("b", replaces=1)
    log.corrected("c", replaces=3)
    redaction = log.removed(4)
    assert (redaction.refusal, redaction.redacts, sorted(redaction.redacted)) == (
        None,
        1,
        [1, 3, 4],
    )
    messages = log.page(0, 9)
    assert texts(log) == ["", "between", "", "", ""]
    assert [message.redacted for message in messages] == [True, False, True, True, False]
    assert [message.redacts for message in messages] == [None] * 4 + [1]
    assert [message.replaces for message in messages] == [None, None, 1, 1, None]
    assert log.history(9, 9)[0] == messages


def test_a_redaction_concerns_its_room_only(log):
    log.said("a")
    log.said("a", room="dev")
    log.removed(1, room="dev")
    assert texts(log) == ["a"] and texts(log, "dev") == ["", ""]


# Counts.


def test_a_correction_that_comes_twice_is_stored_once(log):
    log.said("a", n=1)
    log.corrected("b", replaces=1, n=2)
    log.corrected("c", replaces=2, n=3)
    again = log.corrected("c", replaces=2, n=3)
    assert (again.id, again.fresh, again.refusal) == (3, False, None)
    log.removed(3, n=4)
    again = log.removed(3, n=4)
    assert (again.id, again.fresh, again.refusal) == (4, False, None)
    assert log.entered().head == 4 and log.entered().last_n == 4


def test_an_n_of_another_correction_is_a_conflict(log):
    log.said("a", n=1)
    log.said("b", n=2)
    log.corrected("c", replaces=1, n=3)
    others = [
        log.corrected("d", replaces=1, n=3),
        log.corrected("c", replaces=2, n=3),
        log.said("c", n=3),
        log.removed(1, n=3),
        log.corrected("c", replaces=1, act=True, n=3),
    ]
    assert [type(other.refusal) for other in others] == [Conflict] * 5


def test_a_refused_correction_uses_up_no_n(log):
    log.said("another's", client=BOB)
    assert isinstance(log.corrected("x", replaces=1, n=1).refusal, NotAllowed)
    assert isinstance(log.said("ahead", n=2).refusal, OutOfOrder)
    assert log.said("a", n=1).id == 2


def test_the_n_of_a_redacted_message_is_known_by_what_it_said(log):
    log.said("a", n=1)
    log.corrected("b", replaces=1, n=2)
    log.removed(1, n=3)
    first, second = log.said("a", n=1), log.corrected("b", replaces=1, n=2)
    assert [(one.id, one.refusal) for one in (first, second)] == [(1, None), (2, None)]
    assert isinstance(log.said("x", n=1).refusal, Conflict)
    assert isinstance(log.said("", n=1).refusal, Conflict)
