"""
The file of the ledger on disk: locked, known to be ours, of a version that we know, whole, and
synced.

Nothing of rooms or messages is known here.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from enum import Enum, auto
from typing import Any

from groupchat.atomicfile import is_full as is_full_disk
from groupchat.errors import CannotOpen, CannotOpenYet, CannotStart
from groupchat.ledgers.environment import Environment
from groupchat.ledgers.locks import Locks
from groupchat.ledgers.upgrade import APPLICATION, INCREMENTAL, Upgrade, add_tables

__all__ = [
    "MIN_SQLITE",
    "Checkpoint",
    "LedgerDatabase",
    "cannot_open",
    "is_full",
    "is_locked",
]

#: the version of SQLite, of 2020, from which on a statement can have as many values as here
MIN_SQLITE = (3, 32, 0)
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
    :ivar db: the connection.
    :ivar page_size: bytes of a page of the file.
    """

    def __init__(self, path: str, environment: Environment) -> None:
        self.path = path
        self.real = os.path.realpath(path)
        self._limits = environment.limits
        self._locks = Locks(path, self.real)
        if sqlite3.sqlite_version_info < MIN_SQLITE:
            wanted = ".".join(map(str, MIN_SQLITE))
            raise CannotStart(
                f"the ledger {path} needs SQLite {wanted} or newer,"
                f" and this Python has {sqlite3.sqlite_version}."
            )
        try:
            with ExitStack() as undo:
                undo.callback(self._locks.release)
                self._locks.acquire()
                self._connect(environment)
                undo.callback(lambda: self.db.close())
                version = self._version(environment.schemas())
                if version and not self._is_newest(version, environment.schemas()):
                    self._upgrade(version, environment)
                with self.patience():
                    self._prepare(environment.schemas())
                    self._check()
                self.page_size: int = self.value("PRAGMA page_size")
                self.checkpoint("TRUNCATE")  # nothing is vouched for from the page cache alone
                undo.pop_all()
        except sqlite3.Error as error:
            raise cannot_open(path, error) from None
        except OSError as error:
            if is_full_disk(error, path):
                raise cannot_open(path, error) from None
            advice = "Make it writable" if isinstance(error, PermissionError) else ""
            beside = f"{error.filename}: " if error.filename not in (None, self.real) else ""
            raise CannotOpen(f"the ledger {path}: {beside}{error.strerror}", advice) from None

    def _connect(self, environment: Environment) -> None:
        self.db = environment.connect(self.real, False)

    @contextmanager
    def patience(self, seconds: float | None = None) -> Iterator[None]:
        """Meanwhile a statement waits for a lock, up to `open_timeout` unless given."""
        seconds = self._limits.open_timeout if seconds is None else seconds
        self.db.execute(f"PRAGMA busy_timeout = {round(seconds * 1000)}")
        yield
        self.db.execute("PRAGMA busy_timeout = 0")

    def read(self, offset: int, size: int) -> bytes:
        """Return bytes of the file, as far as the WAL is written back."""
        return self._locks.read(offset, size)

    @property
    def is_in_place(self) -> bool:
        """Whether the path still leads to the open file: nobody has moved or removed it."""
        return self._locks.is_in_place()

    @property
    def wal_is_empty(self) -> bool:
        """Whether the file itself has everything."""
        return os.path.getsize(f"{self.real}-wal") == 0

    def write(self, offset: int, data: bytes) -> None:
        """
        Write bytes to the file, past SQLite: only where it keeps nothing, in a transaction, while
        the WAL is empty.
        """
        self._locks.write(offset, data)

    def sync(self) -> None:
        """Sync what was written so."""
        self._locks.sync()

    def close(self) -> None:
        self.checkpoint("TRUNCATE")
        self.db.close()
        self._locks.release()

    def value(self, statement: str, *values: object) -> Any:  # Any: as sqlite3 types its values
        """Return the first column of the first row, or None."""
        row = self.db.execute(statement, values).fetchone()
        return row and row[0]

    def insert(self, statement: str, *values: object) -> int:
        """Insert a row. Return its number."""
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

    def _version(self, schemas: Mapping[int, str]) -> int:
        """
        Return the version of the file, or 0 if it is new.

        :raises CannotOpen: it is no ledger that we know.
        """
        with self.patience():
            application = self.value("PRAGMA application_id")
            version, newest = self.value("PRAGMA user_version"), max(schemas)
            empty = not self.value("SELECT count(*) FROM sqlite_master")
        if application != APPLICATION and not (empty and application == version == 0):
            raise CannotOpen(f"the ledger {self.path} belongs to another program")
        if version > newest:
            raise CannotOpen(
                f"the ledger {self.path} was written by a newer groupchat"
                f" (version {version}, this one knows {newest})",
                "Install that one",
            )
        return int(version)

    def _is_newest(self, version: int, schemas: Mapping[int, str]) -> bool:
        return version == max(schemas) and self.value("PRAGMA auto_vacuum") == INCREMENTAL

    def _upgrade(self, version: int, environment: Environment) -> None:
        """Bring the file to the newest version. Meanwhile no other program can open it."""
        upgrade = Upgrade(self.path, self.real, version, environment)
        upgrade.check_place()
        with ExitStack() as undo, self.patience():
            undo.callback(upgrade.clean_up)
            self.db.execute("PRAGMA journal_mode = DELETE")  # writes the WAL back, and removes it
            self.db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self.db.executescript("BEGIN EXCLUSIVE; COMMIT")
            upgrade.make(self.db)
            upgrade.publish()
        self.db.close()
        self._locks.release()
        self._locks.acquire()
        self._connect(environment)

    def _prepare(self, schemas: Mapping[int, str]) -> None:
        """Set the connection up, and make the tables of a new file."""
        self.db.execute(f"PRAGMA auto_vacuum = {INCREMENTAL}")  # before anything else in a new file
        self.db.execute("PRAGMA wal_autocheckpoint = 0")
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = FULL")
        self.db.execute("PRAGMA secure_delete = ON")  # texts that are deleted are gone
        # there may be no other folder that can be written
        self.db.execute("PRAGMA temp_store = MEMORY")
        if not self.value("PRAGMA user_version"):
            add_tables(self.db, schemas, 0)

    def _check(self) -> None:
        """
        Look for damage, if the file is small enough for that to be quick.
        """
        size = self.value("PRAGMA page_count") * self.value("PRAGMA page_size")
        if size <= self._limits.checked_bytes:
            found = self.value("PRAGMA quick_check(1)")
            if found != "ok":
                raise sqlite3.DatabaseError("malformed")


def is_full(error: sqlite3.Error) -> bool:
    """
    Return whether an error says that there was no space, and so that surely nothing was stored.
    """
    return str(error) == _FULL


def is_locked(error: sqlite3.Error) -> bool:
    """
    Return whether an error says that another program held a lock, and so that surely nothing was
    stored.
    """
    return str(error) == _LOCKED


def cannot_open(path: str, error: Exception) -> CannotOpen:
    """Return an error that says what is wrong with a file, and what to do."""
    what = str(error)
    if is_full_disk(error, path):
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
