"""
A ledger of an earlier version, taken over by the ledger on disk.
"""

from __future__ import annotations

import sqlite3

import pytest

from groupchat.errors import CannotStart
from groupchat.ledgers import environment
from groupchat.ledgers.database import APPLICATION
from groupchat.wire.errors import Conflict
from tests.ledgers.keeping import ALICE, BOB, Log, Machine, now, on_disk

OLD = 3  #: the last version before corrections, marks, direct and private rooms


@pytest.fixture
def path(tmp_path):
    """
    A ledger of version 3 as it was left: alice and bob in two rooms, a topic, and free pages that
    still have what was deleted.
    """
    path = tmp_path / "chat.db"
    with sqlite3.connect(path, isolation_level=None) as db:
        for pragma in ("journal_mode = WAL", "synchronous = OFF", "secure_delete = OFF"):
            db.execute(f"PRAGMA {pragma}")
        for number in range(1, OLD + 1):
            db.executescript(environment.schemas()[number])
        db.execute("BEGIN")
        db.execute("INSERT INTO epochs (token) VALUES ('old-epoch')")
        for room in ("lobby", "dev"):
            db.execute("INSERT INTO rooms (name, topic) VALUES (?, 'tea')", (room,))
        for number, client in enumerate((ALICE, BOB), 1):
            db.execute(
                "INSERT INTO speakers (client, room, last, seen, id) VALUES (?, 1, 2, ?, ?)",
                (client, now(), 2 + number),
            )
        rows = [
            (1 << 40 | id, "alice" if id % 2 else "bob", f"message {id}", 2 - id % 2, (id + 1) // 2,
             max(0, id - 2))
            for id in range(1, 5)
        ]  # fmt: skip
        db.executemany(
            "INSERT INTO messages (place, at, sender, text, act, speaker, n, before)"
            f" VALUES (?, {now()}, ?, ?, 0, ?, ?, ?)",
            rows,
        )
        db.execute("INSERT INTO begun VALUES (1, 1, 0)")
        db.executemany(
            "INSERT INTO messages (place, at, sender, text, act) VALUES (?, 5, 'eve', ?, 0)",
            [(2 << 40 | id, "deleted long ago" * 200) for id in range(1, 100)],
        )
        db.execute("DELETE FROM messages WHERE place > 2 << 40")
        db.execute("UPDATE rooms SET head = 4 WHERE no = 1")
        db.execute("UPDATE rooms SET head = 99, first = 100 WHERE no = 2")
        db.execute(f"PRAGMA application_id = {APPLICATION}")
        db.execute(f"PRAGMA user_version = {OLD}")
        db.execute("COMMIT")
    db.close()
    return path


@pytest.fixture
def start(path):
    logs = []

    def start(machine=None):
        logs.append(Log(lambda reactor: on_disk(path)(reactor, None, machine or Machine())))
        return logs[-1]

    yield start
    for log in logs:
        log.close()


def test_everything_is_as_it_was(start):
    for _ in range(2):
        log = start()
        assert [message.text for message in log.page(0, 9)] == [f"message {n}" for n in range(1, 5)]
        entered = log.entered(epoch="old-epoch", after=4)
        assert (entered.head, entered.first, entered.topic, entered.last_n) == (4, 1, "tea", 2)
        assert (entered.known, entered.mark, entered.private) == (True, 0, False)
        assert log.said("message 3", n=2).id == 3
        assert isinstance(log.said("another", n=2).refusal, Conflict)
        assert log.rooms() == {"lobby": "tea"}
        log.close()


def test_its_messages_can_be_found_corrected_and_removed_by_their_clients(start):
    log = start()
    assert [message.id for message in log.search("MESSAGE", "Alice").messages] == [1, 3]
    assert log.corrected("better", replaces=1, n=3).id == 5
    assert log.corrected("x", replaces=2).refusal is not None
    assert sorted(log.removed(1, n=4).redacted) == [1, 5]
    assert log.removed(2, client=BOB).redacted == [2]
    assert log.said("message 1", n=1).id == 1


def pages_with(path, text):
    data = path.read_bytes()
    return sum(text in data[start : start + 4096] for start in range(0, len(data), 4096))


def test_deleted_texts_in_free_pages_are_overwritten(start, path):
    assert pages_with(path, b"deleted long ago") > 90
    log = start()
    log.close()
    assert pages_with(path, b"deleted long ago") <= 1, "beside messages that are kept, if at all"


@pytest.mark.parametrize("step", ["CREATE TABLE filler", "DROP TABLE filler", "PRAGMA quick_check"])
def test_a_take_over_that_ends_half_way_starts_again(start, step):
    machine = Machine()
    machine.failing = (step, "disk I/O error")
    with pytest.raises(CannotStart):
        start(machine)
    test_everything_is_as_it_was(start)


def test_a_schema_that_ends_half_way_starts_again(start, path):
    machine = Machine()
    last = max(machine.schemas)
    machine.schemas = {**machine.schemas, last: machine.schemas[last] + "SELECT nonsense;"}
    with pytest.raises(CannotStart):
        start(machine)
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (last - 1,)
    db.close()
    test_everything_is_as_it_was(start)


def test_an_older_program_refuses_it_in_one_line(start):
    start().close()
    machine = Machine()
    machine.schemas = {number: machine.schemas[number] for number in range(1, OLD + 1)}
    with pytest.raises(CannotStart, match=r"^the ledger \S+ was written by a newer groupchat"):
        start(machine)
