"""
The log for machines: a JSON object on each line.

An object has ``time`` (UTC), ``level`` (debug, info, warning, error, critical), ``logger``,
``event`` (the line's form, always the same for the same kind of event), ``message`` (the line as
people read it), and ``fields`` (the values in the form); an error of the program has ``traceback``.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from string import Formatter
from typing import TextIO

from twisted.logger import FileLogObserver, LogEvent, LogLevel, formatEvent
from twisted.python.logfile import LogFile

from groupchat.ops import systemd

__all__ = ["JsonLog", "json_line", "json_log"]

_LEVELS = {LogLevel.warn: "warning"}  # the other names are the usual ones


class JsonLog:
    """
    Makes the observer, when twistd asks: it knows it by its name only (``--logger``), so the path
    of the file is kept here.

    :ivar path: of the file; "" stands for standard output.
    """

    def __init__(self) -> None:
        self.path = ""

    def __call__(self) -> FileLogObserver:
        if self.path:
            return FileLogObserver(_rotating(self.path), json_line)
        return FileLogObserver(sys.stdout, _for(sys.stdout))


json_log = JsonLog()  #: the observer of this process


def json_line(event: LogEvent) -> str:
    """Return an event as a line with a JSON object."""
    form = event.get("log_format") or ""
    level = event.get("log_level", LogLevel.info)
    failure = event.get("log_failure")
    line = {
        "time": _time(event.get("log_time", 0.0)),
        "level": _LEVELS.get(level, level.name),
        "logger": event.get("log_namespace", ""),
        "event": form,
        "message": formatEvent(event),
        "fields": {name: _value(event[name]) for name in _fields(form) if name in event},
    }
    if failure is not None:
        line["traceback"] = failure.getTraceback()
    return json.dumps(line) + "\n"


def _for(stream: TextIO) -> Callable[[LogEvent], str]:
    """Return what formats lines for a stream: in the journal, each begins with its priority."""
    if not systemd.is_journal(stream):
        return json_line
    return lambda event: f"<{systemd.priority(event)}>{json_line(event)}"


def _time(seconds: float) -> str:
    shown = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return shown.replace("+00:00", "Z")


def _fields(form: str) -> list[str]:
    """Return the names in a form, without Twisted's own."""
    try:
        names = [name for _, name, _, _ in Formatter().parse(form) if name]
    except ValueError:
        return []
    return [name for name in names if not name.startswith("log_")]


def _value(value: object) -> object:
    return value if isinstance(value, (str, int, float, bool)) or value is None else str(value)


def _rotating(path: str) -> TextIO:
    """Return a file that is rotated by its size and, as twistd's is, by SIGUSR1."""
    file: TextIO = LogFile.fromFullPath(path)
    if not signal.getsignal(signal.SIGUSR1):
        signal.signal(signal.SIGUSR1, lambda *_: _rotate(file))
    return file


def _rotate(file: TextIO) -> None:
    from twisted.internet import reactor

    reactor.callFromThread(file.rotate)  # type: ignore[attr-defined]
