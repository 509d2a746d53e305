"""
The program as the console script starts it, as far as it gets without a server.
"""

from __future__ import annotations

import os
import sys

import pytest

from groupchat import __version__
from groupchat.cli import main as program


@pytest.fixture
def run(monkeypatch, capfd):
    """Run the program with these arguments: its exit status, and its lines on stdout and stderr."""

    def start(*arguments):
        monkeypatch.setattr(sys, "argv", ["groupchat-connect", *arguments])
        with pytest.raises(SystemExit) as ended:
            program.main()
        out, err = capfd.readouterr()
        return ended.value.code, out.splitlines(), err.splitlines()

    return start


def test_wrong_usage_ends_with_2_and_one_line(run):
    status, out, (line,) = run("alice", "localhost", "9000", "--no-such-option")
    assert (status, out) == (2, [])
    assert line.startswith("groupchat-connect: ") and "--no-such-option" in line


def test_with_quiet_wrong_usage_says_nothing(run):
    assert run("alice", "localhost", "9000", "--no-such-option", "--quiet") == (2, [], [])


def test_the_version_is_printed(run):
    status, (line,), err = run("--version")
    assert (status, err) == (0, []) and __version__ in line


def test_a_password_file_that_is_not_there_ends_it_before_it_connects(run, tmp_path):
    status, out, (line,) = run("alice", "localhost", "9", "--password-file", f"{tmp_path}/none")
    assert (status, out) == (2, []) and "No such file" in line


def test_the_settings_are_printed_with_their_defaults(run):
    status, out, err = run("--settings")
    assert (status, err) == (0, []) and 'notify = "bell"' in out[3]
    assert out[0].endswith("groupchat/connect.toml")


def test_a_missing_toolkit_is_told_in_one_line(run, monkeypatch):
    monkeypatch.setattr(os, "isatty", lambda descriptor: True)
    monkeypatch.setenv("TERM", "xterm")
    for name in [name for name in sys.modules if name.startswith("groupchat.cli.terminal")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "urwid", None)
    status, out, (line,) = run("alice", "localhost", "9")
    assert (status, out) == (2, []) and "The screen needs urwid. " in line
