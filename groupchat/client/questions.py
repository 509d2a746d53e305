"""Requests whose answer an application awaits: each answer reaches whoever asked."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred

from groupchat.client.agenda import Agenda
from groupchat.client.errors import AnswerLost, Refused
from groupchat.wire import events

if TYPE_CHECKING:
    from groupchat.wire.events import Event

__all__ = ["Questions"]


class Questions:
    """
    The open questions, by the ref of their request. (A connection has one user of this class, so
    the refs are its own.)

    :param agenda: calls those who asked.
    """

    def __init__(self, agenda: Agenda) -> None:
        self._agenda = agenda
        self._refs = count(1)
        self._open: dict[str, Deferred[Event]] = {}

    def __len__(self) -> int:
        return len(self._open)

    def ask(self) -> tuple[str, Deferred[Event]]:
        """Returns the ref for a new question, and its answer."""
        ref = f"chat {next(self._refs)}"
        answer: Deferred[Event] = Deferred()
        self._open[ref] = answer
        return ref, answer

    def withdraw(self, ref: str) -> None:
        """It was not asked after all."""
        self._open.pop(ref, None)

    def settle(self, event: Event | None) -> bool:
        """Returns whether this event answers a question; whoever asked is told soon."""
        ref = getattr(event, "ref", None)
        answer = self._open.pop(ref, None) if ref is not None else None
        if answer is None or event is None:
            return False
        if isinstance(event, events.Error):
            self._fire(answer.errback, Refused(event.code, event.text))
        else:
            self._fire(answer.callback, event)
        return True

    def lose(self, ref: str | None, error: Exception) -> bool:
        """Returns whether the question with this ref was open; it gets no answer any more."""
        answer = self._open.pop(ref or "", None)
        if answer is not None:
            self._fire(answer.errback, error)
        return answer is not None

    def lose_all(self, error: Exception | None = None) -> None:
        """No question gets an answer any more."""
        for ref in list(self._open):
            self.lose(ref, error or AnswerLost())

    def _fire(self, act: Callable[..., None], result: object) -> None:
        self._agenda.add(act, result)
