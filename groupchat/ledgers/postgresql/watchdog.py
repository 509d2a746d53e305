"""Notices that a batch is not stored for long."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from groupchat.ledgers.postgresql.environment import Limits

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall, IReactorTime

__all__ = ["Watchdog"]


class Watchdog:
    """
    Lives in the reactor's thread. It has one timer at most, whatever the number of batches.

    :param stalled: called when a batch is held up.
    :param resumed: called when the batch that was held up is stored.
    :param cut: called as long as nothing is answered, every `silence` seconds.
    """

    def __init__(
        self,
        clock: IReactorTime,
        limits: Limits,
        stalled: Callable[[], None],
        resumed: Callable[[], None],
        cut: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._limits = limits
        self._on_stalled = stalled
        self._on_resumed = resumed
        self._cut = cut
        self._began: float | None = None
        self._next_cut = 0.0
        self._timer: IDelayedCall | None = None
        self._is_stalled = False

    def began(self) -> None:
        """A batch is on its way."""
        self._began = self._clock.seconds()
        self._next_cut = self._began + self._limits.silence
        if self._timer is None:
            self._look_later()

    def ended(self) -> None:
        """It is stored."""
        self._began = None
        if self._is_stalled:
            self._is_stalled = False
            self._on_resumed()

    def stop(self) -> None:
        """Look no more."""
        self._began = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look_later(self) -> None:
        self._timer = self._clock.callLater(self._limits.stall, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._began is None:
            return
        now = self._clock.seconds()
        if not self._is_stalled and now - self._began >= self._limits.stall:
            self._is_stalled = True
            self._on_stalled()
        if now >= self._next_cut:
            self._next_cut = now + self._limits.silence
            self._cut()
        self._look_later()
