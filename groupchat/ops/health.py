"""
The health of a running server: whether the reactor turns in time, and whether the ledger does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from groupchat.interfaces import ILedger

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall, IReactorTime

__all__ = ["MAX_LAG", "MAX_LEDGER_DELAY", "REMEMBERED", "TICK", "Health"]

TICK = 1.0  #: seconds between two looks
MAX_LAG = 1.0  #: seconds that the reactor may be late
REMEMBERED = 10  #: looks for which a late one is a problem
MAX_LEDGER_DELAY = 5.0  #: seconds in which the ledger has to answer


class Health:
    """
    Looks every `TICK` seconds how late the reactor is, and asks the ledger for an answer.

    :param clock: provides `seconds` and `callLater`.

    :ivar on_lag: called with the seconds that the reactor was late, each time.
    :ivar on_beat: called each time that both have turned.
    """

    def __init__(self, ledger: ILedger, clock: IReactorTime) -> None:
        self._ledger = ledger
        self._clock = clock
        self._lags: deque[float] = deque(maxlen=REMEMBERED)
        self._due = 0.0
        self._asked: float | None = None  # when the ledger was, as long as it has not answered
        self._timer: IDelayedCall | None = None
        self.on_lag: list[Callable[[float], object]] = []
        self.on_beat: list[Callable[[], object]] = []

    def start(self) -> None:
        """Look from now on."""
        self._schedule()
        self._ask()

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def problems(self) -> list[str]:
        """Return what is wrong, a line for each problem; nothing if the server is healthy."""
        found, now = [], self._clock.seconds()
        lag = max([0.0 if self._timer is None else now - self._due, *self._lags])
        if lag > MAX_LAG:
            found.append(f"The reactor lags: it was {lag:.1f} s late.")
        if self._asked is not None and now - self._asked > MAX_LEDGER_DELAY:
            found.append(f"The ledger has not answered for {now - self._asked:.0f} s.")
        if self._ledger.trouble:
            found.append(f"The ledger refuses messages: {self._ledger.trouble}.")
        return found

    def _schedule(self) -> None:
        self._due = self._clock.seconds() + TICK
        self._timer = self._clock.callLater(TICK, self._tick)

    def _tick(self) -> None:
        lag = max(0.0, self._clock.seconds() - self._due)
        self._lags.append(lag)
        for take in self.on_lag:
            take(lag)
        self._schedule()
        if self._asked is None:
            self._ask()

    def _ask(self) -> None:
        self._asked = self._clock.seconds()
        self._ledger.ping().addCallback(self._answered)

    def _answered(self, _: None) -> None:
        self._asked = None
        if self._timer is not None:
            for beat in self.on_beat:
                beat()
