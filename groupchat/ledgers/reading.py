"""The threads in which a ledger reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Concatenate, Generic, ParamSpec, Protocol, TypeVar

from twisted.internet.threads import deferToThreadPool

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred
    from twisted.python.threadpool import ThreadPool

    from groupchat.clock import IReactor

__all__ = ["ReadingThread"]


class Closable(Protocol):
    def close(self) -> None:
        """End."""


R = TypeVar("R", bound=Closable)
P = ParamSpec("P")
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

    def start(self) -> None:
        self._pool.start()

    def run(
        self, query: Callable[Concatenate[R, P], T], *arguments: P.args, **named: P.kwargs
    ) -> Deferred[T]:
        """Run a query in the thread."""
        self.waiting += 1
        result = deferToThreadPool(
            self._reactor, self._pool, query, self._reader, *arguments, **named
        )
        return result.addBoth(self._answered)

    def _answered(self, result: T) -> T:
        self.waiting -= 1
        return result

    def close(self) -> None:
        self._pool.stop()
        self._reader.close()
