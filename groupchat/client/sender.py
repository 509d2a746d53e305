"""
What is said in one room: its numbers, what is in flight, and how a refusal is mended.

The law: the n of one room count up without holes; an entry is answered once; nobody's words
overtake those said before them. Numbers are the outbox's to keep and the server's to judge; nothing
here knows a connection.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from operator import attrgetter

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from groupchat.client.outbox import Entry, Outbox
from groupchat.wire.events import Error

MAX_IN_FLIGHT = 100  #: entries in flight at once, at most
RETRY_SECONDS = 1.0  #: seconds until what could not be done just now is tried again

#: Nothing was stored and nothing is wrong with the words: say them again, later or under another
#: number.
_LATER = frozenset({"storage-full", "too-often", "unavailable"})
#: The same, and the server only wants another number.
RENUMBERED = frozenset({"out-of-order", "conflict"})
RETRYABLE = _LATER | RENUMBERED


class SendWindow:
    """
    :param outbox: where every change is written down before it counts.
    :param clock: for what is tried again later.
    :param wake: called when something is due without anything having come in.
    """

    def __init__(self, outbox: Outbox, clock: IReactorTime, wake: Callable[[], None]) -> None:
        self._outbox = outbox
        self._clock = clock
        self._wake = wake
        self._open = False
        self._next = 1
        self._waiting: deque[Entry] = deque()
        self._flight: dict[int, Entry] = {}
        self._repeated: list[
            Entry
        ] = []  # in flight since an earlier connection, to be sent again as they are
        self._halted = False  # a refusal came: nothing goes out until all in flight are answered
        self._refused: list[Entry] = []
        self._pause = 0.0
        self._timer: IDelayedCall | None = None

    @property
    def empty(self) -> bool:
        """Whether everything said was answered."""
        return not (self._waiting or self._flight or self._refused)

    def add(self, entry: Entry) -> None:
        """Say this, after all that was said before."""
        self._waiting.append(entry)

    def open(self, stored_count: int, new_log: bool = False) -> list[Entry]:
        """
        The room was entered, and the server has stored our first `said` here. Returns which of ours
        these are.

        :param new_log: whether it is another log than the one that our numbers belong to, so that it
            has none of ours.

        What it has not stored is numbered anew from said + 1: after a lost connection these are the
        same numbers as before, after a reset or a refusal they need not be. What it has stored is
        sent again nevertheless: for its ok.
        """
        numbered = [*self._refused, *self._flight.values(), *self._leftovers()]
        numbered.sort(key=attrgetter("n"))
        acknowledged = [
            entry
            for entry in numbered
            if entry.n is not None and entry.n <= stored_count and not new_log
        ]
        self._waiting.extendleft(reversed(numbered[len(acknowledged) :]))
        self._flight = {entry.n: entry for entry in acknowledged if entry.n is not None}
        self._repeated = list(acknowledged)
        self._refused = []
        self._pause = 0.0
        self._next = stored_count + 1
        self._halted = False
        self._open = True
        return acknowledged

    def _leftovers(self) -> list[Entry]:
        """What an earlier run numbered; it stands before all else that waits."""
        found = []
        while self._waiting and self._waiting[0].n is not None:
            found.append(self._waiting.popleft())
        return found

    def close(self) -> None:
        """The room is no longer open: what is in flight stays unanswered until `open`."""
        self._open = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def due(self) -> list[Entry]:
        """What is to be sent now, numbered; it counts as sent."""
        if not self._open or self._halted:
            return []
        due, self._repeated = self._repeated, []
        while self._waiting and len(self._flight) < MAX_IN_FLIGHT:
            entry = self._waiting.popleft()
            self._outbox.number(entry, self._next)
            self._flight[self._next] = entry
            self._next += 1
            due.append(entry)
        return due

    def acknowledged(self, n: int) -> Entry | None:
        """An ok came. Returns whose; None where it is none of ours."""
        entry = self._flight.pop(n, None)
        if entry is not None:
            self._next = max(self._next, n + 1)
            self._outbox.remove(entry)
            self._settle()
        return entry

    def refused(self, error: Error) -> Entry | None:
        """
        A refusal with an n came. Returns whose; None where it is none of ours. Given up unless
        `MENDED`.
        """
        entry = self._flight.pop(error.n or 0, None)
        if entry is None or entry.n is None:
            return None
        self._restart_from(error, entry.n)
        if error.code in RETRYABLE:
            self._refused.append(entry)
        else:
            self._outbox.remove(entry)
        if error.code in _LATER:
            self._pause = max(self._pause, error.retry or RETRY_SECONDS)
        self._halted = True
        self._settle()
        return entry

    def _restart_from(self, error: Error, n: int) -> None:
        if error.want is not None:
            self._next = error.want
        elif error.code == "conflict":  # that number is used up, by words that are not these
            self._next = n + 1
        elif not self._halted:
            self._next = n

    def _settle(self) -> None:
        """
        Go on after a refusal, once nothing is in flight, and not before the time that the server
        asked for.
        """
        if not self._halted or self._flight:
            return
        self._waiting.extendleft(reversed(self._refused))
        self._refused = []
        pause, self._pause = self._pause, 0.0
        if pause:
            self._timer = self._clock.callLater(pause, self._go_on)
        else:
            self._halted = False

    def _go_on(self) -> None:
        self._timer = None
        self._halted = False
        self._wake()
