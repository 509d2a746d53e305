"""Corrections of messages: the text that counts, and our own messages that can be corrected."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from groupchat.client.corrections import MAX_CORRECTED, MAX_OWN, Corrections, OwnMessages
from tests.client.fakes import message


def correction(number, corrected, text="new"):
    return msgspec.structs.replace(message(number, text), replaces=corrected)


def removal(number, removed):
    return msgspec.structs.replace(message(number, ""), redacts=removed)


def corrected(*received):
    corrections = Corrections()
    for one in received:
        corrections.receive(one)
    return corrections


def test_a_message_reads_as_its_last_correction():
    corrections = corrected(correction(2, 1, "newer"), correction(3, 1, "newest"))
    assert corrections.apply(message(1, "old")).text == "newest"
    assert corrections.apply(correction(2, 1, "newer")).text == "newest"


def test_a_message_that_was_not_corrected_stays_the_same_object():
    one = message(1)
    assert corrected(correction(3, 2)).apply(one) is one


def test_a_removed_message_has_no_text_and_neither_have_its_corrections():
    corrections = corrected(correction(2, 1), removal(3, 1))
    for one in message(1), correction(2, 1):
        assert (corrections.apply(one).text, corrections.apply(one).redacted) == ("", True)


def test_a_correction_that_is_received_after_the_removal_brings_nothing_back():
    assert corrected(removal(3, 1), correction(2, 1)).apply(message(1)).redacted


def test_only_the_newest_corrected_messages_are_remembered():
    corrections = corrected(*(correction(10_000 + at, at) for at in range(1, MAX_CORRECTED + 2)))
    assert corrections.apply(message(1, "old")).text == "old"
    assert corrections.apply(message(2, "old")).text == "new"


def test_nothing_is_known_of_own_messages_at_first():
    assert OwnMessages().newest is None


@given(st.lists(st.integers(1, 20)))
def test_the_newest_own_message_is_the_one_with_the_highest_id(ids):
    own = OwnMessages()
    for message_id in ids:
        own.add(message_id)
    for message_id in sorted(set(ids), reverse=True):
        assert own.newest == message_id
        own.remove(message_id)
    assert own.newest is None


def test_no_correction_and_no_removed_message_is_corrected():
    own = OwnMessages()
    own.receive(message(1))
    own.receive(correction(2, 1))
    own.receive(msgspec.structs.replace(message(3, ""), redacted=True))
    assert own.newest == 1


def test_only_the_newest_own_messages_are_remembered():
    own = OwnMessages()
    for number in range(1, MAX_OWN + 2):
        own.add(number)
    for number in range(MAX_OWN + 1, 1, -1):
        own.remove(number)
    assert own.newest is None
