"""
Retention: the policy that ``--keep`` asks for, and its work by age in the ledger on disk.

`calendar.py` says how old a message is.

Nothing is deleted here: a room's `first` id moves on. The messages before it are deleted by the
writer, a few at a time.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Callable
from typing import Any

from twisted.logger import Logger

from groupchat.ledgers.calendar import EARLIEST_MS, Calendar
from groupchat.wire.names import printable
from groupchat.wire.timestamps import stamp

SHIFT = 40  #: place = room << SHIFT | id
IDS = (1 << SHIFT) - 1
ROOMS = 100  #: rooms of which some are let go at once
_LOOKED_AT = 100_000  #: messages of a room whose age is looked at first
_TELL = 3600.0  #: seconds between two lines of the log about what was let go
_NAMED = 10  #: rooms that such a line names
_DAY = 86_400_000

#: The time of the newest message, of those up to the present: where one was stamped by a wrong
#: clock, of the one before it.
_NEWEST = """
    SELECT max((
        SELECT coalesce(received, at) FROM messages
        WHERE place BETWEEN no << :shift AND no << :shift | head AND coalesce(received, at) BETWEEN :earliest AND :until
        ORDER BY place DESC LIMIT 1
    )) FROM rooms
"""
#: Rooms whose first message is too old, or of an unknown age.
_MAYBE_OLD = """
    SELECT no, name FROM rooms WHERE no > :after AND first <= head AND NOT coalesce((
        SELECT coalesce(received, at) BETWEEN :oldest AND :today FROM messages WHERE place = no << :shift | first
    ), 0) ORDER BY no LIMIT :rooms
"""
#: The first message that is surely young.
_YOUNG = """
    SELECT place FROM messages WHERE place BETWEEN :low AND :high AND coalesce(received, at) BETWEEN :oldest AND :today
    ORDER BY place LIMIT 1
"""
#: The last message that is surely too old, of those before the first young one. The messages
#: before it are older still.
_OLD = """
    SELECT place, coalesce(received, at) AS time FROM messages
    WHERE place BETWEEN :low AND :high AND time >= :aged AND time < :oldest
    ORDER BY time DESC, place DESC LIMIT 1
"""


class RetentionPolicy:
    """
    The messages that the ledger keeps.

    :ivar count: the number of messages in each room, or None.
    :ivar age: their age in milliseconds, or None.
    """

    def __init__(self, count: int | None = None, age: int | None = None) -> None:
        self.count = count
        self.age = age

    @classmethod
    def parse(cls, text: str) -> RetentionPolicy:
        """
        Parse the value of ``--keep``: "all", "90d" or "100000 messages".

        :raises ValueError: it is none of these. A bare number could mean either.
        """
        found = re.fullmatch(
            r"(all)|([1-9]\d{0,5}) ?d(?:ays?)?|([1-9]\d{0,11}) ?messages?",
            text.strip().lower(),
            re.ASCII,
        )
        if not found:
            raise ValueError(text)
        _, days, count = found.groups()
        return cls(int(count) if count else None, int(days) * 86_400_000 if days else None)


class Retention:
    """
    Lives in the writer's thread.

    :param db: of the ledger.
    :param age: milliseconds for which messages are kept, or None where that does not depend on
        their age.
    :param wall: the time by the system's clock, in milliseconds since 1970.
    :param uptime: as `ages.uptime` tells it.
    :param epoch: the number of this run of the log.

    :ivar calendar: the present.
    """

    log = Logger()

    def __init__(
        self, db: sqlite3.Connection, age: int | None, wall: int, uptime: float, epoch: int
    ) -> None:
        self._db = db
        self._age = age
        self._epoch = epoch
        self._after = 0  # the last room that was looked at
        self._fresh: Counter[str] = Counter()  # what was let go in each room with this batch
        self._gone: Counter[str] = Counter()  # and before, and the log does not say yet
        self._told: float | None = None
        before = db.execute(
            "SELECT lag FROM epochs WHERE no < ? ORDER BY no DESC LIMIT 1", (epoch,)
        ).fetchone()
        self.calendar = Calendar(self._newest, wall, uptime, before[0] if before else 0)
        self._noted: int | None = 0  # the lag that is stored
        self._note_lag()
        if age and wall < EARLIEST_MS:
            self.log.warn(
                "The system's clock shows {now}, which is wrong: until it is set, no message grows old.",
                now=stamp(wall),
            )
        elif age and not self.calendar.believed:
            self.log.warn(
                "The system's clock shows {now}, and the last message is of {last}: until the server has run for a day, messages"
                " grow old by the time that passes from the latter on.",
                now=stamp(wall), last=stamp(self.calendar.today),
            )  # fmt: skip

    def _newest(self, until: int) -> int | None:
        """The time of the newest message up to a time."""
        newest: int | None = self._db.execute(
            _NEWEST, {"shift": SHIFT, "earliest": EARLIEST_MS, "until": until}
        ).fetchone()[0]
        return newest

    def watch(self, wall: int, uptime: float) -> None:
        """Look at the clock: it may have been set."""
        jump = self.calendar.look(wall, uptime)
        if jump and self._age:
            self.log.warn(
                "The system's clock was set by {hours:+.1f} h: messages go on to grow old by the time that passes.",
                hours=jump / 3_600_000,
            )  # fmt: skip

    def let_go(self, room: Callable[[str], Any]) -> None:
        """
        Let go of what is too old by now, of some rooms.

        :param room: gives the room of a name, as the writer knows it.
        """
        self._note_lag()
        if not self._age:
            return
        today = self.calendar.today
        those = {
            "shift": SHIFT,
            "rooms": ROOMS,
            "after": self._after,
            "today": today,
            "oldest": today - self._age,
        }
        rooms = self._db.execute(_MAYBE_OLD, those).fetchall()
        self._after = rooms[-1][0] if len(rooms) == ROOMS else 0
        for _, name in rooms:
            self._let_go(room(name), name, today, today - self._age)

    def _let_go(self, room: Any, name: str, today: int, oldest: int) -> None:
        found = None
        for high in dict.fromkeys((min(room.first + _LOOKED_AT, room.head), room.head)):
            found = found or self._last_old(room, high, today, oldest)
        if found is not None:
            place, aged = found
            self._fresh[name] += (place & IDS) + 1 - room.first
            room.first, room.aged = (place & IDS) + 1, aged
            self._db.execute(
                "UPDATE rooms SET first = ?, aged = ? WHERE no = ?",
                (room.first, room.aged, room.no),
            )

    def _last_old(self, room: Any, high: int, today: int, oldest: int) -> tuple[int, int] | None:
        """
        The place and the time of the last message up to the id `high` that is surely older than
        `oldest`.
        """
        aged = room.aged if EARLIEST_MS < room.aged <= today else EARLIEST_MS
        low = room.no << SHIFT | room.first
        those = {
            "low": low,
            "high": room.no << SHIFT | high,
            "today": today,
            "oldest": oldest,
            "aged": aged,
        }
        young = self._db.execute(_YOUNG, those).fetchone()
        if young is not None:
            those["high"] = young[0] - 1
        found: tuple[int, int] | None = self._db.execute(_OLD, those).fetchone()
        return found

    def _note_lag(self) -> None:
        if self.calendar.lag != self._noted:
            self._db.execute(
                "UPDATE epochs SET lag = ? WHERE no = ?", (self.calendar.lag, self._epoch)
            )
            self._noted = self.calendar.lag

    def take_back(self) -> None:
        """The batch is not stored: nothing was let go with it."""
        self._fresh.clear()
        self._noted = None

    def tell(self, uptime: float | None = None) -> None:
        """
        Say in the log what was let go since the last time; an hour later, where that is not long
        ago.

        :param uptime: the present; None: say it now.
        """
        if self._fresh:
            self._gone += self._fresh
            self._fresh.clear()
        if not self._gone or (
            uptime is not None and self._told is not None and uptime < self._told + _TELL
        ):
            return
        rooms = [f"{count} in {printable(name)}" for name, count in self._gone.most_common(_NAMED)]
        if len(self._gone) > _NAMED:
            rooms.append(f"and others in {len(self._gone) - _NAMED} more rooms")
        self.log.info(
            "Messages older than {days} days were let go, {count} in all: {rooms}.",
            count=self._gone.total(), days=(self._age or 0) // _DAY, rooms=", ".join(rooms),
        )  # fmt: skip
        self._gone.clear()
        self._told = uptime
