"""Lets messages go that are no longer kept, a few at a time."""

from __future__ import annotations

from groupchat.ledgers.calendar import Calendar
from groupchat.ledgers.clock import Clock
from groupchat.ledgers.postgresql.environment import Limits
from groupchat.ledgers.postgresql.membership import Membership
from groupchat.ledgers.retention import RetentionPolicy
from groupchat.postgresql import Connection

__all__ = ["Retention"]


class Retention:
    """
    A bounded amount of work now and then, in a transaction of its own. Lives in the writer's
    thread. Each node does it: the log's lock lets one of them at a time.
    """

    def __init__(
        self, membership: Membership, policy: RetentionPolicy, clock: Clock, limits: Limits
    ) -> None:
        self._membership = membership
        self._policy = policy
        self._clock = clock
        self._limits = limits
        self._calendar: Calendar | None = None
        self._next = self._next_forget = float("-inf")
        self._after = 0  # the last room that was looked at

    def received(self, at: int) -> int | None:
        """Return when a message was received that is stamped with a time: see `Calendar`."""
        return self._calendar.received(at) if self._calendar else None

    def watch(self, connection: Connection) -> None:
        """Look at the clock: it may have been set."""
        wall, uptime = int(self._clock.time() * 1000), self._clock.uptime()
        if self._calendar is None:
            self._calendar = Calendar(lambda until: _newest(connection, until), wall, uptime)
        else:
            self._calendar.look(wall, uptime)

    def run_if_due(self, connection: Connection) -> None:
        """Prune, if the last pruning was long enough ago."""
        now = self._clock.monotonic()
        if now < self._next:
            return
        self._next = now + self._limits.prune_interval
        self.watch(connection)
        assert self._calendar is not None
        today = self._calendar.today
        if now >= self._next_forget:
            self._next_forget = now + self._limits.forget_interval
            connection.execute("SELECT forget_v1(%s::bigint)", [today])
        if self._policy.age or self._policy.count:
            self._prune(connection, today)

    def _prune(self, connection: Connection, today: int) -> None:
        age = self._policy.age
        row = connection.execute(
            "SELECT prune_v1(%s, %s, %s::bigint, %s::bigint, %s::bigint, %s::bigint, %s, %s)",
            [
                *self._membership.identity,
                self._policy.count,
                today,
                today - age if age else None,
                self._after,
                self._limits.pruned_rooms,
                self._limits.pruned_messages,
            ],
        ).fetchone()
        self._after = row[0] if row else 0


def _newest(connection: Connection, until: int) -> int | None:
    """Return the time of the newest message up to a time."""
    row = connection.execute("SELECT newest_v1(%s::bigint)", [until]).fetchone()
    return row[0] if row else None
