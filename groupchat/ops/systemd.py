"""
Tells systemd the state of the daemon (sd_notify(3)), and its journal the priority of each line
(sd-daemon(3)).

If systemd did not start the daemon, these functions do nothing.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import socket
import sys
import time
from typing import TextIO

from twisted.logger import FileLogObserver, LogEvent, LogLevel, eventAsText

__all__ = [
    "ERROR",
    "alive",
    "is_journal",
    "is_manager",
    "journal",
    "marked",
    "priority",
    "ready",
    "reloading",
    "show_stacks_when_aborted",
    "status",
    "stopping",
]

ERROR = 3  #: as syslog numbers it
_PRIORITIES = {
    LogLevel.debug: 7,
    LogLevel.info: 6,
    LogLevel.warn: 4,
    LogLevel.error: ERROR,
    LogLevel.critical: 2,
}
_NOTIFY_TIMEOUT = 1.0  #: seconds for systemd to take a notification


# State.


def ready() -> None:
    """Tell systemd that clients can log in and their messages can be stored."""
    _notify("READY=1")


def reloading() -> None:
    """Tell systemd that the daemon reads its configuration again; `ready` follows."""
    _notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")


def stopping() -> None:
    """Tell systemd that the daemon stops."""
    _notify("STOPPING=1")


def status(line: str) -> None:
    """Tell systemd a line about the daemon, for ``systemctl status``."""
    _notify(f"STATUS={line}", patience=0)


def alive() -> None:
    """Feed systemd's watchdog, if it watches (WatchdogSec)."""
    if os.environ.get("WATCHDOG_USEC"):
        _notify("WATCHDOG=1", patience=0)


def show_stacks_when_aborted() -> None:
    """Write the stack of each thread to standard error where the watchdog ends the daemon."""
    if not faulthandler.is_enabled():
        with contextlib.suppress(RuntimeError, ValueError, OSError):  # there is no standard error
            faulthandler.enable()


def is_manager() -> bool:
    """Return whether systemd wants to know the state of the daemon."""
    return bool(os.environ.get("NOTIFY_SOCKET"))


def _notify(state: str, patience: float = _NOTIFY_TIMEOUT) -> None:
    """
    Tell systemd something.

    :param patience: seconds for it to take that.
    """
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):  # in Linux's abstract namespace
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.settimeout(patience)
            sender.sendto(state.encode(), address)
    except OSError:
        return  # systemd stops waiting by itself; the daemon can still serve


# The journal.


def is_journal(stream: TextIO | None) -> bool:
    """Whether this stream goes to the journal."""
    try:
        device, _, inode = os.environ.get("JOURNAL_STREAM", "").partition(":")
        status = os.fstat(stream.fileno()) if stream is not None else None
        return status is not None and (int(device), int(inode)) == (status.st_dev, status.st_ino)
    except (OSError, ValueError):
        return False


def marked(line: str, stream: TextIO | None, priority: int = ERROR) -> str:
    """Returns the line, with its priority in front if the stream goes to the journal."""
    return f"<{priority}>{line}" if is_journal(stream) else line


def priority(event: LogEvent) -> int:
    """Return the priority of an event, as syslog numbers it."""
    return _PRIORITIES.get(event.get("log_level", LogLevel.info), 6)


def journal() -> FileLogObserver:
    """
    Returns a log observer (for twistd's --logger) that writes to the journal, which adds time and
    program itself.
    """
    return FileLogObserver(sys.stdout, _format)


def _format(event: LogEvent) -> str:
    """Returns the event with its priority in front of each line: a line is a journal entry."""
    text = eventAsText(event, includeTimestamp=False, includeSystem=False)
    return "".join(f"<{priority(event)}>{line}\n" for line in text.split("\n") if line)
