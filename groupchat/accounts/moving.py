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
    ("accounts", "accounts", "key, name, operator, password, id", ""),
    ("clients", "known_clients", "account, client, position", ""),
    ("tokens", "tokens", "account, name, digest, made", ""),
    ("restrictions", "restrictions", "kind, target, by, client, until, text", ""),
    ("audit_log", "audit_log", "at, by, verb, target, until, text", "ORDER BY {}"),
)
_OPERATOR = 2  #: the column of accounts that is a truth value


def move_in(source: sqlite3.Connection, to: Connection) -> None:
    """Copy the accounts into empty tables, in the transaction of the connection."""
    for ours, theirs, columns, order in _TABLES:
        rows = source.execute(f"SELECT {columns} FROM {ours} {order.format('rowid')}")
        with to.cursor() as cursor:
            copying = f"COPY {theirs} ({columns}) FROM STDIN"
            with cursor.copy(copying.encode()) as copy:
                for row in rows:
                    copy.write_row(_with_operator(row, bool) if ours == "accounts" else row)
    to.execute("UPDATE changes SET number = number + 1")


def move_out(source: Connection, to: sqlite3.Connection) -> None:
    """Copy the accounts into empty tables, in the transaction of the file."""
    for ours, theirs, columns, order in _TABLES:
        rows = source.execute(f"SELECT {columns} FROM {theirs} {order.format('no')}".encode())
        places = ", ".join("?" * (columns.count(",") + 1))
        to.executemany(f"INSERT INTO {ours} ({columns}) VALUES ({places})", rows)


def _with_operator(row: tuple[object, ...], kind: type[bool]) -> tuple[object, ...]:
    return *row[:_OPERATOR], kind(row[_OPERATOR]), *row[_OPERATOR + 1 :]
