"""
Turns for lines of connections that have not logged in: a crowd never delays a conversation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar
from weakref import WeakSet

from twisted.internet.interfaces import IDelayedCall

__all__ = ["LOGIN_LINES_PER_TURN", "MAX_ENTERING", "REQUESTS_PER_TURN", "LoginTurns", "Turns"]

#: lines of connections before login, in one turn of the reactor: a message takes about three turns,
#: and each login makes one of them longer by a handshake and by telling a room
LOGIN_LINES_PER_TURN = 2
REQUESTS_PER_TURN = 4  #: requests of connections that have no session
#: logins that may wait for the ledger: those that it hands back at once are one turn's work
MAX_ENTERING = 8
_LEDGER_DELAY = 0.002  #: seconds until it is seen again whether the ledger has handed some back


class Caller(Protocol):
    """A connection before login."""

    def go_on(self) -> None:
        """Handle the next line: it is the connection's turn."""


class Entrant(Caller, Protocol):
    """
    A connection that logs in.

    :ivar entering: whether its login waits for the ledger.
    """

    @property
    def entering(self) -> bool: ...


C = TypeVar("C", bound=Caller)


class Turns(Generic[C]):
    """
    Lets the lines of connections before login be handled, a few in each turn of the reactor.

    :param call_later: that of a reactor.
    :param lines: that a turn has time for.
    """

    def __init__(
        self, call_later: Callable[[float, Callable[[], None]], IDelayedCall], lines: int
    ) -> None:
        self._call_later = call_later
        self._lines = lines
        self._left = lines  # lines that this turn still has time for
        self._due: dict[C, None] = {}  # connections that wait for a later turn
        self._timer: IDelayedCall | None = None

    def take(self, caller: C) -> bool:
        """
        Take a turn for one line.

        Returns whether it can be handled now; else `go_on` is called when it can.
        """
        if self._timer is None:
            self._timer = self._call_later(0, self._turn)
        if self._left and caller not in self._due and self._may_go_on():
            self._left -= 1
            return True
        self._due[caller] = None
        return False

    def is_due(self, caller: C) -> bool:
        """Return whether a connection waits for its turn."""
        return caller in self._due

    def stop(self) -> None:
        """Give no more turns."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None

    def _turn(self) -> None:
        self._timer, self._left = None, self._lines
        for caller in list(self._due):
            if not self._left or not self._may_go_on():
                break
            del self._due[caller]
            caller.go_on()
        if self._due and self._timer is None:
            self._timer = self._call_later(0 if self._may_go_on() else _LEDGER_DELAY, self._turn)

    def _may_go_on(self) -> bool:
        """Return whether a line may be handled, if this turn has time for it."""
        return True


class LoginTurns(Turns[Entrant]):
    """
    The turns of connections that log in. They pause while `MAX_ENTERING` logins wait for the
    ledger, since it hands all of them back at once.
    """

    def __init__(self, call_later: Callable[[float, Callable[[], None]], IDelayedCall]) -> None:
        super().__init__(call_later, LOGIN_LINES_PER_TURN)
        self._served: WeakSet[Entrant] = WeakSet()  # all that are entering are among them

    def take(self, caller: Entrant) -> bool:
        taken = super().take(caller)
        if taken:
            self._served.add(caller)
        return taken

    def _may_go_on(self) -> bool:
        if len(self._served) >= MAX_ENTERING:
            self._served = WeakSet(caller for caller in self._served if caller.entering)
        return len(self._served) < MAX_ENTERING
