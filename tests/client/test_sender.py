"""
The numbers of one room, and how a refusal is mended.
"""

import pytest
from twisted.internet.task import Clock

from groupchat.client.outbox import Entry, Outbox
from groupchat.client.sender import MAX_IN_FLIGHT, RETRY_SECONDS, SendWindow
from groupchat.wire.events import Error


class Desk:
    """A Sending with what it needs."""

    def __init__(self, *texts, stored_count=0):
        self.clock = Clock()
        self.woken = 0
        self.outbox = Outbox()
        self.window = SendWindow(self.outbox, self.clock, self.wake)
        self.say(*texts)
        self.window.open(stored_count)

    def wake(self):
        self.woken += 1

    def say(self, *texts):
        for text in texts:
            entry = Entry("lobby", text.encode())
            self.outbox.add(entry)
            self.window.add(entry)

    def due(self):
        return [(entry.n, entry.line.decode()) for entry in self.window.due()]

    def refuse(self, n, code, want=None, retry=None):
        return self.window.refused(
            Error(code=code, text="No.", n=n, room="lobby", want=want, retry=retry)
        )


def test_numbers_go_on_from_what_the_server_has_stored():
    assert Desk("a", "b", stored_count=4).due() == [(5, "a"), (6, "b")]


def test_nothing_is_due_before_the_room_is_open():
    desk = Desk()
    desk.window.close()
    desk.say("a")
    assert desk.due() == []


def test_nothing_is_due_twice():
    desk = Desk("a")
    assert desk.due() and not desk.due()


def test_only_so_many_are_in_flight():
    desk = Desk(*(str(number) for number in range(MAX_IN_FLIGHT + 2)))
    assert len(desk.due()) == MAX_IN_FLIGHT
    desk.window.acknowledged(1)
    assert desk.due() == [(MAX_IN_FLIGHT + 1, "100")]


def test_an_ok_settles_an_entry_once():
    desk = Desk("a")
    desk.due()
    assert desk.window.acknowledged(1).line == b"a"
    assert desk.window.acknowledged(1) is None
    assert desk.window.empty and desk.outbox.count == 0


def test_after_a_lost_connection_the_same_numbers_are_said_again():
    desk = Desk("a", "b")
    first = desk.due()
    desk.window.close()
    assert desk.window.open(0) == []
    assert desk.due() == first


def test_what_was_stored_is_asked_again_for_its_ok():
    desk = Desk("a", "b")
    desk.due()
    desk.window.close()
    assert [entry.line for entry in desk.window.open(1)] == [b"a"]
    assert desk.due() == [(1, "a"), (2, "b")]


def test_in_another_log_all_is_numbered_anew():
    desk = Desk("a", "b", stored_count=4)
    desk.due()
    desk.window.close()
    assert desk.window.open(6, new_log=True) == []
    assert desk.due() == [(7, "a"), (8, "b")]


def test_a_server_that_has_forgotten_us_gets_numbers_from_one():
    desk = Desk("a", "b", stored_count=4)
    desk.due()
    desk.window.close()
    desk.window.open(0)
    assert desk.due() == [(1, "a"), (2, "b")]


def test_a_text_that_is_refused_is_given_up_and_the_rest_is_numbered_anew():
    desk = Desk("a", "b", "c")
    desk.due()
    assert desk.refuse(1, "muted").line == b"a"
    desk.say("d")
    assert desk.due() == []
    desk.refuse(2, "out-of-order", want=1)
    assert desk.due() == []
    desk.refuse(3, "out-of-order", want=1)
    assert desk.due() == [(1, "b"), (2, "c"), (3, "d")]
    assert desk.outbox.count == 3


@pytest.mark.parametrize("code", ["storage-full", "too-often", "unavailable"])
def test_what_cannot_be_stored_now_is_said_again_later(code):
    desk = Desk("a", "b")
    desk.due()
    desk.refuse(1, code)
    desk.refuse(2, "out-of-order", want=1)
    assert desk.due() == []
    desk.clock.advance(RETRY_SECONDS)
    assert desk.woken == 1
    assert desk.due() == [(1, "a"), (2, "b")]


def test_the_server_says_how_much_later():
    desk = Desk("a")
    desk.due()
    desk.refuse(1, "too-often", retry=5)
    desk.clock.advance(4.9)
    assert desk.woken == 0
    desk.clock.advance(0.1)
    assert desk.woken == 1


def test_a_lost_connection_ends_the_wait():
    desk = Desk("a", "b")
    desk.due()
    desk.refuse(1, "storage-full")
    desk.refuse(2, "storage-full")
    desk.window.close()
    assert not desk.clock.getDelayedCalls()
    desk.window.open(0)
    assert desk.due() == [(1, "a"), (2, "b")]


def test_a_connection_lost_amid_refusals_changes_no_order():
    desk = Desk("a", "b", "c")
    desk.due()
    desk.refuse(1, "muted")
    desk.refuse(2, "out-of-order", want=1)
    desk.window.close()
    desk.window.open(0)
    assert desk.due() == [(1, "b"), (2, "c")]


def test_a_number_that_others_have_used_is_passed_over():
    desk = Desk("a", "b")
    desk.due()
    desk.refuse(1, "conflict")
    desk.refuse(2, "conflict")
    assert desk.due() == [(3, "a"), (4, "b")]


def test_what_is_none_of_ours_changes_nothing():
    desk = Desk("a")
    assert desk.refuse(9, "muted") is None
    assert desk.due() == [(1, "a")]
