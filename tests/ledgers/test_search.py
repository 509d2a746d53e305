"""
Search in every ledger, on disk or in memory: both find the same.
"""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred

from groupchat.core.search import SearchQuery
from groupchat.ledgers.memory import MemoryLedger
from groupchat.ledgers.pages import PAGE_BYTES
from groupchat.ledgers.search import condition, matcher
from groupchat.ledgers.sqlite import SQLiteLedger
from groupchat.wire.errors import Unavailable
from tests.ledgers.keeping import BOB, Log, Machine, Pool, on_disk


def said(log, *texts, **fields):
    for text in texts:
        log.say(text, **fields)
    log.run()


def ids(found):
    return [message.id for message in found.messages]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("tea", [1, 2, 3]),
        ("TEA four", [1, 2]),
        ("four tea", [1, 2]),
        ("e", [1, 2, 3, 4, 5]),
        ("tea coffee", []),
        ("100%", [4]),
        ("0%e", []),
        ("a_b", [5]),
        (r"c:\x", [5]),
        ("a*b", [6]),
        ("[x]", [6]),
        ("?", [6]),
        ("tea tea", [1, 2, 3]),
    ],
)
def test_every_word_occurs_in_the_text_without_regard_to_case(log, words, expected):
    said(
        log, "Tea at four", "at FOUR, tea", "a teacup", "100% sure", r"a_be c:\X", "a*b [x]?", "..."
    )  # fmt: skip
    assert ids(log.search(words)) == expected


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("éCOLE", "l'École"), ("ΣΊΣΥΦΟΣ", "σίσυφος"), ("ς", "ΟΔΌΣ"), ("привет", "ПРИВЕТ!"),
        ("图书", "在图书馆"), ("straße", "STRAẞE"), ("ǆ", "ǅ"), ("👋", "hi 👋🏽"), ("ÅR", "år"),
        ("ñ-[x]*?", "Ñ-[x]*?"), ("µ", "Μ"),
    ],
)  # fmt: skip
def test_a_word_of_any_script_is_found_without_regard_to_case(log, word, text):
    said(log, "else", text)
    assert ids(log.search(word)) == [2]


@pytest.mark.parametrize(
    ("word", "text"), [("é", "e"), ("e", "é"), ("ñ*x", "ñax"), ("ñ[ab]", "ña")]
)
def test_a_word_is_not_found_where_only_something_like_it_is(log, word, text):
    said(log, text)
    assert ids(log.search(word)) == []


letters = st.text(
    st.sampled_from("aAbBkKsSÄäßẞẛſσςΣéÉǆǅǄİıiI%_\\*?[]^-!. '图👋\u0130\u1e9b\u212a"), max_size=6
)


@given(letters.filter(str.strip), letters)
def test_both_forms_of_a_condition_find_the_same(words, text):
    query = SearchQuery.parse(words)
    wanted = condition(query, 1000)
    with sqlite3.connect(":memory:") as db:
        found = db.execute(
            f"SELECT 1 FROM (SELECT ? AS text) WHERE {wanted.sql}", (text, *wanted.values)
        ).fetchone()
    db.close()
    assert bool(found) is all(word.search(text) for word in matcher(query))


@pytest.mark.parametrize("sender", ["bob", "BOB"])
def test_a_search_can_be_for_what_one_person_said(log, sender):
    said(log, "tea")
    said(log, "tea", "no", sender="Bob", client=BOB)
    said(log, "tea", sender="bobby", client=BOB)
    assert ids(log.search("tea", sender)) == [2]
    assert ids(log.search("tea", "b%b")) == []


def test_names_of_any_script_are_compared_as_names(log):
    said(log, "tea", sender="Zoë")
    said(log, "tea", sender="ZOË")
    said(log, "tea", sender="Zoe")
    assert ids(log.search("tea", "zoë")) == [1, 2]


# The newest, and what is older.


def test_the_newest_are_found_first_and_what_is_older_can_be_asked_for(log):
    said(log, *["tea", "no"] * 5)
    found = log.search("tea", limit=2)
    assert (ids(found), found.reached, found.more) == ([7, 9], 7, True)
    found = log.search("tea", before=found.reached, limit=2)
    assert (ids(found), found.more) == ([3, 5], True)
    found = log.search("tea", before=found.reached, limit=2)
    assert (ids(found), found.reached, found.more) == ([1], 1, False)
    assert log.search("tea", before=1) == ([], 1, False)


def test_nothing_is_found_where_nothing_is_stored(log):
    assert log.search("tea", room="nowhere") == ([], 1, False)
    log.fill(3, room="dev")
    log.topic("tea")
    found = log.search("tea")
    assert (ids(found), found.more) == ([], False)


def test_only_the_room_is_searched(log):
    said(log, "tea")
    said(log, "tea", "tea", room="dev")
    assert ids(log.search("tea")) == [1] and ids(log.search("tea", room="dev")) == [1, 2]


def test_what_is_no_longer_kept_is_not_found(keeping):
    log = keeping("2 messages")
    said(log, "tea", "tea", "tea")
    found = log.search("tea")
    assert (ids(found), found.reached, found.more) == ([2, 3], 2, False)


def test_what_was_redacted_is_not_found_and_neither_are_redactions(log):
    said(log, "tea", "tea")
    log.corrected("tea, too", replaces=1)
    assert ids(log.search("tea")) == [1, 2, 3]
    log.removed(1)
    assert ids(log.search("tea")) == [2]
    assert ids(log.search("e", "alice")) == [2]


def test_a_correction_that_is_found_says_what_it_is(log):
    said(log, "milk")
    log.corrected("tea", replaces=1)
    (message,) = log.search("tea").messages
    assert (message.id, message.replaces) == (2, 1)


def test_an_answer_is_bounded_like_a_page(log):
    said(log, *["x" * 4096] * 30)
    found = log.search("x", limit=100)
    assert 0 < sum(len(message.text) for message in found.messages) <= PAGE_BYTES
    assert found.more and found.reached == found.messages[0].id
    older = log.search("x", before=found.reached, limit=100)
    assert ids(older) == list(range(older.reached, found.reached))


# The cost of an answer.


def searched(log, word):
    """The number of messages that each answer looks at, until all are searched."""
    before, seen = log.entered().head + 1, []
    while True:
        found = log.search(word, before=before)
        seen.append(before - found.reached)
        before = found.reached
        if not found.more:
            return seen


@pytest.mark.parametrize(("word", "most"), [("x", 400), ("é", 100)])
def test_an_answer_looks_at_a_bounded_number_of_messages(tmp_path, machine, word, most):
    machine.limits = {"searched_messages": 400}
    log = Log(lambda reactor: on_disk(tmp_path / "chat.db")(reactor, None, machine))
    log.fill(1000)
    assert searched(log, word) == [most] * (1000 // most) + [1000 % most] * bool(1000 % most)
    log.close()


def test_an_answer_takes_a_bounded_time(tmp_path, machine):
    log = Log(lambda reactor: on_disk(tmp_path / "chat.db")(reactor, None, machine))
    log.fill(3000)
    passed = iter(range(100))
    machine.clock.monotonic = lambda: next(passed) * 0.1
    assert searched(log, "x")[:2] == [256 + 1024, 256 + 1024]
    log.close()


def test_a_search_in_memory_takes_a_bounded_time(machine):
    log = Log(lambda reactor: MemoryLedger(reactor.callLater, None, machine.clock))
    log.fill(100)
    passed = iter(range(1000))
    machine.clock.monotonic = lambda: next(passed) * 0.005
    assert all(0 < count < 10 for count in searched(log, "x"))
    log.close()


class Busy:
    """A pool that answers nothing."""

    def start(self):
        """There is nothing to start."""

    stop = start

    def callInThreadWithCallback(self, done, function, *arguments):
        """It waits for ever."""


def test_only_so_many_searches_wait(tmp_path):
    machine = Machine()
    machine.limits = {"waiting_searches": 2}

    def make(reactor):
        path = str(tmp_path / "chat.db")
        return SQLiteLedger(
            reactor, path, None, machine.environment(), Pool(), Pool(), Busy(), Pool()
        )

    log = Log(make)
    query = SearchQuery.parse("x")
    waiting = [log.ledger.search("lobby", query, 9, 9) for _ in range(3)]
    assert [isinstance(one, Deferred) and one.called for one in waiting] == [False, False, True]
    failures = []
    waiting[2].addErrback(failures.append)
    assert failures[0].check(Unavailable)
    log.fill(1)
    assert [message.id for message in log.page(0, 9)] == [1], "pages go on"
    log.close()
