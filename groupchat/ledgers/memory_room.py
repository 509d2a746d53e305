"""A room of the ledger in memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import msgspec

from groupchat.core.room_access import OPEN
from groupchat.ledgers.corrections import MAX_SCANNED_FOR_LAST, Target
from groupchat.ledgers.dedupe import REMEMBERED_NUMBERS
from groupchat.wire.events import Message

__all__ = ["MemoryClient", "MemoryRoom", "StoredMessage"]


class StoredMessage(msgspec.Struct, gc=False):
    """
    A message with what the wire does not show of it. It is part of no cycle, and there are many:
    the collector need not visit them.

    :ivar at: milliseconds since 1970.
    :ivar received: when it was received, in the clock's uptime.
    :ivar author: the id of the account, or the client of a guest; b"" if nobody knows.
    """

    message: Message
    at: int
    received: float
    author: str | bytes


class MemoryClient:
    """
    The count of a client in a room.

    :ivar last: its last n.
    """

    def __init__(self) -> None:
        self.last = 0
        self._newest: deque[tuple[int, bytes]] = deque(maxlen=REMEMBERED_NUMBERS)

    def add(self, n: int, id: int, digest: bytes) -> None:
        """Count a message that the client sent as n."""
        self.last = n
        self._newest.append((id, digest))

    def message(self, n: int) -> tuple[int, bytes] | None:
        """Return the id and the digest of the message that it sent as n, if remembered."""
        back = self.last - n
        return self._newest[-1 - back] if back < len(self._newest) else None


class MemoryRoom:
    """
    :ivar at: the time of the last message: none after it is given an earlier one.
    :ivar marks: by the id of an account or the client of a guest.
    """

    def __init__(self) -> None:
        self.at = 0
        self.head = 0
        self.topic = ""
        self.topic_by = ""
        self.privacy = OPEN
        self.clients: dict[bytes, MemoryClient] = {}
        self.marks: dict[str | bytes, int] = {}
        self._stored: deque[StoredMessage] = deque()

    @property
    def has_messages(self) -> bool:
        return bool(self._stored)

    @property
    def first(self) -> int:
        return self.head + 1 - len(self._stored)

    def append(self, stored: StoredMessage) -> None:
        self._stored.append(stored)
        self.head, self.at = stored.message.id, stored.at

    def expire(self, count: int | None, oldest: float) -> None:
        """Drop the oldest messages: those beyond a number, and those received before `oldest`."""
        stored = self._stored
        while stored and ((count and len(stored) > count) or stored[0].received < oldest):
            stored.popleft()

    def between(self, after: int, before: int) -> list[Message]:
        """Return the messages with after < id < before."""
        start = max(0, after + 1 - self.first)
        end = min(len(self._stored), before - self.first)
        return [self._stored[index].message for index in range(start, end)]

    def backwards(self, before: int) -> Iterator[Message]:
        """Yield the messages with id < before, the newest first."""
        for index in range(min(len(self._stored), before - self.first) - 1, -1, -1):
            yield self._stored[index].message

    # Corrections.

    def first_id(self, id: int, authors: set[str | bytes]) -> int:
        """
        Return the id of the message that a correction means by an id: the first one, if that is a
        replacement; the authors' newest, if it is 0.
        """
        if id:
            stored = self._find(id)
            first = stored.message.replaces if stored else None
            return first if first and first >= self.first else id
        for stored in self._newest():
            message = stored.message
            if stored.author in authors and not (
                message.replaces or message.redacts or message.redacted
            ):
                return message.id
        return 0

    def target(self, id: int, authors: set[str | bytes]) -> Target | None:
        """Return the message with an id, as its correction sees it, or None."""
        stored = self._find(id)
        if stored is None:
            return None
        message = stored.message
        own = bool(stored.author) and stored.author in authors
        return Target(id, stored.at, own, message.redacts is not None, message.redacted)

    def redact(self, id: int) -> list[int]:
        """Delete the text of a message and of its replacements. Return their ids."""
        redacted = []
        target = self._find(id)
        first = target.message.replaces or id if target else id
        for stored in self._stored:
            message = stored.message
            if first in (message.id, message.replaces):
                stored.message = msgspec.structs.replace(message, text="", redacted=True)
                redacted.append(message.id)
        return redacted

    def _find(self, id: int) -> StoredMessage | None:
        return self._stored[id - self.first] if self.first <= id <= self.head else None

    def _newest(self) -> Iterator[StoredMessage]:
        for index in range(min(MAX_SCANNED_FOR_LAST, len(self._stored))):
            yield self._stored[-1 - index]
