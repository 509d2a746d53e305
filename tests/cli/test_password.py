"""
The password: from a file, and from a person whose terminal does not show it.
"""

import os
import termios

import pytest
from twisted.internet.testing import StringTransport

from groupchat.cli import password
from groupchat.cli.exit import USAGE, Exit
from groupchat.cli.password import Terminal
from groupchat.cli.stdio import StdioProtocol
from groupchat.settings import MAX_PASSWORD

# From a file.


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("hush\n", "hush"),
        ("hush", "hush"),
        ("hush\r\nmore\n", "hush"),
        (" two words \n", " two words "),
        ("größer\n", "größer"),
        ("x" * MAX_PASSWORD + "\n", "x" * MAX_PASSWORD),
        ("x" * MAX_PASSWORD, "x" * MAX_PASSWORD),
    ],
)
def test_it_is_the_first_line_of_a_file(tmp_path, text, found):
    (tmp_path / "file").write_text(text, encoding="utf-8", newline="")
    assert password.read(str(tmp_path / "file")) == found


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "can't be read: No such file or directory."),
        (b"", "its first line must have 1 to 1024 bytes."),
        (b"\nhush\n", "its first line must have 1 to 1024 bytes."),
        (b"x" * (MAX_PASSWORD + 1), "its first line must have 1 to 1024 bytes."),
        (b"x" * (MAX_PASSWORD + 1) + b"\n", "its first line must have 1 to 1024 bytes."),
        (b"\xff\n", "its first line is not UTF-8."),
    ],
)
def test_a_file_without_one_is_told(tmp_path, content, complaint):
    if content is not None:
        (tmp_path / "file").write_bytes(content)
    with pytest.raises(Exit) as caught:
        password.read(str(tmp_path / "file"))
    assert caught.value.status == USAGE
    assert (
        caught.value.text.removeprefix(f"--password-file {tmp_path / 'file'}").lstrip(": ")
        == complaint
    )


# From a person.


class Typist:
    ended = False

    def __init__(self):
        self.typed = []

    def type(self, line):
        self.typed.append(line)

    def overflow(self):
        pass


class Throttled:
    def check(self):
        pass

    stopProducing = pauseProducing = resumeProducing = check


class Desk:
    """A terminal, and what is typed there."""

    def __init__(self, descriptor):
        self.descriptor = descriptor
        self.shown = b""
        self.answers = []
        self.sink = Typist()
        self.bridge = StdioProtocol()
        self.bridge.attach(self.sink, Throttled())
        self.bridge.makeConnection(StringTransport())
        self.terminal = Terminal(self.bridge, self._show, descriptor)

    def _show(self, data):
        self.shown += data

    def ask(self):
        self.terminal.ask("Password for alice: ", self.answers.append)

    def type(self, data):
        self.bridge.dataReceived(data)

    @property
    def echoes(self):
        return bool(termios.tcgetattr(self.descriptor)[3] & termios.ECHO)


@pytest.fixture
def desk():
    ours, theirs = os.openpty()
    yield Desk(theirs)
    os.close(ours)
    os.close(theirs)


def test_what_is_typed_is_not_shown(desk):
    desk.ask()
    assert desk.shown == b"Password for alice: " and not desk.echoes
    desk.type(b"hush\n")
    assert desk.answers == ["hush"]
    assert desk.shown.endswith(b": \n") and desk.echoes


def test_only_the_answer_is_taken_and_only_once(desk):
    desk.type(b"before\n")
    desk.ask()
    desk.type(b"hush\nafter\n")
    desk.type(b"and more\n")
    assert desk.answers == ["hush"]
    assert desk.sink.typed == [b"before", b"after", b"and more"]


def test_it_may_be_asked_again(desk):
    for _ in range(2):
        desk.ask()
        assert not desk.echoes
        desk.type(b"hush\n")
    assert desk.answers == ["hush", "hush"] and desk.echoes


def test_one_who_types_nothing_more_gives_no_answer(desk):
    desk.ask()
    desk.bridge.readConnectionLost()
    assert desk.answers == [None] and desk.echoes and desk.sink.ended


def test_a_question_that_is_given_up_leaves_the_terminal_as_it_was(desk):
    desk.ask()
    desk.terminal.stop()
    assert desk.echoes
    desk.type(b"a word\n")
    assert desk.answers == [] and desk.sink.typed == [b"a word"]


def test_a_terminal_that_is_gone_is_no_crash(desk):
    pipe, end = os.pipe()
    os.close(end)
    desk.terminal = Terminal(desk.bridge, desk._show, pipe)
    desk.ask()
    desk.terminal.stop()
    os.close(pipe)
