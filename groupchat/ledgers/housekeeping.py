"""
The upkeep of the ledger on disk, the writer's side: what `upkeep.py` has it do now and then,
between batches.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from groupchat.ledgers.clock import Clock
from groupchat.ledgers.database import LedgerDatabase, is_full, is_locked
from groupchat.ledgers.environment import Limits
from groupchat.ledgers.erasure import Erasure, Traces, find_pages
from groupchat.ledgers.pruning import STEPS, Pruning
from groupchat.ledgers.transaction import Transaction
from groupchat.ledgers.vacuum import Vacuum
from groupchat.ledgers.wal import WriteAhead

__all__ = ["Housekeeping"]

PRUNED_BYTES = 250  #: bytes that a deleted message takes in the WAL, about


class Housekeeping:
    """
    Lives in the writer's thread, but for its properties and `find_pages`.

    :param roll_back: is called when surely nothing of a portion is stored.

    :ivar wal: the write-ahead log.
    :ivar vacuum: gives space back.
    """

    def __init__(
        self,
        file: LedgerDatabase,
        transaction: Transaction,
        pruning: Pruning,
        clock: Clock,
        limits: Limits,
        roll_back: Callable[[], None],
    ) -> None:
        self._file = file
        self._transaction = transaction
        self._pruning = pruning
        self._clock = clock
        self._limits = limits
        self._roll_back = roll_back
        self._erasure = Erasure(file, transaction)
        self.wal = WriteAhead(file, clock, limits.checkpoint_bytes)
        self.vacuum = Vacuum(file, limits.vacuumed_pages)

    def stored(self, size: int, erases: bool) -> None:
        """
        A batch is stored.

        :param size: bytes that it takes in the WAL, about.
        :param erases: whether it took the text of messages.
        """
        if erases:
            self.wal.erase()
            self._erasure.is_due = True
        self.wal.grow(size)

    @property
    def is_due(self) -> bool:
        """
        Whether `write_back` has to be called soon: another program has kept the WAL from being
        written back, or texts that were deleted have to leave the files.
        """
        return self.wal.is_due or self._erasure.is_due

    def write_back(self) -> Traces | None:
        """
        Write the WAL back. Return the traces to look for in the file, if there are any and the WAL
        has none of them.

        :raises sqlite3.Error: it is unknown what of it was written.
        """
        self.wal.write_back()
        due = self._erasure.is_due and not self.wal.is_due
        return self._erasure.traces() if due else None

    def find_pages(self, traces: Traces, is_cancelled: Callable[[], bool]) -> list[int]:
        """Return the offsets of the pages with traces. Runs in any thread."""
        return find_pages(self._file, traces, self._clock, is_cancelled)

    def erase(self, pages: list[int], traces: Traces) -> None:
        """
        Clear pages of traces, and forget these.

        :raises sqlite3.Error: the outcome is unknown.
        """
        self.wal.write_back()
        try:
            self._erasure.clear(pages, traces)
        except sqlite3.OperationalError as error:
            if not is_locked(error) and not is_full(error):
                raise
            self._transaction.roll_back()
        self.vacuum.check()
        self._cut_wal()

    @property
    def has_portions(self) -> bool:
        """Whether `run_portion` has to be called soon."""
        return self._pruning.has_more or self.vacuum.is_due

    def run_portion(self) -> bool:
        """
        Delete some messages that have expired, or give some free pages back. Return whether there
        was space and no lock for that.

        :raises sqlite3.Error: the outcome is unknown.
        """
        try:
            if self._pruning.has_more:
                self._prune()
            elif self.vacuum.is_due:
                self.wal.grow(self.vacuum.run())
        except sqlite3.OperationalError as error:
            if not is_locked(error) and not is_full(error):
                raise
            self._roll_back()
            return False
        return True

    def _prune(self) -> None:
        self._pruning.run()
        self._transaction.commit()
        self.wal.grow(STEPS * self._limits.pruned_messages * PRUNED_BYTES)
        if not self._pruning.has_more:
            self.vacuum.check()

    def end_vacuum(self) -> None:
        """
        Give no more space back for now, and write the WAL back, so that the file has its new size.

        :raises sqlite3.Error: it is unknown what of it was written.
        """
        self.vacuum.end()
        self._cut_wal()

    def _cut_wal(self) -> None:
        self.wal.erase()
        self.wal.write_back()
