"""
The rooms at the terminal.
"""

import pytest

from groupchat.cli.terminal.room_list import RoomList, RoomView
from groupchat.cli.terminal.timeline import Kind, Line


@pytest.fixture
def rooms():
    return RoomList(["lobby", "dev", "ops"])


def news(rooms, name, mention=False):
    timeline = rooms.get(name).timeline
    timeline.add(Line(Kind.MESSAGE, "x", "bob", id=timeline.head + 1))
    timeline.notice_unread(mention)


def test_rooms_have_numbers_and_neighbours(rooms):
    assert rooms.current.name == "lobby"
    assert rooms.numbered(2).name == "ops" and rooms.numbered(3) is None
    assert rooms.beside(1).name == "dev" and rooms.beside(-1).name == "ops"


def test_a_room_is_found_whatever_its_capitals(rooms):
    assert rooms.get("DEV") is rooms.get("dev") is rooms.add("Dev")
    assert rooms.get("nowhere") is None


def test_the_room_that_was_in_view_before_is_remembered(rooms):
    assert rooms.last is rooms.current
    rooms.show(rooms.get("ops"))
    assert rooms.last.name == "lobby"
    rooms.show(rooms.current)
    assert rooms.last.name == "lobby"


def test_rooms_with_mentions_are_next_and_then_those_with_news(rooms):
    assert rooms.next_with_news() is None
    news(rooms, "dev")
    assert rooms.next_with_news().name == "dev"
    news(rooms, "ops", mention=True)
    assert rooms.next_with_news().name == "ops"
    assert [(one.number, one.unread, one.mentions) for one in rooms.news()] == [
        (2, 1, 0),
        (3, 1, 1),
    ]
    assert rooms.unread == 2


def test_leaving_the_room_in_view_shows_the_last_one(rooms):
    rooms.show(rooms.get("dev"))
    rooms.remove(rooms.current)
    assert rooms.current.name == "lobby" and len(rooms) == 2
    rooms.remove(rooms.get("ops"))
    rooms.remove(rooms.get("lobby"))
    assert len(rooms) == 1


def test_a_room_out_of_view_shows_no_news_line_when_it_comes_back(rooms):
    news(rooms, "lobby")
    rooms.show(rooms.get("dev"))
    assert rooms.get("lobby").timeline.news is None


def test_members_that_spoke_last_are_first():
    room = RoomView("lobby")
    room.people = ["alice", "bob", "carol"]
    room.spoke("carol")
    room.spoke("somebody else")
    room.change_people(["alice"], {"bob": "rob"}, ["dave", "carol"])
    assert room.people == ["carol", "rob", "dave"]


def test_ignored_names_and_presence_can_be_hidden():
    room = RoomView("lobby", presence=False)
    room.ignored.add("bob")
    room.timeline.add(Line(Kind.MESSAGE, "hidden", "Bob"))
    room.timeline.add_presence([], {}, ["dave"])
    room.timeline.add(Line(Kind.MESSAGE, "shown", "carol"))
    room.viewport.resize(60, 5)
    assert ["".join(one.text for one in row).strip() for row in room.viewport.rows() if row] == [
        "carol  shown"
    ]
