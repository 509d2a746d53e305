"""
The ledger on disk: the space of messages that are no longer kept goes back to the file system, bit
by bit, while others are stored.
"""

from __future__ import annotations

import sqlite3

import pytest

from groupchat.ledgers import upkeep, vacuum
from groupchat.ledgers.wal import RETRY_SECONDS

TEXT = "x" * 2000


@pytest.fixture
def fill(path):
    """Fills the lobby of a ledger."""

    def fill(log, count):
        for number in range(count):
            log.say(f"{number} {TEXT}")
        log.run()

    return fill


def value(path, statement):
    db = sqlite3.connect(path)
    (found,) = db.execute(statement).fetchone()
    db.close()
    return found


def free(path):
    return value(path, "PRAGMA freelist_count")


def expire(log, machine):
    """Let messages be said until the ledger has found what has expired."""
    log.said("the first")
    machine.clock.days(0.01)
    log.said("the last")


def test_a_file_gets_smaller_when_messages_expire(start, fill, path, machine):
    log = start()
    fill(log, 1500)
    log.close()
    before = path.stat().st_size
    log = start(keep="10 messages")
    expire(log, machine)
    log.reactor.run(60.0)
    assert value(path, "SELECT count(*) FROM messages") <= 11
    machine.writing.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert path.stat().st_size < before / 3
    assert free(path) < vacuum.MIN_FREE, "some are kept for what comes next"
    assert [message.text for message in log.page(0, 9999)][-1] == "the last"
    assert value(path, "PRAGMA integrity_check") == "ok"


def test_it_needs_no_new_messages_to_go_on(start, fill, path, machine):
    log = start()
    fill(log, 1500)
    log.close()
    log = start(keep="10 messages")
    expire(log, machine)
    log.reactor.run(5.0)
    assert value(path, "SELECT count(*) FROM messages") <= 11


def test_few_messages_are_deleted_at_once(start, fill, path, machine):
    log = start()
    fill(log, 50)
    log.close()
    machine.limits = {"pruning_seconds": 0.0, "pruned_messages": 5}
    log = start(keep="1 messages")
    expire(log, machine)
    left = []
    for _ in range(12):
        left.append(value(path, "SELECT count(*) FROM messages"))
        log.reactor.run(upkeep.PORTION_SECONDS)
    assert left == [47, 42, 37, 32, 27, 22, 17, 12, 7, 2, 2, 1]


def test_rooms_are_pruned_however_many_they_are(start, path, machine):
    log = start()
    for room in range(7):
        log.fill(6, room=f"room{room}")
    log.close()
    machine.limits = {"pruning_seconds": 0.0, "pruned_messages": 4, "pruned_rooms": 2}
    log = start(keep="1 messages")
    for room in range(7):
        log.said(room=f"room{room}")
    expire(log, machine)
    log.reactor.run(10.0)
    assert value(path, "SELECT count(*) FROM messages") == 8


def compacted(log, report=lambda left: True):
    """Compact a ledger. Returns the numbers of pages that were reported as left."""
    lefts, ends = [], []
    log.ledger.compact(lambda left: lefts.append(left) or report(left)).addCallback(ends.append)
    log.reactor.run(60.0)
    assert ends == [None]
    return lefts


def test_to_compact_gives_all_free_pages_back(start, fill, path, machine):
    machine.limits = {"vacuumed_pages": 16}
    log = start()
    fill(log, 200)
    machine.writing.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = path.stat().st_size
    machine.writing.execute("DELETE FROM messages WHERE key & 1023 < 100")
    assert 0 < free(path) < vacuum.MIN_FREE
    lefts = compacted(log)
    assert lefts == sorted(lefts, reverse=True) and lefts[0] > 0 == lefts[-1]
    assert free(path) == 0 and path.stat().st_size < before
    assert path.with_name("chat.db-wal").stat().st_size == 0
    assert compacted(log) == [0]


def test_messages_are_stored_meanwhile(start, fill, path, machine):
    machine.limits = {"vacuumed_pages": 16}
    log = start()
    fill(log, 400)
    machine.writing.execute("DELETE FROM messages WHERE key & 1023 < 300")
    said = []
    compacted(log, lambda left: said.append(log.say("meanwhile")) or True)
    assert len(said) > 3 and [entry.id for entry in said] == [*range(401, 401 + len(said))]
    assert value(path, "PRAGMA integrity_check") == "ok"


def test_to_compact_ends_when_nobody_wants_it_any_more(start, fill, path, machine):
    log = start()
    fill(log, 400)
    machine.writing.execute("DELETE FROM messages WHERE key & 1023 < 300")
    (left,) = compacted(log, lambda left: False)
    log.reactor.run(60.0)
    assert free(path) == left > 0


@pytest.mark.parametrize("error", ["database or disk is full", "database is locked"])
def test_without_room_or_while_another_program_writes_it_waits(start, fill, path, machine, error):
    log = start()
    fill(log, 60)
    log.close()
    machine.limits = {"pruning_seconds": 0.0, "pruned_messages": 5}
    log = start(keep="1 messages")
    expire(log, machine)
    machine.writing.fails = ("BEGIN IMMEDIATE", error)
    log.reactor.run(5 * RETRY_SECONDS)
    assert value(path, "SELECT count(*) FROM messages") == 57
    machine.writing.fails = None
    log.reactor.run(5 * RETRY_SECONDS)
    assert value(path, "SELECT count(*) FROM messages") == 1
    assert log.owner.reasons == []


def test_a_broken_disk_ends_it(start, fill, machine):
    log = start()
    fill(log, 60)
    log.close()
    machine.limits = {"pruning_seconds": 0.0, "pruned_messages": 5}
    log = start(keep="1 messages")
    expire(log, machine)
    machine.writing.fails = ("BEGIN IMMEDIATE", "disk I/O error")
    log.reactor.run(5.0)
    assert log.owner.reasons == [f"the ledger {log.ledger._path}: disk I/O error"]


def test_removed_texts_are_not_carried_along(start, fill, path, machine):
    """A page that is moved has what was left in it: such texts are erased first, or after."""
    log = start()
    fill(log, 300)
    log.said("s3cr3t words")
    machine.writing.execute("DELETE FROM messages WHERE key & 1023 < 200")
    log.removed(301)
    compacted(log)
    log.reactor.run(60.0)
    assert b"s3cr3t" not in path.read_bytes()
