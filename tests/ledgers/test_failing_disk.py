"""The ledger on disk where the disk is full, locked by another program, or broken."""

from __future__ import annotations

import sqlite3
from types import SimpleNamespace

import pytest

from groupchat.core.entries import (
    CorrectionEntry,
    JoinEntry,
    LeaveEntry,
    MarkEntry,
    PrivacyEntry,
    TopicEntry,
)
from groupchat.wire.errors import BadField, Conflict, OutOfOrder, StorageFull
from tests.ledgers.keeping import ALICE, now, rows

FULL_DISK = "database or disk is full"


@pytest.fixture
def log(start):
    return start()


# A full disk.


@pytest.fixture
def disk(log, machine):
    """Call it with True and the disk is full; with False it is not."""
    log.said("before", n=1)
    return machine.fill_disk


def full_batch(log):
    """More than fits into the pages there are."""
    posted = [log.say("x" * 4096, n=n) for n in range(2, 12)]
    log.run()
    return posted


def test_on_a_full_disk_a_batch_is_refused_and_none_of_it_is_stored(log, disk, path):
    disk(True)
    posted = full_batch(log)
    assert {type(saying.refusal) for saying in posted} <= {StorageFull, OutOfOrder}
    assert isinstance(posted[0].refusal, StorageFull)
    assert all(saying.id is None and not saying.fresh for saying in posted)
    assert log.owner.reasons == []
    assert rows(path, "SELECT count(*) FROM messages") == [(1,)]
    assert log.page(0, 99)[-1].id == 1


def test_after_a_full_disk_what_is_wanted_is_what_was_not_stored(log, disk):
    disk(True)
    posted = full_batch(log)
    assert [saying.refusal.want for saying in posted[1:]] == [2] * 9
    assert log.entered().last_n == 1


def test_it_recovers_when_there_is_space_again(log, disk):
    disk(True)
    full_batch(log)
    disk(False)
    assert [saying.id for saying in full_batch(log)] == list(range(2, 12))


def test_while_the_disk_is_full_the_ledger_says_so(log, disk):
    assert log.ledger.trouble == ""
    disk(True)
    full_batch(log)
    assert log.ledger.trouble == "the disk is full"
    disk(False)
    full_batch(log)
    assert log.ledger.trouble == ""


@pytest.mark.parametrize("what", ["removed", "replaced"])
def test_nothing_is_acknowledged_once_the_file_has_lost_its_name(log, path, machine, what):
    log.said("before", n=1)
    path.rename(path.with_name("moved.db"))
    if what == "replaced":
        path.write_bytes(b"")
    saying = log.say("after", n=2)
    log.run()
    assert saying.id is None
    (reason,) = log.owner.reasons
    assert reason == f"the ledger {path}: it was moved or removed while the server ran"
    log.closed = True
    machine.crash()
    assert rows(path.with_name("moved.db"), "SELECT text FROM messages") == [("before",)]


def test_it_tells_how_long_a_batch_takes_to_be_stored(log):
    times = []
    log.ledger.on_commit = times.append
    log.said()
    log.said()
    assert len(times) == 2
    assert all(seconds >= 0 for seconds in times)


def test_on_a_full_disk_presence_goes_through(log, disk):
    disk(True)
    posted = [log.post(LeaveEntry("lobby", None)), *full_batch(log)]
    entering = log.entered()
    assert log.owner.drafts[1:] == [*posted, entering]
    assert (entering.head, entering.last_n) == (1, 1)


def test_on_a_full_disk_what_was_stored_before_is_known(log, disk):
    disk(True)
    again = log.say("before", n=1)
    other = log.say("other", n=1)
    full_batch(log)
    assert (again.id, again.refusal) == (1, None)
    assert isinstance(other.refusal, Conflict)


def test_on_a_full_disk_a_topic_is_refused(log, disk):
    log.topic("tea at four")
    disk(True)
    topic = log.post(TopicEntry("lobby", "bob", "none"))
    full_batch(log)
    assert isinstance(topic.refusal, StorageFull)
    assert log.entered().topic == "tea at four"


def test_on_a_full_disk_corrections_marks_and_privacy_are_refused(log, disk):
    log.fill(1, room="den")
    log.marked(1, "1", room="den")
    disk(True)
    posted = [
        log.post(entry)
        for entry in (
            CorrectionEntry(
                "lobby", "alice", "x" * 4096, now(), replaces=1, client=ALICE, within=9999
            ),
            CorrectionEntry("lobby", "alice", "", now(), redacts=1, client=ALICE, within=9999),
            MarkEntry("lobby", "1", 1),
            PrivacyEntry("den", True, "1"),
        )
    ]
    full_batch(log)
    assert [type(entry.refusal) for entry in posted] == [StorageFull] * 4
    assert not posted[2].moved and log.entered(account="1").mark == 0
    assert not log.entered(room="den").private
    assert log.page(0, 1)[0].text == "before"
    disk(False)
    assert log.removed(1).refusal is None and log.marked(1, "1").moved


def test_a_refusal_by_what_was_not_stored_after_all_does_not_hold(log, other):
    """The second attempt, once the lock is gone, judges each entry again."""
    removal = log.post(
        CorrectionEntry("lobby", "alice", "", now(), redacts=1, client=ALICE, within=60_000)
    )
    correction = log.corrected("x", replaces=1)
    assert removal.refusal is None and removal.redacted == [1]
    assert isinstance(correction.refusal, BadField)


def test_on_a_full_disk_nothing_of_a_new_room_is_left(log, disk):
    disk(True)
    saying, entering = log.say("first", room="new", n=1), log.post(JoinEntry("new", ALICE))
    full_batch(log)
    assert isinstance(saying.refusal, StorageFull)
    assert (entering.head, entering.first, entering.last_n) == (0, 1, 0)
    disk(False)
    assert log.said("first", room="new", n=1).id == 1


@pytest.mark.parametrize("step", ["BEGIN IMMEDIATE", "INSERT INTO messages", "COMMIT"])
def test_wherever_the_disk_is_full_the_batch_is_refused(start, step, machine):
    machine.limits = {"prune_interval": 0.0}
    log = start()
    log.said("before", n=1)
    machine.writing.fails = (step, FULL_DISK)
    saying = log.said("new", n=2)
    assert isinstance(saying.refusal, StorageFull)
    assert log.owner.reasons == []
    machine.writing.fails = None
    assert log.said("new", n=2).id == 2


def test_that_the_disk_is_full_is_in_the_log_when_it_begins_and_when_it_ends(
    log, disk, logged, path
):
    disk(True)
    for _ in range(3):
        full_batch(log)
    disk(False)
    for _ in range(2):
        full_batch(log)
    begins, ends = logged()
    assert begins == (
        f"The disk is full: until there is room for the ledger {path}, messages are refused."
    )
    assert ends == f"The disk has room for the ledger {path} again: messages are stored."


# Another program writes.


@pytest.fixture
def other(log, path, machine):
    """
    Another program that holds a write lock on the file; it lets go when the writer looks for the
    third time.
    """
    log.said("before", n=1)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    looks = []

    def look(seconds):
        looks.append(seconds)
        if len(looks) == 3:
            other.execute("COMMIT")

    machine.clock.sleep = look
    yield SimpleNamespace(db=other, looks=looks)
    other.close()


def test_what_is_said_while_another_program_writes_is_stored_once_that_is_done(
    log, other, path, logged
):
    said = [
        log.say("new", room="dev"),
        log.say("as 2", n=2),
        log.say("ahead", n=4),
        log.say("as 3", n=3),
    ]
    topic = log.post(TopicEntry("lobby", "bob", "tea"))
    log.run()
    assert [saying.id for saying in said] == [1, 2, None, 3]
    assert said[2].refusal.want == 3 and topic.refusal is None
    assert rows(path, "SELECT count(*) FROM messages") == [(4,)]
    (line,) = logged()
    assert line.startswith("Another program has locked the ledger ")
    assert log.owner.reasons == []


def test_a_lone_message_waits_for_the_lock_as_well(log, other):
    assert log.said("as 2", n=2).id == 2
    assert len(other.looks) == 3


def test_closing_waits_for_the_lock_as_well(log, other, again):
    saying = log.say("last", n=2)
    log = again(log)
    assert saying.id == 2 and log.page(0, 9)[-1].text == "last"


def test_a_lock_that_is_held_for_too_long_is_a_ledger_that_failed(
    log, other, path, machine, logged
):
    machine.clock.sleep = lambda seconds: machine.clock.days(0.9 * 10 / 86_400)
    saying = log.say("unknown")
    log.run()
    assert saying not in log.owner.drafts
    assert log.owner.reasons == [f"the ledger {path}: another program has kept it locked for 10 s"]
    log.closed = True
    machine.crash()


# A broken disk.


@pytest.mark.parametrize("step", ["BEGIN", "INSERT INTO messages", "COMMIT"])
def test_after_an_io_error_nothing_is_answered_and_its_owner_is_told(log, step, path, machine):
    log.said("before")
    machine.writing.fails = (step, "disk I/O error")
    unknown, later = log.say("unknown", n=1), log.say("later")
    log.run()
    assert unknown not in log.owner.drafts and later not in log.owner.drafts
    assert log.owner.reasons == [f"the ledger {path}: disk I/O error"]
    assert log.say("never") not in log.owner.drafts
    log.run()
    assert len(log.owner.batches) == 1 and len(log.owner.reasons) == 1
    log.closed = True
    machine.crash()  # it has to end now: what is closed in order would be stored


def test_where_it_can_not_be_read_its_owner_is_told(log, machine):
    log.fill(3)
    machine.reading.fails = ("SELECT", "disk I/O error")
    failures = []
    log.ledger.page("lobby", 0, 3).addErrback(failures.append)
    log.run()
    assert len(failures) == 1 and len(log.owner.reasons) == 1
