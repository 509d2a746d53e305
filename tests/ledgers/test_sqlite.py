"""The ledger on disk: what a restart lets go, its file, and the files that it does not open."""

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

from groupchat.core.entries import (
    MessageEntry,
)
from groupchat.errors import CannotStart
from groupchat.ledgers import database as opening
from groupchat.ledgers import wal
from groupchat.ledgers.dedupe import CLIENT_LIFETIME_MS, digest
from groupchat.ledgers.sqlite import SQLiteLedger
from groupchat.ledgers.upgrade import APPLICATION
from groupchat.wire.errors import Conflict, NotAllowed
from tests.ledgers.keeping import ALICE, BOB, Owner, now, rows

FULL_DISK = "database or disk is full"


@pytest.fixture
def log(start):
    return start()


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


# A restart.


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


@pytest.mark.parametrize("what", ["missing", "empty"])
def test_a_wal_without_its_file_is_refused_and_kept(cannot_start, start, log, path, what):
    log.said("hello")
    killed = path.with_name("killed.db")  # the files as a kill leaves them
    shutil.copy(f"{path}-wal", f"{killed}-wal")
    if what == "empty":
        killed.write_bytes(b"")
    assert "its -wal has messages. Put it back" in cannot_start(killed)
    assert killed.exists() == (what == "empty")
    shutil.copy(path, killed)
    assert [message.text for message in start(killed).page(0, 9)] == ["hello"]


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
