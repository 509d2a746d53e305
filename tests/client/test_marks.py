"""Read marks of rooms, on any device."""

import pytest

from groupchat.client.marks import MARK_INTERVAL
from groupchat.client.requests import MARK_REF
from groupchat.wire import events
from groupchat.wire.events import DirectRoom
from tests.client.fakes import message, state, welcome
from tests.client.test_model import ModelDriver


def marked(mark, head=0):
    return state(head=head, mark=mark)


@pytest.fixture
def driver():
    """In a room of which two messages were read, by a server that keeps marks."""
    driver = ModelDriver().connect().hear(welcome(), marked(2, head=2))
    driver.hear(events.Catchup(room="lobby", through=2), message(1), message(2))
    driver.sent()
    return driver


def marks_sent(driver):
    return [(one["room"], one["id"]) for one in driver.sent() if one["type"] == "mark"]


def test_unread_is_what_was_received_and_not_read(driver):
    assert driver.model.marks.unread("lobby") == 0
    driver.hear(message(3), message(4))
    assert driver.model.marks.unread("lobby") == 2


def test_what_was_read_is_told_to_the_server_once(driver):
    driver.hear(message(3))
    driver.model.marks.read("lobby")
    driver.model.marks.read("lobby")
    assert driver.sent() == [{"type": "mark", "room": "lobby", "id": 3, "ref": MARK_REF}]
    assert driver.model.marks.unread("lobby") == 0


def test_marks_are_sent_rarely_and_the_last_one_is_not_lost(driver):
    for number in 3, 4, 5:
        driver.hear(message(number))
        driver.model.marks.read("lobby")
    assert marks_sent(driver) == [("lobby", 3)]
    driver.clock.advance(MARK_INTERVAL)
    assert marks_sent(driver) == [("lobby", 5)]
    driver.clock.advance(MARK_INTERVAL)
    assert marks_sent(driver) == [] and not driver.clock.getDelayedCalls()


def test_a_mark_of_another_device_counts_and_only_forward(driver):
    driver.hear(message(3), message(4), events.Mark(room="lobby", id=4))
    assert driver.model.marks.unread("lobby") == 0
    driver.hear(events.Mark(room="lobby", id=1))
    assert driver.model.marks["lobby"] == 4


def test_answers_to_marks_are_not_shown(driver):
    shown = len(driver.display.shown)
    driver.hear(events.Ok(room="lobby", ref=MARK_REF))
    driver.hear(events.Error(code="bad-field", text="No.", room="lobby", ref=MARK_REF))
    assert len(driver.display.shown) == shown and driver.model.unsaid == 0


def test_a_server_that_keeps_no_marks_is_sent_none():
    driver = ModelDriver().connect().hear(welcome(), marked(None, head=1))
    driver.hear(events.Catchup(room="lobby", through=1), message(1))
    driver.model.marks.read("lobby")
    assert marks_sent(driver) == []


def test_a_mark_that_was_not_sent_is_sent_over_the_next_connection(driver):
    for number in 3, 4:
        driver.hear(message(number))
        driver.model.marks.read("lobby")
    driver.model.disconnect()
    assert not driver.clock.getDelayedCalls()
    driver.sent()
    driver.connect().hear(welcome(), marked(3, head=4), events.Catchup(room="lobby", through=4))
    driver.clock.advance(MARK_INTERVAL)
    assert marks_sent(driver) == [("lobby", 4)]


def test_a_mark_is_not_carried_over_to_another_log(driver):
    for number in 3, 4:
        driver.hear(message(number))
        driver.model.marks.read("lobby")
    driver.model.disconnect()
    driver.sent()
    driver.connect().hear(welcome(), marked(0, head=1))
    driver.clock.advance(MARK_INTERVAL)
    assert marks_sent(driver) == []


def test_what_was_read_is_told_before_we_leave(driver):
    for number in 3, 4:
        driver.hear(message(number))
        driver.model.marks.read("lobby")
    driver.model.switch_room("dev")
    driver.enter("dev")
    assert [one["type"] for one in driver.sent()] == ["mark", "join", "mark", "leave"]
    driver.hear(state("dev", mark=0, head=1), events.Catchup(room="dev", through=1))
    driver.hear(message(1, room="dev"))
    driver.model.marks.read("dev")
    driver.model.quit()
    assert [one["type"] for one in driver.sent()] == ["mark", "quit"]


def test_direct_rooms_that_wait_are_known_after_the_login(driver):
    driver.hear(events.Direct(rooms={"@bob": DirectRoom(head=9, mark=7)}))
    assert list(driver.model.marks.direct) == ["@bob"]
    assert driver.model.marks.unread("@bob") == 2
    assert driver.model.marks.unread("@carol") == 0


def test_a_direct_room_that_is_being_joined_is_not_announced():
    driver = ModelDriver("@bob").connect().hear(welcome())
    bob, carol = DirectRoom(head=9, mark=7), DirectRoom(head=3, mark=0)
    driver.hear(events.Direct(rooms={"@bob": bob, "@carol": carol}))
    assert driver.display.shown[-1] == (events.Direct(rooms={"@carol": carol}), False)
    assert driver.model.marks.unread("@bob") == 2
