"""
The file of the ledger on disk: locked, known to be ours, of a version that we know, whole, and synced.

Nothing of rooms or messages is known here.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from contextlib import ExitStack
from importlib import resources
from typing import Any

from groupchat.errors import CannotStart

APPLICATION = 0x67726368  #: "grch", in the header of the file
OLDEST = (3, 32, 0)  #: the version of SQLite, of 2020, from which on a statement can have as many values as are used here
CHECKED = 256 << 20  #: bytes up to which a file is looked through at the start
_FULL = "database or disk is full"  # SQLITE_FULL (Python 3.10 has no sqlite_errorcode)


class LedgerFile:
    """
    An open ledger: one connection, which writes and checkpoints, and the lock that keeps others away.

    :param path: of the file; what is not there is made.
    :raises CannotStart: it can't be opened.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        if sqlite3.sqlite_version_info < OLDEST:
            wanted = ".".join(map(str, OLDEST))
            raise CannotStart(f"the ledger {path} needs SQLite {wanted} or newer, and this Python has {sqlite3.sqlite_version}.")
        try:
            with ExitStack() as undo:
                self._lock = self._take_lock()
                undo.callback(os.close, self._lock)
                self.db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0)
                undo.callback(self.db.close)
                self._prepare()
                self._check()
                self.checkpoint("TRUNCATE")  # nothing is vouched for from the page cache alone
                undo.pop_all()
        except sqlite3.Error as error:
            raise cannot_open(path, error) from None
        except OSError as error:
            raise CannotStart(f"the ledger {path}: {error.strerror}. Choose another by --ledger.") from None

    def close(self) -> None:
        self.checkpoint("TRUNCATE")
        self.db.close()
        os.close(self._lock)

    def value(self, statement: str, *values: Any) -> Any:
        """The first column of the first row, or None."""
        row = self.db.execute(statement, values).fetchone()
        return row and row[0]

    def insert(self, statement: str, *values: Any) -> int:
        """Insert a row. Returns its number."""
        number = self.db.execute(statement, values).lastrowid
        assert number is not None
        return number

    def checkpoint(self, how: str) -> None:
        """Write the WAL back. A full disk may be in the way (the WAL still has everything); any other error is raised."""
        try:
            self.db.execute(f"PRAGMA wal_checkpoint({how})").fetchall()
        except sqlite3.OperationalError as error:
            if not is_full(error):
                raise

    def _take_lock(self) -> int:
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        lock = os.open(f"{self.path}-lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise CannotStart(
                f"the ledger {self.path} is in use by another daemon. Stop that one, or choose another by --ledger."
            ) from None
        return lock

    def _prepare(self) -> None:
        application, version = self.value("PRAGMA application_id"), self.value("PRAGMA user_version")
        empty = not self.value("SELECT count(*) FROM sqlite_master")
        schemas = _schemas()
        newest = max(schemas)
        if application != APPLICATION and not (empty and application == version == 0):
            raise CannotStart(f"the ledger {self.path} belongs to another program. Choose another by --ledger.")
        if version > newest:
            raise CannotStart(
                f"the ledger {self.path} was written by a newer groupchat (version {version}, this one knows {newest})."
                " Install that one, or choose another by --ledger."
            )
        self.db.execute("PRAGMA wal_autocheckpoint = 0")
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = FULL")
        self.db.execute("PRAGMA temp_store = MEMORY")  # there may be no other folder that can be written
        for number in range(version + 1, newest + 1):
            self.db.executescript(
                f"BEGIN IMMEDIATE; {schemas[number]}; PRAGMA application_id = {APPLICATION};"
                f" PRAGMA user_version = {number}; COMMIT"
            )

    def _check(self) -> None:
        """Look for damage, where the file is small enough for that to be quick (half a second for `CHECKED` bytes)."""
        if self.value("PRAGMA page_count") * self.value("PRAGMA page_size") <= CHECKED:
            found = self.value("PRAGMA quick_check(1)")
            if found != "ok":
                raise sqlite3.DatabaseError("malformed")


def is_full(error: sqlite3.Error) -> bool:
    """Whether an error says that there was no space, and so that surely nothing was stored."""
    return str(error) == _FULL


def _schemas() -> dict[int, str]:
    """The schema files by their number: each leads from the version before it."""
    folder = resources.files("groupchat.ledgers") / "schema"
    return {int(file.name[:-4]): file.read_text() for file in folder.iterdir() if file.name.endswith(".sql")}


def cannot_open(path: str, error: sqlite3.Error) -> CannotStart:
    """What is wrong with a file, and what to do."""
    return CannotStart(f"the ledger {path}: {_advice(str(error))}")


def _advice(what: str) -> str:
    if "not a database" in what or "malformed" in what:
        return "it is damaged, or no ledger at all. Restore a backup, or choose another by --ledger."
    if "locked" in what:
        return "another program has locked it. Stop that one, or choose another by --ledger."
    if "readonly" in what or "unable to open" in what:
        return f"{what}. See to it that its folder is there and can be written."
    if what == _FULL:
        return "the disk is full. Make room, or choose another by --ledger."
    return f"{what}."
