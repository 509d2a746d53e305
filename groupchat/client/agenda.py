"""Calls of the application that wait until the chat has handled what arrived together."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from groupchat.client.timer import Timer

__all__ = ["Agenda"]


class Agenda:
    """
    Calls to make. None is made while the chat is in the middle of an event, so that a call may do
    anything: say something, ask for something, or end the chat.

    :param clock: the reactor's time.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime) -> None:
        self._due: deque[Callable[[], object]] = deque()
        self._timer = Timer(clock, self.run)

    def add(self, act: Callable[..., object], *arguments: object) -> None:
        """Make this call soon: when `run` is called, at the latest in the reactor's next turn."""
        self._due.append(partial(act, *arguments))
        if not self._timer.active:
            self._timer.start(0)

    def run(self) -> None:
        """Make the calls, and those that they cause. An error in one is logged."""
        self._timer.cancel()
        while self._due:
            try:
                self._due.popleft()()
            except Exception:
                self._log.failure("A callback of a chat has failed")
        self._timer.cancel()
