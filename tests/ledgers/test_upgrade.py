"""
A ledger of an earlier version, taken over by the ledger on disk.
"""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from groupchat.errors import CannotOpenYet, CannotStart
from groupchat.ledgers import environment, upgrade
from groupchat.ledgers.upgrade import APPLICATION
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


def test_deleted_texts_are_not_in_the_new_file(start, path):
    assert pages_with(path, b"deleted long ago") > 90
    start().close()
    assert pages_with(path, b"deleted long ago") == 0
    assert path.stat().st_size < 200_000, "and it has no free pages"


def value(path, statement):
    db = sqlite3.connect(path)
    (found,) = db.execute(statement).fetchone()
    db.close()
    return found


def kept(path, version=OLD):
    return path.with_name(f"{path.name}.v{version}")


def test_the_ledger_stays_beside_as_it_was(start, path):
    path.chmod(0o640)
    start().close()
    assert value(kept(path), "PRAGMA user_version") == OLD
    assert value(kept(path), "SELECT group_concat(text) FROM messages").startswith("message 1,")
    assert value(kept(path), "PRAGMA integrity_check") == "ok"
    assert [file.stat().st_mode & 0o777 for file in (path, kept(path))] == [0o640, 0o640]
    names = {file.name for file in path.parent.iterdir()}
    assert names == {"chat.db", "chat.db-lock", "chat.db.v3"}


def test_a_copy_of_an_earlier_upgrade_is_replaced_and_another_file_is_not(start, path):
    shutil.copy(path, kept(path))
    start().close()
    shutil.copy(kept(path), path)
    kept(path).write_text("notes of mine")
    with pytest.raises(CannotStart, match=r"chat.db.v3, the name .* Move that file away\.$"):
        start()
    assert kept(path).read_text() == "notes of mine"
    kept(path).unlink()
    test_everything_is_as_it_was(start)


@pytest.mark.parametrize("step", ["PRAGMA journal_mode = DELETE", "VACUUM INTO", "PRAGMA quick"])
def test_an_upgrade_that_ends_half_way_starts_again(start, step):
    machine = Machine()
    machine.failing = (step, "disk I/O error")
    with pytest.raises(CannotStart):
        start(machine)
    test_everything_is_as_it_was(start)


@pytest.mark.parametrize("step", ["link", "replace"])
@pytest.mark.parametrize("killed", [True, False])
def test_an_upgrade_that_ends_before_the_new_file_takes_its_place_starts_again(
    start, path, monkeypatch, step, killed
):
    class Killed(BaseException):
        """The process ends here."""

    def fail(*paths):
        raise Killed if killed else OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(upgrade.os, step, fail)
        with pytest.raises(Killed if killed else CannotStart):
            start()
    assert value(path, "PRAGMA user_version") == OLD
    path.with_name("chat.db.upgrading").write_bytes(b"half a file")  # as kill -9 leaves it
    test_everything_is_as_it_was(start)


def test_a_schema_that_ends_half_way_starts_again(start, path):
    machine = Machine()
    last = max(machine.schemas)
    machine.schemas = {**machine.schemas, last: machine.schemas[last] + "SELECT nonsense;"}
    with pytest.raises(CannotStart):
        start(machine)
    assert value(path, "PRAGMA user_version") == OLD
    test_everything_is_as_it_was(start)


def test_an_upgrade_for_which_the_disk_has_no_room_changes_nothing(start, path):
    machine = Machine()
    machine.failing = ("VACUUM INTO", "database or disk is full")
    with pytest.raises(CannotOpenYet, match=r"the disk is full\. Make room\.$"):
        start(machine)
    assert {file.name for file in path.parent.iterdir()} == {"chat.db", "chat.db-lock"}
    test_everything_is_as_it_was(start)


def test_while_another_program_uses_the_ledger_it_is_not_upgraded(start, path):
    machine = Machine()
    machine.limits = {"open_timeout": 0.0}
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM messages").fetchone()
    with pytest.raises(CannotOpenYet, match="another program has locked it"):
        start(machine)
    reader.close()
    test_everything_is_as_it_was(start)


def test_an_older_program_refuses_it_in_one_line(start):
    start().close()
    machine = Machine()
    machine.schemas = {number: machine.schemas[number] for number in range(1, OLD + 1)}
    with pytest.raises(CannotStart, match=r"^the ledger \S+ was written by a newer groupchat"):
        start(machine)


def test_a_ledger_of_this_version_that_cannot_get_smaller_is_made_so(start, path):
    """As sqlite3's .dump and .restore leave it."""
    start().close()
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = DELETE")
    db.execute("PRAGMA auto_vacuum = NONE")
    db.execute("VACUUM")
    db.close()
    test_everything_is_as_it_was(start)
    assert value(path, "PRAGMA auto_vacuum") == upgrade.INCREMENTAL


# Ledgers as programs of each version have left them.

SHAPES = sorted((Path(__file__).parent / "shapes").glob("*.sql"))
SAID = ["hello", "good morning", "waves", "hi alice"]
CORRECTED = ["waved", "", ""]


@pytest.fixture(params=SHAPES, ids=lambda shape: shape.stem)
def shape(request, path):
    """The number of messages in the lobby of such a ledger, which replaces that of version 3."""
    path.unlink()
    with sqlite3.connect(path, isolation_level=None) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.executescript(request.param.read_text())
    db.close()
    return SAID + (CORRECTED if request.param.stem >= "5" else []) + ["third day"]


def test_there_is_a_ledger_of_each_version_before_this_one():
    versions = {int(shape.stem[0]) for shape in SHAPES}
    assert versions == set(range(1, max(environment.schemas())))


def test_a_ledger_of_each_version_is_taken_over_whole(shape, start, path):
    log = start()
    assert [message.text for message in log.page(0, 99)] == shape
    assert log.entered().topic == "tea"
    assert log.rooms() == {"dev": "cake", "lobby": "tea"}
    assert [message.text for message in log.page(0, 9, "dev")] == ["in dev"]
    assert log.said("new", n=1).id == len(shape) + 1
    assert log.said("new", n=1).id == len(shape) + 1
    log.reactor.run(60.0)
    log.close()
    assert value(path, "PRAGMA integrity_check") == "ok"
    assert b"a mistake" not in path.read_bytes()
