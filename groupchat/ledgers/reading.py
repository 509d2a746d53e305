"""The threads in which a ledger reads, and what it reads there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

from twisted.internet.defer import fail
from twisted.internet.threads import deferToThreadPool

from groupchat.ledgers.room_reader import RoomReader
from groupchat.wire.errors import Unavailable

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred
    from twisted.python.failure import Failure
    from twisted.python.threadpool import ThreadPool

    from groupchat.clock import IReactor
    from groupchat.core.search import Found, SearchQuery
    from groupchat.wire.events import Message

__all__ = ["ReadsInThreads"]

R = TypeVar("R", bound=RoomReader)
T = TypeVar("T")


class ReadingThread(Generic[R]):
    """
    A reader and its thread.

    :param pool: of one thread.

    :ivar waiting: queries that are not answered.
    """

    def __init__(self, reactor: IReactor, pool: ThreadPool, reader: R) -> None:
        self._reactor = reactor
        self._pool = pool
        self._reader = reader
        self.waiting = 0
        pool.start()

    def run(self, query: Callable[[R], T]) -> Deferred[T]:
        """Run a query in the thread."""
        self.waiting += 1
        result = deferToThreadPool(self._reactor, self._pool, query, self._reader)
        return result.addBoth(self._answered)

    def _answered(self, result: T) -> T:
        self.waiting -= 1
        return result

    def close(self) -> None:
        self._pool.stop()
        self._reader.close()


class ReadsInThreads(Generic[R]):
    """
    The questions of an `ILedger`, for one whose readers have threads: the first reads pages and
    lists, and the second searches, so that no page waits behind a search.

    :param pools: the two threads, each a pool of one.
    :param max_searches: searches that can wait.
    """

    def __init__(
        self, reactor: IReactor, pools: tuple[ThreadPool, ThreadPool], max_searches: int
    ) -> None:
        self._reactor = reactor
        self._pools = pools
        self._max_searches = max_searches
        self._reading: ReadingThread[R] | None = None
        self._searching: ReadingThread[R] | None = None

    def page(self, room: str, after: int, through: int) -> Deferred[list[Message]]:
        return self._read(lambda reader: reader.page(room, after, through))

    def history(
        self, room: str, before: int, limit: int, after: int | None = None
    ) -> Deferred[tuple[list[Message], bool]]:
        return self._read(lambda reader: reader.history(room, before, limit, after))

    def rooms(self, account: str = "") -> Deferred[dict[str, str]]:
        return self._read(lambda reader: reader.rooms(account))

    def direct_rooms(self, account: str) -> Deferred[dict[str, tuple[int, int]]]:
        return self._read(lambda reader: reader.direct_rooms(account))

    def search(self, room: str, query: SearchQuery, before: int, limit: int) -> Deferred[Found]:
        assert self._searching is not None, "open"
        if self._searching.waiting >= self._max_searches:
            return fail(Unavailable("Too many searches just now. Try again in a moment."))
        return self._search(lambda reader: reader.search(room, query, before, limit))

    def _read(self, query: Callable[[R], T]) -> Deferred[T]:
        assert self._reading is not None, "open"
        return self._reading.run(query).addErrback(self._unreadable)

    def _search(self, query: Callable[[R], T]) -> Deferred[T]:
        assert self._searching is not None, "open"
        return self._searching.run(query).addErrback(self._unreadable)

    def _unreadable(self, failure: Failure) -> Failure:
        """Take note that a query has failed."""
        return failure

    def _open_readers(self, make: Callable[[], R]) -> None:
        self._reading, self._searching = (
            ReadingThread(self._reactor, pool, make()) for pool in self._pools
        )

    def _close_readers(self) -> None:
        for reader in (self._reading, self._searching):
            if reader is not None:
                reader.close()
        self._reading = self._searching = None
