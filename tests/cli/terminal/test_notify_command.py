"""
A program of the reader's own for notifications.
"""

import pytest
from twisted.internet.error import ProcessDone, ProcessTerminated
from twisted.python.failure import Failure

from groupchat.cli.terminal.notify_command import NotifyCommand


class FakeReactor:
    """Starts no program, and keeps what it would start."""

    def __init__(self):
        self.started = []

    def spawnProcess(self, protocol, executable, args, env, childFDs):
        self.started.append((protocol, executable, args, env))
        protocol.makeConnection(self)

    # The transport.

    def write(self, data):
        self.text = data

    def closeStdin(self):
        self.closed = True


@pytest.fixture
def desk():
    desk = FakeReactor()
    desk.told = []
    desk.command = NotifyCommand(desk, ["say-it", "-x"], {"HOME": "/h"}, desk.told.append)
    return desk


def end(desk, status):
    reason = ProcessTerminated(status) if status else ProcessDone(0)
    desk.started[-1][0].processEnded(Failure(reason))


def test_the_program_gets_the_text_on_its_input_and_the_rest_in_its_environment(desk):
    desk.command.run("lobby", "bob", "alice: $(rm -rf /) \x1b]0;x\x07")
    _, executable, args, env = desk.started[0]
    assert (executable, args) == ("say-it", ["say-it", "-x"])
    assert env == {"HOME": "/h", "GROUPCHAT_ROOM": "lobby", "GROUPCHAT_FROM": "bob"}
    assert b"$(rm -rf /)" in desk.text and desk.text.endswith(b"\n") and desk.closed
    assert b"\x1b" not in desk.text and b"\x07" not in desk.text


def test_one_program_runs_at_a_time(desk):
    desk.command.run("lobby", "bob", "one")
    desk.command.run("lobby", "bob", "two")
    assert len(desk.started) == 1
    end(desk, 0)
    desk.command.run("lobby", "bob", "three")
    assert len(desk.started) == 2 and desk.told == []


def test_a_program_that_fails_is_told_once(desk):
    for status in (1, 2):
        desk.command.run("lobby", "bob", "hi")
        end(desk, status)
    assert desk.told == ["The program that notifies you, say-it, ended with 1."]


def test_a_program_that_is_killed_is_told(desk):
    desk.command.run("lobby", "bob", "hi")
    desk.started[-1][0].processEnded(Failure(ProcessTerminated(None, 9)))
    assert desk.told == ["The program that notifies you, say-it, was killed."]
