"""
A thread for work that would hold the reactor up: one thing after the other, and not without end.
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
    :param name: of its thread.
    :param most: things that may wait for it; further ones are refused.
    :param modest: whether everything else of the machine goes first.
    """

    def __init__(self, reactor: Any, name: str, most: int = 1000, modest: bool = False) -> None:
        self._reactor = reactor
        self._pool = ThreadPool(0, 1, name)
        self._most = most
        self._modest = modest
        self._waiting = 0

    def start(self) -> None:
        self._pool.start()
        if self._modest:
            self._pool.callInThread(_stand_back)

    def stop(self) -> None:
        self._pool.stop()

    def do(self, work: Callable[..., Any], *arguments: Any) -> Deferred[Any]:
        """
        A Deferred of what this returns.

        :raises Unavailable: (as its failure) too much is waiting.
        """
        if self._waiting >= self._most:
            return fail(Unavailable("Too many want that just now. Try again in a moment."))
        self._waiting += 1
        return deferToThreadPool(self._reactor, self._pool, work, *arguments).addBoth(self._done)

    def _done(self, result: Any) -> Any:
        self._waiting -= 1
        return result


def _stand_back() -> None:
    """On Linux the niceness is one thread's own."""
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
