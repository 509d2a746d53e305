"""The state that survives a restart, in each ledger that stores it."""

from __future__ import annotations

import pytest

from groupchat.core.direct_rooms import direct_room
from groupchat.core.entries import InviteEntry, PrivacyEntry
from groupchat.ledgers.retention import RetentionPolicy
from groupchat.wire.errors import Conflict, NotAllowed
from tests.ledgers.keeping import ALICE, BOB


@pytest.fixture
def start(opened, make_stored, machine):
    """Starts the ledger; the one before has to be closed."""

    def start(keep="all"):
        policy = RetentionPolicy.parse(keep)
        return opened(lambda reactor: make_stored(reactor, policy, machine))

    return start


@pytest.fixture
def log(start):
    return start()


def test_messages_topics_and_counts_survive_a_restart(log, again):
    log.said("one", n=1)
    log.said("two", n=2, notice=True)
    log.topic("tea at four", sender="bob")
    log = again(log)
    entered = log.entered()
    assert (entered.head, entered.first, entered.last_n) == (2, 1, 2)
    assert (entered.topic, entered.topic_by) == ("tea at four", "bob")
    assert [(message.text, message.notice) for message in log.page(0, 2)] == [
        ("one", False),
        ("two", True),
    ]
    assert log.said("three", n=3).id == 3


def test_an_n_is_known_after_a_restart(log, again):
    log.said("one", n=1)
    log = again(log)
    assert log.said("one", n=1).id == 1
    assert isinstance(log.said("another", n=1).refusal, Conflict)
    assert log.said("ahead", n=3).refusal.want == 2


def test_corrections_and_redactions_survive_a_restart(log, again):
    log.said("a", n=1)
    log.corrected("b", replaces=1, n=2)
    log.said("c", n=3)
    log.removed(3, n=4)
    messages = log.page(0, 9)
    log = again(log)
    assert log.page(0, 9) == messages
    assert log.corrected("b", replaces=1, n=2).id == 2
    assert log.said("c", n=3).id == 3 and isinstance(log.said("", n=3).refusal, Conflict)
    assert sorted(log.removed(2).redacted) == [1, 2]


def test_authors_are_known_after_a_restart(log, again):
    log.said("a", account="1")
    log.said("b")
    log = again(log)
    assert log.corrected("x", replaces=1, account="1", client=BOB).refusal is None
    assert isinstance(log.corrected("x", replaces=1).refusal, NotAllowed)
    assert log.corrected("x", replaces=2).refusal is None


def test_marks_and_private_rooms_survive_a_restart(log, again):
    direct = direct_room("1", "2")
    for room in ("lobby", "den", direct):
        log.fill(3, room=room)
    log.marked(2, "1")
    log.marked(1, ALICE)
    log.marked(3, "2", room=direct)
    log.post(PrivacyEntry("den", True, "1", ("2", "3")))
    log.post(InviteEntry("den", "2", "1", False))
    log.run()
    log = again(log)
    assert log.entered(account="1").mark == 2 and log.entered().mark == 1
    assert log.direct_rooms("2") == {direct: (3, 3)} and log.direct_rooms("1") == {direct: (3, 0)}
    den = log.entered(room="den", account="3")
    assert (den.refusal, den.owner, den.private, den.invited) == (None, "1", True, {"3"})
    assert log.entered(room="den", account="2").refusal is not None
    assert log.rooms("3").keys() == {"lobby", "den"} and log.rooms("2").keys() == {"lobby"}


def test_each_start_is_a_new_epoch(log, again):
    epochs = {log.ledger.epoch}
    for _ in range(3):
        log = again(log)
        epochs.add(log.ledger.epoch)
    assert len(epochs) == 4


def test_a_place_in_an_older_epoch_is_known_as_far_as_that_reached(log, again):
    first = log.ledger.epoch
    log.fill(3)
    log = again(log)
    second = log.ledger.epoch
    log.fill(2)
    log = again(log)
    log.fill(4)
    known = [
        log.entered(epoch=epoch, after=after).known
        for epoch, after in ((first, 3), (first, 4), (second, 5), (second, 6))
    ]
    assert known == [True, False, True, False]
    assert log.entered(epoch=log.ledger.epoch, after=9).known


def test_an_epoch_in_which_nothing_was_said_reached_what_the_one_before_did(log, again):
    first = log.ledger.epoch
    log.fill(3)
    log = again(log)
    silent = log.ledger.epoch
    log = again(log)
    assert log.entered(epoch=first, after=3).known and log.entered(epoch=silent, after=3).known
    log.fill(1)
    assert (
        not log.entered(epoch=first, after=4).known and not log.entered(epoch=silent, after=4).known
    )


def test_what_an_epoch_reached_is_remembered_for_each_room(log, again):
    first = log.ledger.epoch
    log.fill(3)
    log.fill(1, room="dev")
    log = again(log)
    log.fill(5, room="dev")
    assert log.entered(epoch=first, after=3).known
    assert not log.entered(epoch=first, after=2, room="dev").known


def test_a_new_room_of_a_later_epoch_is_not_one_that_older_clients_knew(log, again):
    first = log.ledger.epoch
    log = again(log)
    log.fill(2, room="new")
    assert log.entered(epoch=first, after=0, room="new").known
    assert not log.entered(epoch=first, after=1, room="new").known


def test_with_another_keep_the_next_message_moves_the_first(log, again):
    log.fill(9)
    log = again(log, keep="2 messages")
    log.said()
    assert (log.entered().first, log.entered().head) == (9, 10)
