"""
Decides when to paint: after a key at the end of the reactor's turn, after arrivals a little later,
and never while the terminal has not taken the frame before.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime

from groupchat.client.timer import Timer

__all__ = ["ARRIVAL_DELAY", "UNFOCUSED_DELAY", "Repainter"]

ARRIVAL_DELAY = 0.05  #: seconds that arrivals are gathered: nobody reads faster
UNFOCUSED_DELAY = 0.5  #: seconds that they are gathered while nobody looks


class Repainter:
    """
    Paints, but not too often.

    :param clock: the reactor's time.
    :param paint: paints a frame.
    :param can_paint: says whether the terminal has taken everything before.

    :ivar focused: whether the terminal has the focus, as far as it says.
    """

    def __init__(
        self,
        clock: IReactorTime,
        paint: Callable[[], None],
        can_paint: Callable[[], bool] = lambda: True,
    ) -> None:
        self.focused = True
        self._clock = clock
        self._paint = paint
        self._can_paint = can_paint
        self._timer = Timer(clock, self._on_time)
        self._due: float | None = None  # when the timer fires
        self._stale = False  # whether a frame was dropped
        self._stopped = False

    def soon(self) -> None:
        """Something arrived."""
        self._in(ARRIVAL_DELAY if self.focused else UNFOCUSED_DELAY)

    def now(self) -> None:
        """A key was pressed: paint once everything typed together is handled."""
        self._in(0.0)

    def _in(self, seconds: float) -> None:
        due = self._clock.seconds() + seconds
        if self._stopped or (self._due is not None and self._due <= due):
            return
        self._due = due
        self._timer.start(seconds)

    def _on_time(self) -> None:
        self._due = None
        if self._can_paint():
            self._stale = False
            self._paint()
        else:
            self._stale = True

    def drained(self) -> None:
        """The terminal has taken everything."""
        if self._stale:
            self._stale = False
            self.now()

    def stop(self) -> None:
        """Paint no more until `start`."""
        self._stopped = True
        self._due = None
        self._timer.cancel()

    def start(self) -> None:
        """Paint again."""
        self._stopped = False
        self.now()
