"""The times of messages in the ledger on disk: none is earlier than the one before it."""

from __future__ import annotations

from twisted.logger import Logger

from groupchat.core.entries import MessageEntry
from groupchat.ledgers.calendar import MAX_DRIFT_MS, Calendar
from groupchat.ledgers.clock import Clock
from groupchat.ledgers.rooms import RoomRow
from groupchat.wire.names import printable
from groupchat.wire.timestamps import stamp

__all__ = ["Stamper"]


class Stamper:
    """
    Corrects the times of messages that the system's clock got wrong.
    """

    log = Logger()

    def __init__(self, calendar: Calendar, clock: Clock) -> None:
        self._calendar = calendar
        self._clock = clock
        self._reported = False  # whether the log says that the clock is behind

    def now(self) -> int:
        """Return the time of the system's clock, in milliseconds since 1970."""
        return int(self._clock.time() * 1000)

    @property
    def clock_is_right(self) -> bool:
        """Whether the time of a message tells when it was received."""
        return self._calendar.received(0) is None

    def imported(self) -> int:
        """Return what tells the age of a message that is imported now: its `received`."""
        now = self.now()
        received = self._calendar.received(now)
        return now if received is None else received

    def stamp(self, entry: MessageEntry, room: RoomRow) -> int | None:
        """
        Let the time of a message be no earlier than that of the one before it in its room. Return
        its `received`: when it was received, if its time does not tell.
        """
        received = self._calendar.received(entry.at)
        if entry.at < room.at:
            late = room.at - entry.at > MAX_DRIFT_MS
            received = entry.at if late and received is None else received
            entry.at = room.at
            if late and not self._reported:
                self._reported = True
                self.log.warn(
                    "The system's clock is behind the last message in {room}:"
                    " messages there have the same time until {at}.",
                    room=printable(entry.room),
                    at=stamp(room.at),
                )
        room.at = entry.at
        return received
