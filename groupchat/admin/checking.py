"""
Checks a copy of a ledger or an accounts file for damage, without a server.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from urllib.parse import quote

from groupchat.accounts.database import APPLICATION as ACCOUNTS
from groupchat.admin.messages import Facts, Failed, Reply, Value
from groupchat.ledgers.upgrade import APPLICATION as LEDGER
from groupchat.sqlite_header import is_special

__all__ = ["check"]

_KINDS = {LEDGER: ("ledger", ("rooms", "messages")), ACCOUNTS: ("accounts", ("accounts",))}


def check(path: str) -> Reply:
    """
    Check a file that no server uses.

    :param path: absolute.
    """
    if is_special(path):
        return Failed(f"{path} is a device, a pipe or a socket, and has to be a file.")
    if os.path.exists(f"{path}-wal") and os.path.getsize(f"{path}-wal"):
        return Failed(f"{path} is in use, or its server was killed. Check a backup of it.")
    try:
        with open(path, "rb"):
            pass
        # immutable: a copy may be where nothing can be written
        name = f"file:{quote(path)}?mode=ro&immutable=1"
        with closing(sqlite3.connect(name, uri=True)) as db:
            return _checked(path, db)
    except OSError as error:
        return Failed(f"{path}: {error.strerror}.")
    except sqlite3.Error as error:
        return Failed(f"{path} is damaged, or no database at all: {error}. Use another copy.")


def _checked(path: str, db: sqlite3.Connection) -> Reply:
    known = _KINDS.get(_value(db, "PRAGMA application_id"))
    if known is None:
        return Failed(f"{path} is no file of groupchat's.")
    problem = db.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if problem != "ok":
        return Failed(f"{path} is damaged: {problem}. Use another copy.")
    kind, tables = known
    counts: dict[str, Value] = {
        table: _value(db, f"SELECT count(*) FROM {table}") for table in tables
    }
    version = _value(db, "PRAGMA user_version")
    return Facts(
        {
            "file": path,
            "kind": kind,
            "version": version,
            "size_bytes": os.stat(path).st_size,
            **counts,
            "whole": True,
        }
    )


def _value(db: sqlite3.Connection, statement: str) -> int:
    number: int = db.execute(statement).fetchone()[0]
    return number
