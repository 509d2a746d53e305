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


class Sink:
    ended = False

    def __init__(self):
        self.typed = []

    def type(self, line):
        self.typed.append(line)

    def overflow(self):
        pass


class Producer:
    def check(self):
        pass

    stopProducing = pauseProducing = resumeProducing = check


class FakeTerminal:
    """A terminal, and what is typed there."""

    def __init__(self, descriptor):
        self.descriptor = descriptor
        self.shown = b""
        self.answers = []
        self.sink = Sink()
        self.stdio = StdioProtocol()
        self.stdio.attach(self.sink, Producer())
        self.stdio.makeConnection(StringTransport())
        self.terminal = Terminal(self.stdio, self.show, descriptor)

    def show(self, data):
        self.shown += data

    def ask(self):
        self.terminal.ask("Password for alice: ", self.answers.append)

    def type(self, data):
        self.stdio.dataReceived(data)

    @property
    def echoes(self):
        return bool(termios.tcgetattr(self.descriptor)[3] & termios.ECHO)


@pytest.fixture
def person():
    ours, theirs = os.openpty()
    yield FakeTerminal(theirs)
    os.close(ours)
    os.close(theirs)


def test_what_is_typed_is_not_shown(person):
    person.ask()
    assert person.shown == b"Password for alice: " and not person.echoes
    person.type(b"hush\n")
    assert person.answers == ["hush"]
    assert person.shown.endswith(b": \n") and person.echoes


def test_only_the_answer_is_taken_and_only_once(person):
    person.type(b"before\n")
    person.ask()
    person.type(b"hush\nafter\n")
    person.type(b"and more\n")
    assert person.answers == ["hush"]
    assert person.sink.typed == [b"before", b"after", b"and more"]


def test_it_may_be_asked_again(person):
    for _ in range(2):
        person.ask()
        assert not person.echoes
        person.type(b"hush\n")
    assert person.answers == ["hush", "hush"] and person.echoes


def test_the_end_of_input_is_no_answer(person):
    person.ask()
    person.stdio.readConnectionLost()
    assert person.answers == [None] and person.echoes and person.sink.ended


def test_a_question_that_is_given_up_leaves_the_terminal_as_it_was(person):
    person.ask()
    person.terminal.stop()
    assert person.echoes
    person.type(b"a word\n")
    assert person.answers == [] and person.sink.typed == [b"a word"]


def test_a_terminal_that_is_gone_is_no_crash(person):
    pipe, end = os.pipe()
    os.close(end)
    person.terminal = Terminal(person.stdio, person.show, pipe)
    person.ask()
    person.terminal.stop()
    os.close(pipe)
