"""
Group commit, and the rules that every ledger keeps: what a client's count means, and how long
messages are kept.

Entries that are posted while a batch is being written are the next batch. There is no timer: when
it is quiet a message goes out at once, and the busier it is, the more of them share a commit. There
is no storage here: that is a ledger's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from groupchat.core.entries import Entry, JoinEntry, MessageEntry, TopicEntry
from groupchat.wire.errors import Conflict, OutOfOrder, StorageFull
from groupchat.wire.events import Message

MAX_BATCH = 256  #: drafts in a batch: to show more at once would hold up everything else
MAX_TURNS_WAITED = 8  #: turns in which a batch waits for more to be said, while it comes
REMEMBERED_NUMBERS = 1000  #: the newest n of a client in a room whose ids are known
CLIENT_LIFETIME_MS = 30 * 86_400_000  #: milliseconds after which an unseen client may be forgotten
PAGE_BYTES = 65_536  #: bytes of text in a page
MESSAGE_OVERHEAD = 128  #: bytes of a message beside its text, as a page counts them
MAX_MESSAGES_IN_PAGE = PAGE_BYTES // MESSAGE_OVERHEAD + 1  #: more messages than that make no page


class GroupCommit:
    """
    Gathers drafts into batches, one in flight at a time. Where much is said, more is likely to be
    on its way: after a big batch the next waits as long as each turn brings more, else what came
    first would go out alone, at the price of a whole batch.

    :param later: `callLater` of a reactor.
    :param write: begins to store a batch, and has `written` called with it once that is done.
    """

    log = Logger()

    def __init__(self, later: Callable[..., Any], write: Callable[[list[Entry]], None]) -> None:
        self._later = later
        self._write = write
        self._pending: list[Entry] = []
        self._last = 0  # drafts in the batch before
        self._gathered = 0  # drafts that were there a turn ago
        self._turns = 0  # turns that were waited
        self._busy = False
        self._idle: Deferred[None] | None = None
        self.owner: Any = None

    def post(self, draft: Entry) -> None:
        self._pending.append(draft)
        if not self._busy:
            self._busy = True
            self._later(
                0, self._flush
            )  # at the end of this turn of the reactor: all that it brings is one batch

    def _flush(self) -> None:
        count = len(self._pending)
        talk = isinstance(self._pending[-1], MessageEntry)
        if talk and self._gathered < count < self._last and self._turns < MAX_TURNS_WAITED:
            self._gathered, self._turns = count, self._turns + 1
            self._later(0, self._flush)
            return
        self._gathered, self._turns, self._last = 0, 0, min(count, MAX_BATCH)
        batch, self._pending = self._pending[:MAX_BATCH], self._pending[MAX_BATCH:]
        self._write(batch)

    def written(self, batch: list[Entry]) -> None:
        """A batch is durable: tell the owner, and begin the next."""
        try:
            self.owner.appended(batch)
        except Exception:
            self.log.failure("A batch could not be shown")
        if self._pending:
            self._later(0, self._flush)
            return
        self._busy = False
        if self._idle is not None:
            self._idle.callback(None)

    def idle(self) -> Deferred[None]:
        """Fires once nothing is waiting or in flight."""
        self._idle = Deferred()
        if not self._busy:
            self._idle.callback(None)
        return self._idle


class EntryProcessor:
    """
    Writes on each draft what becomes of it; what is stored, and how, a ledger says in three
    methods.
    """

    def settle(self, batch: list[Entry]) -> None:
        for draft in batch:
            if isinstance(draft, MessageEntry):
                self._say(draft)
            elif isinstance(draft, JoinEntry):
                self._enter(draft)
            elif isinstance(draft, TopicEntry):
                self._topic(draft)

    def _say(self, draft: MessageEntry) -> None:
        raise NotImplementedError

    def _enter(self, draft: JoinEntry) -> None:
        raise NotImplementedError

    def _topic(self, draft: TopicEntry) -> None:
        raise NotImplementedError


def digest(text: str, act: bool) -> bytes:
    """Return a digest that is equal for messages that say the same."""
    return blake2b(text.encode(), digest_size=8, person=b"act" if act else b"").digest()


def is_next(
    saying: MessageEntry, last: int, known: Callable[[int], tuple[int, bytes] | None]
) -> bool:
    """
    Whether a saying is to be stored; if not, what becomes of it is written on it.

    A count that was stored already is looked up before anything else is judged.

    :param last: the last n stored of this client in this room.
    :param known: gives the id and the digest of an n up to `last`, or None where it is forgotten.
    """
    if saying.n is not None:
        if saying.n <= last:
            saying.refusal = None
            found = known(saying.n)
            if found and found[1] != digest(saying.text, saying.act):
                saying.refusal = Conflict(
                    f"You have said something else as your number {saying.n} here."
                )
            elif found:
                saying.id = found[0]
            return False
        if saying.n > last + 1:
            saying.refusal = OutOfOrder(
                f"The next number that you can say here is {last + 1}.", want=last + 1
            )
            return False
    return saying.refusal is None


def disk_full() -> StorageFull:
    """The refusal of what could not be stored, and surely is not."""
    return StorageFull("The server's disk is full. It was not stored; try again later.", retry=5)


def page(messages: Iterable[Message]) -> list[Message]:
    """
    As many of these messages as make a page: at most `PAGE` bytes, but at least one. No more of
    them are taken.
    """
    found: list[Message] = []
    size = 0
    for message in messages:
        size += len(message.text.encode()) + MESSAGE_OVERHEAD
        if size > PAGE_BYTES and found:
            break
        found.append(message)
    return found


class RetentionPolicy:
    """
    The messages that the ledger keeps.

    :ivar count: the number of messages in each room, or None.
    :ivar age: their age in milliseconds, or None.
    """

    def __init__(self, count: int | None = None, age: int | None = None) -> None:
        self.count = count
        self.age = age

    @classmethod
    def parse(cls, text: str) -> RetentionPolicy:
        """
        Parse the value of ``--keep``: "all", "90d" or "100000 messages".

        :raises ValueError: it is none of these. A bare number could mean either.
        """
        found = re.fullmatch(
            r"(all)|([1-9]\d{0,5}) ?d(?:ays?)?|([1-9]\d{0,11}) ?messages?",
            text.strip().lower(),
            re.ASCII,
        )
        if not found:
            raise ValueError(text)
        _, days, count = found.groups()
        return cls(int(count) if count else None, int(days) * 86_400_000 if days else None)
