"""
The surroundings of the ledger in PostgreSQL, and its limits: everything that a test may want
otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from groupchat.ledgers.clock import Clock, SystemClock
from groupchat.postgresql import schemas

__all__ = ["Environment", "Limits"]


class Limits(NamedTuple):
    """
    The amounts that the ledger does at once, and the times that it waits, in seconds.

    :ivar prune_interval: between two prunings, during which nothing else is stored.
    :ivar forget_interval: between two times that guests are forgotten who were not seen for long.
    :ivar pruned_rooms: rooms of which messages expire or are deleted in one pruning.
    :ivar pruned_messages: messages of a room that are deleted in one pruning.
    :ivar searched_messages: messages that one search looks at; fewer where its words are not ASCII.
    :ivar waiting_searches: searches that can wait; further ones are refused.
    :ivar retry: before something is asked again, at first; and at most.
    :ivar stall: after which a batch that is not stored counts as held up.
    :ivar silence: after which a connection is cut on which nothing is answered.
    :ivar beat: between two beats of a node.
    :ivar lease: for which a node's beat may stand still. Others see a beat up to 1.5 s late, and
        look as seldom: what is dead is gone after 12 s at most.
    :ivar inattention: after which a node that has not looked counts from its next look on: the
        engine, or the node, stood still itself.
    :ivar unconnected: for which that of a node without a connection may.
    :ivar look: after which a tail looks for bundles if nothing wakes it.
    """

    prune_interval: float = 10.0
    forget_interval: float = 3600.0
    pruned_rooms: int = 20
    pruned_messages: int = 500
    searched_messages: int = 200_000
    waiting_searches: int = 100
    retry: tuple[float, float] = (0.05, 1.0)
    stall: float = 1.5
    silence: float = 10.0
    beat: float = 1.0
    lease: float = 8.5
    inattention: float = 4.0
    unconnected: float = 5.0
    look: float = 0.5


class Environment(NamedTuple):
    """
    :ivar schemas: returns the schema files by their number.
    """

    clock: Clock = SystemClock()
    limits: Limits = Limits()
    schemas: Callable[[], Mapping[int, str]] = schemas
