"""The writing transaction of the ledger on disk."""

from __future__ import annotations

import sqlite3
from functools import lru_cache
from itertools import chain

__all__ = ["NULL", "Row", "Transaction"]

#: SQLite stores NaN as NULL. For None (and for a bool) the driver would search its adapters, which
#: takes longer than all else about a row.
NULL = float("nan")
Row = tuple[str | int | float | bytes | None, ...]

#: Rows in one step; those that a batch does not fill are empty.
_ROWS_PER_INSERT = (1, 2, 4, 8, 16, 32, 64, 96, 128, 192, 256)


@lru_cache
def _insertion(into: str, width: int, rows: int, padded: bool) -> str:
    """Return the statement that inserts this many rows; if padded, without those of NULLs."""
    row = f"({', '.join('?' * width)})"
    values = f"VALUES {', '.join([row] * rows)}"
    some = f"SELECT * FROM ({values}) WHERE column1 IS NOT NULL"
    return f"{into} {some if padded else values}"


class Transaction:
    """
    A transaction that begins with its first statement.

    :ivar db: the writing connection.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db

    def begin(self) -> None:
        """Let what follows be one transaction. Not needed for a single statement."""
        if not self.db.in_transaction:
            self.db.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        if self.db.in_transaction:
            self.db.execute("COMMIT")

    def roll_back(self) -> None:
        if self.db.in_transaction:
            self.db.execute("ROLLBACK")

    def insert(self, into: str, rows: list[Row], more: bool = True) -> None:
        """
        Insert rows, many in a step: at each step the reactor may take the interpreter's lock, and
        has to give it back.

        :param more: whether more is to be written in this transaction.
        """
        if more or len(rows) > _ROWS_PER_INSERT[-1]:
            self.begin()
        for start in range(0, len(rows), _ROWS_PER_INSERT[-1]):
            some = rows[start : start + _ROWS_PER_INSERT[-1]]
            width = len(some[0])
            size = next(portion for portion in _ROWS_PER_INSERT if portion >= len(some))
            values = list(chain.from_iterable(some))
            padding = size * width - len(values)
            values += [NULL] * padding
            self.db.execute(_insertion(into, width, size, padding > 0), values)
