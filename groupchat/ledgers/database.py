"""
The file of the ledger on disk: locked, known to be ours, of a version that we know, whole, and
synced.

Nothing of rooms or messages is known here.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from enum import Enum, auto
from importlib import resources
from typing import Any

from groupchat.atomicfile import is_full as _is_full_disk
from groupchat.errors import CannotOpen, CannotOpenYet, CannotStart

APPLICATION = 0x67726368  #: "grch", in the header of the file
MIN_SQLITE = (
    3,
    32,
    0,
    #: the version of SQLite, of 2020, from which on a statement can have as many values as are used
    #: here
)
MAX_CHECKED_BYTES = 256 << 20  #: bytes up to which a file is looked through at the start
BUSY = 5.0  #: seconds that another program may hold a lock on a file that is to be opened
_FULL = "database or disk is full"  # SQLITE_FULL (Python 3.10 has no sqlite_errorcode)
_LOCKED = "database is locked"  # SQLITE_BUSY


class Checkpoint(Enum):
    """The outcome of an attempt to write the WAL back."""

    DONE = auto()
    HELD = auto()  #: another program reads, or writes: the rest is still in the WAL
    FULL = auto()  #: the disk is full: the rest is still in the WAL


class LedgerDatabase:
    """
    An open ledger: one connection, which writes and checkpoints, and the locks that keep other
    daemons away.

    :param path: of the file, which is created if missing. The files of the ledger are beside what a
        symbolic link leads to.
    :raises CannotStart: the file can't be opened.

    :ivar real: the file's one path, whichever way leads to it; absolute, so that SQLite takes it
        for nothing but a path.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.real = os.path.realpath(path)
        self._locks: list[int] = []
        if sqlite3.sqlite_version_info < MIN_SQLITE:
            wanted = ".".join(map(str, MIN_SQLITE))
            raise CannotStart(
                f"the ledger {path} needs SQLite {wanted} or newer, and this Python has {sqlite3.sqlite_version}."
            )
        try:
            with ExitStack() as undo:
                undo.callback(self._unlock)
                self._lock()
                self.db = sqlite3.connect(
                    self.real, isolation_level=None, check_same_thread=False, timeout=0
                )
                undo.callback(self.db.close)
                with self.patience():
                    self._prepare()
                    self._check()
                self.checkpoint("TRUNCATE")  # nothing is vouched for from the page cache alone
                undo.pop_all()
        except sqlite3.Error as error:
            raise cannot_open(path, error) from None
        except OSError as error:
            if _is_full_disk(error, path):
                raise cannot_open(path, error) from None
            raise CannotOpen(f"the ledger {path}: {error.strerror}") from None

    @contextmanager
    def patience(self) -> Iterator[None]:
        """Meanwhile a statement waits for a lock of another program, for `BUSY` seconds at most."""
        self.db.execute(f"PRAGMA busy_timeout = {round(BUSY * 1000)}")
        yield
        self.db.execute("PRAGMA busy_timeout = 0")

    def close(self) -> None:
        self.checkpoint("TRUNCATE")
        self.db.close()
        self._unlock()

    def value(self, statement: str, *values: Any) -> Any:
        """The first column of the first row, or None."""
        row = self.db.execute(statement, values).fetchone()
        return row and row[0]

    def insert(self, statement: str, *values: Any) -> int:
        """Insert a row. Returns its number."""
        number = self.db.execute(statement, values).lastrowid
        assert number is not None
        return number

    def checkpoint(self, how: str) -> Checkpoint:
        """
        Write the WAL back.

        :raises sqlite3.Error: it is unknown what of it was.
        """
        try:
            busy, frames, written = self.db.execute(f"PRAGMA wal_checkpoint({how})").fetchone()
        except sqlite3.OperationalError as error:
            if is_full(error):
                return Checkpoint.FULL
            if is_locked(error):
                return Checkpoint.HELD
            raise
        return Checkpoint.HELD if busy or frames != written else Checkpoint.DONE

    def _lock(self) -> None:
        """
        Keep other daemons away, by whichever path they come: the lock file is beside the file
        itself, and on Linux the file is locked, too, since it may have a second name (a hard link).
        Elsewhere SQLite's own locks would be in the way of that.
        """
        if (
            os.path.exists(self.real)
            and not os.path.isdir(self.real)
            and not os.path.isfile(self.real)
        ):
            raise CannotOpen(
                f"the ledger {self.path} is a device, a pipe or a socket, and has to be a file"
            )
        ledger = os.open(self.real, os.O_RDWR | os.O_CREAT, 0o600)
        self._locks.append(ledger)  # it stays open: to close it would drop SQLite's own locks
        self._locks.append(os.open(f"{self.real}-lock", os.O_RDWR | os.O_CREAT, 0o600))
        for lock in self._locks if sys.platform == "linux" else self._locks[1:]:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CannotOpenYet(
                    f"the ledger {self.path} is in use by another daemon", "Stop that one"
                ) from None

    def _unlock(self) -> None:
        while self._locks:
            os.close(self._locks.pop())

    def _prepare(self) -> None:
        application, version = (
            self.value("PRAGMA application_id"),
            self.value("PRAGMA user_version"),
        )
        empty = not self.value("SELECT count(*) FROM sqlite_master")
        schemas = _schemas()
        newest = max(schemas)
        if application != APPLICATION and not (empty and application == version == 0):
            raise CannotOpen(f"the ledger {self.path} belongs to another program")
        if version > newest:
            raise CannotOpen(
                f"the ledger {self.path} was written by a newer groupchat"
                f" (version {version}, this one knows {newest})",
                "Install that one",
            )
        self.db.execute("PRAGMA wal_autocheckpoint = 0")
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = FULL")
        self.db.execute(
            "PRAGMA temp_store = MEMORY"
        )  # there may be no other folder that can be written
        for number in range(version + 1, newest + 1):
            self.db.executescript(
                f"BEGIN IMMEDIATE; {schemas[number]}; PRAGMA application_id = {APPLICATION};"
                f" PRAGMA user_version = {number}; COMMIT"
            )

    def _check(self) -> None:
        """
        Look for damage, where the file is small enough for that to be quick (half a second for
        `CHECKED` bytes).
        """
        if self.value("PRAGMA page_count") * self.value("PRAGMA page_size") <= MAX_CHECKED_BYTES:
            found = self.value("PRAGMA quick_check(1)")
            if found != "ok":
                raise sqlite3.DatabaseError("malformed")


def is_full(error: sqlite3.Error) -> bool:
    """Whether an error says that there was no space, and so that surely nothing was stored."""
    return str(error) == _FULL


def is_locked(error: sqlite3.Error) -> bool:
    """
    Whether an error says that another program held a lock, and so that surely nothing was stored.
    """
    return str(error) == _LOCKED


def _schemas() -> dict[int, str]:
    """The schema files by their number: each leads from the version before it."""
    folder = resources.files("groupchat.ledgers") / "schema"
    return {
        int(file.name[:-4]): file.read_text()
        for file in folder.iterdir()
        if file.name.endswith(".sql")
    }


def cannot_open(path: str, error: Exception) -> CannotOpen:
    """Return an error that says what is wrong with a file, and what to do."""
    what = str(error)
    if _is_full_disk(error, path):
        return CannotOpenYet(f"the ledger {path}: the disk is full", "Make room")
    if "locked" in what:
        return CannotOpenYet(f"the ledger {path}: another program has locked it", "Stop that one")
    if "not a database" in what or "malformed" in what:
        return CannotOpen(
            f"the ledger {path}: it is damaged, or no ledger at all", "Restore a backup"
        )
    if "readonly" in what or "unable to open" in what:
        return CannotOpen(
            f"the ledger {path}: {what}", "Make sure that its folder exists and can be written"
        )
    return CannotOpen(f"the ledger {path}: {what}")
