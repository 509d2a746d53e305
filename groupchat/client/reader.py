"""Reads a chat by ``async for``: what has arrived waits in a queue until it is taken."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar
from weakref import WeakSet

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from groupchat.client.agenda import Agenda
from groupchat.client.connector import Connector
from groupchat.client.directory import Directory
from groupchat.client.displays import BlankDisplay
from groupchat.client.errors import AnswerLost, Ending, Refused
from groupchat.client.overflow import Overflow
from groupchat.wire import events
from groupchat.wire.commands import AskHistory, Position

if TYPE_CHECKING:
    from groupchat.wire.events import Event

__all__ = ["MAX_QUEUE", "MAX_READ_AHEAD", "Reader", "Readers", "Received"]

MAX_QUEUE = 1000  #: events in a queue, until the connection is not read
#: Events in a queue while an answer is awaited, so that the connection is read all the same: more
#: messages are dropped, and fetched later.
MAX_READ_AHEAD = 2000
T = TypeVar("T")


class Received(NamedTuple):
    """
    An event, as it was received.

    :ivar event: the event: see `groupchat.wire.events`.
    :ivar past: whether it is history, or was missed while there was no connection, or while the
        reader was slow.
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
        self._overflow = Overflow()

    @property
    def full(self) -> bool:
        """Whether the connection should not be read until more is taken."""
        return self._patient and len(self._queue) >= MAX_QUEUE

    def offer(self, received: Received, epoch: str) -> None:
        """
        Something arrived.

        :param epoch: the log of its room.
        """
        event = received.event
        if isinstance(event, events.Reset):
            self._overflow.forget(event.room)
        if isinstance(event, events.Message) and self._is_too_much(event.room):
            self._overflow.add(event, epoch, received.mine)
        else:
            self._add(received, epoch)

    def _is_too_much(self, room: str) -> bool:
        full = self._patient and len(self._queue) >= MAX_READ_AHEAD
        return full or room in self._overflow

    def _add(self, received: Received, epoch: str) -> None:
        item = self._choose(received)
        if item is None:
            return
        self._queue.append((item, received.event, epoch))
        if not self._patient and len(self._queue) > MAX_QUEUE:
            self._queue.popleft()
        self._wake()

    def request(self) -> AskHistory | None:
        """Returns the request for messages that were dropped, once there is place for them."""
        has_place = len(self._queue) <= MAX_QUEUE // 2
        return self._overflow.request() if self._overflow and has_place else None

    def fetched(self, request: AskHistory, messages: Iterable[events.Message]) -> None:
        """The answer to such a request arrived."""
        for message, epoch, mine in self._overflow.take(request, messages):
            self._add(Received(message, past=True, mine=mine), epoch)

    def forget(self, room: str) -> None:
        """Messages of this room that were dropped can't be fetched."""
        self._overflow.forget(room)

    def end(self, ending: Ending) -> None:
        """Nothing more arrives."""
        self._ending = ending
        self._wake()

    def position(self, room: str) -> Position | None:
        """Returns the position before the first message of a room that was not taken, if any."""
        for _, event, epoch in self._queue:
            if isinstance(event, events.Message) and event.room == room:
                return Position(epoch=epoch, after=event.id - 1)
        return self._overflow.position(room)

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
    :param ask: asks the server.
    """

    def __init__(
        self,
        agenda: Agenda,
        directory: Directory,
        connector: Connector,
        awaiting: Callable[[], bool],
        ask: Callable[[AskHistory], Deferred[Event]],
    ) -> None:
        self._agenda = agenda
        self._directory = directory
        self._connector = connector
        self._awaiting = awaiting
        self._ask = ask
        self._fetching = False
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
        """Read the connection or not, as it has to be now; fetch what was dropped."""
        self._fetch()
        hold = any(reader.full for reader in self._readers) and not self._awaiting()
        if hold and not self._holding:
            self._holding = True
            self._connector.pause_reading()
        elif self._holding and not hold:
            self._holding = False
            self._connector.resume_reading()

    def _fetch(self) -> None:
        """Ask for messages that were dropped, one page at a time."""
        for reader in () if self._fetching else list(self._readers):
            request = reader.request()
            if request is not None:
                self._fetching = True
                answer = self._ask(request)
                answer.addCallbacks(
                    self._fetched, self._unfetched, (reader, request), {}, (reader, request)
                )
                return

    # Any: as above
    def _fetched(self, event: Event, reader: Reader[Any], request: AskHistory) -> None:
        self._fetching = False
        if isinstance(event, events.History):
            reader.fetched(request, event.messages)
        self.pace()

    # Any: as above
    def _unfetched(self, failure: Failure, reader: Reader[Any], request: AskHistory) -> None:
        self._fetching = False
        if failure.check(Refused):  # we are no longer in the room, say
            reader.forget(request.room)
        else:
            failure.trap(AnswerLost)  # asked for again with the next connection

    def end(self, ending: Ending) -> None:
        """The chat has ended."""
        for reader in list(self._readers):
            reader.end(ending)

    def position(self, room: str) -> Position | None:
        """Returns the position before the first message that a reader has not given out, if any."""
        found = [reader.position(room) for reader in self._readers]
        known = [position for position in found if position is not None]
        return min(known, key=lambda position: position.after or 0, default=None)
