"""
The outbox in a file. It is synced when `commit` returns: after a kill -9 the same message has the
same n, under the same client secret, so that nothing is said twice and nothing is lost.

Only runs with such a file import this, and SQLite with it.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from groupchat.client import client_id
from groupchat.client.client_id import ClientId
from groupchat.client.cursors import Cursors
from groupchat.client.errors import (
    OutboxError,
    OutboxForAnotherServer,
    OutboxLocked,
    OutboxOwned,
    OutboxUnusable,
)
from groupchat.client.outbox import Entry, Outbox
from groupchat.wire.commands import Position

__all__ = ["LOCK_POLL_INTERVAL", "FileOutbox"]

LOCK_POLL_INTERVAL = 0.1  #: seconds until a file that another process uses is tried again

#: The names are older than the words of this module: "place" is an address, "said" the messages.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS owner (place TEXT NOT NULL, secret TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS said (
    id INTEGER PRIMARY KEY, room TEXT NOT NULL, n INTEGER, line BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS cursor (
    room TEXT PRIMARY KEY, epoch TEXT NOT NULL, after INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS server (certificate TEXT NOT NULL);
"""


class FileOutbox(Outbox):
    """
    An outbox in a file. SQLite drops what a crash has torn, and locks the file.

    :param path: the file; created if it doesn't exist.
    :param owner: the name and address that the messages belong to, as NAME@HOST:PORT.
    :param lock_timeout: seconds to wait while another process uses the file.
    :param now: returns the seconds of a clock that nobody sets.
    :param sleep: waits.
    :ivar client_id: the client secret that the numbers in it belong to.
    :ivar cursors: how far the rooms were read, in a file beside it.
    :raises OutboxError: the file can't be used. So do the methods.
    """

    persistent = True

    def __init__(
        self,
        path: str,
        owner: str,
        lock_timeout: float = 0,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__()
        self._path = path
        self._unsynced = False
        deadline = now() + lock_timeout
        while not self._try_open(final=now() >= deadline):
            sleep(LOCK_POLL_INTERVAL)
        self.client_id = self._claim(owner)
        self.cursors = Cursors(Path(f"{path}.cursors"), writable=True)
        (self.count,) = self._database.execute("SELECT count(*) FROM said").fetchone()
        self._has_leftovers = self.count > 0  # of an earlier run

    def _try_open(self, final: bool) -> bool:
        """
        Returns whether the file is open now.

        :param final: whether this is the last attempt.
        """
        try:
            self._open()
        except (OSError, sqlite3.Error) as error:
            if final or not _is_locked(error):
                raise self._error(error) from None
            self._database.close()
            return False
        return True

    def _open(self) -> None:
        # SQLite would make it readable for all, but it holds the secret.
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        self._database = sqlite3.connect(self._path, isolation_level=None, timeout=0)
        for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = FULL"):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.executescript(_SCHEMA)
        self._database.execute("BEGIN IMMEDIATE")

    def _claim(self, owner: str) -> str:
        row = self._database.execute("SELECT place, secret FROM owner").fetchone()
        if row is None:
            row = (owner, client_id.make())
            self._execute("INSERT INTO owner VALUES (?, ?)", *row)
            self._unsynced = True
            self.commit()
        if row[0] != owner:
            self._database.close()
            raise OutboxOwned(self._path, row[0], owner)
        return str(row[1])

    def claim(self, certificate: str) -> ClientId:
        if certificate:
            self.bind(certificate)
        return ClientId(self.client_id, cursors=self.cursors)

    def bind(self, certificate: str) -> None:
        """
        Deliver to the server with this certificate only.

        :raises OutboxForAnotherServer: an earlier run left messages for another server.
        """
        row = self._database.execute("SELECT certificate FROM server").fetchone()
        if row == (certificate,):
            return
        if row and self._has_leftovers:
            raise OutboxForAnotherServer(self._path)
        if row:
            self.client_id = client_id.make()
            self._execute("UPDATE owner SET secret = ?", self.client_id)
            self._execute("DELETE FROM cursor")
        self._execute("DELETE FROM server")
        self._execute("INSERT INTO server VALUES (?)", certificate)
        self._unsynced = True
        self.commit()

    def entries(self) -> list[Entry]:
        rows = self._database.execute("SELECT room, line, n, id FROM said ORDER BY id")
        return [Entry(room, line, n, key) for room, line, n, key in rows]

    def position(self, room: str) -> Position | None:
        row = self._database.execute(
            "SELECT epoch, after FROM cursor WHERE room = ?", (room,)
        ).fetchone()
        return Position(epoch=row[0], after=row[1]) if row else None

    def add(self, entry: Entry) -> None:
        super().add(entry)
        entry.key = self._execute(
            "INSERT INTO said (room, line) VALUES (?, ?)", entry.room, entry.line
        )
        self._unsynced = True

    def number(self, entry: Entry, n: int) -> None:
        if entry.n != n:
            super().number(entry, n)
            self._execute("UPDATE said SET n = ? WHERE id = ?", n, entry.key)
            self._unsynced = True

    def remember(self, room: str, position: Position | None) -> None:
        if position is None:
            # The log is not the one that we knew: our old position there would cause a reset.
            self._execute("DELETE FROM cursor WHERE room = ?", room)
        else:
            self._execute(
                "INSERT OR REPLACE INTO cursor VALUES (?, ?, ?)",
                room,
                position.epoch,
                position.after,
            )

    def remove(self, entry: Entry) -> None:
        # No sync is needed: after a crash the message is sent again, and the server knows its n.
        super().remove(entry)
        self._execute("DELETE FROM said WHERE id = ?", entry.key)

    def commit(self) -> None:
        if self._unsynced:
            self._unsynced = False
            self._execute("COMMIT")
            self._execute("BEGIN IMMEDIATE")

    def close(self) -> None:
        self._unsynced = True
        self.commit()
        self._database.close()

    def _execute(self, statement: str, *values: object) -> int:
        try:
            return self._database.execute(statement, values).lastrowid or 0
        except sqlite3.Error as error:
            raise self._error(error) from None

    def _error(self, error: Exception) -> OutboxError:
        if isinstance(error, OSError):
            return OutboxUnusable(self._path, f"{error.strerror}. Name a file that can be written.")
        if _is_locked(error):
            return OutboxLocked(self._path)
        return OutboxUnusable(self._path, f"{error}. Take another file.")


def _is_locked(error: Exception) -> bool:
    return isinstance(error, sqlite3.OperationalError) and "locked" in str(error)
