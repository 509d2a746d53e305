"""
Reports failed starts on the standard error that the daemon was started with, and in the log if that
is elsewhere.
"""

from __future__ import annotations

import contextlib
import os

from twisted.logger import Logger

from groupchat.errors import CannotStart

__all__ = ["StartErrors"]


class StartErrors:
    """
    :param background: whether twistd leaves the terminal, and its standard error with it, before
        the service starts.
    :param logged: whether the log goes somewhere other than standard error.
    """

    log = Logger()

    def __init__(self, background: bool = False, logged: bool = False) -> None:
        self._logged = logged
        self._stderr: int | None = None
        if background:
            with contextlib.suppress(OSError):  # standard error is closed
                self._stderr = os.dup(2)

    def report(self, why: CannotStart) -> CannotStart:
        """
        Report why the daemon cannot start.

        Returns the error to raise: of a daemon in the background, twistd shows only its first 100
        bytes.
        """
        if self._logged:
            self.log.critical("Cannot start: {why}", why=str(why))
        if self._stderr is None:
            return why
        with contextlib.suppress(OSError):
            os.write(self._stderr, f"groupchat: {why}\n".encode(errors="backslashreplace"))
        return CannotStart("see the line above")

    def close(self) -> None:
        """Release the starting process's standard error, once the daemon has started."""
        if self._stderr is not None:
            os.close(self._stderr)
            self._stderr = None
