"""Errors of this program: the terminal is restored first, then the person learns where they are."""

from __future__ import annotations

import contextlib
import os
import traceback
from collections.abc import Callable
from pathlib import Path

from twisted.logger import ILogObserver, LogEvent, globalLogBeginner
from zope.interface import implementer

__all__ = ["CRASHED", "Crashes"]

CRASHED = 70  #: the exit status


@implementer(ILogObserver)
class Crashes:
    """
    Writes errors to a file, and ends the program at the first.

    :param path: the file.
    :param end: ends the program.
    :ivar text: a line for the person; "" if there was no error.
    """

    def __init__(self, path: Path, end: Callable[[], None]) -> None:
        self.text = ""
        self._path = path
        self._end = end

    def watch(self) -> None:
        """Take the errors that Twisted logs: on the screen they would be in the way."""
        globalLogBeginner.beginLoggingTo([self], redirectStandardIO=False)

    def __call__(self, event: LogEvent) -> None:
        failure = event.get("log_failure")
        if failure is not None:
            self._write(failure.getTraceback())

    def on_error(self, error: Exception) -> None:
        """There was an error."""
        self._write("".join(traceback.format_exception(error)))

    def _write(self, text: str) -> None:
        where = "could not be written down"
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            with open(os.open(self._path, flags, 0o600), "a", encoding="utf-8") as file:
                file.write(f"{text}\n")
            where = f"is in {self._path}"
        first, self.text = not self.text, f"An error of this program ended it; the report {where}."
        if first:
            self._end()
