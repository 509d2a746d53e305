"""
Reads what a ledger has stored, as the checker compares it with a history.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from tests.faults import history
from tests.faults.history import GONE

#: For each room the keys by id, from 1 on. That of a message without its text is `GONE`, and the id
#: of the message that it replaces, if it is a replacement.
Log = dict[str, list[str]]

_ROWS = """SELECT key, text, replaces, redacts, redacted FROM messages
    WHERE key BETWEEN ? AND ? ORDER BY key"""
_ID = (1 << 40) - 1  #: the bits of a row's key that are the id


def read_log(path: Path, in_use: bool = False) -> Log:
    """
    Returns the messages of a ledger.

    :raises sqlite3.Error: it can't be read.
    """
    people = _read_accounts(path.with_suffix(".accounts"))
    mode = "ro" if in_use else "rw"
    with closing(sqlite3.connect(f"file:{quote(str(path))}?mode={mode}", uri=True)) as database:
        log: Log = {}
        for name, number in database.execute("SELECT name, no FROM rooms"):
            both = [people[account] for account in history.parties(name)]
            room = history.direct_room(*both) if both else name
            rows = database.execute(_ROWS, (number << 40, (number << 40) + _ID))
            keys = log[room] = []
            for key, *row in rows:
                keys += ["?"] * ((key & _ID) - len(keys) - 1) + [_key_of(room, *row)]
        return log


_ALL = """SELECT r.name, m.id, m.text, m.replaces, m.redacts, m.redacted
    FROM messages m JOIN rooms r ON r.no = m.room ORDER BY m.room, m.id"""


def read_database(uri: str) -> Log:
    """
    Returns the messages of a ledger in PostgreSQL.

    :raises psycopg.Error: it can't be read.
    """
    import psycopg  # only the runs of several nodes need it

    with psycopg.connect(uri, options="-c search_path=groupchat") as database:
        people = dict(database.execute("SELECT id, name FROM accounts").fetchall())
        log: Log = {}
        for name, id, *row in database.execute(_ALL):
            both = [people[account] for account in history.parties(name)]
            room = history.direct_room(*both) if both else name
            keys = log.setdefault(room, [])
            keys += ["?"] * (id - len(keys) - 1) + [_key_of(room, *row)]
        return log


def _read_accounts(path: Path) -> dict[str, str]:
    """Returns the names of all accounts by their ids."""
    with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as database:
        return dict(database.execute("SELECT id, name FROM accounts"))


def _key_of(
    room: str, text: str, replaces: int | None, redacts: int | None, redacted: int | None
) -> str:
    if redacts is not None:
        return history.removal(room, redacts & _ID)
    if redacted:
        return f"{GONE}{'' if replaces is None else replaces & _ID}"
    return history.key(text)
