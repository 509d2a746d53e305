"""
Pruning: deletes messages that have expired from the ledger on disk, and forgets clients that are
long unseen, a few at a time.

A look for them, now and then, is a part of a batch, and so is the first portion. If there are more
portions, `upkeep.py` lets them follow, each in a transaction of its own.
"""

from __future__ import annotations

import msgspec

from groupchat.ledgers.aging import Aging
from groupchat.ledgers.batch import Tables
from groupchat.ledgers.calendar import EARLIEST_MS
from groupchat.ledgers.clock import Clock
from groupchat.ledgers.database import LedgerDatabase
from groupchat.ledgers.dedupe import CLIENT_LIFETIME_MS, REMEMBERED_NUMBERS, digest
from groupchat.ledgers.environment import Limits
from groupchat.ledgers.rooms import MAX_ID, ROOM_SHIFT

__all__ = ["STEPS", "Pruning"]

STEPS = 10  #: steps of deleting that can follow each other at once

_ROOMS_WITH_EXPIRED = f"""
    SELECT no, first FROM rooms WHERE EXISTS (
        SELECT 1 FROM messages
        WHERE key BETWEEN no << {ROOM_SHIFT} AND no << {ROOM_SHIFT} | (first - 1)
    ) LIMIT ?
"""
#: The facts about messages that are still needed once they are deleted.
_TO_DIGEST = f"""
    SELECT json_group_array(json_array(
        client, n, key & {MAX_ID}, text, act, replaces & {MAX_ID}, redacts & {MAX_ID}
    )) FROM (
        SELECT messages.* FROM messages JOIN clients ON clients.no = messages.client
        WHERE key BETWEEN :low AND :high AND n > last - {REMEMBERED_NUMBERS}
        AND redacted IS NULL
    )
"""
_to_digest = msgspec.json.Decoder(list[tuple[int, int, int, str, int, int | None, int | None]])
_DELETE_OLD_DIGESTS = f"""
    DELETE FROM digests WHERE (client, n) IN (
        SELECT digests.client, digests.n FROM clients
        JOIN digests ON digests.client = no AND digests.n <= last - {REMEMBERED_NUMBERS}
        WHERE no IN (SELECT client FROM messages WHERE key BETWEEN :low AND :high)
    )
"""

_UNSEEN_CLIENTS = "SELECT no FROM clients WHERE seen BETWEEN ? AND ? LIMIT ?"
_UNSEEN_GUESTS = """
    SELECT no FROM identities
    WHERE seen BETWEEN ? AND ? AND typeof(identity) = 'blob' LIMIT ?
"""


class Pruning:
    """
    A bounded amount of work at once. Lives in the writer's thread.
    """

    def __init__(
        self, file: LedgerDatabase, tables: Tables, aging: Aging, clock: Clock, limits: Limits
    ) -> None:
        self._file = file
        self._db = file.db
        self._tables = tables
        self._aging = aging
        self._clock = clock
        self._limits = limits
        self._last: float | None = None
        self._expired: list[tuple[int, int]] = []  # rooms with expired messages, and their first

    def run_if_due(self) -> None:
        """Look for what has expired, if the last look was long enough ago, and prune some."""
        now = self._clock.monotonic()
        if self._last is not None and now - self._last < self._limits.prune_interval:
            return
        self._last = now
        self._tables.transaction.begin()
        self._aging.expire(self._tables.rooms)
        self._look()
        if self._expired:
            self.run()
        self._forget_clients()

    @property
    def has_more(self) -> bool:
        """Whether there is more to delete."""
        return bool(self._expired)

    def run(self) -> None:
        """
        Delete some of the messages that were found, at most `STEPS` times `pruned_messages`. To be
        committed by the caller.
        """
        self._tables.transaction.begin()
        end = self._clock.monotonic() + self._limits.pruning_seconds
        for _ in range(STEPS):
            self._run_step()
            if not self._expired or self._clock.monotonic() >= end:
                return

    def _run_step(self) -> None:
        no, first = self._expired[-1]
        if self._delete(no << ROOM_SHIFT, no << ROOM_SHIFT | (first - 1)):
            return
        self._expired.pop()
        if not self._expired:
            self._look()

    def _look(self) -> None:
        """Look for rooms whose messages have expired."""
        limit = self._limits.pruned_rooms
        self._expired = self._db.execute(_ROOMS_WITH_EXPIRED, (limit,)).fetchall()

    def _delete(self, low: int, high: int) -> bool:
        """
        Delete the first messages in a range of keys, but keep the digests that are still needed.
        Return whether there may be more.
        """
        last = self._file.value(
            "SELECT key FROM messages WHERE key BETWEEN ? AND ? LIMIT 1 OFFSET ?",
            low,
            high,
            self._limits.pruned_messages - 1,
        )
        keys = {"low": low, "high": high if last is None else last}
        needed = _to_digest.decode(self._db.execute(_TO_DIGEST, keys).fetchone()[0])
        self._tables.transaction.insert(
            "INSERT OR REPLACE INTO digests",
            [
                (client, n, id, digest(text, kind, replaces, redacts))
                for client, n, id, text, kind, replaces, redacts in needed
            ],
        )
        self._db.execute(_DELETE_OLD_DIGESTS, keys)
        self._db.execute("DELETE FROM replacements WHERE key BETWEEN :low AND :high", keys)
        self._db.execute("DELETE FROM messages WHERE key BETWEEN :low AND :high", keys)
        return last is not None

    def _forget_clients(self) -> None:
        # by the earlier of two clocks: the other one is what stamped when they were seen
        today = min(self._aging.calendar.today, int(self._clock.time() * 1000))
        unseen = (EARLIEST_MS, today - CLIENT_LIFETIME_MS, self._limits.pruned_clients)
        clients = self._db.execute(_UNSEEN_CLIENTS, unseen).fetchall()
        for (no,) in clients:
            self._db.execute("DELETE FROM digests WHERE client = ?", (no,))
            self._db.execute("DELETE FROM clients WHERE no = ?", (no,))
        guests = self._db.execute(_UNSEEN_GUESTS, unseen).fetchall()
        for (no,) in guests:
            self._tables.identities.forget(no)
        if clients or guests:
            self._tables.clients.clear()
            self._tables.identities.clear()
