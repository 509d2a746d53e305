"""
Moves accounts, bans, mutes and the audit log between the accounts file and PostgreSQL.
"""

from __future__ import annotations

import sqlite3

from groupchat.postgresql import Connection

__all__ = ["move_in", "move_out"]

#: The tables in the file and in PostgreSQL, and their columns, in an order in which they can be
#: filled.
_TABLES = (
    ("accounts", "accounts", ("key", "name", "operator", "password", "id")),
    ("clients", "known_clients", ("account", "client", "position")),
    ("tokens", "tokens", ("account", "name", "digest", "made")),
    ("restrictions", "restrictions", ("kind", "target", "by", "client", "until", "text")),
    ("audit_log", "audit_log", ("at", "by", "verb", "target", "until", "text")),
)
_OPERATOR = 2  #: the column of accounts that is a truth value


def move_in(source: sqlite3.Connection, to: Connection) -> None:
    """Copy the accounts into empty tables, in the transaction of the connection."""
    for ours, theirs, columns in _TABLES:
        names = ", ".join(columns)
        order = "ORDER BY rowid" if ours == "audit_log" else ""
        with (
            to.cursor() as cursor,
            cursor.copy(f"COPY {theirs} ({names}) FROM STDIN".encode()) as copy,
        ):
            for row in source.execute(f"SELECT {names} FROM {ours} {order}"):
                copy.write_row(_with_truth(row) if ours == "accounts" else row)
    to.execute("UPDATE changes SET number = number + 1")


def move_out(source: Connection, to: sqlite3.Connection) -> None:
    """Copy the accounts into empty tables, in the transaction of the file."""
    for ours, theirs, columns in _TABLES:
        names, places = ", ".join(columns), ", ".join("?" for _ in columns)
        order = "ORDER BY no" if theirs == "audit_log" else ""
        rows = source.execute(f"SELECT {names} FROM {theirs} {order}".encode())
        to.executemany(f"INSERT INTO {ours} ({names}) VALUES ({places})", rows)


def _with_truth(row: tuple[object, ...]) -> tuple[object, ...]:
    return *row[:_OPERATOR], bool(row[_OPERATOR]), *row[_OPERATOR + 1 :]
