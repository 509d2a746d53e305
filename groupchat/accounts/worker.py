"""
A thread that runs blocking functions one after the other, with a bounded queue.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from groupchat.wire.errors import Unavailable


class Worker:
    """
    :param reactor: provides `callFromThread`.
    :param name: the thread's name.
    :param limit: functions that can wait; further ones are refused.
    :param low_priority: whether the thread yields to everything else on the machine.
    """

    def __init__(
        self, reactor: Any, name: str, limit: int = 1000, low_priority: bool = False
    ) -> None:
        self._reactor = reactor
        self._pool = ThreadPool(0, 1, name)
        self._limit = limit
        self._low_priority = low_priority
        self._waiting = 0

    def start(self) -> None:
        self._pool.start()
        if self._low_priority:
            self._pool.callInThread(_lower_priority)

    def stop(self) -> None:
        self._pool.stop()

    def do(self, work: Callable[..., Any], *arguments: Any) -> Deferred[Any]:
        """
        Run a function in the thread. Returns a Deferred of its result.

        :raises Unavailable: (as its failure) too many functions wait.
        """
        if self._waiting >= self._limit:
            return fail(Unavailable("Too many want that just now. Try again in a moment."))
        self._waiting += 1
        return deferToThreadPool(self._reactor, self._pool, work, *arguments).addBoth(self._done)

    def _done(self, result: Any) -> Any:
        self._waiting -= 1
        return result


def _lower_priority() -> None:
    """Raise the niceness of this thread (Linux has one for each thread)."""
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
