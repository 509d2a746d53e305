"""
Requests that the server has not answered yet.

An answer has the ref of its request. The refs of requests that no person made are reserved here.
"""

from __future__ import annotations

from collections import Counter

from groupchat.wire import commands, events
from groupchat.wire.commands import Command
from groupchat.wire.events import Event

__all__ = [
    "ANSWERS",
    "FILL_REF",
    "KEEPALIVE_REF",
    "LEAVE_REF",
    "MARK_REF",
    "Requests",
    "is_own",
]

FILL_REF = "groupchat-connect fills a hole"  #: of requests for messages that are missing
KEEPALIVE_REF = "groupchat-connect is here"  #: of pings
LEAVE_REF = "groupchat-connect leaves"  #: of leaving a room
MARK_REF = "groupchat-connect has read"  #: of read marks
_OWN_REFS = frozenset({FILL_REF, KEEPALIVE_REF, LEAVE_REF, MARK_REF})

#: The events that answer a request.
ANSWERS = (
    events.Ok,
    events.Error,
    events.Who,
    events.Rooms,
    events.History,
    events.Found,
    events.Topic,
    events.Pong,
    events.Bans,
    events.Mutes,
    events.Places,
    events.Token,
    events.Tokens,
)
#: Commands without an answer of their own; a join is answered by its room's events.
_UNANSWERED = (commands.Join, commands.Pong, commands.Quit)


def is_own(event: Event | None) -> bool:
    """Returns whether this answers a request that no person made."""
    return getattr(event, "ref", None) in _OWN_REFS


class Requests:
    """
    Counts the open requests by their ref.

    :ivar abandoned: requests that got no answer, and never will.
    """

    def __init__(self) -> None:
        self.abandoned = 0
        self._open: Counter[str] = Counter()

    def __bool__(self) -> bool:
        return bool(self._open)

    def add(self, command: Command) -> None:
        """This was sent."""
        if not isinstance(command, _UNANSWERED):
            self._open[command.ref or ""] += 1

    def settle(self, answer: Event) -> bool:
        """
        One of the `ANSWERS` was received: its request is no longer open. Returns whether there was
        one.
        """
        if is_own(answer) or getattr(answer, "n", None) is not None:  # a message is no request
            return True
        ref = getattr(answer, "ref", None) or ""
        count = self._open[ref]
        if count > 1:
            self._open[ref] -= 1
        else:
            del self._open[ref]
        return count > 0

    def abandon(self) -> list[str]:
        """Returns the refs of the open requests, which get no answer any more."""
        abandoned, self._open = list(self._open.elements()), Counter()
        self.abandoned += len(abandoned)
        return abandoned
