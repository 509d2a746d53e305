"""
A look at every connection about once a second, a few in a turn: is the client there, does it read?
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall, IReactorTime

    from groupchat.server.protocol import ChatProtocol

__all__ = ["SWEEP_BATCH", "SWEEP_INTERVAL", "Sweeper"]

SWEEP_INTERVAL = 1.0  #: seconds in which every connection is checked once
SWEEP_BATCH = 500  #: connections that are checked in one turn


class Sweeper:
    """
    :param connections: those that are open.
    :param clock: of the timer.
    :param begin: called at the beginning of each sweep.
    """

    def __init__(
        self, connections: set[ChatProtocol], clock: IReactorTime, begin: Callable[[], None]
    ) -> None:
        self._connections = connections
        self._clock = clock
        self._begin = begin
        self._unchecked: list[ChatProtocol] = []
        self._timer: IDelayedCall | None = None

    def start(self) -> None:
        """Sweep from now on, if it does not yet."""
        if self._timer is None:
            self._timer = self._clock.callLater(SWEEP_INTERVAL, self._sweep)

    def stop(self) -> None:
        """Sweep no more."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None

    def _sweep(self) -> None:
        """Check the next few connections."""
        if not self._unchecked:
            self._unchecked = list(self._connections)
            self._begin()
        batches = len(self._connections) // SWEEP_BATCH + 1
        self._timer = self._clock.callLater(SWEEP_INTERVAL / batches, self._sweep)
        now = self._clock.seconds()
        for _ in range(min(SWEEP_BATCH, len(self._unchecked))):
            protocol = self._unchecked.pop()
            if protocol in self._connections:
                protocol.check(now)
