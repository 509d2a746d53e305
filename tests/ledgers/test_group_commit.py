"""
Group commit, without a ledger; and what `--keep` may say.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupchat.core.entries import LeaveEntry, MessageEntry
from groupchat.ledgers.dedupe import digest
from groupchat.ledgers.group_commit import MAX_BATCH, MAX_TURNS_WAITED, GroupCommit
from groupchat.ledgers.pages import PAGE_BYTES, page
from groupchat.ledgers.retention import RetentionPolicy
from groupchat.wire.events import Message
from tests.ledgers.keeping import Owner
from tests.support import Reactor


class Slow:
    """A disk that writes when it is told to, and a reactor that goes turn by turn."""

    def __init__(self):
        self.reactor = Reactor()
        self.writing = []
        self.sizes = []
        self.queue = GroupCommit(self.reactor.callLater, self._begin)
        self.queue.owner = Owner()

    def _begin(self, batch):
        self.writing.append(batch)
        self.sizes.append(len(batch))

    def post(self, *rooms):
        drafts = [LeaveEntry(room, None) for room in rooms]
        for draft in drafts:
            self.queue.post(draft)
        self.reactor.turn()
        return drafts

    def turn(self, count=0):
        """A turn in which so much is said. Returns the sizes of all batches."""
        for _ in range(count):
            self.queue.post(MessageEntry("a", "alice", "hello", 0))
        self.reactor.turn()
        return list(self.sizes)

    def write(self):
        self.queue.written(self.writing.pop())
        self.reactor.turn()


def test_when_it_is_quiet_a_draft_is_written_at_once():
    slow = Slow()
    drafts = slow.post("a")
    assert slow.writing == [drafts]


def test_what_is_posted_while_a_batch_is_written_is_the_next_batch():
    slow = Slow()
    first, second, third = slow.post("a"), slow.post("b"), slow.post("c")
    assert slow.writing == [first]
    slow.write()
    assert slow.writing == [second + third]
    assert slow.queue.owner.batches == [first]
    slow.write()
    assert slow.queue.owner.batches == [first, second + third]
    assert not slow.writing


def test_after_a_big_batch_the_next_waits_while_more_comes():
    slow = Slow()
    assert slow.turn(10) == [10]
    slow.write()
    assert slow.turn(3) == slow.turn(3) == [10]
    assert slow.turn() == [10, 6]


def test_a_batch_does_not_wait_once_it_is_as_big_as_the_one_before():
    slow = Slow()
    assert slow.turn(10) == [10]
    slow.write()
    assert slow.turn(5) == [10]
    assert slow.turn(5) == [10, 10]


def test_a_batch_has_only_so_many_and_the_rest_is_the_next():
    slow = Slow()
    assert slow.turn(MAX_BATCH + 3) == [MAX_BATCH]
    slow.write()
    assert slow.turn() == [MAX_BATCH, 3]


def test_a_batch_does_not_wait_for_ever():
    slow = Slow()
    slow.turn(10 * MAX_TURNS_WAITED)
    slow.write()
    for _ in range(MAX_TURNS_WAITED):
        assert slow.turn(1) == [10 * MAX_TURNS_WAITED]
    assert slow.turn(1) == [10 * MAX_TURNS_WAITED, MAX_TURNS_WAITED + 1]


def test_it_is_idle_once_all_is_written():
    slow = Slow()
    idle = []
    slow.post("a")
    slow.post("b")
    slow.queue.idle().addCallback(idle.append)
    slow.write()
    assert not idle
    slow.write()
    assert idle == [None]
    slow.queue.idle().addCallback(idle.append)
    assert idle == [None, None]


@given(st.lists(st.text(max_size=3).map(lambda text: text * 9000), min_size=1, max_size=12))
def test_a_page_is_the_most_that_fits_and_at_least_one(texts):
    messages = [Message("lobby", id, "", "bob", text) for id, text in enumerate(texts, 1)]
    found = page(iter(messages))
    count = len(found)
    assert found == messages[:count]
    size = [len(text.encode()) + 128 for text in texts]
    assert count == 1 or sum(size[:count]) <= PAGE_BYTES
    assert count == len(texts) or sum(size[: count + 1]) > PAGE_BYTES


def test_of_nothing_there_is_no_page():
    assert page([]) == []


def test_two_sayings_are_the_same_if_text_and_act_are():
    assert digest("a", False) == digest("a", False) != digest("a", True) != digest("b", True)


@pytest.mark.parametrize(
    ("text", "count", "age"),
    [
        ("all", None, None),
        ("ALL", None, None),
        ("90d", None, 90),
        ("1 day", None, 1),
        ("90 days", None, 90),
        ("100000 messages", 100_000, None),
        ("5messages", 5, None),
        (" 1 message ", 1, None),
    ],
)
def test_keep_is_all_or_so_many_or_so_long(text, count, age):
    keep = RetentionPolicy.parse(text)
    assert (keep.count, keep.age) == (count, age and age * 86_400_000)


@pytest.mark.parametrize(
    "text",
    ["", "none", "0d", "0", "5", "90", "-1", "90x", "1.5d", "90dd", "9" * 13, "9" * 7 + "d", "٣d"],
)
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match=re.escape(text) + "$"):
        RetentionPolicy.parse(text)
