"""Notices which nodes are dead: the beat of a living one goes on."""

from __future__ import annotations

from collections.abc import Mapping

from groupchat.ledgers.postgresql.membership import Other

__all__ = ["Leases"]


class Leases:
    """
    Times are of one monotonic clock, that of the node that looks.

    :param lease: seconds for which a beat may stand still.
    :param unconnected: seconds for which that of a node without a connection may: it has ended, or
        connects again at once.
    :param gap: seconds between two looks from which on they do not count: the engine, or this node,
        stood still itself.
    """

    def __init__(self, lease: float, unconnected: float, gap: float) -> None:
        self._lease = lease
        self._unconnected = unconnected
        self._gap = gap
        self._looked: float | None = None
        self._since: dict[tuple[int, int], float] = {}  # when a node's beat was seen first

    def dead(self, others: Mapping[int, Other], now: float) -> list[tuple[int, int]]:
        """Look at the other nodes. Return those that are dead, each with its beat."""
        if self._looked is None or now - self._looked > self._gap:
            self._since.clear()
        self._looked = now
        self._since = {
            (node, other.beat): self._since.get((node, other.beat), now)
            for node, other in others.items()
        }
        return [
            (node, beat)
            for (node, beat), since in self._since.items()
            if now - since >= (self._lease if others[node].is_connected else self._unconnected)
        ]
