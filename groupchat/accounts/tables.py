"""
The accounts in a PostgreSQL database, beside the ledger there, whose schema has their tables.

All nodes that share the ledger share them; each notices the changes of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter

import msgspec
import psycopg

from groupchat.accounts.storage import Thing
from groupchat.core.permissions import Account, AuditEntry, Permissions, Restriction, Token
from groupchat.postgresql import Connection, Database, Link, schemas

__all__ = ["AccountsTables", "open_tables"]

_COUNT = "UPDATE changes SET number = number + 1 RETURNING number"


def open_tables(uri: str) -> AccountsTables:
    """
    Return the accounts in a database that no server need have used.

    :raises CannotOpen: it cannot be used.
    """
    database = Database(uri, schemas())
    database.prepare()
    link = Link(database, lambda connection: None)
    return AccountsTables(database.name, link.connection, link.close)


class AccountsTables:
    """
    A `Storage` in tables.

    :param database: as errors name it.
    :param connect: returns the connection, made again if that is needed.
    :param close: closes it.
    """

    error: type[Exception] = psycopg.Error

    def __init__(
        self, database: str, connect: Callable[[], Connection], close: Callable[[], None]
    ) -> None:
        self.name = f"the table of accounts in {database}"
        self._connect = connect
        self._close = close
        self._loaded = -1  # the number of changes that were loaded

    def open(self) -> None:
        """There is nothing to do: the ledger has made the tables."""

    def close(self) -> None:
        self._close()

    # Reading.

    def load(self) -> Permissions:
        with self._transaction() as db:
            db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            return self._load(db)

    def load_if_changed(self) -> Permissions | None:
        return self.load() if _number(self._connect()) != self._loaded else None

    def _load(self, db: Connection) -> Permissions:
        number = _number(db)
        known = db.execute("SELECT account, client FROM known_clients ORDER BY account, position")
        clients = {
            key: tuple(client for _, client in some) for key, some in groupby(known, itemgetter(0))
        }
        accounts = db.execute("SELECT key, name, operator, password, id FROM accounts").fetchall()
        permissions = Permissions(
            (
                Account(name, operator, password, clients.get(key, ()), id)
                for key, name, operator, password, id in accounts
            ),
            (
                Restriction(*row)
                for row in db.execute(
                    "SELECT kind, target, by, client, until, text FROM restrictions"
                ).fetchall()
            ),
            (
                Token(*row)
                for row in db.execute("SELECT account, name, digest, made FROM tokens").fetchall()
            ),
        )
        self._loaded = number  # only after success, so that a failed read is tried again
        return permissions

    def audit_entries(self, count: int) -> list[AuditEntry]:
        rows = self._connect().execute(
            "SELECT at, by, verb, target, until, text FROM audit_log ORDER BY no DESC LIMIT %s",
            [count],
        )
        return [AuditEntry(*row) for row in reversed(rows.fetchall())]

    # Changing.

    def save(self, thing: Thing | None, entry: AuditEntry) -> None:
        with self._change(entry) as db:
            if isinstance(thing, Account):
                _save_account(db, thing)
            elif thing is not None:
                _delete(db, thing)
                _insert(db, thing)

    def reset(self, account: Account, entry: AuditEntry) -> None:
        with self._change(entry) as db:
            _save_account(db, account)
            db.execute("DELETE FROM tokens WHERE account = %s", [account.id])

    def remember(self, account: Account, client: bytes) -> bool:
        with self._change() as db:
            row = db.execute(
                "SELECT password FROM accounts WHERE key = %s", [account.key]
            ).fetchone()
            if row is None or row[0] != account.password:
                return False
            rows = db.execute(
                "SELECT client FROM known_clients WHERE account = %s ORDER BY position",
                [account.key],
            ).fetchall()
            known = tuple(client for (client,) in rows)
            _save_clients(db, msgspec.structs.replace(account, clients=known).with_client(client))
            return True

    def delete(self, thing: Thing, entry: AuditEntry) -> None:
        with self._change(entry) as db:
            _delete(db, thing)

    @contextmanager
    def _change(self, entry: AuditEntry | None = None) -> Iterator[Connection]:
        """A transaction that counts as a change, and appends an entry to the audit log."""
        with self._transaction() as db:
            # first: it lets one node at a time change anything
            row = db.execute(_COUNT).fetchone()
            assert row is not None
            if entry is not None:
                db.execute(
                    "INSERT INTO audit_log (at, by, verb, target, until, text)"
                    " VALUES (%s::bigint, %s, %s, %s, %s::bigint, %s)",
                    [entry.at, entry.by, entry.verb, entry.target, entry.until, entry.text],
                )
            yield db
        if row[0] == self._loaded + 1:
            self._loaded += 1

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """
        A transaction, which ends by itself where this node stands still: it holds up the others.
        """
        db = self._connect()
        with db.transaction():
            db.execute("SET LOCAL idle_in_transaction_session_timeout = '5s'")
            yield db


def _number(db: Connection) -> int:
    row = db.execute("SELECT number FROM changes").fetchone()
    return row[0] if row else 0


def _save_account(db: Connection, account: Account) -> None:
    # another account of this name goes with all that is its own; this one keeps its tokens
    db.execute("DELETE FROM accounts WHERE key = %s AND id <> %s", [account.key, account.id])
    db.execute(
        "INSERT INTO accounts VALUES (%s, %s, %s, %s, %s) ON CONFLICT (key) DO UPDATE SET"
        " name = excluded.name, operator = excluded.operator, password = excluded.password",
        [account.key, account.name, account.operator, account.password, account.id],
    )
    _save_clients(db, account)


def _save_clients(db: Connection, account: Account) -> None:
    db.execute("DELETE FROM known_clients WHERE account = %s", [account.key])
    db.execute(
        "INSERT INTO known_clients SELECT %s, client, position"
        " FROM unnest(%s::bytea[]) WITH ORDINALITY AS known(client, position)",
        [account.key, list(account.clients)],
    )


def _insert(db: Connection, thing: Restriction | Token) -> None:
    values = msgspec.structs.astuple(thing)
    if isinstance(thing, Token):
        db.execute("INSERT INTO tokens VALUES (%s, %s, %s, %s::bigint)", values)
    else:
        db.execute("INSERT INTO restrictions VALUES (%s, %s, %s, %s, %s::bigint, %s)", values)


def _delete(db: Connection, thing: Thing) -> None:
    if isinstance(thing, Account):
        db.execute("DELETE FROM accounts WHERE key = %s", [thing.key])
    elif isinstance(thing, Token):
        db.execute(
            "DELETE FROM tokens WHERE account = %s AND name = %s", [thing.account, thing.name]
        )
    else:
        db.execute(
            "DELETE FROM restrictions WHERE kind = %s AND target = %s", [thing.kind, thing.target]
        )
