"""
Moves a ledger, with its accounts and its certificate, from a file into PostgreSQL or back, while no
server uses either of them.

The source keeps everything; a file of an older version is upgraded first, as a server does it. The
target is whole or not there: in PostgreSQL the move is one transaction; of the files, the ledger
gets its name last.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from groupchat.accounts.database import AccountsDatabase
from groupchat.admin.messages import Done, Failed, Progress, Reply, messages_are
from groupchat.atomicfile import sync_folder, write_atomic
from groupchat.errors import CannotOpen, CannotStart
from groupchat.ledgers.database import LedgerDatabase
from groupchat.ledgers.environment import Environment
from groupchat.ledgers.upgrade import INCREMENTAL, add_tables
from groupchat.settings import ACCOUNTS_SUFFIX, CERTIFICATE_SUFFIX, is_database

if TYPE_CHECKING:
    from groupchat.postgresql import Connection, Database

__all__ = ["move"]

_PARTIAL = ".moving"  #: the end of the name of a file that is not whole yet
_COUNT = "SELECT count(*) FROM messages"
_LOCK = "SELECT pg_advisory_xact_lock(1735550824)"  #: whoever changes the log takes it
#: The nodes that are connected: see beat_v1.
_NODES = b"""
    SELECT name FROM nodes n WHERE EXISTS (
        SELECT FROM pg_locks l WHERE l.locktype = 'advisory' AND l.classid = 1735550825
        AND l.objid = n.no
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    )
"""
_IN_USE = b"""
    SELECT EXISTS (SELECT FROM rooms) OR EXISTS (SELECT FROM accounts)
    OR EXISTS (SELECT FROM audit_log)
"""


class Files(NamedTuple):
    """The files of a ledger."""

    ledger: str
    accounts: str
    certificate: str


def move(source: str, target: str) -> Iterator[Reply]:
    """
    Move a ledger.

    :param source: the path of a file, also with ``sqlite:`` before it, or the address of a
        database.
    :param target: the other kind.
    """
    if is_database(source) == is_database(target):
        yield Failed("One of the two has to be a file, and the other a database: postgresql://…")
        return
    try:
        import psycopg

        from groupchat.postgresql import Database, schemas
    except ImportError:
        yield Failed('This needs psycopg 3.3 or newer: pip install "groupchat[postgresql]".')
        return
    inwards = is_database(target)
    files = _files(source if inwards else target)
    try:
        database = Database(target if inwards else source, schemas())
        try:
            yield from (_move_in(files, database) if inwards else _move_out(database, files))
        except psycopg.Error as error:
            raise database.cannot_open(error) from None
    except CannotStart as error:
        yield Failed(f"{str(error).rstrip('.')}.")
    except (OSError, sqlite3.Error) as error:
        yield Failed(f"{files.ledger}: {getattr(error, 'strerror', None) or error}.")


def _files(text: str) -> Files:
    ledger = os.path.realpath(text.removeprefix("sqlite:"))
    accounts, certificate = (
        str(Path(ledger).with_suffix(suffix)) for suffix in (ACCOUNTS_SUFFIX, CERTIFICATE_SUFFIX)
    )
    return Files(ledger, accounts, certificate)


def _done(count: int, target: str) -> Done:
    return Done(
        f"{messages_are(count)} moved to {target}. The source still has everything: let no server"
        " use it any more, and remove it once you are sure that you don't go back."
    )


# Into PostgreSQL.


def _move_in(files: Files, database: Database) -> Iterator[Reply]:
    from groupchat.accounts import moving as accounts
    from groupchat.ledgers.postgresql.moving_in import move_in

    if not os.path.isfile(files.ledger):
        raise CannotOpen(f"{files.ledger} is no file")
    with _opened(files.ledger) as source, _unused(database) as to:
        row = to.execute(_IN_USE).fetchone()
        if row is None or row[0]:
            raise CannotOpen(
                f"{database.name} has a ledger already",
                "If a move into it was interrupted, it is complete; else create another database",
            )
        to.execute("DELETE FROM epochs")  # of a server that was started for nothing
        (total,) = source.execute(_COUNT).fetchone()
        for count in move_in(source, to):
            yield Progress(count, total)
        if os.path.exists(files.accounts):
            with _accounts(files.accounts) as source_accounts:
                accounts.move_in(source_accounts, to)
        if os.path.exists(files.certificate):
            content = Path(files.certificate).read_bytes()
            to.execute("DELETE FROM files")
            to.execute("INSERT INTO files VALUES (%s, %s)", [CERTIFICATE_SUFFIX, content])
    yield _done(total, database.name)


@contextmanager
def _opened(path: str) -> Iterator[sqlite3.Connection]:
    """The ledger in a file, which meanwhile is locked for servers."""
    ledger = LedgerDatabase(path, Environment())
    try:
        yield ledger.db
    finally:
        ledger.close()


@contextmanager
def _unused(database: Database) -> Iterator[Connection]:
    """A transaction in the database, in which no server can start to use it."""
    database.prepare()
    with database.connect() as connection, connection.transaction():
        connection.execute(_LOCK)
        names = [name for (name,) in connection.execute(_NODES)]
        if names:
            raise CannotOpen(
                f"{database.name} is in use by a server on {', '.join(names)}", "Stop that one"
            )
        yield connection


@contextmanager
def _accounts(path: str) -> Iterator[sqlite3.Connection]:
    """The accounts in a file, of the newest version; a new file is made."""
    database = AccountsDatabase(path)
    database.open()
    database.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        yield db


# Into a file.


def _move_out(database: Database, files: Files) -> Iterator[Reply]:
    from groupchat.accounts import moving as accounts
    from groupchat.ledgers.postgresql.moving_out import move_out

    partial = Files(*(path + _PARTIAL for path in files))
    _check_free(files, partial)
    with _unused(database) as source:
        row = source.execute(_COUNT.encode()).fetchone()
        total = row[0] if row else 0
        with _new_ledger(partial.ledger) as to:
            for count in move_out(source, to):
                yield Progress(count, total)
        with _new_accounts(partial.accounts) as to:
            accounts.move_out(source, to)
        kept = source.execute(
            "SELECT content FROM files WHERE name = %s", [CERTIFICATE_SUFFIX]
        ).fetchone()
    if kept is not None:
        write_atomic(files.certificate, kept[0])
    os.replace(partial.accounts, files.accounts)
    sync_folder(files.ledger)
    os.replace(partial.ledger, files.ledger)
    sync_folder(files.ledger)
    yield _done(total, files.ledger)


def _check_free(files: Files, partial: Files) -> None:
    """
    Make sure that nothing is overwritten but what an earlier move has left.

    :raises CannotOpen: something else is there.
    """
    was_killed = os.path.exists(partial.ledger) and not os.path.exists(files.ledger)
    for path in () if was_killed else files:
        if os.path.lexists(path):
            raise CannotOpen(f"{path} is there already", "Name a new file")
    for path in partial:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


@contextmanager
def _new_ledger(path: str) -> Iterator[sqlite3.Connection]:
    environment = Environment()
    os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
    with closing(environment.connect(path, False)) as db:
        db.execute(f"PRAGMA auto_vacuum = {INCREMENTAL}")
        add_tables(db, environment.schemas(), 0)
        yield from _filled(db)


@contextmanager
def _new_accounts(path: str) -> Iterator[sqlite3.Connection]:
    with _accounts(path) as db:
        yield from _filled(db)


def _filled(db: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """A transaction, which SQLite syncs."""
    db.execute("PRAGMA synchronous = FULL")
    db.execute("BEGIN IMMEDIATE")
    yield db
    db.execute("COMMIT")
