"""The question to the person at the terminal."""

from __future__ import annotations

import os

import pytest

from groupchat import prompt


@pytest.fixture
def typed():
    """Call it with what the person types: it is the standard input until the test ends."""
    before = os.dup(0)
    opened = [before]

    def typed(data, ended=True):
        reading, writing = os.pipe()
        opened.extend([reading, writing])
        os.write(writing, data)
        if ended:
            os.close(opened.pop())
        os.dup2(reading, 0)

    yield typed
    os.dup2(before, 0)
    for descriptor in opened:
        os.close(descriptor)


def test_the_answer_is_the_line_without_its_end(typed, capfd):
    typed(b"  alice \n")
    assert prompt.ask("Your name? ") == "alice"
    assert capfd.readouterr().out == "Your name? "


def test_an_answer_in_another_encoding_is_no_error(typed):
    typed(b"Zo\xeb\n")
    assert prompt.ask("Your name? ") == "Zo\ufffd"


def test_a_person_who_ends_the_input_does_not_want_to_answer(typed):
    typed(b"")
    with pytest.raises(EOFError):
        prompt.ask("Your name? ")


def test_without_an_answer_it_goes_on_after_a_while(typed, monkeypatch):
    monkeypatch.setattr(prompt, "ANSWER_TIMEOUT", 0.01)
    typed(b"", ended=False)
    assert prompt.ask("Your name? ") is None


def test_in_the_background_it_goes_on_at_once(typed, monkeypatch):
    def in_background(descriptor, size):
        raise OSError(5, "Input/output error")

    typed(b"alice\n")
    monkeypatch.setattr(prompt.os, "read", in_background)
    assert prompt.ask("Your name? ") is None


@pytest.mark.parametrize(
    ("is_terminal", "group", "expected"), [(True, 7, True), (True, 8, False), (False, 7, False)]
)
def test_it_asks_only_in_the_foreground_of_a_terminal(monkeypatch, is_terminal, group, expected):
    monkeypatch.setattr(prompt.os, "isatty", lambda descriptor: is_terminal)
    monkeypatch.setattr(prompt.os, "tcgetpgrp", lambda descriptor: group)
    monkeypatch.setattr(prompt.os, "getpgrp", lambda: 7)
    assert prompt.is_possible() is expected


def test_without_a_terminal_that_controls_it_nobody_is_asked(monkeypatch):
    def no_terminal(descriptor):
        raise OSError(25, "Inappropriate ioctl for device")

    monkeypatch.setattr(prompt.os, "isatty", lambda descriptor: True)
    monkeypatch.setattr(prompt.os, "tcgetpgrp", no_terminal)
    assert not prompt.is_possible()
