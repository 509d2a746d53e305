"""
The tail of a room's log in memory: the last batches of events, each encoded once for each wire.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator

from groupchat.core.log_reader import redacted
from groupchat.wire.events import Event, Message, Presence
from groupchat.wire.interfaces import IWire

__all__ = ["MAX_WRITE_BYTES", "TAIL_BYTES", "Backlog", "Batch", "portions"]

TAIL_BYTES = 262_144  #: bytes of lines in a backlog
#: bytes of lines in a batch, and so in a write: a client that reads nothing holds at most that much
#: more than its 64 KiB
MAX_WRITE_BYTES = 98_304
PAGE_BYTES = 65_536  #: bytes of text in a page
MESSAGE_OVERHEAD = 100  #: bytes that a message counts beside its text


class Batch:
    """
    Events that were published together, with their lines encoded once for each wire.

    :ivar head: the room's newest id after them.
    :ivar size: about how many bytes their lines have.
    """

    __slots__ = ("_lines", "_whole", "events", "head", "size")

    def __init__(self, events: list[Event], head: int, size: int) -> None:
        self.events = events
        self.head = head
        self.size = size
        self._lines: dict[IWire, list[bytes]] = {}
        self._whole: dict[IWire, bytes] = {}

    def redact(self, ids: Collection[int]) -> None:
        """Drop the texts of these messages."""
        if any(isinstance(event, Message) and event.id in ids for event in self.events):
            self.events = [
                redacted(event) if isinstance(event, Message) and event.id in ids else event
                for event in self.events
            ]
            self._lines.clear()
            self._whole.clear()

    def encoded(self, wire: IWire) -> bytes:
        """Return the lines on this wire."""
        whole = self._whole.get(wire)
        if whole is None:
            whole = self._whole[wire] = wire.encode_all(self.events)
        return whole

    def for_author(self, wire: IWire, own: dict[int, str | None]) -> bytes:
        """
        Return the lines for a session that said some of it, with its echoes.

        :param own: the refs of its messages by their ids; those that are in this are removed.
        """
        if wire not in self._lines:
            self._lines[wire] = [wire.encode(event) for event in self.events]
        shown = self._lines[wire].copy()
        for index, event in enumerate(self.events):
            if isinstance(event, Message) and event.id in own:
                shown[index] = wire.echo(event, own.pop(event.id))
        return b"".join(shown)


def portions(events: list[Event]) -> Iterator[tuple[list[Event], int]]:
    """Yield the events in portions of about `MAX_WRITE_BYTES`, each with its size."""
    start = size = 0
    for end, event in enumerate(events):
        more = _size(event)
        if size + more > MAX_WRITE_BYTES and end > start:
            yield events[start:end], size
            start, size = end, 0
        size += more
    yield events[start:], size


def _size(event: Event) -> int:
    """Return about how many bytes the line of an event has."""
    if isinstance(event, Message):
        text = event.text
        return MESSAGE_OVERHEAD + (len(text) if text.isascii() else len(text.encode()))
    return 5000 if isinstance(event, Presence) else 1000


class Backlog:
    """
    The last batches of a room. A batch has a position, by which cursors find it.

    :param head: the newest id before the first batch.
    :ivar start: the position of the first batch.
    :ivar head_before: the newest id before the first batch.
    """

    def __init__(self, head: int) -> None:
        self.start = 0
        self.head_before = head
        self._batches: deque[Batch] = deque()
        self._size = 0

    @property
    def end(self) -> int:
        """The position of the next batch."""
        return self.start + len(self._batches)

    def append(self, batch: Batch) -> None:
        """Add a batch at the end."""
        self._batches.append(batch)
        self._size += batch.size

    def trim(self) -> None:
        """Drop the first batches, down to `TAIL_BYTES`; the last one stays."""
        while self._size > TAIL_BYTES and len(self._batches) > 1:
            dropped = self._batches.popleft()
            self._size -= dropped.size
            self.start += 1
            self.head_before = dropped.head

    def skip(self, head: int) -> None:
        """
        Drop all batches: nobody lacks any.

        :param head: the newest id.
        """
        self.start = self.end
        self.head_before = head
        self._batches.clear()
        self._size = 0

    def redact(self, ids: Collection[int]) -> None:
        """
        Drop the texts of these messages.

        :param ids: at least one.
        """
        before, low, high = self.head_before, min(ids), max(ids)
        for batch in self._batches:
            if before < high and low <= batch.head:
                batch.redact(ids)
            before = batch.head

    def at(self, position: int) -> Batch:
        """Return the batch at a position from `start` on."""
        return self._batches[position - self.start]

    def page(self, after: int, through: int) -> list[Message]:
        """Return a page of the messages with after < id <= through."""
        return _page(self._between(after, through + 1))

    def history(
        self, before: int, limit: int, after: int | None = None
    ) -> tuple[list[Message], bool] | None:
        """Return history like `ILedger.history`, as far as it is here; None where none of it is."""
        if after is not None:
            if after < self.head_before:
                return None
            newer = list(self._between(after, before))
            found = _page(newer[:limit])
            return found, len(found) < len(newer)
        known = list(self._between(self.head_before, before))
        if not known and self.head_before:
            return None
        found = _page(known[: -limit - 1 : -1])[::-1]
        return found, bool(self.head_before) or len(found) < len(known)

    def _between(self, after: int, before: int) -> Iterator[Message]:
        """Yield the messages with after < id < before."""
        for batch in self._batches:
            if batch.head > after:
                for event in batch.events:
                    if isinstance(event, Message) and after < event.id < before:
                        yield event


def _page(messages: Iterable[Message]) -> list[Message]:
    """Return the first of these messages, as many as make a page."""
    found: list[Message] = []
    size = 0
    for message in messages:
        found.append(message)
        size += len(message.text) + MESSAGE_OVERHEAD
        if size > PAGE_BYTES:
            break
    return found
