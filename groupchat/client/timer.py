"""A timer that can be started again."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

__all__ = ["Timer"]


class Timer:
    """
    Calls something once after a while, unless it is cancelled before.

    :param clock: the reactor's time.
    :param act: what to call.
    """

    def __init__(self, clock: IReactorTime, act: Callable[[], object]) -> None:
        self._clock = clock
        self._act = act
        self._call: IDelayedCall | None = None

    @property
    def active(self) -> bool:
        """Whether it is going to fire."""
        return self._call is not None

    def start(self, seconds: float) -> None:
        """Fire after so much time. A timer that is active already starts again."""
        self.cancel()
        self._call = self._clock.callLater(seconds, self._fire)

    def cancel(self) -> None:
        """Don't fire."""
        call, self._call = self._call, None
        if call is not None:
            call.cancel()

    def _fire(self) -> None:
        self._call = None
        self._act()
