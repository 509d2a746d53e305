"""
Pruning: deletes messages that have expired from the ledger on disk, and forgets clients that are
long unseen, a few at a time.
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

__all__ = ["Pruning"]

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
    DELETE FROM digests
    WHERE n <= (SELECT last FROM clients WHERE no = digests.client) - {REMEMBERED_NUMBERS}
    AND client IN (SELECT client FROM messages WHERE key BETWEEN :low AND :high)
"""

_UNSEEN_CLIENTS = "SELECT no FROM clients WHERE seen BETWEEN ? AND ? LIMIT ?"
_UNSEEN_GUESTS = """
    SELECT no FROM identities
    WHERE seen BETWEEN ? AND ? AND typeof(identity) = 'blob' LIMIT ?
"""


class Pruning:
    """
    A bounded amount of work now and then, within the transaction of a batch. Lives in the writer's
    thread.
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

    def run_if_due(self) -> None:
        """Prune, if the last pruning was long enough ago."""
        now = self._clock.monotonic()
        if self._last is not None and now - self._last < self._limits.prune_interval:
            return
        self._last = now
        self._tables.transaction.begin()
        self._aging.expire(self._tables.rooms)
        rooms = self._db.execute(_ROOMS_WITH_EXPIRED, (self._limits.pruned_rooms,)).fetchall()
        for no, first in rooms:
            self._delete(no << ROOM_SHIFT, no << ROOM_SHIFT | (first - 1))
        self._forget_clients()

    def _delete(self, low: int, high: int) -> None:
        """
        Delete the first messages in a range of keys, but keep the digests that are still needed.
        """
        last = self._file.value(
            "SELECT key FROM messages WHERE key >= ? LIMIT 1 OFFSET ?",
            low,
            self._limits.pruned_messages - 1,
        )
        keys = {"low": low, "high": high if last is None else min(high, last)}
        needed = _to_digest.decode(self._db.execute(_TO_DIGEST, keys).fetchone()[0])
        self._tables.transaction.insert(
            "INSERT OR REPLACE INTO digests",
            [
                (client, n, id, digest(text, bool(act), replaces, redacts))
                for client, n, id, text, act, replaces, redacts in needed
            ],
        )
        self._db.execute(_DELETE_OLD_DIGESTS, keys)
        self._db.execute("DELETE FROM replacements WHERE key BETWEEN :low AND :high", keys)
        self._db.execute("DELETE FROM messages WHERE key BETWEEN :low AND :high", keys)

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
