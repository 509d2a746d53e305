"""
Turns for lines of connections that have not logged in: a crowd never delays a conversation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from twisted.internet.interfaces import IDelayedCall

__all__ = ["LOGIN_LINES_PER_TURN", "LoginTurns"]

LOGIN_LINES_PER_TURN = 4  #: lines of connections before login, in one turn of the reactor


class Caller(Protocol):
    """A connection before login."""

    def go_on(self) -> None:
        """Handle the next line: it is the connection's turn."""


class LoginTurns:
    """
    Lets the lines of connections before login be handled, a few in each turn of the reactor.

    :param call_later: that of a reactor.
    """

    def __init__(self, call_later: Callable[[float, Callable[[], None]], IDelayedCall]) -> None:
        self._call_later = call_later
        self._left = LOGIN_LINES_PER_TURN  # lines that this turn still has time for
        self._due: dict[Caller, None] = {}  # connections that wait for a later turn
        self._timer: IDelayedCall | None = None

    def take(self, caller: Caller) -> bool:
        """
        Take a turn for one line.

        Returns whether it can be handled now; else `go_on` is called when it can.
        """
        if self._timer is None:
            self._timer = self._call_later(0, self._turn)
        if self._left and caller not in self._due:
            self._left -= 1
            return True
        self._due[caller] = None
        return False

    def is_due(self, caller: Caller) -> bool:
        """Return whether a connection waits for its turn."""
        return caller in self._due

    def stop(self) -> None:
        """Give no more turns."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None

    def _turn(self) -> None:
        self._timer, self._left = None, LOGIN_LINES_PER_TURN
        for caller in list(self._due):
            if not self._left:
                break
            del self._due[caller]
            caller.go_on()
        if self._due and self._timer is None:
            self._timer = self._call_later(0, self._turn)
