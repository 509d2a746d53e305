"""
Group commit: entries gather into batches, and the entries of a batch share a commit.

Entries that are posted while a batch is being written are the next batch. There is no timer: when
it is quiet a message goes out at once, and the busier it is, the more of them share a commit. There
is no storage here: that is a ledger's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from groupchat.core.entries import (
    CloseEntry,
    CorrectionEntry,
    Entry,
    ImportEntry,
    InviteEntry,
    JoinEntry,
    MarkEntry,
    MessageEntry,
    PrivacyEntry,
    TopicEntry,
)
from groupchat.wire.errors import BadField, StorageFull

if TYPE_CHECKING:
    from groupchat.interfaces import ILedgerOwner
    from groupchat.ledgers.privacy import AccessEntry

__all__ = ["CallLater", "EntryProcessor", "GroupCommit", "beyond_head", "disk_full"]

MAX_BATCH = 256  #: entries in a batch: to show more at once would hold up everything else
MAX_TURNS_WAITED = 8  #: turns of the reactor in which a batch waits for more, while it comes


class CallLater(Protocol):
    """`callLater` of a reactor."""

    def __call__(self, delay: float, function: Callable[[], None], /) -> object: ...


class GroupCommit:
    """
    Gathers entries into batches, one in flight at a time.

    In a busy room more is likely to be on its way: after a big batch the next one waits as long as
    each turn brings more; else the first entry would go out alone, at the price of a whole batch.

    :param write: begins to store a batch, and calls `written` with it once that is done.

    :ivar owner: the object that gets the batches back.
    """

    log = Logger()

    def __init__(self, call_later: CallLater, write: Callable[[list[Entry]], None]) -> None:
        self._call_later = call_later
        self._write = write
        self._pending: list[Entry] = []
        self._last = 0  # entries in the batch before
        self._gathered = 0  # entries that were there a turn ago
        self._turns = 0  # turns that were waited
        self._busy = False
        self._held = False
        self._idle: Deferred[None] | None = None
        self.owner: ILedgerOwner

    def post(self, entry: Entry) -> None:
        self._pending.append(entry)
        if not self._busy:
            self._busy = True
            # at the end of this turn of the reactor: all that it brings is one batch
            self._call_later(0, self._flush)

    def hold(self) -> None:
        """Forget what was posted, in flight or not, and only gather until `release`."""
        self._pending = []
        self._busy = self._held = True

    def release(self) -> None:
        """Go on with what was posted since `hold`."""
        self._held, self._busy = False, bool(self._pending)
        if self._busy:
            self._call_later(0, self._flush)

    def _flush(self) -> None:
        if self._held or not self._pending:
            return
        count = len(self._pending)
        talk = isinstance(self._pending[-1], MessageEntry)
        if talk and self._gathered < count < self._last and self._turns < MAX_TURNS_WAITED:
            self._gathered, self._turns = count, self._turns + 1
            self._call_later(0, self._flush)
            return
        self._gathered, self._turns, self._last = 0, 0, min(count, MAX_BATCH)
        batch, self._pending = self._pending[:MAX_BATCH], self._pending[MAX_BATCH:]
        self._write(batch)

    def show(self, batch: list[Entry]) -> None:
        """Tell the owner what is durable."""
        try:
            self.owner.appended(batch)
        except Exception:
            self.log.failure("A batch could not be shown")

    def written(self, batch: list[Entry]) -> None:
        """A batch is durable, maybe with others': tell the owner, and begin the next."""
        self.show(batch)
        if self._pending:
            self._call_later(0, self._flush)
            return
        self._busy = False
        if self._idle is not None:
            self._idle.callback(None)

    def idle(self) -> Deferred[None]:
        """Return a Deferred that fires once nothing waits or is in flight."""
        self._idle = Deferred()
        if not self._busy or self._held:
            self._idle.callback(None)
        return self._idle


class EntryProcessor:
    """
    Writes on each entry its outcome; a ledger has a method for each kind of entry that it stores or
    completes.
    """

    def process(self, batch: list[Entry]) -> None:
        """Process the entries of a batch, in order."""
        for entry in batch:
            if type(entry) is MessageEntry:
                self._message(entry)
            else:
                self._process_other(entry)

    def _process_other(self, entry: Entry) -> None:
        if isinstance(entry, JoinEntry):
            self._join(entry)
        elif isinstance(entry, CorrectionEntry):
            self._correction(entry)
        elif isinstance(entry, ImportEntry):
            self._import(entry)
        elif isinstance(entry, TopicEntry):
            self._topic(entry)
        elif isinstance(entry, MarkEntry):
            self._mark(entry)
        elif isinstance(entry, (PrivacyEntry, InviteEntry, CloseEntry)):
            self._access(entry)

    def _message(self, entry: MessageEntry) -> None:
        raise NotImplementedError

    def _correction(self, entry: CorrectionEntry) -> None:
        raise NotImplementedError

    def _import(self, entry: ImportEntry) -> None:
        raise NotImplementedError

    def _join(self, entry: JoinEntry) -> None:
        raise NotImplementedError

    def _topic(self, entry: TopicEntry) -> None:
        raise NotImplementedError

    def _mark(self, entry: MarkEntry) -> None:
        raise NotImplementedError

    def _access(self, entry: AccessEntry) -> None:
        raise NotImplementedError


def disk_full() -> StorageFull:
    """Return the refusal of a message that could not be stored, and surely is not."""
    return StorageFull("The server's disk is full. It was not stored; try again later.", retry=5)


def beyond_head() -> BadField:
    """Return the refusal of a mark at an id that the room does not have."""
    return BadField("There is no such message here yet.")
