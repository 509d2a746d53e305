"""
A long absence: the connection was gone, or the whole machine slept. One line tells what arrived
meanwhile, in place of a notification for each message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

__all__ = ["LONG", "Absence"]

LONG = 60.0  #: seconds; a shorter absence is not worth a line


class Absence:
    """
    Counts what arrived during the last absence, until every room has caught up.

    :param seconds: returns the seconds of a clock that is never set, and stops while the machine
        sleeps.
    :param time: returns the time of day, in seconds.
    """

    def __init__(self, seconds: Callable[[], float], time: Callable[[], float]) -> None:
        self._seconds = seconds
        self._time = time
        self._difference: float | None = None  # of the clocks; it grows in sleep
        self._lost_at: float | None = None
        self._missing: set[str] = set()  # rooms that have not caught up
        self._news = 0
        self._mentions: dict[str, int] = {}  # by room

    @property
    def counting(self) -> bool:
        """Whether what arrives belongs to a long absence."""
        return bool(self._missing)

    def lost(self) -> None:
        """There is no connection."""
        if self._lost_at is None:
            self._lost_at = self._seconds()

    def back(self, rooms: Iterable[str]) -> None:
        """There is a connection again, and these rooms catch up."""
        self._missing = set(rooms) if self._is_long() else set()
        self._news, self._mentions = 0, {}
        self._difference = self._time() - self._seconds()
        self._lost_at = None

    def _is_long(self) -> bool:
        if self._difference is None:  # the first connection
            return False
        slept = self._time() - self._seconds() - self._difference
        away = 0.0 if self._lost_at is None else self._seconds() - self._lost_at
        return max(0.0, slept) + away >= LONG  # the time of day can be set back

    def count(self, room: str, mention: bool) -> None:
        """A message arrived that the reader has not read."""
        self._news += 1
        if mention:
            self._mentions[room] = self._mentions.get(room, 0) + 1

    def caught_up(self, room: str) -> str:
        """A room has caught up. Returns the line to tell, if it is the last room, or ""."""
        if room not in self._missing:
            return ""
        self._missing.discard(room)
        if self._missing or not self._news:
            return ""
        mentions = sum(self._mentions.values())
        return f"{self._news} new" + (f", {mentions} for you" if mentions else "")

    @property
    def rooms(self) -> list[str]:
        """The rooms with messages that name the reader."""
        return list(self._mentions)
