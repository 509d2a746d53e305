"""
Erasure: the texts of redacted messages leave the ledger's file, to the last byte.

SQLite overwrites what it deletes (`secure_delete`). But when it moves messages from one page to
another, to make room, copies of them can stay in the first, in the space between its pointers and
its rows that belongs to nobody. Such pages are looked for in the file, and that space is cleared:
in the file itself, as SQLite has no statement for it. That is safe while the WAL is empty and a
transaction of our own keeps it so; then SQLite drops the pages that it has in memory.

Until that is done, the texts are in the table `erasures`, so that it goes on after a crash.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from groupchat.ledgers.clock import Clock
from groupchat.ledgers.database import LedgerDatabase
from groupchat.ledgers.transaction import Transaction

__all__ = ["BLOCK", "Erasure", "Traces", "blocks", "find_pages", "is_sound", "unallocated"]

BLOCK = 8  #: bytes of a text that are taken for a trace of it
_SLICE = 256  #: pages that are read at once
_PAUSE = 0.001  #: seconds after each slice, for other threads
_LEAF = 0x0D  #: the first byte of a page that has rows of a table
_HEADER = 8  #: bytes of such a page before the pointers to its rows
#: pages of a file from which on another page can begin like one with rows (some 900 GB)
_MAX_PAGES = _LEAF << 24


class Traces(NamedTuple):
    """
    Pieces of texts that have to leave the file.

    :ivar last: the number of the newest text.
    """

    blocks: frozenset[bytes]
    last: int

    def are_in(self, page: bytes) -> bool:
        """Return whether the unallocated space of a page has any of them."""
        start, end = unallocated(page)
        space = page[start:end].strip(b"\0")
        return bool(space) and any(block in space for block in self.blocks)


def blocks(trace: str) -> Iterator[bytes]:
    """Yield pieces of a text of which at least one is in any longer part of it."""
    data = trace.encode()
    if len(data) < BLOCK:
        yield data
    for start in range(0, len(data) - BLOCK + 1, BLOCK):
        yield data[start : start + BLOCK]


def unallocated(page: bytes) -> tuple[int, int]:
    """
    Return where the space between the pointers and the rows of a page begins and ends: nowhere, if
    the page has no rows of a table.
    """
    if not page or page[0] != _LEAF:
        return 0, 0
    start, end = _HEADER + 2 * _number(page, 3), _number(page, 5)
    return (start, end) if start <= end <= len(page) else (0, 0)


def is_sound(page: bytes) -> bool:
    """Return whether all rows of a page are after its unallocated space."""
    start, end = unallocated(page)
    return all(end <= _number(page, at) < len(page) for at in range(_HEADER, start, 2))


def _number(page: bytes, offset: int) -> int:
    return int.from_bytes(page[offset : offset + 2], "big")


def find_pages(
    file: LedgerDatabase, traces: Traces, clock: Clock, is_cancelled: Callable[[], bool]
) -> list[int]:
    """
    Return the offsets of the pages whose unallocated space has any traces. Runs in a thread of its
    own; the file may change meanwhile.
    """
    found: list[int] = []
    size, offset = file.page_size, 0
    while not is_cancelled() and (data := file.read(offset, _SLICE * size)):
        for start in range(0, len(data), size):
            if traces.are_in(data[start : start + size]):
                found.append(offset + start)
        offset += len(data)
        clock.sleep(_PAUSE)
    return found if offset < _MAX_PAGES * size else []


class Erasure:
    """
    Clears pages. Lives in the writer's thread.

    :ivar is_due: whether there are texts that have to leave the file.
    """

    def __init__(self, file: LedgerDatabase, transaction: Transaction) -> None:
        self._file = file
        self._db = file.db
        self._transaction = transaction
        self.is_due = file.value("SELECT 1 FROM erasures LIMIT 1") is not None

    def traces(self) -> Traces:
        """Return the traces of all texts that have to leave the file."""
        rows = self._db.execute("SELECT no, trace FROM erasures ORDER BY no").fetchall()
        found = {block for _, trace in rows for block in blocks(trace)}
        return Traces(frozenset(found), rows[-1][0] if rows else 0)

    def clear(self, pages: list[int], traces: Traces) -> None:
        """
        Clear the unallocated space of pages that have traces, and forget these, unless others have
        come meanwhile. Does nothing while anything is in the WAL.

        :raises sqlite3.Error: the outcome is unknown.
        :raises OSError: likewise.
        """
        self._transaction.begin()
        if self._file.wal_is_empty:
            for page in pages:
                self._clear(page, traces)
            self._file.sync()
            if self._file.value("SELECT max(no) FROM erasures") == traces.last:
                self._db.execute("DELETE FROM erasures")  # whole pages, which are overwritten
                self.is_due = False
        self._transaction.commit()
        self._db.execute("PRAGMA shrink_memory")

    def _clear(self, offset: int, traces: Traces) -> None:
        page = self._file.read(offset, self._file.page_size)
        if traces.are_in(page) and is_sound(page):
            start, end = unallocated(page)
            self._file.write(offset + start, bytes(end - start))
