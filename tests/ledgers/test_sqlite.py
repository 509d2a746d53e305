"""
The ledger on disk: what survives a restart, what it does not open, and what it does when the disk
is full or broken.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import threading
from types import SimpleNamespace

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred

from groupchat.core.direct_rooms import direct_room
from groupchat.core.entries import (
    CorrectionEntry,
    InviteEntry,
    JoinEntry,
    LeaveEntry,
    MarkEntry,
    MessageEntry,
    PrivacyEntry,
    TopicEntry,
)
from groupchat.errors import CannotStart
from groupchat.ledgers import database as opening
from groupchat.ledgers import wal
from groupchat.ledgers.dedupe import CLIENT_LIFETIME_MS, digest
from groupchat.ledgers.sqlite import SQLiteLedger
from groupchat.ledgers.upgrade import APPLICATION
from groupchat.wire.errors import BadField, Conflict, NotAllowed, OutOfOrder, StorageFull
from tests.ledgers.keeping import ALICE, BOB, Owner, now

FULL_DISK = "database or disk is full"


@pytest.fixture
def log(start):
    return start()


@pytest.fixture
def again(start):
    """Restarts a ledger."""

    def again(log, **options):
        log.close()
        return start(**options)

    return again


@pytest.fixture
def cannot_start(start):
    """The one line with which a start fails."""

    def cannot_start(*arguments):
        with pytest.raises(CannotStart) as caught:
            start(*arguments)
        line = str(caught.value)
        assert line.startswith("the ledger ") and line.endswith(".") and line.isprintable()
        return line

    return cannot_start


def rows(path, statement):
    with sqlite3.connect(path) as db:
        found = db.execute(statement).fetchall()
    db.close()
    return found


# A restart.


def test_messages_topics_and_counts_survive_a_restart(log, again):
    log.said("one", n=1)
    log.said("two", n=2, act=True)
    log.topic("tea at four", sender="bob")
    log = again(log)
    entered = log.entered()
    assert (entered.head, entered.first, entered.last_n) == (2, 1, 2)
    assert (entered.topic, entered.topic_by) == ("tea at four", "bob")
    assert [(message.text, message.act) for message in log.page(0, 2)] == [
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


def test_a_guest_unseen_for_30_days_is_forgotten_and_an_account_is_not(start, machine, path):
    log = start()
    log.said("a")
    log.said("b", account="1", client=BOB)
    log.marked(1, ALICE)
    log.marked(1, "1")
    log.said("c", client=b"carol" * 3)
    machine.clock.days(20)
    log.said("d", client=b"carol" * 3, at=machine.clock.now())
    machine.clock.days(15)
    log.said("e", client=b"dave" * 4, at=machine.clock.now())
    assert log.entered().mark == 0 and log.entered(account="1").mark == 1
    assert isinstance(log.corrected("x", replaces=1, within=1 << 50).refusal, NotAllowed)
    assert log.corrected("x", replaces=2, account="1", within=1 << 50).refusal is None
    known = log.corrected("x", replaces=3, client=b"carol" * 3, within=1 << 50)
    assert known.refusal is None, "it was seen 15 days ago"
    assert rows(path, "SELECT count(*) FROM identities WHERE no = 1") == [(0,)]


def test_pruning_forgets_which_messages_were_replacements(log, again, machine, path):
    machine.limits = {"prune_interval": 0.0}
    log.said("a", n=1)
    log.corrected("b", replaces=1, n=2)
    log = again(log, keep="1 messages")
    log.said("c", n=3)
    log.said("d", n=4)
    assert rows(path, "SELECT count(*) FROM replacements") == [(0,)]
    assert log.corrected("b", replaces=1, n=2).id == 2
    assert isinstance(log.corrected("x", replaces=1, n=2).refusal, Conflict)


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


def test_a_restored_backup_is_no_place_that_clients_knew(log, again, path, tmp_path):
    log.fill(3)
    log.close()
    shutil.copy(path, tmp_path / "backup")
    log = again(log)
    lost = log.ledger.epoch
    log.fill(2)
    log.close()
    shutil.copy(tmp_path / "backup", path)
    log = again(log)
    log.fill(9)
    assert not log.entered(epoch=lost, after=5).known
    assert not log.entered(epoch=lost, after=1).known


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


def test_a_client_unseen_for_30_days_is_forgotten(log, again, path):
    log.said("one", n=1, at=now() - CLIENT_LIFETIME_MS - 1000)
    log.said("one", n=1, client=BOB)
    log = again(log)
    log.said("new")
    assert (log.entered(ALICE).last_n, log.entered(BOB).last_n) == (0, 1)
    assert rows(path, "SELECT count(*) FROM clients") == [(1,)]


def test_what_is_no_longer_kept_is_deleted_bit_by_bit(log, again, path, machine):
    log.fill(10)
    machine.limits = {"pruning_seconds": 0.0, "pruned_messages": 4, "prune_interval": 0.0}
    log = again(log, keep="1 messages")
    left = []
    for _ in range(5):
        log.said()
        left.append(rows(path, "SELECT count(*) FROM messages")[0][0])
    assert left == [11, 8, 5, 2, 2]
    assert log.page(0, 99)[0].id == 15


# A clock that is wrong.

DAY = 86_400_000


def kept(path):
    """The ids of the messages that are kept."""
    return [
        id
        for (id,) in rows(
            path,
            "SELECT key & 1099511627775 FROM messages, rooms WHERE key & 1099511627775 >= first",
        )
    ]


def aged(log, start, path, *ages, keep="90d"):
    """A ledger in which messages were said so many days ago, as it was left, started again."""
    log.fill(len(ages))
    log.close()
    with sqlite3.connect(path) as db:
        for id, days in enumerate(ages, 1):
            db.execute(
                "UPDATE messages SET at = ? WHERE key = ?",
                (now() - round(days * DAY), 1 << 40 | id),
            )
    db.close()
    return start(keep=keep)


YEARS_56 = 56 * 365.25


@pytest.mark.parametrize(
    ("ages", "first"),
    [
        ([120, 100, 95, *[YEARS_56] * 10, 60, 30, 1], 4),  # 1970, in the middle
        ([120, 100, 95, *[400] * 10, 60, 30, 1], 4),
        ([*[YEARS_56] * 5, 60, 30, 1], 1),  # and at the first start of all
        ([*[YEARS_56] * 5, 100, 60, 1], 7),
        ([120, *[-1200] * 3, 100, 60, 1], 6),  # 2030, and after it the right time again
        ([*[-1200] * 3, 100, 60, 1], 5),
        ([120, 100, 60, *[-1200] * 3], 1),  # the clock may be wrong now
        ([120, 100, *[-1200] * 3, 1], 3),
    ],
)
def test_what_a_wrong_clock_stamped_is_as_old_as_what_is_around_it(
    log, start, path, logged, ages, first
):
    log = aged(log, start, path, *ages)
    log.said()
    assert kept(path)[0] == log.entered().first == first
    gone = [line for line in logged() if "were deleted" in line]
    assert gone == [
        f"Messages older than 90 days were deleted, {first - 1} in all: {first - 1} in lobby."
    ] * (first > 1)
    log.said()
    assert log.entered().first == first


def test_one_start_in_another_year_lets_nothing_go_and_200_days_later_it_does(
    log, again, path, machine, logged
):
    log.fill(3)
    machine.clock.set_clock(1200)
    for _ in range(2):
        log = again(log, keep="90d")
        log.said("said in 2030", at=machine.clock.now())
    assert "until the server has run for a day" in logged()[0]
    machine.clock.set_clock(0)
    log = again(log, keep="90d")
    log.said(at=machine.clock.now())
    machine.clock.days(30)
    log.said(at=machine.clock.now())
    assert kept(path)[0] == 1
    assert len(set(rows(path, "SELECT at FROM messages WHERE key & 1023 > 5"))) == 1, (
        "it has that time until 2030"
    )
    machine.clock.days(75)
    log.said(at=machine.clock.now())
    assert log.entered().first == 7
    machine.clock.days(200)
    log = again(log, keep="90d")
    log.said(at=machine.clock.now())
    assert log.entered().first == 7, "the clock may be wrong"
    machine.clock.days(1.1)
    log.said(at=machine.clock.now())
    assert log.entered().first == 9


def test_a_clock_that_shows_1970_at_first_lets_nothing_go_when_it_is_right(
    start, again, path, machine
):
    machine.clock.set_clock(-56 * 365.25)
    log = start(keep="90d")
    log.said(at=machine.clock.now())
    machine.clock.set_clock(0)
    log.said(at=machine.clock.now())
    for _ in range(3):
        machine.clock.days(1)
        log.said(at=machine.clock.now())
    log = again(log, keep="90d")
    log.said(at=machine.clock.now())
    assert kept(path)[0] == 1


def test_a_clock_that_jumps_forgets_no_client(log, again, path, machine):
    log.said("one", n=1)
    log.said("other", client=BOB, n=1)
    for days in (100, -20_000, 0):
        machine.clock.set_clock(days)
        log = again(log)
        log.said("two", client=BOB, n=log.entered(BOB).last_n + 1, at=machine.clock.now())
    assert log.entered(ALICE).last_n == 1
    machine.clock.days(40)
    for _ in range(2):
        log.said("three", client=BOB, n=log.entered(BOB).last_n + 1, at=machine.clock.now())
        machine.clock.days(1.1)
    assert log.entered(ALICE).last_n == 0


def test_many_rooms_and_many_messages_are_let_go_in_turn(log, start, path, machine):
    machine.limits = {"pruned_rooms": 3, "aged_messages": 4}
    rooms = [f"room{number}" for number in range(7)]
    for room in rooms:
        log.fill(20, room=room)
    machine.clock.days(91)
    log.close()
    log = start(keep="90d")
    for _ in range(40):
        log.said(at=machine.clock.now())
        machine.clock.days(0.1)
    assert {log.entered(room=room).first for room in rooms} == {21}


# The file.


def test_a_commit_is_synced(log, path, machine):
    assert machine.writing.execute("PRAGMA synchronous").fetchone() == (2,)
    assert machine.writing.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert rows(path, "PRAGMA application_id") == [(APPLICATION,)]


def test_what_was_handed_back_is_committed(log, path, machine):
    log.said("hello", n=1)
    assert rows(path, "SELECT text FROM messages") == [("hello",)]
    assert not machine.writing.in_transaction


def test_what_a_message_does_not_have_is_null(log, path):
    log.said("hello")
    log.said("waves", act=True, n=1)
    found = rows(path, "SELECT act, client, n, previous, received FROM messages ORDER BY key")
    assert found == [(0, None, None, None, None), (1, 1, 1, 0, None)]


def test_nothing_in_the_wal_is_left_by_a_close(log, path):
    log.fill(3)
    log.close()
    assert sorted(os.listdir(path.parent)) == ["chat.db", "chat.db-lock"]


def test_the_wal_is_written_back_as_it_grows(start, machine, path):
    machine.limits = {"checkpoint_bytes": 10_000}
    log = start()
    log.said("x" * 4096)
    assert b"x" * 1000 not in path.read_bytes()
    log.said("y" * 4096)
    assert b"x" * 1000 in path.read_bytes()


@pytest.fixture
def small_wal(machine):
    """The WAL is written back after 100 kB."""
    machine.limits = {"checkpoint_bytes": 100_000}


@pytest.fixture
def pinned(small_wal, log, path):
    """
    The bytes of the WAL, which has grown while another program reads; `pinned.reader` is that
    program.
    """
    reader = sqlite3.connect(path, isolation_level=None)
    log.said("before")
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM messages").fetchone()
    yield SimpleNamespace(reader=reader, size=lambda: os.path.getsize(f"{path}-wal"))
    reader.close()


def test_a_wal_that_a_reader_holds_is_cut_once_the_reader_is_gone(pinned, log, logged):
    for _ in range(3):
        log.fill(200)
        log.say("x" * 100_000)
        log.reactor.run(wal.RETRY_SECONDS)
    grown = pinned.size()
    assert grown > 300_000
    pinned.reader.execute("COMMIT")
    log.reactor.run(wal.RETRY_SECONDS)
    assert pinned.size() == 0, "nothing had to be said for that"
    log.fill(200)
    assert pinned.size() < grown / 3


def test_the_log_says_once_that_a_reader_holds_the_wal_and_once_that_none_does(
    pinned, log, logged, machine
):
    now = [0.0]
    machine.clock.monotonic = lambda: now[0]
    for _ in range(4):
        log.said("x" * 100_000)
        log.reactor.run(wal.RETRY_SECONDS)
        now[0] += wal.RETRY_SECONDS
    (line,) = logged()
    assert line.startswith("Another program keeps reading the ledger ")
    pinned.reader.execute("COMMIT")
    log.reactor.run(3 * wal.RETRY_SECONDS)
    assert len(logged()) == 2 and logged()[1].endswith("its -wal is small again.")


def test_a_wal_that_is_held_for_a_moment_is_nothing_to_tell(pinned, log, logged):
    log.said("x" * 100_000)
    pinned.reader.execute("COMMIT")
    log.said("x" * 100_000)
    log.reactor.run(3 * wal.RETRY_SECONDS)
    assert logged() == [] and pinned.size() == 0


def test_only_its_owner_may_read_the_file(log, path):
    log.fill(1)
    for file in path.parent.iterdir():
        assert file.stat().st_mode & 0o077 == 0, file


def test_what_was_said_is_known_also_where_it_is_no_longer_kept(log, again, path, machine):
    machine.limits = {"prune_interval": 0.0, "pruning_seconds": 0.0, "pruned_messages": 2000}
    for n in range(1, 1006):
        log.say(f"as {n}", n=n)
    log.run()
    log = again(log, keep="1 messages")
    log.said("as 1006", n=1006)
    log.said("new", client=BOB, n=1)
    assert rows(path, "SELECT count(*) FROM messages") == [(2,)]
    for n in (7, 500, 1005, 1006):
        assert log.said(f"as {n}", n=n).id == n
        assert isinstance(log.said("as something else", n=n).refusal, Conflict)
    assert log.said("as 6", n=6).id is None
    assert rows(path, "SELECT min(n), count(*) FROM digests") == [(7, 1000)]
    assert log.said("as 1007", n=1007).id == 1008


def test_what_was_said_is_known_also_if_it_was_stored_in_the_first_shape(start, machine, path):
    schemas = machine.schemas
    with sqlite3.connect(path) as db:
        db.executescript(schemas[1])
        db.execute("INSERT INTO rooms (name, head) VALUES ('lobby', 3)")
        db.executemany(
            "INSERT INTO messages VALUES (?, 5, 'alice', ?, 0)",
            [(1 << 40 | n, f"as {n}") for n in (1, 2, 3)],
        )
        db.execute(
            "INSERT INTO speakers (client, room, last, seen) VALUES (?, 1, 3, ?)", (ALICE, now())
        )
        db.executemany(
            "INSERT INTO said VALUES (?, ?, ?, ?)",
            [(1000 + n, n, n, digest(f"as {n}", False)) for n in (1, 2, 3)],
        )
        db.execute(f"PRAGMA application_id = {APPLICATION}")
        db.execute("PRAGMA user_version = 1")
    db.close()
    log = start()
    assert [message.text for message in log.page(0, 9)] == ["as 1", "as 2", "as 3"]
    assert log.said("as 4", n=4).id == 4
    for n in (1, 3, 4):
        assert log.said(f"as {n}", n=n).id == n
        assert isinstance(log.said("as something else", n=n).refusal, Conflict)
    assert log.entered().last_n == 4


def test_clients_that_are_not_in_the_cache_are_looked_up(start, machine):
    machine.limits = {"cached_clients": 1}
    log = start()
    for n in (1, 2, 3):
        sayings = [
            log.say(f"as {n}", n=n, client=client)
            for client in (ALICE, BOB, b"carol" * 3, ALICE, BOB)
        ]
        log.run()
        assert [saying.fresh for saying in sayings] == [True, True, True, False, False]


def test_batches_of_every_size_are_stored(log):
    sizes = (1, 2, 8, 9, 129, 256, 257, 512, 513, 1100)
    for size in sizes:
        log.fill(size)
    assert log.entered().head == sum(sizes)
    assert log.page(sum(sizes) - 1, sum(sizes))[0].text == "1100"
    assert [message.text for message in log.page(sum(sizes) - 1100 - 2, sum(sizes) - 1100)] == [
        "512",
        "513",
    ]


def test_schema_files_apply_in_order(start, again, machine, path):
    log = start()
    log.fill(2)
    schemas = machine.schemas
    newer = {
        **schemas,
        len(schemas) + 1: "ALTER TABLE rooms ADD COLUMN a INTEGER DEFAULT 1",
        len(schemas) + 2: "UPDATE rooms SET a = a + 1",
    }
    machine.schemas = dict(reversed(newer.items()))
    log = again(log)
    assert log.entered().head == 2
    assert rows(path, "SELECT a FROM rooms") == [(2,)]
    assert rows(path, "PRAGMA user_version") == [(len(newer),)]


def test_a_schema_file_that_fails_changes_nothing(start, log, machine):
    log.fill(2)
    log.close()
    schemas = machine.schemas
    machine.schemas = {**schemas, len(schemas) + 1: "DELETE FROM rooms; SELECT nonsense"}
    with pytest.raises(CannotStart):
        start()
    machine.schemas = schemas
    assert start().entered().head == 2


def test_a_start_waits_for_another_program_that_writes(start, again, path):
    log = start()
    log.close()
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    ends = threading.Timer(0.1, other.execute, ["COMMIT"])
    ends.start()
    assert start().said().id == 1
    ends.join()
    other.close()


# Files that can't be opened.


def test_two_paths_to_one_file_are_one_ledger(cannot_start, log, path, tmp_path):
    log.fill(1)
    (tmp_path / "symlink.db").symlink_to(path)
    (tmp_path / "folder").symlink_to(tmp_path)
    os.link(path, tmp_path / "link.db")
    for other in ("symlink.db", "folder/chat.db", *["link.db"] * (sys.platform == "linux")):
        assert "in use by another daemon" in cannot_start(tmp_path / other)
    assert log.said().id == 2


def test_a_ledger_can_be_a_symbolic_link(start, tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "chat.db").symlink_to(tmp_path / "disk" / "real.db")
    log = start()
    log.said("hello")
    assert {file.name for file in (tmp_path / "disk").iterdir()} == {
        "real.db",
        "real.db-wal",
        "real.db-shm",
        "real.db-lock",
    }
    assert log.page(0, 9)[0].text == "hello"


@pytest.mark.parametrize("name", [":memory:", "file:x", "file:x?mode=memory", "x%20y?#", "-x"])
def test_a_path_is_nothing_but_a_path(start, again, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    log = start(name)
    log.said("hello")
    assert log.page(0, 9)[0].text == "hello"
    log.close()
    assert (tmp_path / name).stat().st_size > 0
    assert start(name).entered().head == 1


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_is_no_file_is_refused(cannot_start, tmp_path, kind):
    if kind == "pipe":
        os.mkfifo(tmp_path / "pipe")
    assert "is a device, a pipe or a socket" in cannot_start(
        "/dev/null" if kind == "device" else tmp_path / "pipe"
    )


def test_a_file_of_a_newer_version_is_refused(cannot_start, log, path):
    log.close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    assert "newer groupchat (version 99, this one knows 6)" in cannot_start()


def test_an_sqlite_that_is_too_old_is_named(cannot_start, monkeypatch):
    monkeypatch.setattr(opening, "MIN_SQLITE", (99, 1))
    assert cannot_start().endswith(
        f"needs SQLite 99.1 or newer, and this Python has {sqlite3.sqlite_version}."
    )


def test_a_file_of_another_program_is_refused_and_left_as_it_is(cannot_start, path):
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE theirs (x)")
    db.close()
    before = path.read_bytes()
    assert "belongs to another program" in cannot_start()
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "content", [b"no database at all" * 99, b"SQLite format 3\0" + b"\xff" * 4000]
)
def test_a_damaged_file_is_refused(cannot_start, path, content):
    path.write_bytes(content)
    assert "damaged" in cannot_start() or "belongs to another program" in cannot_start()


def test_a_damaged_page_is_refused_or_ends_it_but_is_never_shown(start, cannot_start, log, path):
    log.fill(500)
    log.close()
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    assert "damaged" in cannot_start()


def test_an_empty_file_is_a_new_ledger(start, path):
    path.touch()
    assert start().said().id == 1


def test_a_file_in_a_folder_that_is_not_there_is_refused(cannot_start, tmp_path):
    assert "No such file or directory" in cannot_start(tmp_path / "none" / "chat.db")


def test_a_folder_is_refused(cannot_start, tmp_path):
    assert "Is a directory" in cannot_start(tmp_path)


def test_a_file_that_can_not_be_written_is_refused(cannot_start, path, monkeypatch):
    """Root may write everything, so the open fails by itself here."""
    real = os.open

    def refuse(file, flags, *mode):
        if flags & os.O_RDWR:
            raise PermissionError(13, "Permission denied")
        return real(file, flags, *mode)

    monkeypatch.setattr(os, "open", refuse)
    assert "Permission denied" in cannot_start()


def test_a_file_that_another_daemon_uses_is_refused(cannot_start, log):
    log.fill(1)
    assert "in use by another daemon" in cannot_start()
    assert log.said().id == 2


def test_a_file_that_another_program_has_locked_is_refused(cannot_start, log, path, machine):
    log.close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    machine.limits = {"open_timeout": 0.1}
    assert "locked" in cannot_start()
    other.close()


def test_a_refused_start_leaves_nothing_open(cannot_start, start, path):
    path.write_bytes(b"no database at all" * 99)
    cannot_start()
    path.unlink()
    assert start().said().id == 1


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


# Its threads.


class Answering(Owner):
    """An owner that waits."""

    def __init__(self):
        super().__init__()
        self.answered = Deferred()

    def appended(self, batch):
        super().appended(batch)
        self.answered.callback(batch)

    def failed(self, reason):
        self.answered.errback(AssertionError(reason))


@pytest_twisted.ensureDeferred
async def test_in_its_threads_it_answers_in_the_reactor(path):
    from twisted.internet import reactor

    ledger, owner = SQLiteLedger(reactor, str(path)), Answering()
    ledger.open(owner)
    posted = [
        MessageEntry("lobby", "alice", str(n), now(), client=ALICE, n=n) for n in range(1, 101)
    ]
    for saying in posted:
        ledger.post(saying)
    assert await owner.answered == posted
    assert [message.id for message in await ledger.page("lobby", 0, 100)] == list(range(1, 101))
    assert await ledger.rooms() == {"lobby": ""}
    await ledger.close()
