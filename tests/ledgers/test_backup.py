"""
The online backup: whole, of one moment, and never half there.
"""

from __future__ import annotations

import os
import sqlite3
import stat

import pytest

from groupchat.ledgers.backup import PAGES_PER_STEP, PARTIAL, BackupError, back_up

ROWS = 3 * PAGES_PER_STEP  #: rows of some 4 KiB: several steps


class Clock:
    """Counts how long the backup rested."""

    def __init__(self):
        self.rested = 0.0

    def monotonic(self):
        return 0.0

    def sleep(self, seconds):
        self.rested += seconds


@pytest.fixture
def source(tmp_path):
    """A database that is written to while it is copied."""
    path = tmp_path / "chat.db"
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("CREATE TABLE texts (text)")
    db.execute("BEGIN")
    db.executemany("INSERT INTO texts VALUES (?)", [("x" * 4000,)] * ROWS)
    db.execute("COMMIT")
    yield path, db
    db.close()


def never():
    return False


def rows(path):
    db = sqlite3.connect(path)
    try:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return db.execute("SELECT count(*) FROM texts").fetchone()[0]
    finally:
        db.close()


def test_the_copy_is_of_one_moment_whatever_is_written_meanwhile(source, tmp_path):
    path, db = source
    steps, clock, target = [], Clock(), tmp_path / "copy.db"

    def progress(done, total):
        steps.append((done, total))
        db.execute("INSERT INTO texts VALUES ('more')")

    size = back_up(str(path), str(target), progress, never, clock)
    assert rows(target) == ROWS, "and not those that came meanwhile"
    assert size == target.stat().st_size
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert len(steps) > 3
    assert steps == sorted(steps), "it never began again"
    assert steps[-1][0] == steps[-1][1]
    assert clock.rested > 0
    assert not os.path.exists(f"{target}{PARTIAL}")


@pytest.mark.parametrize("kind", ["file", "dangling link"])
def test_no_file_is_replaced(source, tmp_path, kind):
    target = tmp_path / "copy.db"
    if kind == "file":
        target.write_text("mine")
    else:
        target.symlink_to("nowhere")
    with pytest.raises(BackupError, match="is there already"):
        back_up(str(source[0]), str(target), lambda *_: None, never)
    assert target.is_symlink() or target.read_text() == "mine"


def test_a_file_that_appears_meanwhile_is_not_replaced_either(source, tmp_path):
    target = tmp_path / "copy.db"
    with pytest.raises(BackupError):
        back_up(str(source[0]), str(target), lambda *_: target.write_text("mine"), never)
    assert target.read_text() == "mine"


def test_of_a_backup_that_is_cancelled_nothing_is_left(source, tmp_path):
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(BackupError, match="cancelled"):
        back_up(str(source[0]), str(tmp_path / "copy.db"), lambda *_: None, lambda: True)
    assert sorted(os.listdir(tmp_path)) == before


def test_what_a_killed_server_left_of_a_copy_is_no_hindrance(source, tmp_path):
    (tmp_path / f"copy.db{PARTIAL}").write_text("half")
    back_up(str(source[0]), str(tmp_path / "copy.db"), lambda *_: None, never)
    assert rows(tmp_path / "copy.db") == ROWS


def test_a_folder_that_is_not_there_is_one_sentence(source, tmp_path):
    with pytest.raises(BackupError, match="No such file or directory"):
        back_up(str(source[0]), str(tmp_path / "no" / "copy.db"), lambda *_: None, never)


def test_a_ledger_that_is_none_is_one_sentence(tmp_path):
    (tmp_path / "chat.db").write_text("no database" * 100)
    with pytest.raises(BackupError, match="The backup failed: file is not a database"):
        back_up(str(tmp_path / "chat.db"), str(tmp_path / "copy.db"), lambda *_: None, never)
    assert os.listdir(tmp_path) == ["chat.db"]
