"""
The exit statuses of groupchat-connect, and the end of a run: a status, and one line for the person
who started it.
"""

from __future__ import annotations

__all__ = [
    "DONE",
    "KEPT",
    "LOST",
    "TURNED_AWAY",
    "UNPRINTED",
    "UNREACHABLE",
    "UNSAID",
    "USAGE",
    "Exit",
]

DONE = 0  #: all went well
USAGE = 2  #: the command line makes no sense, or a file can't be used
UNREACHABLE = 3  #: there is no server, or it doesn't answer
TURNED_AWAY = 4  #: the server rejects the client, or has the wrong certificate
LOST = 5  #: the connection is lost and does not come back
UNSAID = 6  #: all went well, except that some lines were not said
#: the server can't be reached, or the connection is gone; the outbox keeps everything that was to
#: be said
KEPT = 7
UNPRINTED = 8  #: every line was said, but some of the output could not be printed


class Exit(Exception):
    """
    The end of a run. Raised for errors in the command line, returned for all others.

    :ivar status: the exit status.
    :ivar text: what is wrong and what to do, in one line; "" if all is well.
    """

    def __init__(self, status: int = DONE, text: str = "") -> None:
        super().__init__(text)
        self.status = status
        self.text = text
