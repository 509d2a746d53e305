"""
Gives space back: pages of the ledger's file that are free, since messages were deleted, go back to
the file system, a few at a time.

SQLite moves the last pages of the file into free ones, and cuts the file. Some free pages are kept:
new messages need them soon.
"""

from __future__ import annotations

from groupchat.ledgers.database import LedgerDatabase

__all__ = ["Vacuum"]

MAX_FREE_SHARE = 8  #: more than this part of the file, and more than `MIN_FREE`, is too much
MIN_FREE = 256  #: free pages that are never too many


class Vacuum:
    """
    Lives in the writer's thread.

    :param step: pages that are given back at once.
    """

    def __init__(self, file: LedgerDatabase, step: int) -> None:
        self._file = file
        self._step = step
        self._target: int | None = None  # the free pages that shall be left
        self.check()

    @property
    def is_due(self) -> bool:
        """Whether there are pages to give back."""
        return self._target is not None

    def check(self) -> None:
        """Look whether the file has too many free pages. If so, half of that shall be left."""
        limit = max(MIN_FREE, self._file.value("PRAGMA page_count") // MAX_FREE_SHARE)
        if self._target is None and self._free() > limit:
            self._target = limit // 2

    def begin(self) -> None:
        """Let all free pages be given back."""
        self._target = 0

    def end(self) -> None:
        """Give no more back for now."""
        self._target = None

    @property
    def left(self) -> int:
        """The number of pages that are still to be given back."""
        return 0 if self._target is None else max(0, self._free() - self._target)

    def run(self) -> int:
        """
        Give some pages back. Returns about how many bytes that takes in the WAL.

        :raises sqlite3.Error: none were.
        """
        pages = min(self._step, self.left)
        if pages:
            # a script, since the statement has a row for each page
            self._file.db.executescript(f"PRAGMA incremental_vacuum({pages})")
        if not self.left:
            self.end()
        return 2 * pages * self._file.page_size

    def _free(self) -> int:
        return int(self._file.value("PRAGMA freelist_count"))
