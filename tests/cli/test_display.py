"""
What a person, or a program, gets to read.
"""

import pytest
from twisted.internet.task import Clock

from groupchat.cli.display import REPORT, JsonDisplay, PipedScreen, PlainDisplay
from groupchat.wire import events
from tests.client.fakes import line, message, state, welcome


class Paper:
    """A screen's lines."""

    def __init__(self, kind=PlainDisplay):
        self.written, self.aside = [], []
        self.clock = Clock()
        more = {
            PlainDisplay: [],
            JsonDisplay: [self.aside.append],
            PipedScreen: [self.aside.append, self.clock],
        }[kind]
        self.screen = kind(self.written.append, *more)

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
    assert (
        inside.show(events.Error(code="no-such-name", text="Nobody.", ref="/msg"))
        == "! /msg: nobody.\n"
    )


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
    paper = Paper(JsonDisplay)
    paper.screen.show(message(1), b'{ "odd":1 }', "alice", True, True)
    paper.screen.show(None, b'{"type":"new"}', "alice")
    paper.screen.show(events.CaughtUp(room="lobby"), b"", "alice")
    paper.screen.show_elsewhere(message(1), b"{}")
    assert paper.written == [b'{ "odd":1 }\n', b'{"type":"new"}\n', b"{}\n"]


def test_a_program_gets_what_the_client_says_elsewhere():
    paper = Paper(JsonDisplay)
    paper.screen.tell("Connection lost.")
    assert (paper.written, paper.aside) == ([], [b"-- Connection lost.\n"])


# For scripts.


@pytest.fixture
def script():
    return Paper(PipedScreen)


def test_a_script_is_told_nothing_that_it_did_not_ask_for(script):
    script.show(
        welcome(),
        state(),
        message(1),
        events.CaughtUp(room="lobby"),
        events.Bye(code="quit", text="Bye."),
    )
    script.show(events.Error(code="name-taken", text="Taken."))
    script.screen.show_elsewhere(message(1), b"{}")
    script.screen.tell("Connection lost.")
    script.clock.advance(REPORT)
    assert (script.written, script.aside, script.screen.reason) == ([], [], "")


def test_a_script_gets_the_answers_to_its_commands(script):
    assert (
        script.show(events.Topic(room="lobby", text="tea", sender="bob", ref="/topic"))
        == "-- The topic is: tea\n"
    )
    assert script.show(events.Ok(ref="/kick")).endswith("-- /kick: done.\n")
    script.show(events.Ok(ref="/ban", text="bob is banned for ever."))
    assert script.written[-1] == b"-- bob is banned for ever.\n"
    script.show(events.Help())
    assert len(script.written) == 4


def test_a_script_hears_of_what_was_not_said_in_one_line_from_time_to_time(script):
    for _ in range(3):
        script.show(events.Error(code="muted", text="You are muted.", n=1, room="lobby"))
    script.screen.complain("Nobody.", "/msg")
    assert script.aside == []
    script.clock.advance(REPORT)
    assert script.aside == [b"! 4 lines were not said. The first: You are muted.\n"]
    script.screen.complain("Nobody.", "/msg")
    script.screen.close()
    assert len(script.aside) == 1 and not script.clock.getDelayedCalls()


def test_a_script_hears_at_once_of_what_is_tried_again_and_it_counts_for_nothing(script):
    script.show(events.Error(code="storage-full", text="The disk is full.", n=1, room="lobby"))
    assert (script.aside, script.screen.reason, script.clock.getDelayedCalls()) == (
        [b"! The disk is full.\n"],
        "",
        [],
    )


def test_a_script_is_warned_of_what_concerns_its_safety(script):
    script.screen.warn("First time at localhost:1.")
    assert script.aside == [b"-- First time at localhost:1.\n"]
