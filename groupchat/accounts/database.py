"""
The accounts file: a small SQLite database, which is read whole at the start.

The daemon and ``groupchat-passwd`` both edit it: every change is one transaction, and each of them
detects the changes of the other. This module decides nothing about passwords, names or permissions.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib import resources
from itertools import groupby
from operator import itemgetter

import msgspec

from groupchat.accounts.storage import Thing
from groupchat.atomicfile import is_full, write_atomic
from groupchat.core.permissions import Account, AuditEntry, Permissions, Restriction, Token
from groupchat.errors import CannotOpen, CannotOpenYet
from groupchat.sqlite_header import is_special

__all__ = ["APPLICATION", "VERSION", "AccountsDatabase"]

APPLICATION = 0x67726361  #: "grca", in the header of the file
VERSION = 3
BUSY_TIMEOUT = 5.0  #: seconds to wait while another process writes
_SCHEMAS = resources.files("groupchat.accounts") / "schema"


class AccountsDatabase:
    """
    A `Storage` in a file.

    :param path: of the file, which is created if missing; ":memory:" stores nothing on disk.
    :param content: with which a file in memory begins: `content` of another file returns it.
    """

    error: type[Exception] = sqlite3.Error

    def __init__(self, path: str, content: bytes = b"") -> None:
        self.path = path
        self._content = content
        self.name = f"the accounts file {path}"
        self._db: sqlite3.Connection  # once open
        self._opened: os.stat_result  # likewise
        self._loaded_version = 0

    def open(self) -> None:
        """
        Open the file, or create it.

        :raises CannotStart: it cannot be opened.
        """
        if is_special(self.path):
            raise CannotOpen(f"{self.name} is a device, a pipe or a socket, and has to be a file")
        try:
            if self.path != ":memory:":
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
                _give_to_owner_of_folder(self.path)
            # an absolute path is never taken for a URI
            path = self.path if self.path == ":memory:" else os.path.abspath(self.path)
            self._db = sqlite3.connect(
                path, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False
            )
            if self._content:
                self._db.deserialize(self._content)
            if self.path != ":memory:":
                self._opened = os.stat(self.path)
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA foreign_keys = ON")
            self._prepare()
        except (sqlite3.Error, OSError) as error:
            raise self._cannot_open(error) from None

    def _cannot_open(self, error: Exception) -> CannotOpen:
        if is_full(error, self.path):
            return CannotOpenYet(f"{self.name}: the disk is full", "Make room")
        if "locked" in str(error):
            return CannotOpenYet(f"{self.name}: another program has locked it", "Stop that one")
        why = error.strerror if isinstance(error, OSError) else str(error)
        advice = "Make it writable" if isinstance(error, PermissionError) else "Repair it"
        return CannotOpen(f"{self.name}: {why}", advice)

    def _prepare(self) -> None:
        """Make sure that the file is ours, and bring it to the newest version."""
        application = self._number("PRAGMA application_id")
        version = self._number("PRAGMA user_version")
        is_new = application == 0 and not self._number("SELECT count(*) FROM sqlite_master")
        if is_new or application == APPLICATION and version < VERSION:
            self._upgrade()
        elif application != APPLICATION or version > VERSION:
            reason = (
                "was written by a newer groupchat"
                if application == APPLICATION
                else "belongs to another program"
            )
            raise CannotOpen(f"{self.name} {reason}")

    def _upgrade(self) -> None:
        """In one transaction: the daemon and the command may do so at the same time."""
        with self._db:  # which commits, or rolls back
            self._db.execute("BEGIN IMMEDIATE")
            version = self._number("PRAGMA user_version")
            if 0 < version < VERSION:
                self._keep_a_copy(version)
            for number in range(version + 1, VERSION + 1):
                for statement in _statements((_SCHEMAS / f"{number}.sql").read_text()):
                    self._db.execute(statement)
            self._db.execute(f"PRAGMA application_id = {APPLICATION}")
            self._db.execute(f"PRAGMA user_version = {VERSION}")

    def _keep_a_copy(self, version: int) -> None:
        """Copy the file, in which nothing is changed yet, to one beside it."""
        name = os.path.realpath(self.path)
        # by a connection of its own: to read the file itself would drop SQLite's locks on it
        with closing(sqlite3.connect(name)) as now, closing(sqlite3.connect(":memory:")) as copy:
            now.backup(copy)
            write_atomic(f"{name}.v{version}", copy.serialize())
        _give_to_owner_of_folder(f"{name}.v{version}")

    def _number(self, statement: str) -> int:
        number: int = self._db.execute(statement).fetchone()[0]
        return number

    def content(self) -> bytes:
        """Return the whole file."""
        return self._db.serialize()

    def close(self) -> None:
        self._db.close()

    # Reading.

    def load(self) -> Permissions:
        """Return everything that the file holds."""
        version = self._number("PRAGMA data_version")
        with closing(
            self._db.execute("SELECT account, client FROM clients ORDER BY account, position")
        ) as rows:
            clients = {
                key: tuple(client for _, client in some)
                for key, some in groupby(rows, itemgetter(0))
            }
        accounts = self._db.execute("SELECT key, name, operator, password, id FROM accounts")
        restrictions = self._db.execute(
            "SELECT kind, target, by, client, until, text FROM restrictions"
        )
        tokens = self._db.execute("SELECT account, name, digest, made FROM tokens")
        permissions = Permissions(
            (
                Account(name, bool(operator), password, clients.get(key, ()), id)
                for key, name, operator, password, id in accounts
            ),
            (Restriction(*row) for row in restrictions),
            (Token(*row) for row in tokens),
        )
        self._loaded_version = version  # only after success, so that a failed read is tried again
        return permissions

    def load_if_changed(self) -> Permissions | None:
        """
        Return everything that the file holds if another process has changed it since the last
        `load`, otherwise None.
        """
        if not self._is_in_place():
            raise sqlite3.DatabaseError(
                "it was moved or removed; put it back, or restart the server"
            )
        return self.load() if self._number("PRAGMA data_version") != self._loaded_version else None

    def _is_in_place(self) -> bool:
        """Return whether the path still leads to the file that is open."""
        try:
            return self.path == ":memory:" or os.path.samestat(self._opened, os.stat(self.path))
        except OSError:
            return False

    def audit_entries(self, count: int) -> list[AuditEntry]:
        """Return the newest entries of the audit log, the oldest of them first."""
        rows = self._db.execute(
            "SELECT at, by, verb, target, until, text FROM audit_log ORDER BY rowid DESC LIMIT ?",
            (count,),
        ).fetchall()
        return [AuditEntry(*row) for row in reversed(rows)]

    # Changing.

    def save(self, thing: Thing | None, entry: AuditEntry) -> None:
        """
        Insert or replace an account, restriction or token, and append an entry to the audit log;
        None: only that. An account keeps its tokens.
        """
        with self._change(entry):
            if isinstance(thing, Account):
                _save_account(self._db, thing)
            elif thing is not None:
                _delete(self._db, thing)
                _insert(self._db, thing)

    def reset(self, account: Account, entry: AuditEntry) -> None:
        """Like `save`, but the account's tokens are deleted."""
        with self._change(entry):
            _save_account(self._db, account)
            self._db.execute("DELETE FROM tokens WHERE account = ?", (account.id,))

    def remember(self, account: Account, client: bytes) -> bool:
        """
        Let a client log in without a password, unless the account's password has changed. Returns
        whether it does so.
        """
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            row = self._db.execute(
                "SELECT password FROM accounts WHERE key = ?", (account.key,)
            ).fetchone()
            if row is None or row[0] != account.password:
                return False
            rows = self._db.execute(
                "SELECT client FROM clients WHERE account = ? ORDER BY position", (account.key,)
            )
            newest = msgspec.structs.replace(
                account, clients=tuple(known for (known,) in rows)
            ).with_client(client)
            self._db.execute("DELETE FROM clients WHERE account = ?", (account.key,))
            _insert_clients(self._db, newest)
            return True

    def delete(self, thing: Thing, entry: AuditEntry) -> None:
        """Delete an account, restriction or token, and append an entry to the audit log."""
        with self._change(entry):
            _delete(self._db, thing)

    @contextmanager
    def _change(self, entry: AuditEntry) -> Iterator[None]:
        """A transaction that appends this entry to the audit log."""
        with self._db:  # which commits, or rolls back
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute(
                "INSERT INTO audit_log VALUES (?, ?, ?, ?, ?, ?)",
                (entry.at, entry.by, entry.verb, entry.target, entry.until, entry.text),
            )
            yield


def _statements(script: str) -> Iterator[str]:
    """Yield the statements of a script. (`executescript` would commit before it.)"""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _save_account(db: sqlite3.Connection, account: Account) -> None:
    # another account of this name goes with all that is its own; this one keeps its tokens
    db.execute("DELETE FROM accounts WHERE key = ? AND id <> ?", (account.key, account.id))
    db.execute(
        "INSERT INTO accounts VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET"
        " name = excluded.name, operator = excluded.operator, password = excluded.password",
        (account.key, account.name, account.operator, account.password, account.id),
    )
    db.execute("DELETE FROM clients WHERE account = ?", (account.key,))
    _insert_clients(db, account)


def _insert_clients(db: sqlite3.Connection, account: Account) -> None:
    rows = [(account.key, client, number) for number, client in enumerate(account.clients)]
    db.executemany("INSERT INTO clients VALUES (?, ?, ?)", rows)


def _insert(db: sqlite3.Connection, thing: Restriction | Token) -> None:
    values = msgspec.structs.astuple(thing)
    if isinstance(thing, Token):
        db.execute("INSERT INTO tokens VALUES (?, ?, ?, ?)", values)
    else:
        db.execute("INSERT INTO restrictions VALUES (?, ?, ?, ?, ?, ?)", values)


def _delete(db: sqlite3.Connection, thing: Thing) -> None:
    if isinstance(thing, Account):
        db.execute("DELETE FROM accounts WHERE key = ?", (thing.key,))
    elif isinstance(thing, Token):
        db.execute("DELETE FROM tokens WHERE account = ? AND name = ?", (thing.account, thing.name))
    else:
        db.execute(
            "DELETE FROM restrictions WHERE kind = ? AND target = ?", (thing.kind, thing.target)
        )


def _give_to_owner_of_folder(path: str) -> None:
    """Let the daemon use the file even if root created it."""
    if os.geteuid() == 0:
        folder = os.stat(os.path.dirname(os.path.abspath(path)))
        os.chown(path, folder.st_uid, folder.st_gid)
