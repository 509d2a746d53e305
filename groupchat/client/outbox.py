"""
The outbox: what was said here and is not yet known to be stored there. In memory, or in a file that
survives a crash.

It keeps; it does not decide what is sent (that is `sending.py`). In a file, what `commit` returned
from is synced: the same words get the same n after a kill -9, under the same client secret, so
nothing is said twice and nothing is lost.
"""

from __future__ import annotations

import os
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

from groupchat.cli.exit import TURNED_AWAY, USAGE, Exit
from groupchat.client import client_id
from groupchat.client.cursors import Cursors
from groupchat.wire.commands import Position

LOCK_POLL_INTERVAL = 0.1  #: seconds until a file that another process uses is tried again

_SCHEMA = """
CREATE TABLE IF NOT EXISTS owner (place TEXT NOT NULL, secret TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS said (id INTEGER PRIMARY KEY, room TEXT NOT NULL, n INTEGER, line BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS cursor (room TEXT PRIMARY KEY, epoch TEXT NOT NULL, after INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS server (certificate TEXT NOT NULL);
"""


@dataclass(slots=True, eq=False)
class Entry:
    """
    One thing said.

    :ivar room: where, as the server writes it.
    :ivar line: the JSON object of the `say`, without its n and its LF.
    :ivar n: its number, once it has one.
    :ivar key: its place in the outbox.
    """

    room: str
    line: bytes
    n: int | None = None
    key: int = 0


class Outbox:
    """
    An outbox in memory: it only counts, as `sending.py` holds the entries.

    :cvar persistent: whether it outlives the process, so that the client secret has to, as well.
    """

    persistent = False

    def __init__(self) -> None:
        self.count = 0  #: of the entries that are not yet answered

    def entries(self) -> list[Entry]:
        """What an earlier run left here, in the order said."""
        return []

    def position(self, room: str) -> Position | None:
        """Where the run that left something here stood in a room."""
        return None

    def add(self, entry: Entry) -> None:
        self.count += 1

    def number(self, entry: Entry, n: int) -> None:
        entry.n = n

    def remember(self, room: str, position: Position | None) -> None:
        """The log that the numbers of this room belong to."""

    def remove(self, entry: Entry) -> None:
        self.count -= 1

    def commit(self) -> None:
        """Return when all that was added and numbered will survive."""

    def close(self) -> None:
        """Let others use it."""


class FileOutbox(Outbox):
    """
    An outbox in a file (SQLite: it drops what a crash has torn, and locks).

    :param path: the file; made where there is none.
    :param owner: whose words these are and where they go. Another's file is refused.
    :param lock_timeout: seconds to wait where another process uses it.
    :ivar client_id: the client secret that the numbers in it belong to.
    :ivar cursors: how far the rooms were read, in a file beside it.
    """

    persistent = True

    def __init__(self, path: str, owner: str, lock_timeout: float = 0) -> None:
        super().__init__()
        self._path = path
        self._urgent = False  # whether there is something to sync
        ends = time.monotonic() + lock_timeout
        while not self._try_open(final=time.monotonic() >= ends):
            time.sleep(LOCK_POLL_INTERVAL)
        self.client_id = self._claim(owner)
        self.cursors = Cursors(Path(f"{path}.cursors"), ours=True)
        (self.count,) = self._database.execute("SELECT count(*) FROM said").fetchone()
        self._has_leftovers = self.count > 0  # by an earlier run

    def _try_open(self, final: bool) -> bool:
        """Whether it is open. Says why not where this was the last attempt, or none can help."""
        try:
            self._open()
        except (OSError, sqlite3.Error) as error:
            if final or not _is_locked(error):
                raise Exit(USAGE, f"--outbox {self._path}: {_why(error)}") from None
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
            self._urgent = True
            self.commit()
        if row[0] != owner:
            self._database.close()
            raise Exit(
                USAGE,
                f"--outbox {self._path}: that file belongs to {row[0]}. Take another for {owner}.",
            )
        return str(row[1])

    def bind(self, certificate: str) -> None:
        """
        Be for the server with this certificate only. One that has nothing to deliver to another
        server changes over to this.

        :raises Ending: an earlier run has left something for another server.
        """
        row = self._database.execute("SELECT certificate FROM server").fetchone()
        if row == (certificate,):
            return
        if row and self._has_leftovers:
            text = f"--outbox {self._path}: what it keeps is for a server with another certificate than the one there now."
            raise Exit(TURNED_AWAY, f"{text} Start that one, or take another file.")
        if row:
            self.client_id = client_id.make()
            self._execute("UPDATE owner SET secret = ?", self.client_id)
            self._execute("DELETE FROM cursor")
        self._execute("DELETE FROM server")
        self._execute("INSERT INTO server VALUES (?)", certificate)
        self._urgent = True
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
        self._urgent = True

    def number(self, entry: Entry, n: int) -> None:
        if entry.n != n:
            super().number(entry, n)
            self._execute("UPDATE said SET n = ? WHERE id = ?", n, entry.key)
            self._urgent = True

    def remember(self, room: str, position: Position | None) -> None:
        if (
            position is None
        ):  # in a log that is not the one we knew; the old place would make a reset of it
            self._execute("DELETE FROM cursor WHERE room = ?", room)
        else:
            self._execute(
                "INSERT OR REPLACE INTO cursor VALUES (?, ?, ?)",
                room,
                position.epoch,
                position.after,
            )

    def remove(self, entry: Entry) -> None:
        # Not urgent: what comes back after a crash has its n, and the server knows that.
        super().remove(entry)
        self._execute("DELETE FROM said WHERE id = ?", entry.key)

    def commit(self) -> None:
        if self._urgent:
            self._urgent = False
            self._execute("COMMIT")
            self._execute("BEGIN IMMEDIATE")

    def close(self) -> None:
        self._urgent = True
        self.commit()
        self._database.close()

    def _execute(self, statement: str, *values: object) -> int:
        try:
            return self._database.execute(statement, values).lastrowid or 0
        except sqlite3.Error as error:
            raise Exit(USAGE, f"--outbox {self._path}: {_why(error)}") from None


def _is_locked(error: Exception) -> bool:
    return isinstance(error, sqlite3.OperationalError) and "locked" in str(error)


def _why(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{error.strerror}. Name a file that can be written."
    if _is_locked(error):
        return "another groupchat-connect uses that file. Take another."
    return f"{error}. Take another file."
