"""
The ledger that forgets: everything in memory, gone when the process ends.

It serves those who want no file and, being without threads, the tests. It keeps to the same
contract as the others.
"""

from __future__ import annotations

from secrets import token_urlsafe

from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from groupchat.core.direct_rooms import is_direct, parties
from groupchat.core.entries import (
    CorrectionEntry,
    Entry,
    JoinEntry,
    MarkEntry,
    MessageEntry,
    TopicEntry,
)
from groupchat.core.search import Found, SearchQuery
from groupchat.interfaces import ILedger, ILedgerOwner
from groupchat.ledgers import corrections, privacy
from groupchat.ledgers.clock import Clock, SystemClock
from groupchat.ledgers.dedupe import digest_of, is_next, repeat
from groupchat.ledgers.group_commit import CallLater, EntryProcessor, GroupCommit, beyond_head
from groupchat.ledgers.memory_room import MemoryClient, MemoryRoom, StoredMessage
from groupchat.ledgers.memory_search import search
from groupchat.ledgers.pages import page
from groupchat.ledgers.retention import RetentionPolicy
from groupchat.wire.errors import NotAllowed, not_open
from groupchat.wire.events import Message
from groupchat.wire.timestamps import stamp

__all__ = ["MemoryLedger"]

_NEW_CLIENT = MemoryClient()  #: stands for each that has sent nothing with an n


@implementer(ILedger)
class MemoryLedger(EntryProcessor):
    """
    :param call_later: of a reactor.
    :param keep: how long messages are kept.
    """

    node = 0
    is_alone = True
    trouble = ""

    def __init__(
        self,
        call_later: CallLater,
        keep: RetentionPolicy | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.epoch = token_urlsafe(6)
        self._keep = keep or RetentionPolicy()
        self._keeps_all = not (self._keep.count or self._keep.age)
        self._clock = clock or SystemClock()
        self._rooms: dict[str, MemoryRoom] = {}
        self._queue = GroupCommit(call_later, self.write)
        self.post = self._queue.post

    def open(self, owner: ILedgerOwner) -> None:
        self._queue.owner = owner

    def ping(self) -> Deferred[None]:
        return succeed(None)

    def hand_over(self) -> Deferred[None]:
        return succeed(None)

    def close(self) -> Deferred[None]:
        return self._queue.idle()

    # Reading.

    def _room(self, name: str) -> MemoryRoom:
        return self._rooms.get(name) or MemoryRoom()

    def page(self, room: str, after: int, through: int) -> Deferred[list[Message]]:
        return succeed(page(self._room(room).between(after, through + 1)))

    def history(
        self, room: str, before: int, limit: int, after: int | None = None
    ) -> Deferred[tuple[list[Message], bool]]:
        log = self._room(room)
        before = min(before, log.head + 1)
        if after is not None:
            after = max(after, log.first - 1)
            found = page(log.between(after, min(before, after + limit + 1)))
            return succeed((found, bool(found) and found[-1].id < before - 1))
        found = log.between(before - limit - 1, before)
        found = page(reversed(found))[::-1]
        return succeed((found, bool(found) and found[0].id > log.first))

    def search(self, room: str, query: SearchQuery, before: int, limit: int) -> Deferred[Found]:
        return succeed(search(self._room(room), query, before, limit, self._clock))

    def rooms(self, account: str = "") -> Deferred[dict[str, str]]:
        return succeed(
            {
                name: room.topic
                for name, room in self._rooms.items()
                if room.has_messages
                and not is_direct(name)
                and privacy.admits(name, room.privacy, account)
            }
        )

    def direct_rooms(self, account: str) -> Deferred[dict[str, tuple[int, int]]]:
        return succeed(
            {
                name: (room.head, room.marks.get(account, 0))
                for name, room in self._rooms.items()
                if room.has_messages and is_direct(name) and account in parties(name)
            }
        )

    # Writing.

    def write(self, batch: list[Entry]) -> None:
        """Store a batch, and hand it back. A test can override this to have a slow disk."""
        self.process(batch)
        self._queue.written(batch)

    def _topic(self, entry: TopicEntry) -> None:
        room = self._rooms.setdefault(entry.room, MemoryRoom())
        room.topic, room.topic_by = entry.text, entry.sender

    def _message(self, entry: MessageEntry) -> None:
        room = self._rooms.get(entry.room) or MemoryRoom()
        client = room.clients.get(entry.client, _NEW_CLIENT)
        usual = (entry.n is None or entry.n == client.last + 1) and entry.refusal is None
        if usual or self._is_new(entry, client):
            self._append(entry, room)

    def _is_new(self, entry: MessageEntry, client: MemoryClient) -> bool:
        if entry.n is not None and entry.n <= client.last:
            repeat(entry, client.message(entry.n))
            return False
        return is_next(entry, client.last)

    def _correction(self, entry: CorrectionEntry) -> None:
        room = self._room(entry.room)
        client = room.clients.get(entry.client, _NEW_CLIENT)
        authors: set[str | bytes] = {entry.account, entry.client}
        id = room.first_id(entry.replaces or entry.redacts or 0, authors)
        if entry.redacts is None:
            entry.replaces = id
        else:
            entry.redacts = id
        if not self._is_new(entry, client):
            return
        entry.refusal = corrections.check(entry, room.target(id, authors))
        if entry.refusal is None:
            if entry.redacts is not None:
                entry.redacted = room.redact(id)
            self._append(entry, room, entry.replaces, entry.redacts)

    def _append(
        self,
        entry: MessageEntry,
        room: MemoryRoom,
        replaces: int | None = None,
        redacts: int | None = None,
    ) -> None:
        self._rooms[entry.room] = room
        entry.id, entry.fresh = room.head + 1, True
        received = self._received(entry.at) if self._keep.age else 0.0  # to ask it takes time
        if entry.at < room.at:
            entry.at = room.at
        message = Message(
            entry.room, entry.id, stamp(entry.at), entry.sender, entry.text,
            entry.act, entry.notice, replaces, redacts,
        )  # fmt: skip
        room.append(StoredMessage(message, entry.at, received, entry.account or entry.client))
        if entry.n is not None:
            client = room.clients.get(entry.client)
            if client is None:
                client = room.clients[entry.client] = MemoryClient()
            client.add(entry.n, entry.id, digest_of(entry))
        if not self._keeps_all:
            self._expire(room)

    def _received(self, at: int) -> float:
        """Return the uptime at which a message was received that is stamped with a time."""
        return self._clock.uptime() - max(0.0, self._clock.time() - at / 1000)  # it may have waited

    def _expire(self, room: MemoryRoom) -> None:
        count, age = self._keep.count, self._keep.age
        if count or age:
            room.expire(count, self._clock.uptime() - age / 1000 if age else float("-inf"))

    def _join(self, entry: JoinEntry) -> None:
        room = self._room(entry.room)
        if not privacy.admits(entry.room, room.privacy, entry.account):
            entry.refusal = not_open()
            return
        self._expire(room)
        entry.head, entry.first = room.head, room.first
        entry.topic, entry.topic_by = room.topic, room.topic_by
        entry.owner, entry.private, entry.invited = room.privacy
        entry.mark = room.marks.get(entry.account or entry.client, 0)
        entry.last_n = room.clients[entry.client].last if entry.client in room.clients else 0
        entry.known = entry.epoch in (None, self.epoch) and (entry.after or 0) <= room.head

    def _mark(self, entry: MarkEntry) -> None:
        room = self._room(entry.room)
        if entry.id > room.head:
            entry.refusal = beyond_head()
            return
        mark = room.marks.get(entry.owner, 0)
        entry.moved = entry.id > mark
        if entry.moved:
            room.marks[entry.owner] = entry.id
        else:
            entry.id = mark

    def _access(self, entry: privacy.AccessEntry) -> None:
        room = self._rooms.get(entry.room) or MemoryRoom()
        try:
            room.privacy = privacy.change(room.privacy, entry)
        except NotAllowed as refusal:
            entry.refusal = refusal
        else:
            self._rooms[entry.room] = room
            entry.owner, entry.private, entry.invited = room.privacy
