"""
The write-ahead log of the ledger on disk, kept small: written back into the file as it grows.

A program that reads the ledger for long (a slow backup, a shell left open) keeps the WAL from being
written back and reused. The WAL grows meanwhile; once that program is done, it is written back and
cut. It is also cut when messages were redacted, so that their texts are in no file any more.
"""

from __future__ import annotations

from enum import Enum, auto

from twisted.logger import Logger

from groupchat.ledgers.clock import Clock
from groupchat.ledgers.database import Checkpoint, LedgerDatabase

__all__ = ["RETRY_SECONDS", "WriteAhead"]

#: seconds after which a held WAL is tried again, and from which on the log says that it is held
RETRY_SECONDS = 2.0
#: seconds that a WAL with deleted texts waits for readers: for the server's own, that is enough
READER_SECONDS = 0.3


class _State(Enum):
    FREE = auto()
    HELD = auto()
    REPORTED = auto()  #: held, and the log says so


class WriteAhead:
    """
    Lives in the writer's thread.

    :param file: whose WAL this is.
    :param limit: bytes after which the WAL is written back.
    """

    log = Logger()

    def __init__(self, file: LedgerDatabase, clock: Clock, limit: int) -> None:
        self._file = file
        self._clock = clock
        self._limit = limit
        self._grown = 0
        self._state = _State.FREE
        self._since = 0.0
        self._has_deleted = False  # texts that were deleted are in it

    @property
    def is_due(self) -> bool:
        """Whether it has to be written back soon, even if it does not grow."""
        return self._has_deleted or self._state is not _State.FREE

    def erase(self) -> None:
        """Texts that were deleted are in it: it has to be cut."""
        self._has_deleted = True

    def grow(self, size: int) -> None:
        """Count bytes that were written: about this many."""
        self._grown += size
        if self._grown > self._limit:
            self.write_back()

    def write_back(self) -> None:
        """Write back what can be, without waiting for anyone."""
        self._grown = 0
        found = self._file.checkpoint("PASSIVE")
        if found is Checkpoint.DONE and self.is_due:
            with self._file.patience(READER_SECONDS if self._has_deleted else 0.0):
                found = self._file.checkpoint("TRUNCATE")
        if found is Checkpoint.HELD:
            self._hold()
        elif found is Checkpoint.DONE:
            self._free()

    def _hold(self) -> None:
        now = self._clock.monotonic()
        if self._state is _State.FREE:
            self._state, self._since = _State.HELD, now
        elif self._state is _State.HELD and now - self._since >= RETRY_SECONDS:
            self._state = _State.REPORTED
            self.log.warn(
                "Another program keeps reading the ledger {path} (a backup, or sqlite3 left open):"
                " its -wal grows until that ends.",
                path=self._file.path,
            )

    def _free(self) -> None:
        self._has_deleted = False
        if self._state is _State.REPORTED:
            self.log.warn(
                "No other program reads the ledger {path} any more: its -wal is small again.",
                path=self._file.path,
            )
        self._state = _State.FREE
