"""Questions to a database that can't be reached, or is slow."""

from __future__ import annotations

import psycopg
import pytest
from twisted.internet.defer import Deferred

from groupchat.ledgers.postgresql.questions import PATIENCE, Questions
from groupchat.wire.errors import Unavailable
from tests.support import Reactor


class Database:
    """
    A database whose answers a test gives.

    :ivar asked: the queries that have no answer, the oldest first.
    :ivar is_heard: whether it answers other things meanwhile.
    """

    def __init__(self):
        self.reactor = Reactor()
        self.asked = []
        self.is_heard = True
        self._heard = 0.0
        self.questions = Questions(self.reactor, self.heard, self.reactor.seconds)

    def heard(self):
        if self.is_heard:
            self._heard = self.reactor.seconds()
        return self._heard

    def _ask(self, query):
        self.asked.append((query, Deferred()))
        return self.asked[-1][1]

    def ask(self):
        """Returns a list that gets the answer, or the class of the error."""
        results = []
        answer = self.questions.ask(self._ask, lambda reader: f"{reader} has read")
        answer.addCallbacks(results.append, lambda failure: results.append(failure.type))
        return results

    def answer(self):
        """Answer the oldest query."""
        query, answer = self.asked.pop(0)
        try:
            result = query("the reader")
        except Unavailable as error:
            answer.errback(error)
        else:
            answer.callback(result)

    def fail(self, error=psycopg.OperationalError):
        """Fail the oldest query."""
        self.asked.pop(0)[1].errback(error("no"))

    def go_away(self):
        """Answer nothing from now on: refuse each connection."""
        self.is_heard = False

    def run(self, seconds):
        """Let time pass, in which each query fails."""
        for _ in range(int(seconds * 10)):
            while self.asked:
                self.fail()
            self.reactor.run(0.1)


@pytest.fixture
def database():
    database = Database()
    yield database
    database.questions.stop()
    assert not database.reactor.getDelayedCalls()


def test_a_question_is_answered(database):
    results = database.ask()
    assert results == []
    database.answer()
    assert results == ["the reader has read"]


def test_a_question_whose_connection_was_lost_is_asked_again_at_once(database):
    results = database.ask()
    database.fail()
    database.answer()
    assert results == ["the reader has read"]


def test_a_question_is_asked_again_until_the_database_is_back(database):
    results = database.ask()
    database.run(PATIENCE - 1)
    assert results == []
    database.reactor.run(0.3)
    database.answer()
    assert results == ["the reader has read"]


def test_where_the_database_is_away_a_question_is_refused_after_a_while(database):
    database.go_away()
    results = database.ask()
    database.run(PATIENCE - 0.5)
    assert results == []
    database.run(0.5)
    assert results == [Unavailable]


def test_and_where_it_says_nothing_either(database):
    database.go_away()
    results = database.ask()
    database.reactor.run(PATIENCE)
    assert results == [Unavailable]


def test_later_questions_are_refused_at_once_until_it_is_heard_again(database):
    database.go_away()
    database.ask()
    database.run(PATIENCE)
    assert database.ask() == [Unavailable] and database.asked == []
    database.is_heard = True
    database.reactor.run(0.1)
    results = database.ask()
    database.answer()
    assert results == ["the reader has read"]


def test_or_until_it_answers_a_question_that_is_refused_already(database):
    database.go_away()
    first, second = database.ask(), database.ask()
    answer = database.asked[1][1]
    answer.callback("too late")
    assert second == ["too late"]
    database.reactor.run(PATIENCE)
    assert first == [Unavailable]
    database.asked[0][1].callback("too late")
    database.asked.clear()
    assert first == [Unavailable]
    assert database.ask() == [] and len(database.asked) == 1


def test_a_question_that_nobody_waits_for_any_more_is_not_answered(database):
    database.go_away()
    results = database.ask()
    database.reactor.run(PATIENCE)
    (query, _), *_ = database.asked
    with pytest.raises(Unavailable):
        query("the reader")
    database.answer()
    assert results == [Unavailable]


def test_a_database_that_is_slow_has_all_the_time_that_it_takes(database):
    results = database.ask()
    database.reactor.run(10 * PATIENCE)
    assert results == []
    database.fail()
    database.answer()
    assert results == ["the reader has read"]


def test_a_reader_that_can_not_connect_where_others_can_refuses_too(database):
    results = database.ask()
    database.run(PATIENCE)
    assert results == [Unavailable]


def test_another_error_is_the_answer(database):
    results = database.ask()
    database.fail(psycopg.ProgrammingError)
    assert results == [psycopg.ProgrammingError]


def test_at_the_end_what_is_open_is_refused(database):
    results = database.ask()
    database.questions.stop()
    assert results == [Unavailable]
