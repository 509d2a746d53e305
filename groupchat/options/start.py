"""Prepares the start: asks for --max, clears a stale pid file, and chooses the log's format."""

from __future__ import annotations

import sys

from twisted.python import usage

from groupchat import prompt
from groupchat.ops import logs, stale, systemd
from groupchat.options.values import number, shortened

__all__ = ["DEFAULT_MAX", "ask_max", "choose_log_format", "clear_pid_file", "not_started"]

DEFAULT_MAX = 100
PID_FILE, LOG_FILE = "twistd.pid", "twistd.log"  #: twistd's defaults


def clear_pid_file(twistd: usage.Options, foreground: bool) -> None:
    """Remove a stale pid file: twistd itself compares process numbers only."""
    path: str = twistd.get("pidfile") or ""
    if not path:
        return
    try:
        if stale.clear_pid_file(path):
            return
        why = (
            f"the pid file {shortened(path)} belongs to another running daemon."
            " Stop that one, or choose another file with --pidfile."
        )
    except OSError as error:
        why = (
            f"the pid file {shortened(path)} cannot be written: {error.strerror}."
            " Choose another file with --pidfile."
        )
    if not foreground or path != PID_FILE:
        raise not_started(why)
    twistd["pidfile"] = ""  # the default file, which a daemon in the foreground does not need


def choose_log_format(twistd: usage.Options, foreground: bool, as_json: bool = False) -> None:
    """
    Write the log as JSON, if so wanted. Otherwise, if it goes to the journal, write priorities and
    leave out the time.
    """
    if as_json:
        _log_as_json(twistd, foreground)
        return
    elsewhere = (
        twistd.get("logger") or twistd.get("logfile") not in (None, "-") or twistd.get("syslog")
    )
    if foreground and not elsewhere and systemd.is_journal(sys.stdout):
        twistd["logger"] = "groupchat.ops.systemd.journal"


def _log_as_json(twistd: usage.Options, foreground: bool) -> None:
    if twistd.get("logger") or twistd.get("syslog"):
        raise not_started("--log-format json cannot be combined with --logger or --syslog.")
    path = twistd.get("logfile")
    if not foreground:
        path = path or LOG_FILE
    logs.json_log.path = "" if path in (None, "-") else path
    twistd["logger"] = "groupchat.ops.logs.json_log"


def not_started(why: str) -> SystemExit:
    """Returns the exception that ends the start with one line on stderr and status 1."""
    return SystemExit(systemd.marked(f"groupchat: {why}", sys.stderr))


def ask_max() -> int:
    """Ask the person at the terminal for the value of --max."""
    while True:
        try:
            answer = prompt.ask(f"How many clients at most? [{DEFAULT_MAX}] ")
        except (EOFError, KeyboardInterrupt):
            raise SystemExit("\ngroupchat: not started.") from None
        if answer is None:
            print(f"\nNo answer: {DEFAULT_MAX}.")
            return DEFAULT_MAX
        try:
            return number("max", 1, 1_000_000)(answer) if answer else DEFAULT_MAX
        except usage.UsageError as error:
            print(error)
