"""The threads of the ledger on disk."""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Protocol

from twisted.python.threadpool import ThreadPool

from groupchat.priority import lower_priority

__all__ = ["LowPriorityPool", "Runner", "WriterThread"]


class Runner(Protocol):
    """Runs functions one after the other."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """Return once everything is done."""

    def callInThread(self, function: Callable[[], None]) -> None:
        """Run a function, after those before it."""


class WriterThread:
    """
    A thread that runs one function after the other. (To hand something to a ThreadPool costs more
    than to store a small batch.)
    """

    def __init__(self, name: str) -> None:
        self._queue: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._queue.put(None)
        self._thread.join()

    def callInThread(self, function: Callable[[], None]) -> None:
        self._queue.put(function)

    def _run(self) -> None:
        while (function := self._queue.get()) is not None:
            function()
            del function  # while it waits, it holds nothing of what was done


class _LowPriorityThread(Thread):
    def run(self) -> None:
        lower_priority()
        super().run()


class LowPriorityPool(ThreadPool):
    """A pool of one thread that yields to everything else on the machine."""

    threadFactory = _LowPriorityThread

    def __init__(self, name: str) -> None:
        super().__init__(0, 1, name)
