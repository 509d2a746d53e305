"""
Outages: what a node does while its ledger can't be reached.

Most outages are over in seconds, so messages wait, and reading goes on. After `MAX_SECONDS_WAITED`
the node ends all sessions, and lets nobody in until the ledger is back.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import TYPE_CHECKING

from twisted.logger import Logger

from groupchat.wire import errors

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall

    from groupchat.wire.events import Bye

__all__ = ["MAX_SECONDS_WAITED", "Outage"]

MAX_SECONDS_WAITED = 10.0  #: seconds for which what is said waits


class State(Enum):
    """Whether the ledger can be reached."""

    REACHABLE = auto()
    WAITING = auto()  #: it can't, and may be back in a moment
    AWAY = auto()  #: it can't, or what was posted does not come back


class Outage:
    """
    :param call_later: that of a reactor.
    :param end_all: ends everything that waits for the ledger, with this bye.
    """

    log = Logger()

    def __init__(
        self, call_later: Callable[..., IDelayedCall], end_all: Callable[[Bye], None]
    ) -> None:
        self._call_later = call_later
        self._end_all = end_all
        self._state = State.REACHABLE
        self._timer: IDelayedCall | None = None

    @property
    def is_away(self) -> bool:
        """Whether nothing that is posted would come back soon."""
        return self._state is State.AWAY

    @property
    def is_over(self) -> bool:
        """Whether the ledger can be reached."""
        return self._state is State.REACHABLE

    def check(self) -> None:
        """
        Check that somebody can log in.

        :raises Disconnect: the ledger is away.
        """
        if self.is_away:
            raise errors.Disconnect(errors.AWAY)

    def begin(self) -> None:
        """Let what is posted wait: the ledger can't be reached."""
        if self._state is State.REACHABLE:
            self.log.warn("The ledger can't be reached: messages wait.")
            self._state = State.WAITING
            self._timer = self._call_later(MAX_SECONDS_WAITED, self._give_up)

    def _give_up(self) -> None:
        self._timer = None
        self.log.warn(
            "The ledger can't be reached for {seconds:g} s: all sessions are ended.",
            seconds=MAX_SECONDS_WAITED,
        )
        self.go_away(errors.AWAY)

    def go_away(self, bye: Bye) -> None:
        """End all sessions, and let nobody in until the end of the outage."""
        self._cancel()
        self._state = State.AWAY
        self._end_all(bye)

    def end(self) -> None:
        """Go on: the ledger can be reached."""
        self._cancel()
        if self._state is not State.REACHABLE:
            self._state = State.REACHABLE
            self.log.info("The ledger can be reached again.")

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
