"""
The ports that listen: how many connections they accept, and whether they accept any.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from twisted.internet.interfaces import IDelayedCall, IListeningPort, IReactorTime
from twisted.logger import Logger

from groupchat.server.turns import LOGIN_LINES_PER_TURN

__all__ = ["ACCEPTS_PER_TURN", "Ports"]

#: connections accepted in one turn, so that a hello that came with one is read before more are
ACCEPTS_PER_TURN = LOGIN_LINES_PER_TURN


class Ports:
    """
    :param clock: of the timer.
    :param free: returns how many connections more can be open.
    """

    log = Logger()

    def __init__(self, clock: IReactorTime, free: Callable[[], int]) -> None:
        self._clock = clock
        self._free = free
        self._ports: list[IListeningPort] = []
        self._timer: IDelayedCall | None = None
        self._at_capacity = False

    def __iter__(self) -> Iterator[IListeningPort]:
        return iter(self._ports)

    def __len__(self) -> int:
        return len(self._ports)

    def add(self, port: IListeningPort) -> None:
        """Take connections from this port."""
        self._ports.append(port)
        self._cap()

    def accepted(self) -> None:
        """A connection was accepted: see in the next turn how many more may be."""
        if self._timer is None:
            self._timer = self._clock.callLater(0, self._cap)

    def _cap(self) -> None:
        """
        Cap the connections that each port accepts in a turn.

        Twisted raises `numberAccepts` while the backlog stays full, and would accept past the
        limit of descriptors.
        """
        self._timer = None
        share = self._free() // max(1, len(self._ports))
        for port in self._ports:
            if hasattr(port, "numberAccepts"):
                port.numberAccepts = max(1, min(ACCEPTS_PER_TURN, share))

    def opened(self, count: int) -> None:
        """
        Accept nothing more where no other connection can be open.

        :param count: those that are open.
        """
        if self._free() > 0 or self._at_capacity:
            return
        self._at_capacity = True
        for port in self._ports:
            port.stopReading()  # type: ignore[attr-defined]
        self.log.warn(
            "{count} connections are open, as many as can be: the next ones wait.", count=count
        )

    def closed(self) -> None:
        """Accept again, where no more could be open and now one can."""
        if not self._at_capacity or self._free() <= 0:
            return
        self._at_capacity = False
        for port in self._ports:
            port.startReading()  # type: ignore[attr-defined]

    def stop(self) -> None:
        """Stop the timer."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
