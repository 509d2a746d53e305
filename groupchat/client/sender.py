"""
Sends the messages of one room: their numbers, those in flight, and the repair after a refusal.

The law: the n of one room count up without holes; an entry is answered once; no message overtakes
one that was said before it. The outbox keeps the numbers and the server judges them; nothing here
knows a connection.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from operator import attrgetter

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from groupchat.client.outbox import Entry, Outbox
from groupchat.wire.events import Error

__all__ = ["MAX_IN_FLIGHT", "RENUMBERED", "RETRYABLE", "RETRY_SECONDS", "SendWindow"]

MAX_IN_FLIGHT = 100  #: entries in flight at once
RETRY_SECONDS = 1.0  #: seconds until an entry is sent again, if the server doesn't say

#: Codes of refusals that store nothing, though the message is valid: it is sent again later.
_RETRY_LATER = frozenset({"storage-full", "too-often", "unavailable"})
#: Codes of refusals because of the number only: it is sent again under another one.
RENUMBERED = frozenset({"out-of-order", "conflict"})
RETRYABLE = _RETRY_LATER | RENUMBERED


class SendWindow:
    """
    The messages of a room on their way to the server.

    :param outbox: keeps every change before it counts.
    :param clock: for what is tried again later.
    :param wake: called when something is due, though nothing was received.
    """

    def __init__(self, outbox: Outbox, clock: IReactorTime, wake: Callable[[], None]) -> None:
        self._outbox = outbox
        self._clock = clock
        self._wake = wake
        self._open = False
        self._next = 1
        self._waiting: deque[Entry] = deque()
        self._in_flight: dict[int, Entry] = {}
        self._repeated: list[Entry] = []  # in flight since an earlier connection
        self._halted = False  # by a refusal, until all in flight are answered
        self._refused: list[Entry] = []
        self._pause = 0.0
        self._timer: IDelayedCall | None = None

    @property
    def empty(self) -> bool:
        """Whether every entry was answered."""
        return not (self._waiting or self._in_flight or self._refused)

    def add(self, entry: Entry) -> None:
        """Send this after all earlier entries."""
        self._waiting.append(entry)

    def open(self, stored_count: int, new_log: bool = False) -> list[Entry]:
        """
        The room was joined. Entries that the server has not stored get numbers from
        `stored_count` + 1. After a lost connection these are the same as before; after a reset or
        a refusal they may differ. Entries that it has stored are sent again, too: for their ok.

        :param stored_count: our messages here that the server has stored.
        :param new_log: whether the log is not the one that our numbers belong to, so that it has
            none of our entries.
        :return: the entries that the server has stored.
        """
        numbered = [*self._refused, *self._in_flight.values(), *self._leftovers()]
        numbered.sort(key=attrgetter("n"))
        stored = [
            entry
            for entry in numbered
            if entry.n is not None and entry.n <= stored_count and not new_log
        ]
        self._waiting.extendleft(reversed(numbered[len(stored) :]))
        self._in_flight = {entry.n: entry for entry in stored if entry.n is not None}
        self._repeated = list(stored)
        self._refused = []
        self._pause = 0.0
        self._next = stored_count + 1
        self._halted = False
        self._open = True
        return stored

    def _leftovers(self) -> list[Entry]:
        """Returns the entries that an earlier run has numbered; they come before all others."""
        found = []
        while self._waiting and self._waiting[0].n is not None:
            found.append(self._waiting.popleft())
        return found

    def close(self) -> None:
        """The connection is gone: entries in flight stay unanswered until `open`."""
        self._open = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    @property
    def unanswered(self) -> list[Entry]:
        """The messages without an answer, in the order in which they were said."""
        numbered = [*self._refused, *self._in_flight.values()]
        return [*sorted(numbered, key=attrgetter("n")), *self._waiting]

    def abandon(self, error: Error) -> int:
        """
        Give every message up: nothing can be said here any more. Returns how many there were.

        :param error: why, from the server.
        """
        self.close()
        unanswered = self.unanswered
        for entry in unanswered:
            self._outbox.remove(entry)
            entry.answer(error)
        self._refused, self._repeated = [], []
        self._in_flight.clear()
        self._waiting.clear()
        return len(unanswered)

    def due(self) -> list[Entry]:
        """Returns the entries to send now, with their numbers; they count as sent."""
        if not self._open or self._halted:
            return []
        due, self._repeated = self._repeated, []
        while self._waiting and len(self._in_flight) < MAX_IN_FLIGHT:
            entry = self._waiting.popleft()
            self._outbox.number(entry, self._next)
            self._in_flight[self._next] = entry
            self._next += 1
            due.append(entry)
        return due

    def acknowledged(self, n: int) -> Entry | None:
        """An ok arrived. Returns its entry; None if it is not ours."""
        entry = self._in_flight.pop(n, None)
        if entry is not None:
            self._next = max(self._next, n + 1)
            self._outbox.remove(entry)
            self._resume_when_answered()
        return entry

    def refused(self, error: Error) -> Entry | None:
        """
        A refusal with an n came. Returns whose; None where it is none of ours. Given up unless
        `MENDED`.
        """
        entry = self._in_flight.pop(error.n or 0, None)
        if entry is None or entry.n is None:
            return None
        self._restart_from(error, entry.n)
        if error.code in RETRYABLE:
            self._refused.append(entry)
        else:
            self._outbox.remove(entry)
        if error.code in _RETRY_LATER:
            self._pause = max(self._pause, error.retry or RETRY_SECONDS)
        self._halted = True
        self._resume_when_answered()
        return entry

    def _restart_from(self, error: Error, n: int) -> None:
        if error.want is not None:
            self._next = error.want
        elif error.code == "conflict":  # another message has that number
            self._next = n + 1
        elif not self._halted:
            self._next = n

    def _resume_when_answered(self) -> None:
        """
        Go on after a refusal once nothing is in flight, and not before the time that the server
        asked for.
        """
        if not self._halted or self._in_flight:
            return
        self._waiting.extendleft(reversed(self._refused))
        self._refused = []
        pause, self._pause = self._pause, 0.0
        if pause:
            self._timer = self._clock.callLater(pause, self._resume)
        else:
            self._halted = False

    def _resume(self) -> None:
        self._timer = None
        self._halted = False
        self._wake()
