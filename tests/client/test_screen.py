"""
What a person, or a program, gets to read.
"""

import pytest

from groupchat import events
from groupchat.client.screen import JsonScreen, PlainScreen
from tests.client.fakes import line, message, state, welcome


class Paper:
    """A screen's lines."""

    def __init__(self, kind=PlainScreen):
        self.written, self.aside = [], []
        self.screen = kind(self.written.append) if kind is PlainScreen else kind(self.written.append, self.aside.append)

    def show(self, *shown, past=False, mine=False):
        for event in shown:
            self.screen.show(event, line(event), "alice", past, mine)
        return b"".join(self.written).decode()


@pytest.fixture
def paper():
    return Paper()


@pytest.fixture
def inside(paper):
    paper.show(welcome(), state())
    paper.written.clear()
    return paper


def test_what_others_say_is_shown_as_on_the_plain_wire(inside):
    assert inside.show(message(1, "hi"), message(2, "ho")) == "bob: hi\nbob: ho\n"


def test_own_words_are_not_shown(inside):
    assert inside.show(message(1), mine=True) == ""


def test_history_has_its_time(inside):
    assert inside.show(message(1), past=True).endswith("] bob: hello\n")


def test_the_end_of_history_is_told(inside):
    assert inside.show(events.CaughtUp(room="lobby")) == "-- You are up to date.\n"


def test_nothing_reaches_the_terminal_raw(inside):
    nasty = message(1, "\x1b[2J\u202e", sender="b\x07b")
    assert inside.show(nasty) == "b␇b: ␛[2J\ufffd\n"


def test_a_time_that_is_none_is_left_out(inside):
    odd = events.Message(room="lobby", id=1, at="yesterday", sender="bob", text="hi")
    assert inside.show(odd, past=True) == "bob: hi\n"


def test_coming_back_welcomes_nobody_again(inside):
    assert inside.show(welcome(), state()) == ""


def test_another_room_welcomes(inside):
    assert inside.show(state("dev")).startswith("-- Welcome to dev, alice.")


def test_a_stop_of_the_server_is_told(inside):
    assert inside.show(events.Bye(code="stopping", text="Stopping.", retry=2)) == "-- Stopping.\n"


def test_a_farewell_for_good_is_left_to_the_last_line(inside):
    assert inside.show(events.Bye(code="kicked", text="Go.")) == ""


def test_a_refused_hello_is_left_to_the_last_line(paper):
    assert paper.show(events.Error(code="name-taken", text="Taken.")) == ""


def test_a_refusal_is_told(inside):
    assert inside.show(events.Error(code="no-such-name", text="Nobody.", ref="/msg")) == "! /msg: nobody.\n"


def test_what_the_client_says_looks_like_the_rest(paper):
    paper.screen.tell("Connection lost.")
    paper.screen.complain("No.\x1b")
    paper.screen.complain("Nobody.", "/msg")
    assert b"".join(paper.written).decode() == "-- Connection lost.\n! No.␛\n! /msg: nobody.\n"


def test_another_rooms_rest_is_not_shown(inside):
    inside.screen.show_elsewhere(message(1), b"{}")
    inside.screen.show(None, b"{}", "alice")
    assert inside.written == []


def test_a_program_gets_the_servers_bytes():
    paper = Paper(JsonScreen)
    paper.screen.show(message(1), b'{ "odd":1 }', "alice", True, True)
    paper.screen.show(None, b'{"type":"new"}', "alice")
    paper.screen.show(events.CaughtUp(room="lobby"), b"", "alice")
    paper.screen.show_elsewhere(message(1), b"{}")
    assert paper.written == [b'{ "odd":1 }\n', b'{"type":"new"}\n', b"{}\n"]


def test_a_program_gets_what_the_client_says_elsewhere():
    paper = Paper(JsonScreen)
    paper.screen.tell("Connection lost.")
    assert (paper.written, paper.aside) == ([], [b"-- Connection lost.\n"])
