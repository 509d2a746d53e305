"""Gathers the bundles that come in one turn of the reactor, so that they are shown at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from groupchat.core.entries import Entry
from groupchat.ledgers.group_commit import MAX_BATCH

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall, IReactorTime

__all__ = ["Gathering"]


class Gathering:
    """
    The entries of bundles, in the order of the log. To show a bundle costs a write to each member,
    and the bundles of several nodes are small ones.

    :param hand_up: called with the entries, and whether those of this node's batch are among them.
    """

    def __init__(self, clock: IReactorTime, hand_up: Callable[[list[Entry], bool], None]) -> None:
        self._clock = clock
        self._hand_up = hand_up
        self._entries: list[Entry] = []
        self._has_own = False
        self._timer: IDelayedCall | None = None

    def add(self, entries: list[Entry], own: bool = False, waits: bool = True) -> None:
        """
        Take the entries of a bundle. They are handed up at the end of this turn at the latest.

        :param own: whether they are this node's batch.
        :param waits: whether more bundles may come in this turn.
        """
        self._entries += entries
        self._has_own = self._has_own or own
        if not waits or len(self._entries) >= MAX_BATCH:
            self.flush()
        elif self._timer is None:
            self._timer = self._clock.callLater(0, self.flush)

    def flush(self) -> None:
        """Hand up what has been gathered."""
        self.stop()
        entries, own = self._entries, self._has_own
        self._entries, self._has_own = [], False
        if entries or own:
            self._hand_up(entries, own)

    def stop(self) -> None:
        """Hand up nothing by itself any more."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
