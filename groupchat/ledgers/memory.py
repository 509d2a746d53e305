"""
The ledger that forgets: everything in memory, gone when the process ends.

It serves ``--ledger memory`` and, being without threads, the tests. It keeps to the same contract
as the others.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from secrets import token_urlsafe
from typing import Any

from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from groupchat.core.entries import Entry, JoinEntry, MessageEntry, TopicEntry
from groupchat.interfaces import ILedger
from groupchat.ledgers.calendar import uptime
from groupchat.ledgers.dedupe import REMEMBERED_NUMBERS, digest, is_next
from groupchat.ledgers.group_commit import EntryProcessor, GroupCommit
from groupchat.ledgers.pages import page
from groupchat.ledgers.retention import RetentionPolicy
from groupchat.wire.events import Message
from groupchat.wire.timestamps import stamp


class _Room:
    def __init__(self) -> None:
        self.messages: deque[Message] = deque()
        self.times: deque[float] = deque()  # when they were received, as `uptime` tells it
        self.at = 0
        self.head = 0
        self.topic = ""
        self.topic_by = ""
        self.said: dict[bytes, _Said] = {}

    @property
    def first(self) -> int:
        return self.messages[0].id if self.messages else self.head + 1

    def between(self, after: int, before: int) -> list[Message]:
        start = max(0, after + 1 - self.first)
        return [
            self.messages[place]
            for place in range(start, min(len(self.messages), before - self.first))
        ]


class _Said:
    def __init__(self) -> None:
        self.last = 0
        self.ids: deque[tuple[int, bytes]] = deque(maxlen=REMEMBERED_NUMBERS)

    def known(self, n: int) -> tuple[int, bytes] | None:
        back = self.last - n
        return self.ids[-1 - back] if back < len(self.ids) else None


@implementer(ILedger)
class MemoryLedger(EntryProcessor):
    """
    :param later: `callLater` of a reactor.
    :param keep: how long messages are kept.
    """

    def __init__(self, later: Callable[..., Any], keep: RetentionPolicy | None = None) -> None:
        self.epoch = token_urlsafe(6)
        self._keep = keep or RetentionPolicy()
        self._rooms: dict[str, _Room] = {}
        self._queue = GroupCommit(later, self._write)
        self.post = self._queue.post

    def open(self, owner: Any) -> None:
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

    def _write(self, batch: list[Entry]) -> None:
        self.process(batch)
        self._queue.written(batch)

    def _topic(self, draft: TopicEntry) -> None:
        room = self._rooms.setdefault(draft.room, _Room())
        room.topic, room.topic_by = draft.text, draft.sender

    def _message(self, draft: MessageEntry) -> None:
        room = self._rooms.get(draft.room) or _Room()
        said = room.said.get(draft.client) or _Said()
        if not is_next(draft, said.last, said.known):
            return
        self._rooms[draft.room] = room
        room.head += 1
        draft.id = room.head
        draft.fresh = True
        received = uptime(time) - max(0.0, time.time() - draft.at / 1000)  # it may have waited
        draft.at = room.at = max(draft.at, room.at)
        room.messages.append(
            Message(draft.room, room.head, stamp(draft.at), draft.sender, draft.text, draft.act)
        )
        room.times.append(received)
        if draft.n is not None:
            room.said[draft.client] = said
            said.last = draft.n
            said.ids.append((room.head, digest(draft.text, draft.act)))
        self._forget(room)

    def _forget(self, room: _Room) -> None:
        count, age = self._keep.count, self._keep.age
        oldest = uptime(time) - (age / 1000 if age else float("inf"))
        while room.messages and ((count and len(room.messages) > count) or room.times[0] < oldest):
            room.messages.popleft()
            room.times.popleft()

    def _join(self, draft: JoinEntry) -> None:
        room = self._rooms.get(draft.room) or _Room()
        self._forget(room)
        draft.head, draft.first = room.head, room.first
        draft.topic, draft.topic_by = room.topic, room.topic_by
        draft.last_n = room.said[draft.client].last if draft.client in room.said else 0
        draft.known = draft.epoch in (None, self.epoch) and (draft.after or 0) <= room.head
