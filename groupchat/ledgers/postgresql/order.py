"""
The order of the log on one node: bundles are handed up one after the other, and none is left out.
"""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Order"]


class Order:
    """
    Bundles come from two sides: a node's own ones when they are stored, those of others by the
    tail. Lives in the reactor's thread.

    :ivar applied: the newest bundle that was handed up.
    """

    def __init__(self) -> None:
        self.applied = 0
        self._waiting: dict[int, Callable[[], None]] = {}

    def begin(self, applied: int) -> None:
        """Forget what waits, and go on after this bundle."""
        self.applied = applied
        self._waiting.clear()

    def offer(self, seq: int, hand_up: Callable[[], None]) -> None:
        """Hand up a bundle, as soon as those before it were."""
        if seq <= self.applied:
            return
        self._waiting[seq] = hand_up
        while (next_one := self._waiting.pop(self.applied + 1, None)) is not None:
            self.applied += 1
            next_one()
