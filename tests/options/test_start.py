"""The preparation of the start: the pid file, and the format of the log."""

from __future__ import annotations

import fcntl

import pytest

from groupchat.ops import systemd
from groupchat.options.start import choose_log_format, clear_pid_file


@pytest.fixture
def path(tmp_path, monkeypatch):
    """A pid file that is not there yet; the directory is the present one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "twistd.pid"


@pytest.fixture
def held(path):
    """A pid file that another daemon holds."""
    path.write_text("1")
    with path.open("r+") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        yield path


def refused(twistd, foreground=True):
    with pytest.raises(SystemExit) as ended:
        clear_pid_file(twistd, foreground)
    text = str(ended.value)
    assert text.startswith("groupchat: the pid file ") and "\n" not in text
    return text


@pytest.mark.parametrize("foreground", [True, False])
def test_the_pid_file_of_a_killed_daemon_is_removed(path, foreground):
    path.write_text("1")
    twistd = {"pidfile": str(path)}
    clear_pid_file(twistd, foreground)
    assert not path.exists()
    assert twistd == {"pidfile": str(path)}


@pytest.mark.parametrize("pidfile", ["", None])
def test_without_a_pid_file_there_is_nothing_to_remove(pidfile):
    clear_pid_file({"pidfile": pidfile}, False)


def test_the_pid_file_of_a_running_daemon_ends_the_start(held):
    assert "belongs to another running daemon" in refused({"pidfile": str(held)})
    assert held.read_text() == "1"


def test_a_pid_file_that_cannot_be_written_ends_the_start(tmp_path):
    text = refused({"pidfile": f"{tmp_path}/none/x.pid"})
    assert text.endswith(
        "cannot be written: No such file or directory. Choose another file with --pidfile."
    )


def test_in_the_foreground_twistds_default_file_is_not_needed(held):
    twistd = {"pidfile": "twistd.pid"}
    clear_pid_file(twistd, foreground=True)
    assert twistd == {"pidfile": ""}
    assert "another running daemon" in refused({"pidfile": "twistd.pid"}, foreground=False)


JOURNAL = "groupchat.ops.systemd.journal"


@pytest.mark.parametrize(
    ("twistd", "logger"),
    [
        ({}, JOURNAL),
        ({"logfile": "-"}, JOURNAL),
        ({"logfile": "chat.log"}, None),
        ({"syslog": 1}, None),
        ({"logger": "my.logger"}, "my.logger"),
    ],
)
def test_a_log_for_the_journal_has_its_format_and_any_other_is_left_alone(
    monkeypatch, twistd, logger
):
    monkeypatch.setattr(systemd, "is_journal", lambda stream: True)
    choose_log_format(twistd, foreground=True)
    assert twistd.get("logger") == logger


@pytest.mark.parametrize(("foreground", "journal"), [(False, True), (True, False)])
def test_a_log_elsewhere_keeps_twistds_format(monkeypatch, foreground, journal):
    monkeypatch.setattr(systemd, "is_journal", lambda stream: journal)
    twistd = {}
    choose_log_format(twistd, foreground)
    assert twistd == {}
