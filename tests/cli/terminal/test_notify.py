"""
Notifications.
"""

import pytest
from hypothesis import given
from twisted.internet.task import Clock

from groupchat.cli.terminal.notify import MIN_INTERVAL, Method, Notifier, sequence
from tests.cli.terminal.texts import hard_texts

KITTY = {"TERM": "xterm-kitty", "KITTY_WINDOW_ID": "1"}


class Terminal:
    def __init__(self, method=Method.BELL):
        self.written = []
        self.clock = Clock()
        self.notifier = Notifier(self.written.append, self.clock.seconds, {}, method)

    def mention(self, room="lobby", visible=False):
        before = len(self.written)
        self.notifier.mention(room, visible, "bob", "alice: hi")
        return len(self.written) > before


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"TERM": "xterm-256color"}, "\a"),
        (KITTY, "\a\033]99;;bob in lobby: hi\033\\"),
        ({"TERM_PROGRAM": "iTerm.app"}, "\a\033]9;bob in lobby: hi\033\\"),
        ({"TERM": "foot"}, "\a\033]777;notify;bob in lobby;hi\033\\"),
        ({"VTE_VERSION": "7000"}, "\a\033]777;notify;bob in lobby;hi\033\\"),
        (
            {"TERM": "foot", "TMUX": "x"},
            "\a\033Ptmux;\033\033]777;notify;bob in lobby;hi\033\033\\\033\\",
        ),
    ],
)
def test_a_desktop_notification_is_written_as_the_terminal_understands_it(environment, expected):
    assert sequence(Method.DESKTOP, "bob in lobby", "hi", environment) == expected


def test_a_program_of_the_reader_s_own_is_run_in_place_of_the_bell():
    ran, written = [], []
    notifier = Notifier(
        written.append, Clock().seconds, {}, Method.COMMAND, lambda *given: ran.append(given)
    )
    notifier.mention("lobby", False, "bob", "alice: hi")
    assert ran == [("lobby", "bob", "alice: hi")] and written == []
    assert Method.COMMAND in notifier.methods
    assert Method.COMMAND not in Terminal().notifier.methods


def test_the_bell_is_for_every_terminal_and_none_is_nothing():
    assert sequence(Method.BELL, "a", "b", KITTY) == "\a"
    assert sequence(Method.NONE, "a", "b", KITTY) == ""


@given(hard_texts, hard_texts)
def test_no_text_ends_the_sequence(title, text):
    written = sequence(Method.DESKTOP, title, text, KITTY)
    body = written.removeprefix("\a\033]99;;").removesuffix("\033\\")
    assert not any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in body)


def test_a_mention_in_another_room_is_told_once_until_the_room_is_looked_at():
    terminal = Terminal()
    assert terminal.mention()
    terminal.clock.advance(60)
    assert not terminal.mention()
    terminal.notifier.looked_at("lobby")
    assert terminal.mention()


def test_what_is_in_sight_is_not_told_unless_the_focus_is_elsewhere():
    terminal = Terminal()
    assert not terminal.mention(visible=True)
    terminal.notifier.focused = False
    assert terminal.mention(visible=True)


def test_a_burst_is_told_once():
    terminal = Terminal()
    assert terminal.mention("lobby")
    assert not terminal.mention("dev")
    terminal.clock.advance(MIN_INTERVAL)
    assert terminal.mention("dev")
