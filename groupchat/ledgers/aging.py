"""
Aging: messages in the ledger on disk that are too old expire.

`calendar.py` says how old a message is. Nothing is deleted here: a room's `first` id moves on, and
`pruning.py` deletes the messages before it, a few at a time.
"""

from __future__ import annotations

import sqlite3
from collections import Counter

from twisted.logger import Logger

from groupchat.ledgers.calendar import EARLIEST_MS, Calendar
from groupchat.ledgers.clock import Clock
from groupchat.ledgers.environment import Limits
from groupchat.ledgers.retention import DAY_MS
from groupchat.ledgers.rooms import MAX_ID, ROOM_SHIFT, RoomRow, Rooms
from groupchat.wire.names import printable
from groupchat.wire.timestamps import stamp

__all__ = ["Aging"]

_REPORT_INTERVAL = 3600.0  #: seconds between two lines of the log about messages that expired
_MAX_ROOMS_IN_REPORT = 10  #: rooms that such a line names

#: The time of the newest message, of those up to the present: where one was stamped by a wrong
#: clock, of the one before it.
_NEWEST = f"""
    SELECT max((
        SELECT coalesce(received, at) FROM messages
        WHERE key BETWEEN no << {ROOM_SHIFT} AND no << {ROOM_SHIFT} | head
        AND coalesce(received, at) BETWEEN {EARLIEST_MS} AND ?
        ORDER BY key DESC LIMIT 1
    )) FROM rooms
"""
#: Rooms whose first message is too old, or of an unknown age.
_MAYBE_OLD = f"""
    SELECT no, name FROM rooms WHERE no > :after AND first <= head AND NOT coalesce((
        SELECT coalesce(received, at) BETWEEN :oldest AND :today FROM messages
        WHERE key = no << {ROOM_SHIFT} | first
    ), 0) ORDER BY no LIMIT :rooms
"""
#: The first message that is surely young.
_YOUNG = """
    SELECT key FROM messages
    WHERE key BETWEEN :low AND :high AND coalesce(received, at) BETWEEN :oldest AND :today
    ORDER BY key LIMIT 1
"""
#: The last message that is surely too old, of those before the first young one. The messages
#: before it are older still.
_OLD = """
    SELECT key, coalesce(received, at) AS time FROM messages
    WHERE key BETWEEN :low AND :high AND time >= :aged AND time < :oldest
    ORDER BY time DESC, key DESC LIMIT 1
"""


class Aging:
    """
    Lives in the writer's thread.

    :param db: of the ledger.
    :param age: milliseconds for which messages are kept, or None where that does not depend on
        their age.
    :param epoch: the number of this run of the log.

    :ivar calendar: the present.
    """

    log = Logger()

    def __init__(
        self, db: sqlite3.Connection, age: int | None, clock: Clock, limits: Limits, epoch: int
    ) -> None:
        self._db = db
        self._age = age
        self._clock = clock
        self._limits = limits
        self._epoch = epoch
        self._after = 0  # the last room that was looked at
        self._report = _Report(age or 0)
        before = db.execute(
            "SELECT lag FROM epochs WHERE no < ? ORDER BY no DESC LIMIT 1", (epoch,)
        ).fetchone()
        wall = int(clock.time() * 1000)
        self.calendar = Calendar(self._newest, wall, clock.uptime(), before[0] if before else 0)
        self._stored_lag: int | None = 0
        self._store_lag()
        if age:
            self._log_distrust(wall)

    def _log_distrust(self, wall: int) -> None:
        if wall < EARLIEST_MS:
            self.log.warn(
                "The system's clock shows {now}, which is wrong:"
                " until it is set, no message grows old.",
                now=stamp(wall),
            )
        elif not self.calendar.believed:
            self.log.warn(
                "The system's clock shows {now}, and the last message is of {last}:"
                " until the server has run for a day, messages grow old by the time that passes"
                " from the latter on.",
                now=stamp(wall),
                last=stamp(self.calendar.today),
            )

    def _newest(self, until: int) -> int | None:
        """Return the time of the newest message up to a time."""
        newest: int | None = self._db.execute(_NEWEST, (until,)).fetchone()[0]
        return newest

    def watch(self) -> None:
        """Look at the clock: it may have been set."""
        jump = self.calendar.look(int(self._clock.time() * 1000), self._clock.uptime())
        if jump and self._age:
            self.log.warn(
                "The system's clock was set by {hours:+.1f} h:"
                " messages go on to grow old by the time that passes.",
                hours=jump / 3_600_000,
            )

    def expire(self, rooms: Rooms) -> None:
        """Let messages expire that are too old by now, in some rooms."""
        self._store_lag()
        if not self._age:
            return
        today, limit = self.calendar.today, self._limits.pruned_rooms
        times = {"today": today, "oldest": today - self._age}
        found = self._db.execute(
            _MAYBE_OLD, {**times, "rooms": limit, "after": self._after}
        ).fetchall()
        self._after = found[-1][0] if len(found) == limit else 0
        for _, name in found:
            room = rooms.find(name)
            old = room and self._last_old(room, times)
            if room and old:
                first = (old[0] & MAX_ID) + 1
                self._report.add(name, first - room.first)
                rooms.expire(room, first, old[1])

    def _last_old(self, room: RoomRow, times: dict[str, int]) -> tuple[int, int] | None:
        """Return the key and the time of the last message that is surely too old."""
        aged = room.aged if EARLIEST_MS < room.aged <= times["today"] else EARLIEST_MS
        base = room.no << ROOM_SHIFT
        soon = min(room.first + self._limits.aged_messages, room.head)
        for high in dict.fromkeys((soon, room.head)):
            keys = {"low": base | room.first, "high": base | high}
            young = self._db.execute(_YOUNG, {**times, **keys}).fetchone()
            if young is not None:
                keys["high"] = young[0] - 1
            found: tuple[int, int] | None = self._db.execute(
                _OLD, {**times, **keys, "aged": aged}
            ).fetchone()
            if found is not None:
                return found
        return None

    def _store_lag(self) -> None:
        if self.calendar.lag != self._stored_lag:
            self._db.execute(
                "UPDATE epochs SET lag = ? WHERE no = ?", (self.calendar.lag, self._epoch)
            )
            self._stored_lag = self.calendar.lag

    def roll_back(self) -> None:
        """The batch is not stored: nothing expired with it."""
        self._report.roll_back()
        self._stored_lag = None

    def committed(self) -> None:
        """The batch is stored. Report what expired, unless that was done within the hour."""
        self._report.commit()
        self._report.write(self._clock.uptime())

    def close(self) -> None:
        """Report what expired."""
        self._report.commit()
        self._report.write(float("inf"))


class _Report:
    """
    Sums up in the log which messages expired.

    :param age: milliseconds for which messages are kept.
    """

    log = Logger()

    def __init__(self, age: int) -> None:
        self._days = age // DAY_MS
        self._uncommitted: Counter[str] = Counter()  # messages by room
        self._committed: Counter[str] = Counter()
        self._due = float("-inf")  # the time from which the next line can be written

    def add(self, room: str, count: int) -> None:
        self._uncommitted[room] += count

    def roll_back(self) -> None:
        self._uncommitted.clear()

    def commit(self) -> None:
        if self._uncommitted:
            self._committed += self._uncommitted
            self._uncommitted.clear()

    def write(self, now: float) -> None:
        """
        Write a line to the log if there is anything to report, and the last line was long ago.
        """
        if not self._committed or now < self._due:
            return
        rooms = [
            f"{count} in {printable(name)}"
            for name, count in self._committed.most_common(_MAX_ROOMS_IN_REPORT)
        ]
        if len(self._committed) > _MAX_ROOMS_IN_REPORT:
            more = len(self._committed) - _MAX_ROOMS_IN_REPORT
            rooms.append(f"and others in {more} more rooms")
        self.log.info(
            "Messages older than {days} days were deleted, {count} in all: {rooms}.",
            count=self._committed.total(),
            days=self._days,
            rooms=", ".join(rooms),
        )
        self._committed.clear()
        self._due = now + _REPORT_INTERVAL
