"""
The numbers of one room, and how a refusal is mended.
"""

import pytest
from twisted.internet.task import Clock

from groupchat.client.outbox import Entry, Outbox
from groupchat.client.sender import MAX_IN_FLIGHT, RETRY_SECONDS, SendWindow
from groupchat.wire.events import Error


class WindowDriver:
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
    assert WindowDriver("a", "b", stored_count=4).due() == [(5, "a"), (6, "b")]


def test_nothing_is_due_before_the_room_is_open():
    driver = WindowDriver()
    driver.window.close()
    driver.say("a")
    assert driver.due() == []


def test_nothing_is_due_twice():
    driver = WindowDriver("a")
    assert driver.due() and not driver.due()


def test_only_so_many_are_in_flight():
    driver = WindowDriver(*(str(number) for number in range(MAX_IN_FLIGHT + 2)))
    assert len(driver.due()) == MAX_IN_FLIGHT
    driver.window.acknowledged(1)
    assert driver.due() == [(MAX_IN_FLIGHT + 1, "100")]


def test_an_ok_settles_an_entry_once():
    driver = WindowDriver("a")
    driver.due()
    assert driver.window.acknowledged(1).line == b"a"
    assert driver.window.acknowledged(1) is None
    assert driver.window.empty and driver.outbox.count == 0


def test_after_a_lost_connection_the_same_numbers_are_said_again():
    driver = WindowDriver("a", "b")
    first = driver.due()
    driver.window.close()
    assert driver.window.open(0) == []
    assert driver.due() == first


def test_what_was_stored_is_asked_again_for_its_ok():
    driver = WindowDriver("a", "b")
    driver.due()
    driver.window.close()
    assert [entry.line for entry in driver.window.open(1)] == [b"a"]
    assert driver.due() == [(1, "a"), (2, "b")]


def test_in_another_log_all_entries_get_new_numbers():
    driver = WindowDriver("a", "b", stored_count=4)
    driver.due()
    driver.window.close()
    assert driver.window.open(6, new_log=True) == []
    assert driver.due() == [(7, "a"), (8, "b")]


def test_a_server_that_has_forgotten_us_gets_numbers_from_one():
    driver = WindowDriver("a", "b", stored_count=4)
    driver.due()
    driver.window.close()
    driver.window.open(0)
    assert driver.due() == [(1, "a"), (2, "b")]


def test_a_text_that_is_refused_is_given_up_and_the_rest_gets_new_numbers():
    driver = WindowDriver("a", "b", "c")
    driver.due()
    assert driver.refuse(1, "muted").line == b"a"
    driver.say("d")
    assert driver.due() == []
    driver.refuse(2, "out-of-order", want=1)
    assert driver.due() == []
    driver.refuse(3, "out-of-order", want=1)
    assert driver.due() == [(1, "b"), (2, "c"), (3, "d")]
    assert driver.outbox.count == 3


@pytest.mark.parametrize("code", ["storage-full", "too-often", "unavailable"])
def test_what_cannot_be_stored_now_is_said_again_later(code):
    driver = WindowDriver("a", "b")
    driver.due()
    driver.refuse(1, code)
    driver.refuse(2, "out-of-order", want=1)
    assert driver.due() == []
    driver.clock.advance(RETRY_SECONDS)
    assert driver.woken == 1
    assert driver.due() == [(1, "a"), (2, "b")]


def test_the_server_says_how_much_later():
    driver = WindowDriver("a")
    driver.due()
    driver.refuse(1, "too-often", retry=5)
    driver.clock.advance(4.9)
    assert driver.woken == 0
    driver.clock.advance(0.1)
    assert driver.woken == 1


def test_a_lost_connection_ends_the_wait():
    driver = WindowDriver("a", "b")
    driver.due()
    driver.refuse(1, "storage-full")
    driver.refuse(2, "storage-full")
    driver.window.close()
    assert not driver.clock.getDelayedCalls()
    driver.window.open(0)
    assert driver.due() == [(1, "a"), (2, "b")]


def test_a_connection_lost_amid_refusals_changes_no_order():
    driver = WindowDriver("a", "b", "c")
    driver.due()
    driver.refuse(1, "muted")
    driver.refuse(2, "out-of-order", want=1)
    driver.window.close()
    driver.window.open(0)
    assert driver.due() == [(1, "b"), (2, "c")]


def test_a_number_that_others_have_used_is_passed_over():
    driver = WindowDriver("a", "b")
    driver.due()
    driver.refuse(1, "conflict")
    driver.refuse(2, "conflict")
    assert driver.due() == [(3, "a"), (4, "b")]


def test_what_is_none_of_ours_changes_nothing():
    driver = WindowDriver("a")
    assert driver.refuse(9, "muted") is None
    assert driver.due() == [(1, "a")]
