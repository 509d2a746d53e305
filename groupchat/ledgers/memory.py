"""
The ledger that forgets: everything in memory, gone when the process ends.

It serves those who want no file and, being without threads, the tests. It keeps to the same
contract as the others.
"""

from __future__ import annotations

from collections import deque
from secrets import token_urlsafe

from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from groupchat.core.entries import Entry, JoinEntry, MessageEntry, TopicEntry
from groupchat.interfaces import ILedger, ILedgerOwner
from groupchat.ledgers.clock import Clock, SystemClock
from groupchat.ledgers.dedupe import REMEMBERED_NUMBERS, digest, is_next
from groupchat.ledgers.group_commit import CallLater, EntryProcessor, GroupCommit
from groupchat.ledgers.pages import page
from groupchat.ledgers.retention import RetentionPolicy
from groupchat.wire.events import Message
from groupchat.wire.timestamps import stamp

__all__ = ["MemoryLedger"]


class _Room:
    """
    :ivar received: for each message when it was received, in the clock's uptime.
    :ivar at: the time of the last message: none after it is given an earlier one.
    """

    def __init__(self) -> None:
        self.messages: deque[Message] = deque()
        self.received: deque[float] = deque()
        self.at = 0
        self.head = 0
        self.topic = ""
        self.topic_by = ""
        self.clients: dict[bytes, _Client] = {}

    @property
    def first(self) -> int:
        return self.messages[0].id if self.messages else self.head + 1

    def between(self, after: int, before: int) -> list[Message]:
        """Return the messages with after < id < before."""
        start = max(0, after + 1 - self.first)
        end = min(len(self.messages), before - self.first)
        return [self.messages[index] for index in range(start, end)]


class _Client:
    """The count of a client in a room."""

    def __init__(self) -> None:
        self.last = 0
        self.newest: deque[tuple[int, bytes]] = deque(maxlen=REMEMBERED_NUMBERS)

    def message(self, n: int) -> tuple[int, bytes] | None:
        """Return the id and the digest of the message that it sent as n, if remembered."""
        back = self.last - n
        return self.newest[-1 - back] if back < len(self.newest) else None


@implementer(ILedger)
class MemoryLedger(EntryProcessor):
    """
    :param call_later: of a reactor.
    :param keep: how long messages are kept.
    """

    def __init__(
        self,
        call_later: CallLater,
        keep: RetentionPolicy | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.epoch = token_urlsafe(6)
        self._keep = keep or RetentionPolicy()
        self._clock = clock or SystemClock()
        self._rooms: dict[str, _Room] = {}
        self._queue = GroupCommit(call_later, self.write)
        self.post = self._queue.post

    def open(self, owner: ILedgerOwner) -> None:
        self._queue.owner = owner

    def close(self) -> Deferred[None]:
        return self._queue.idle()

    def page(self, room: str, after: int, through: int) -> Deferred[list[Message]]:
        found = self._rooms.get(room, _Room()).between(after, through + 1)
        return succeed(page(found))

    def history(self, room: str, before: int, limit: int) -> Deferred[tuple[list[Message], bool]]:
        log = self._rooms.get(room, _Room())
        before = min(before, log.head + 1)
        found = log.between(before - limit - 1, before)
        found = page(reversed(found))[::-1]
        return succeed((found, bool(found) and found[0].id > log.first))

    def rooms(self) -> Deferred[dict[str, str]]:
        return succeed({name: room.topic for name, room in self._rooms.items() if room.messages})

    def write(self, batch: list[Entry]) -> None:
        """Store a batch, and hand it back. A test can override this to have a slow disk."""
        self.process(batch)
        self._queue.written(batch)

    def _topic(self, entry: TopicEntry) -> None:
        room = self._rooms.setdefault(entry.room, _Room())
        room.topic, room.topic_by = entry.text, entry.sender

    def _message(self, entry: MessageEntry) -> None:
        room = self._rooms.get(entry.room) or _Room()
        client = room.clients.get(entry.client) or _Client()
        if not is_next(entry, client.last, client.message):
            return
        self._rooms[entry.room] = room
        room.head += 1
        entry.id = room.head
        entry.fresh = True
        # it may have waited
        received = self._clock.uptime() - max(0.0, self._clock.time() - entry.at / 1000)
        entry.at = room.at = max(entry.at, room.at)
        room.messages.append(
            Message(entry.room, room.head, stamp(entry.at), entry.sender, entry.text, entry.act)
        )
        room.received.append(received)
        if entry.n is not None:
            room.clients[entry.client] = client
            client.last = entry.n
            client.newest.append((room.head, digest(entry.text, entry.act)))
        self._expire(room)

    def _expire(self, room: _Room) -> None:
        count, age = self._keep.count, self._keep.age
        oldest = self._clock.uptime() - (age / 1000 if age else float("inf"))
        while room.messages and (
            (count and len(room.messages) > count) or room.received[0] < oldest
        ):
            room.messages.popleft()
            room.received.popleft()

    def _join(self, entry: JoinEntry) -> None:
        room = self._rooms.get(entry.room) or _Room()
        self._expire(room)
        entry.head, entry.first = room.head, room.first
        entry.topic, entry.topic_by = room.topic, room.topic_by
        entry.last_n = room.clients[entry.client].last if entry.client in room.clients else 0
        entry.known = entry.epoch in (None, self.epoch) and (entry.after or 0) <= room.head
