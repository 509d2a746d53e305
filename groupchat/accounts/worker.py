"""
Workers: a thread that runs blocking functions one after the other, with a bounded queue; and one
without a thread, for programs and tests that may block.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ParamSpec, Protocol, TypeVar

from twisted.internet.defer import Deferred, execute, fail
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from groupchat.priority import lower_priority
from groupchat.wire.errors import Unavailable

if TYPE_CHECKING:
    from twisted.internet.interfaces import IReactorFromThreads

__all__ = ["InlineWorker", "ThreadWorker", "Worker"]

P = ParamSpec("P")
T = TypeVar("T")


class Worker(Protocol):
    """Runs functions that block."""

    def start(self) -> None:
        """Begin. Functions that wait already run now."""

    def stop(self) -> None:
        """Return once everything is done."""

    def do(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> Deferred[T]:
        """
        Run a function. Returns a Deferred of its result.

        :raises Unavailable: (as its failure) too many functions wait.
        """


class ThreadWorker:
    """
    Runs functions in a thread, one after the other.

    :param name: the thread's name.
    :param limit: functions that can wait; further ones are refused.
    :param low_priority: whether the thread yields to everything else on the machine.
    """

    def __init__(
        self,
        reactor: IReactorFromThreads,
        name: str,
        limit: int = 1000,
        low_priority: bool = False,
    ) -> None:
        self._reactor = reactor
        self._pool = ThreadPool(0, 1, name)
        self._limit = limit
        self._low_priority = low_priority
        self._waiting = 0

    def start(self) -> None:
        self._pool.start()
        if self._low_priority:
            self._pool.callInThread(lower_priority)

    def stop(self) -> None:
        self._pool.stop()

    def do(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> Deferred[T]:
        if self._waiting >= self._limit:
            return fail(Unavailable("Too many want that just now. Try again in a moment."))
        self._waiting += 1
        result = deferToThreadPool(self._reactor, self._pool, work, *arguments, **named)
        return result.addBoth(self._done)

    def _done(self, result: T) -> T:
        self._waiting -= 1
        return result


class InlineWorker:
    """Runs functions at once, in the caller's thread."""

    def start(self) -> None:
        """There is nothing to start."""

    def stop(self) -> None:
        """There is nothing to stop."""

    def do(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> Deferred[T]:
        return execute(work, *arguments, **named)
