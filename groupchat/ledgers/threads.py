"""The thread of the writer."""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Protocol

__all__ = ["Runner", "WriterThread"]


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
