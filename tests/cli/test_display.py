"""
The output for a person, a program and a script.
"""

import msgspec
import pytest
from twisted.internet.task import Clock

from groupchat.cli.display import REPORT_INTERVAL, JsonDisplay, PipeDisplay, PlainDisplay
from groupchat.wire import events
from groupchat.wire.events import DirectRoom
from tests.client.fakes import line, message, state, welcome

ODD = events.Message(room="lobby", id=1, at="yesterday", sender="bob", text="hi")


class Lines:
    """A display, and the lines that it prints."""

    def __init__(self, kind=PlainDisplay):
        self.printed, self.aside = [], []
        self.clock = Clock()
        more = {
            PlainDisplay: [],
            JsonDisplay: [self.aside.append],
            PipeDisplay: [self.aside.append, self.clock],
        }[kind]
        self.display = kind(self.printed.append, *more)

    def show(self, *shown, past=False, mine=False):
        for event in shown:
            self.display.show(event, line(event), "alice", past, mine)
        return b"".join(self.printed).decode()


@pytest.fixture
def paper():
    return Lines()


@pytest.fixture
def logged_in(paper):
    paper.show(welcome(), state())
    paper.printed.clear()
    return paper


def test_what_others_say_is_shown_as_on_the_plain_wire(logged_in):
    assert logged_in.show(message(1, "hi"), message(2, "ho")) == "bob: hi\nbob: ho\n"


def test_our_own_messages_are_not_shown(logged_in):
    assert logged_in.show(message(1), mine=True) == ""


def test_history_has_its_time(logged_in):
    assert logged_in.show(message(1), past=True).endswith("] bob: hello\n")


def test_the_end_of_history_is_told(logged_in):
    assert logged_in.show(events.CaughtUp(room="lobby")) == "-- You are up to date.\n"


def test_nothing_reaches_the_terminal_raw(logged_in):
    nasty = message(1, "\x1b[2J\u202e", sender="b\x07b")
    assert logged_in.show(nasty) == "b␇b: ␛[2J\ufffd\n"


def test_a_time_that_is_none_is_left_out(logged_in):
    assert logged_in.show(ODD, past=True) == "bob: hi\n"


@pytest.mark.parametrize(
    "page",
    [
        events.History(room="lobby", messages=[ODD], more=False, ref="/history"),
        events.Found(room="lobby", messages=[ODD], more=False, ref="/search"),
    ],
)
def test_a_page_with_times_that_are_none_is_shown_without_them(logged_in, page):
    assert logged_in.show(page) == "bob: hi\n"


def test_corrections_and_removals_look_like_notices(logged_in):
    corrected = msgspec.structs.replace(message(2, "tea"), replaces=1)
    removed = msgspec.structs.replace(message(3, ""), redacts=1)
    assert logged_in.show(corrected, removed) == (
        "-- bob corrected: tea\n-- bob removed a message.\n"
    )


def test_direct_rooms_that_wait_are_announced_once(logged_in):
    waiting = events.Direct(rooms={"@bob": DirectRoom(head=2, mark=1)})
    told = "-- Unread messages: @bob. /join @bob reads them.\n"
    assert logged_in.show(waiting, waiting) == told
    assert logged_in.show(events.Direct(rooms={"@bob": DirectRoom(head=3, mark=1)})) == told * 2


@pytest.mark.parametrize("word", ["/private", "/open", "/invite", "/uninvite"])
def test_what_is_done_to_a_room_is_confirmed(logged_in, word):
    assert logged_in.show(events.Ok(room="lobby", ref=word)) == f"-- {word}: done.\n"


def test_coming_back_welcomes_nobody_again(logged_in):
    assert logged_in.show(welcome(), state()) == ""


def test_another_room_welcomes(logged_in):
    assert logged_in.show(state("dev")).startswith("-- Welcome to dev, alice.")


def test_a_stop_of_the_server_is_told(logged_in):
    assert (
        logged_in.show(events.Bye(code="stopping", text="Stopping.", retry=2)) == "-- Stopping.\n"
    )


def test_a_final_bye_is_left_to_the_last_line(logged_in):
    assert logged_in.show(events.Bye(code="kicked", text="Go.")) == ""


def test_a_refused_hello_is_left_to_the_last_line(paper):
    assert paper.show(events.Error(code="name-taken", text="Taken.")) == ""


def test_a_refusal_is_told(logged_in):
    assert (
        logged_in.show(events.Error(code="no-such-name", text="Nobody.", ref="/msg"))
        == "! /msg: nobody.\n"
    )


def test_what_the_client_says_looks_like_the_rest(paper):
    paper.display.tell("Connection lost.")
    paper.display.complain("No.\x1b")
    paper.display.complain("Nobody.", "/msg")
    assert b"".join(paper.printed).decode() == "-- Connection lost.\n! No.␛\n! /msg: nobody.\n"


def test_another_rooms_rest_is_not_shown(logged_in):
    logged_in.display.show_elsewhere(message(1), b"{}")
    logged_in.display.show(None, b"{}", "alice")
    assert logged_in.printed == []


def test_a_program_gets_the_servers_bytes():
    paper = Lines(JsonDisplay)
    paper.display.show(message(1), b'{ "odd":1 }', "alice", True, True)
    paper.display.show(None, b'{"type":"new"}', "alice")
    paper.display.show(events.CaughtUp(room="lobby"), b"", "alice")
    paper.display.show_elsewhere(message(1), b"{}")
    assert paper.printed == [b'{ "odd":1 }\n', b'{"type":"new"}\n', b"{}\n"]


def test_a_program_gets_what_the_client_says_elsewhere():
    paper = Lines(JsonDisplay)
    paper.display.tell("Connection lost.")
    assert (paper.printed, paper.aside) == ([], [b"-- Connection lost.\n"])


# For scripts.


@pytest.fixture
def script():
    return Lines(PipeDisplay)


def test_a_script_is_told_nothing_that_it_did_not_ask_for(script):
    script.show(
        welcome(),
        state(),
        message(1),
        events.CaughtUp(room="lobby"),
        events.Bye(code="quit", text="Bye."),
    )
    script.show(events.Error(code="name-taken", text="Taken."))
    script.display.show_elsewhere(message(1), b"{}")
    script.display.tell("Connection lost.")
    script.clock.advance(REPORT_INTERVAL)
    assert (script.printed, script.aside, script.display.reason) == ([], [], "")


def test_a_script_gets_the_answers_to_its_commands(script):
    assert (
        script.show(events.Topic(room="lobby", text="tea", sender="bob", ref="/topic"))
        == "-- The topic is: tea\n"
    )
    assert script.show(events.Ok(ref="/kick")).endswith("-- /kick: done.\n")
    script.show(events.Ok(ref="/ban", text="bob is banned for ever."))
    assert script.printed[-1] == b"-- bob is banned for ever.\n"
    script.show(events.Help())
    assert len(script.printed) == 4


def test_a_script_hears_of_what_was_not_said_in_one_line_from_time_to_time(script):
    for _ in range(3):
        script.show(events.Error(code="muted", text="You are muted.", n=1, room="lobby"))
    script.display.complain("Nobody.", "/msg")
    assert script.aside == []
    script.clock.advance(REPORT_INTERVAL)
    assert script.aside == [b"! 4 lines were not said. The first: You are muted.\n"]
    script.display.complain("Nobody.", "/msg")
    script.display.close()
    assert len(script.aside) == 1 and not script.clock.getDelayedCalls()


def test_a_script_hears_at_once_of_what_is_tried_again_and_it_counts_for_nothing(script):
    script.show(events.Error(code="storage-full", text="The disk is full.", n=1, room="lobby"))
    assert (script.aside, script.display.reason, script.clock.getDelayedCalls()) == (
        [b"! The disk is full.\n"],
        "",
        [],
    )


def test_a_script_is_warned_of_what_concerns_its_safety(script):
    script.display.warn("First time at localhost:1.")
    assert script.aside == [b"-- First time at localhost:1.\n"]
