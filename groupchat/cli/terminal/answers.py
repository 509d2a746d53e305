"""Requests and messages that have no answer yet, each with the Deferred that fires with it."""

from __future__ import annotations

from collections import deque
from itertools import count
from typing import TYPE_CHECKING

from twisted.internet import defer

from groupchat.cli.terminal.talk import Refused
from groupchat.client.sender import RETRYABLE
from groupchat.wire import events, names
from groupchat.wire.events import Event

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twisted.internet.defer import Deferred

__all__ = ["Answers"]


class Answers:
    """
    Finds out what an answer is for: a request by its ref, and a message by its turn, since the
    server answers the messages of a room in their order, and one that it refuses for now is sent
    again before all later ones.
    """

    def __init__(self) -> None:
        self._refs = count(1)
        self._asked: dict[str, Deferred[Event]] = {}
        self._said: dict[str, deque[Deferred[int | None]]] = {}

    def expect_left(self, rooms: Iterable[str]) -> None:
        """Messages that an earlier run has left in these rooms are answered before all others."""
        if not self._said:
            for room in rooms:
                self.expect_stored(room)

    def expect_stored(self, room: str) -> Deferred[int | None]:
        """A message is on its way. Fires with its id; fails with `Refused`."""
        stored: Deferred[int | None] = defer.Deferred()
        self._said.setdefault(room, deque()).append(stored)
        return stored

    def expect(self) -> tuple[str, Deferred[Event]]:
        """Returns a ref for a request, and what fires with its answer."""
        ref = f"t{next(self._refs)}"
        answer = self._asked[ref] = defer.Deferred()
        return ref, answer

    def settle(self, event: Event) -> bool:
        """Returns whether somebody has waited for this event."""
        if isinstance(event, events.Ok | events.Error) and event.n is not None:
            return self._settle_said(event)
        answer = self._asked.pop(getattr(event, "ref", None) or "", None)
        if answer is None:
            return False
        if isinstance(event, events.Error):
            answer.errback(Refused(event.code, event.text))
        else:
            answer.callback(event)
        return True

    def _settle_said(self, event: events.Ok | events.Error) -> bool:
        if isinstance(event, events.Error) and event.code in RETRYABLE:
            return False
        waiting = self._said.get(names.key(event.room or ""))
        if waiting and isinstance(event, events.Error):
            waiting.popleft().errback(Refused(event.code, event.text))
        elif waiting and isinstance(event, events.Ok):
            waiting.popleft().callback(event.id)
        return True

    def fail(self, ref: str, reason: Exception) -> bool:
        """A request gets no answer. Returns whether somebody has waited for it."""
        answer = self._asked.pop(ref, None)
        if answer is not None:
            answer.errback(reason)
        return answer is not None

    def fail_all(self, reason: Exception) -> None:
        """No request gets an answer any more."""
        for ref in list(self._asked):
            self.fail(ref, reason)
