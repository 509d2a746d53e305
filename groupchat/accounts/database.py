"""
The accounts file: SQLite, small, read whole at the start. Nothing of passwords, names or rights is
decided here.

It is edited from two sides, by the daemon and by ``groupchat-passwd`` beside it: every change is
one transaction, and each side sees that the other has changed something.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib import resources
from itertools import groupby
from operator import itemgetter
from typing import Any

import msgspec

from groupchat.atomicfile import is_full
from groupchat.core.permissions import Account, AuditEntry, Permissions, Restriction
from groupchat.errors import CannotStart, CannotStartYet

APPLICATION = 0x67726361  #: "grca", in the header of the file
VERSION = 1
BUSY_TIMEOUT = 5.0  #: seconds that the other side may take for a change


class AccountsDatabase:
    """
    :param path: of the file; it is made where it is not there. ":memory:": nothing is kept.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._db: Any = None
        self._seen = 0

    def open(self) -> None:
        """
        :raises CannotStart: it can't be opened.
        """
        try:
            if self.path != ":memory:":
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
                _give_to_owner_of_folder(self.path)
            place = (
                self.path if self.path == ":memory:" else os.path.abspath(self.path)
            )  # never a URI
            self._db = sqlite3.connect(
                place, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False
            )
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA foreign_keys = ON")
            self._prepare()
        except (sqlite3.Error, OSError) as error:
            raise self._cannot_open(error) from None

    def _cannot_open(self, error: Exception) -> CannotStart:
        what = f"the accounts file {self.path}"
        if is_full(error, self.path):
            return CannotStartYet(
                f"{what}: the disk is full. Make room, or choose another by --auth."
            )
        if "locked" in str(error):
            return CannotStartYet(
                f"{what}: another program has locked it. Stop that one, or choose another by --auth."
            )
        why = error.strerror if isinstance(error, OSError) else str(error)
        return CannotStart(f"{what}: {why}. Mend it, or choose another by --auth.")

    def _prepare(self) -> None:
        application, version = (
            self._value("PRAGMA application_id"),
            self._value("PRAGMA user_version"),
        )
        if not self._value("SELECT count(*) FROM sqlite_master") and application == 0:
            schema = (resources.files("groupchat.accounts") / "schema.sql").read_text()
            self._db.executescript(
                f"BEGIN IMMEDIATE; {schema} PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {VERSION}; COMMIT"
            )
        elif application != APPLICATION or version > VERSION:
            whose = (
                "was written by a newer groupchat"
                if application == APPLICATION
                else "belongs to another program"
            )
            raise CannotStart(f"the accounts file {self.path} {whose}. Choose another by --auth.")

    def _value(self, statement: str) -> Any:
        return self._db.execute(statement).fetchone()[0]

    def close(self) -> None:
        self._db.close()

    # Reading.

    def load(self) -> Permissions:
        """All that it holds now."""
        seen = self._value("PRAGMA data_version")
        with closing(
            self._db.execute("SELECT account, client FROM clients ORDER BY account, place")
        ) as rows:
            clients = {
                key: tuple(client for _, client in some)
                for key, some in groupby(rows, itemgetter(0))
            }
        accounts = self._db.execute("SELECT key, name, operator, password FROM accounts")
        measures = self._db.execute("SELECT kind, target, by, client, until, text FROM measures")
        rights = Permissions(
            (
                Account(name, bool(operator), password, clients.get(key, ()))
                for key, name, operator, password in accounts
            ),
            (Restriction(*row) for row in measures),
        )
        self._seen = seen  # only now: what could not be read is to be looked at again
        return rights

    def load_if_changed(self) -> Permissions | None:
        """
        All that it holds now, if the other side has changed something since it was last looked at.
        """
        return self.load() if self._value("PRAGMA data_version") != self._seen else None

    def deeds(self, count: int) -> list[AuditEntry]:
        """The newest lines of the audit log, the oldest of them first."""
        rows = self._db.execute(
            "SELECT at, by, verb, target, until, text FROM deeds ORDER BY rowid DESC LIMIT ?",
            (count,),
        ).fetchall()
        return [AuditEntry(*row) for row in reversed(rows)]

    # Changing.

    def keep(self, thing: Account | Restriction | None, deed: AuditEntry) -> None:
        """Write down an account or measure in place of what was there, and who did that."""
        with self._change(deed):
            if isinstance(thing, Account):
                self._forget(thing)
                self._db.execute(
                    "INSERT INTO accounts VALUES (?, ?, ?, ?)",
                    (thing.key, thing.name, thing.operator, thing.password),
                )
                self._put_clients(thing)
            elif thing is not None:
                self._forget(thing)
                self._db.execute(
                    "INSERT INTO measures VALUES (?, ?, ?, ?, ?, ?)",
                    (thing.kind, thing.target, thing.by, thing.client, thing.until, thing.text),
                )

    def remember(self, account: Account, client: bytes) -> bool:
        """
        Let a client log in without a password. Returns whether this account still has the password
        that it gave.
        """
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            row = self._db.execute(
                "SELECT password FROM accounts WHERE key = ?", (account.key,)
            ).fetchone()
            if row is None or row[0] != account.password:
                return False
            rows = self._db.execute(
                "SELECT client FROM clients WHERE account = ? ORDER BY place", (account.key,)
            )
            newest = msgspec.structs.replace(
                account, clients=tuple(known for (known,) in rows)
            ).with_client(client)
            self._db.execute("DELETE FROM clients WHERE account = ?", (account.key,))
            self._put_clients(newest)
            return True

    def drop(self, thing: Account | Restriction, deed: AuditEntry) -> None:
        """Strike out an account or measure, and write down who did that."""
        with self._change(deed):
            self._forget(thing)

    def _forget(self, thing: Account | Restriction) -> None:
        if isinstance(thing, Account):
            self._db.execute("DELETE FROM accounts WHERE key = ?", (thing.key,))
        else:
            self._db.execute(
                "DELETE FROM measures WHERE kind = ? AND target = ?", (thing.kind, thing.target)
            )

    def _put_clients(self, account: Account) -> None:
        rows = [(account.key, client, place) for place, client in enumerate(account.clients)]
        self._db.executemany("INSERT INTO clients VALUES (?, ?, ?)", rows)

    @contextmanager
    def _change(self, deed: AuditEntry) -> Iterator[None]:
        """A transaction that has this line of the audit log in it."""
        with self._db:  # which commits, or rolls back
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute(
                "INSERT INTO deeds VALUES (?, ?, ?, ?, ?, ?)",
                (deed.at, deed.by, deed.verb, deed.target, deed.until, deed.text),
            )
            yield


def _give_to_owner_of_folder(path: str) -> None:
    """What root makes beside the daemon's files is to be the daemon's."""
    if os.geteuid() == 0:
        folder = os.stat(os.path.dirname(os.path.abspath(path)))
        os.chown(path, folder.st_uid, folder.st_gid)
