"""
The writer of the ledger on disk: assigns ids to entries and stores each batch in one transaction
with one sync.

It runs in a thread of its own and caches rooms and clients, so that a message needs no query.
"""

from __future__ import annotations

import sqlite3

from twisted.logger import Logger

from groupchat.core.entries import STORED, Entry
from groupchat.ledgers.aging import Aging
from groupchat.ledgers.batch import Batch, Tables
from groupchat.ledgers.clients import Clients
from groupchat.ledgers.clock import Clock
from groupchat.ledgers.database import LedgerDatabase, cannot_open, is_full, is_locked
from groupchat.ledgers.environment import Environment, Limits
from groupchat.ledgers.epochs import Epochs
from groupchat.ledgers.housekeeping import Housekeeping
from groupchat.ledgers.identities import Identities
from groupchat.ledgers.imports import Imports
from groupchat.ledgers.marks import Marks
from groupchat.ledgers.pruning import Pruning
from groupchat.ledgers.retention import RetentionPolicy
from groupchat.ledgers.rooms import MAX_ID, ROOM_SHIFT, Rooms
from groupchat.ledgers.stamping import Stamper
from groupchat.ledgers.targets import Targets
from groupchat.ledgers.transaction import Transaction
from groupchat.wire.errors import Conflict, OutOfOrder

__all__ = ["Writer"]

#: The rows that a message changes beside its own, so that storing a batch is one step of SQLite.
_ON_INSERT_TRIGGER = f"""
    CREATE TEMP TRIGGER on_insert AFTER INSERT ON main.messages BEGIN
        UPDATE rooms SET
            head = NEW.key & {MAX_ID},
            first = max(first, (NEW.key & {MAX_ID}) + 1 - {{max_messages}})
            WHERE no = NEW.key >> {ROOM_SHIFT};
        UPDATE clients SET last = NEW.n, id = NEW.key & {MAX_ID}, seen = NEW.at
            WHERE no = NEW.client;
    END
"""


class Writer:
    """
    Stores batches. Once open, it is used only in the writer's thread.

    :param path: of the file, which is created if missing.
    :param keep: how long messages are kept.

    :ivar housekeeping: the upkeep of the file, once it is open.
    """

    log = Logger()

    def __init__(
        self, path: str, keep: RetentionPolicy, environment: Environment | None = None
    ) -> None:
        self._path = path
        self._keep = keep
        self._environment = environment or Environment()
        self._disk_is_full = False

    def open(self) -> str:
        """
        Open the file, and begin an epoch. Return the epoch's token.

        :raises CannotStart: it can't be opened.
        """
        self._file = LedgerDatabase(self._path, self._environment)
        try:
            self._compose()
        except sqlite3.Error as error:
            self._file.close()
            raise cannot_open(self._path, error) from None
        return self._tables.epochs.token

    def _compose(self) -> None:
        file, clock, limits = self._file, self._environment.clock, self._environment.limits
        transaction, epochs = Transaction(file.db), Epochs(file)
        identities = Identities(file, transaction, limits.cached_clients)
        self._aging = Aging(file.db, self._keep.age, clock, limits, epochs.number)
        self._tables = Tables(
            transaction,
            epochs,
            Rooms(file, transaction, epochs.number),
            Clients(file, transaction, limits.cached_clients),
            identities,
            Marks(file, transaction, identities),
            Targets(file, transaction, identities),
            Imports(file, transaction),
            Stamper(self._aging.calendar, clock),
            self._keep.count,
        )
        self._pruning = Pruning(file, self._tables, self._aging, clock, limits)
        self.housekeeping = Housekeeping(
            file, transaction, self._pruning, clock, limits, lambda: self._roll_back([])
        )
        file.db.execute(_ON_INSERT_TRIGGER.format(max_messages=self._keep.count or MAX_ID))

    def close(self) -> None:
        self._aging.close()
        self._file.close()

    def commit(self, batch: list[Entry]) -> None:
        """
        Assign an id to each entry and make the batch durable.

        :raises sqlite3.Error: the outcome is unknown.
        """
        self._tables.clients.trim()
        self._tables.identities.trim()
        if not any(isinstance(entry, STORED) for entry in batch):
            Batch(self._tables, storing=False).process(batch)
            return
        if not self._file.is_in_place:  # nothing is acknowledged that is in no file with a name
            self._file.checkpoint("TRUNCATE")  # the WAL has kept its name, and has to be in there
            raise sqlite3.DatabaseError("it was moved or removed while the server ran")
        try:
            work = self._store(batch)
        except sqlite3.OperationalError as error:
            if not is_full(error):
                raise
            self._refuse(batch)
        else:
            self._log_full(False)
            self._aging.committed()
            self.housekeeping.stored(work.size, work.erases)

    @property
    def trouble(self) -> str:
        """The reason why messages are refused now; "" for none."""
        return "the disk is full" if self._disk_is_full else ""

    def _store(self, batch: list[Entry]) -> Batch:
        """Store a batch, as soon as no other program has the ledger locked."""
        self._aging.watch()
        lock = _Lock(self._path, self._environment.clock, self._environment.limits)
        while True:
            work = Batch(self._tables, storing=True)
            try:
                self._pruning.run_if_due()
                work.process(batch)
                work.write()
                self._tables.transaction.commit()
            except sqlite3.OperationalError as error:
                work.undo()
                if not is_locked(error):
                    raise
                self._roll_back(batch)
                lock.wait()
            else:
                return work

    def _roll_back(self, batch: list[Entry]) -> None:
        """Surely nothing of a batch is stored: let it be processed again."""
        self._tables.transaction.roll_back()
        self._tables.rooms.clear()
        self._tables.clients.clear()
        self._tables.identities.clear()
        self._aging.roll_back()
        for entry in batch:
            # refused by what was not stored after all
            if isinstance(entry.refusal, (Conflict, OutOfOrder)):
                entry.refusal = None

    def _refuse(self, batch: list[Entry]) -> None:
        """There was no space: process the batch again, and store nothing."""
        self._log_full(True)
        self._roll_back(batch)
        Batch(self._tables, storing=False).process(batch)
        self.housekeeping.wal.write_back()

    def _log_full(self, full: bool) -> None:
        if full is self._disk_is_full:
            return
        self._disk_is_full = full
        form = (
            "The disk is full: until there is room for the ledger {path}, messages are refused."
            if full
            else "The disk has room for the ledger {path} again: messages are stored."
        )
        self.log.warn(form, path=self._path)


class _Lock:
    """
    A lock that another program holds on the ledger.

    :param path: of the ledger.
    """

    log = Logger()

    def __init__(self, path: str, clock: Clock, limits: Limits) -> None:
        self._path = path
        self._clock = clock
        self._limits = limits
        self._end: float | None = None

    def wait(self) -> None:
        """
        Wait for a moment. The first time, the log says so.

        :raises sqlite3.OperationalError: the other program has held the lock for too long.
        """
        now, timeout = self._clock.monotonic(), self._limits.lock_timeout
        if self._end is None:
            self._end = now + timeout
            self.log.warn(
                "Another program has locked the ledger {path}:"
                " messages wait, for {seconds:g} s at most.",
                path=self._path,
                seconds=timeout,
            )
        elif now >= self._end:
            raise sqlite3.OperationalError(f"another program has kept it locked for {timeout:g} s")
        self._clock.sleep(self._limits.lock_poll)
