"""Reads a chat by ``async for``: what has arrived waits in a queue until it is taken."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar
from weakref import WeakSet

from twisted.internet.defer import Deferred

from groupchat.client.agenda import Agenda
from groupchat.client.connector import Connector
from groupchat.client.directory import Directory
from groupchat.client.displays import BlankDisplay
from groupchat.client.errors import Ending
from groupchat.wire import events
from groupchat.wire.commands import Position

if TYPE_CHECKING:
    from groupchat.wire.events import Event

__all__ = ["MAX_QUEUE", "Reader", "Readers", "Received"]

MAX_QUEUE = 1000  #: events in a queue, until the connection is not read
T = TypeVar("T")


class Received(NamedTuple):
    """
    An event, as it was received.

    :ivar event: the event: see `groupchat.wire.events`.
    :ivar past: whether it is history, or was missed while there was no connection.
    :ivar mine: whether it is a message that this chat said.
    """

    event: Event
    past: bool = False
    mine: bool = False


class Reader(AsyncIterator[T], Generic[T]):
    """
    An iterator over what arrives from now on. It ends when the chat ends; if that ends with an
    error, the iterator raises the `Ending`.

    :param agenda: wakes those who wait.
    :param choose: returns the item for an event, or None to leave it out.
    :param taken: called after an item was taken.
    :param patient: whether nothing is left out even if nobody reads yet. If not, only the newest
        items are kept until the first is taken.
    """

    def __init__(
        self,
        agenda: Agenda,
        choose: Callable[[Received], T | None],
        taken: Callable[[], None],
        patient: bool = True,
    ) -> None:
        self._agenda = agenda
        self._choose = choose
        self._taken = taken
        self._patient = patient
        self._queue: deque[tuple[T, Event, str]] = deque()
        self._waiters: deque[Deferred[None]] = deque()
        self._ending: Ending | None = None

    @property
    def full(self) -> bool:
        """Whether the connection should not be read until more is taken."""
        return self._patient and len(self._queue) >= MAX_QUEUE

    def offer(self, received: Received, epoch: str) -> None:
        """
        Something arrived.

        :param epoch: the log of its room.
        """
        item = self._choose(received)
        if item is None:
            return
        self._queue.append((item, received.event, epoch))
        if not self._patient and len(self._queue) > MAX_QUEUE:
            self._queue.popleft()
        self._wake()

    def end(self, ending: Ending) -> None:
        """Nothing more arrives."""
        self._ending = ending
        self._wake()

    def position(self, room: str) -> Position | None:
        """Returns the position before the first message of a room that was not taken, if any."""
        for _, event, epoch in self._queue:
            if isinstance(event, events.Message) and event.room == room:
                return Position(epoch=epoch, after=event.id - 1)
        return None

    def _wake(self) -> None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.called:  # it may have been cancelled
                self._agenda.add(waiter.callback, None)
                return

    def __aiter__(self) -> Reader[T]:
        self._patient = True
        return self

    async def __anext__(self) -> T:
        self._patient = True
        while not self._queue:
            if self._ending is not None:
                raise self._error()
            waiter: Deferred[None] = Deferred()
            self._waiters.append(waiter)
            await waiter
        item, _, _ = self._queue.popleft()
        self._taken()
        return item

    def _error(self) -> Exception:
        assert self._ending is not None
        return StopAsyncIteration() if self._ending.reason is None else self._ending


class Readers(BlankDisplay):
    """
    All readers of a chat. While one of them is full, the connection is not read, so that the
    server holds back what follows. It is read all the same while an answer is awaited, which
    arrives behind the messages.

    :param agenda: wakes those who wait.
    :param directory: knows the rooms.
    :param connector: reads the connection.
    :param awaiting: returns whether an answer of the server is awaited.
    """

    def __init__(
        self,
        agenda: Agenda,
        directory: Directory,
        connector: Connector,
        awaiting: Callable[[], bool],
    ) -> None:
        self._agenda = agenda
        self._directory = directory
        self._connector = connector
        self._awaiting = awaiting
        # Weakly: nobody else can take from a reader that was dropped. (Any: each has its items.)
        self._readers: WeakSet[Reader[Any]] = WeakSet()
        self._holding = False

    def open(self, choose: Callable[[Received], T | None], patient: bool = True) -> Reader[T]:
        """Returns a new reader: see `Reader`."""
        reader = Reader(self._agenda, choose, self.pace, patient)
        self._readers.add(reader)
        return reader

    def show(
        self, event: Event | None, line: bytes, me: str, past: bool = False, mine: bool = False
    ) -> None:
        if event is None or not self._readers:
            return
        room = getattr(event, "room", None) or ""
        epoch = self._directory[room].epoch if room in self._directory else ""
        received = Received(event, past, mine)
        for reader in list(self._readers):
            reader.offer(received, epoch)

    def pace(self) -> None:
        """Read the connection or not, as it has to be now."""
        hold = any(reader.full for reader in self._readers) and not self._awaiting()
        if hold and not self._holding:
            self._holding = True
            self._connector.pause_reading()
        elif self._holding and not hold:
            self._holding = False
            self._connector.resume_reading()

    def end(self, ending: Ending) -> None:
        """The chat has ended."""
        for reader in list(self._readers):
            reader.end(ending)

    def position(self, room: str) -> Position | None:
        """Returns the position before the first message that a reader has not given out, if any."""
        found = [reader.position(room) for reader in self._readers]
        known = [position for position in found if position is not None]
        return min(known, key=lambda position: position.after or 0, default=None)
