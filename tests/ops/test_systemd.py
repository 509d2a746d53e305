"""
The notifications that systemd gets, and the priorities of lines in the journal.
"""

from __future__ import annotations

import io
import os
import socket
import sys

import pytest
from twisted.logger import LogLevel
from twisted.python.failure import Failure

from groupchat.ops import systemd
from groupchat.tap import Options


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path, monkeypatch):
    """systemd's end of the notifications."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        name = (
            str(tmp_path / "notify")
            if request.param == "path"
            else f"@groupchat-test-{os.getpid()}"
        )
        manager.bind(name.replace("@", "\0"))
        manager.settimeout(1)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        yield manager


def test_systemd_is_told_the_state(manager):
    for tell in (systemd.ready, systemd.reloading, systemd.stopping):
        tell()
    assert manager.recv(99) == b"READY=1"
    assert manager.recv(99).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
    assert manager.recv(99) == b"STOPPING=1"
    systemd.status("17 of 20 members")
    assert manager.recv(99) == b"STATUS=17 of 20 members"


def test_the_watchdog_is_fed_where_there_is_one(manager, monkeypatch):
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    systemd.alive()
    monkeypatch.setenv("WATCHDOG_USEC", "60000000")
    systemd.alive()
    systemd.stopping()
    assert [manager.recv(99), manager.recv(99)] == [b"WATCHDOG=1", b"STOPPING=1"]


def test_systemd_is_never_waited_for_with_what_is_told_often(manager, monkeypatch):
    """A manager that takes nothing does not hold up the members."""
    monkeypatch.setenv("WATCHDOG_USEC", "60000000")
    for _ in range(10_000):
        systemd.alive()
    systemd.status("x")


def test_where_nobody_listens_nothing_happens(monkeypatch, tmp_path):
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "missing"))
    systemd.ready()
    monkeypatch.delenv("NOTIFY_SOCKET")
    systemd.ready()


# The journal.


@pytest.fixture
def stream(tmp_path, monkeypatch):
    """A stream that is the journal's."""
    with (tmp_path / "journal").open("w+", encoding="utf-8") as file:
        status = os.fstat(file.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
        yield file


@pytest.fixture
def observe(stream, monkeypatch):
    """Call it with an event; then read the stream from its start."""

    def observe(event):
        with (
            monkeypatch.context() as patch
        ):  # here, since pytest puts its own stdout in place for each phase of a test
            patch.setattr(sys, "stdout", stream)
            systemd.journal()(event)

    return observe


def test_each_line_begins_with_its_priority_and_has_no_time(stream, observe):
    for level in LogLevel.iterconstants():
        observe(
            {
                "log_level": level,
                "log_time": 0.0,
                "log_namespace": "x",
                "log_format": "a {name}\nb",
                "name": "Zoë",
            }
        )
    assert (stream.seek(0), stream.read())[1] == "".join(
        f"<{it}>a Zoë\n<{it}>b\n" for it in (7, 6, 4, 3, 2)
    )


def test_each_line_of_a_traceback_has_its_priority(stream, observe):
    failure = Failure(ValueError("x"), ValueError)
    observe({"log_level": LogLevel.critical, "log_failure": failure, "log_format": "Unhandled"})
    lines = (stream.seek(0), stream.read().splitlines())[1]
    assert len(lines) > 1
    assert all(line.startswith("<2>") for line in lines)


def test_only_the_journal_gets_priorities(stream, monkeypatch):
    assert systemd.marked("x", stream) == "<3>x"
    assert systemd.marked("x", io.StringIO()) == systemd.marked("x", None) == "x"
    monkeypatch.setenv("JOURNAL_STREAM", "nonsense")
    assert systemd.marked("x", stream) == "x"


class Twistd(dict):
    """Its options, as twistd has them before it looks at them."""


@pytest.mark.parametrize(
    ("given", "observer"),
    [
        ({}, "groupchat.ops.systemd.journal"),
        ({"logfile": "-"}, "groupchat.ops.systemd.journal"),
        ({"logfile": "x.log"}, None),
        ({"syslog": 1}, None),
        ({"nodaemon": 0}, None),
        ({"logger": "mine"}, "mine"),
    ],
)
def test_twistd_logs_to_the_journal_unless_it_was_told_otherwise(
    stream, monkeypatch, given, observer
):
    monkeypatch.setattr(sys, "stdout", stream)
    options = Options()
    options.parent = Twistd(
        {"pidfile": "", "nodaemon": 1, "logger": None, "logfile": None, "syslog": 0, "debug": False}
        | given
    )
    options.parseOptions(["--max", "5"])
    assert options.parent["logger"] == observer
