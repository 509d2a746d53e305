"""
Questions to the readers. Where the database can't be reached, they are asked again, and refused
after a while.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

import psycopg
from twisted.internet.defer import Deferred, fail

from groupchat.wire.errors import unreadable

if TYPE_CHECKING:
    from twisted.internet.interfaces import IReactorTime
    from twisted.python.failure import Failure

__all__ = ["PATIENCE", "Questions"]

PATIENCE = 3.0  #: seconds without an answer of the database after which a question is refused
PAUSE = 0.2  #: seconds before it is asked again, from the second time on

R = TypeVar("R")
T = TypeVar("T")

Ask = Callable[[Callable[[R], T]], Deferred[T]]  #: asks a reader, in its thread


class Questions:
    """
    Lives in the reactor's thread. Once a question is refused, later ones are at once, until the
    database answers again.

    :param clock: the reactor's time.
    :param heard: returns when the database has last answered to anything.
    :param monotonic: the clock of `heard`.
    """

    def __init__(
        self, clock: IReactorTime, heard: Callable[[], float], monotonic: Callable[[], float]
    ) -> None:
        self.clock = clock
        self._heard = heard
        self._monotonic = monotonic
        self._silent_since: float | None = None
        self._open: set[Callable[[], None]] = set()  # each refuses a question

    def ask(self, ask: Ask[R, T], query: Callable[[R], T]) -> Deferred[T]:
        """
        Return the answer to a query.

        :raises Unavailable: (as its failure) the database can't be reached.
        """
        if self._silent_since == self._heard():
            return fail(unreadable())
        question = _Question(self, ask, query)
        self._open.add(question.refuse)
        question.begin()
        return question.answer

    @property
    def is_silent(self) -> bool:
        """Whether the database has not answered for long."""
        return self._monotonic() - self._heard() >= PATIENCE

    def answered(self) -> None:
        """Take note that the database has answered."""
        self._silent_since = None

    def refused(self) -> None:
        """Take note that it has not."""
        self._silent_since = self._heard()

    def finished(self, refuse: Callable[[], None]) -> None:
        """Forget a question."""
        self._open.discard(refuse)

    def stop(self) -> None:
        """Refuse the questions that are open."""
        for refuse in tuple(self._open):
            refuse()


class _Question(Generic[R, T]):
    """
    :ivar answer: fires with the answer.
    """

    def __init__(self, questions: Questions, ask: Ask[R, T], query: Callable[[R], T]) -> None:
        self.answer: Deferred[T] = Deferred()
        self._questions = questions
        self._clock = questions.clock
        self._ask = ask
        self._query = query
        self._failures = 0
        self._is_over = False
        self._end = self._clock.seconds() + PATIENCE
        self._timer = self._clock.callLater(PATIENCE, self._look)

    def begin(self) -> None:
        """Ask a reader."""
        self._ask(self._answer).addCallbacks(self._answered, self._failed)

    def _answer(self, reader: R) -> T:
        """In the reader's thread: answer, unless nobody waits for that any more."""
        if self._is_over:
            raise unreadable()
        return self._query(reader)

    def _answered(self, result: T) -> None:
        self._questions.answered()
        if not self._is_over:
            self._finish()
            self.answer.callback(result)

    def _failed(self, failure: Failure) -> None:
        if self._is_over:
            return
        if not failure.check(psycopg.OperationalError):
            self._finish()
            self.answer.errback(failure)
            return
        self._failures += 1
        if self._failures == 1:
            self.begin()  # its connection was lost long ago, perhaps
        elif self._clock.seconds() + PAUSE >= self._end:
            self.refuse()
        else:
            self._wait(PAUSE, self._again)

    def _again(self) -> None:
        self._wait(self._end - self._clock.seconds(), self._look)
        self.begin()

    def _look(self) -> None:
        """Refuse the question, unless it only takes long."""
        if self._failures or self._questions.is_silent:
            self.refuse()
            return
        self._end = self._clock.seconds() + PATIENCE
        self._wait(PATIENCE, self._look)

    def _wait(self, seconds: float, then: Callable[[], None]) -> None:
        if self._timer.active():
            self._timer.cancel()
        self._timer = self._clock.callLater(seconds, then)

    def refuse(self) -> None:
        """The database can't be reached."""
        self._questions.refused()
        self._finish()
        self.answer.errback(unreadable())

    def _finish(self) -> None:
        self._is_over = True
        if self._timer.active():
            self._timer.cancel()
        self._questions.finished(self.refuse)
