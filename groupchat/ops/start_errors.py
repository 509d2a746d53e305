"""
Where a start that fails is told: on the standard error that the daemon was started with, and in the
log where that is elsewhere.
"""

from __future__ import annotations

import contextlib
import os

from twisted.logger import Logger

from groupchat.errors import CannotStart


class StartErrors:
    """
    :param background: whether twistd leaves the terminal, and its standard error with it, before
        the service starts.
    :param logged: whether the log is not to be seen where standard error is.
    """

    log = Logger()

    def __init__(self, background: bool = False, logged: bool = False) -> None:
        self._logged = logged
        self._stderr: int | None = None
        if background:
            with contextlib.suppress(OSError):  # it is closed
                self._stderr = os.dup(2)

    def tell(self, why: CannotStart) -> CannotStart:
        """
        Tell why the daemon can't start.

        Returns what is left to be raised: of a daemon in the background twistd shows no more than
        the first 100 bytes of that.
        """
        if self._logged:
            self.log.critical("It can't start: {why}", why=str(why))
        if self._stderr is None:
            return why
        with contextlib.suppress(OSError):
            os.write(self._stderr, f"groupchat: {why}\n".encode(errors="backslashreplace"))
        return CannotStart("see the line above")

    def close(self) -> None:
        """The daemon has started: let go of what belongs to those who have started it."""
        if self._stderr is not None:
            os.close(self._stderr)
            self._stderr = None
