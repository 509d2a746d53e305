"""
Why the client ends: the exit status, and one line for the person who started it.

Only the values live here; who raises or returns one of them knows the reason.
"""

from __future__ import annotations

DONE = 0  #: a good end
USAGE = 2  #: what was asked for makes no sense
UNREACHABLE = 3  #: there is no server, or it is silent
TURNED_AWAY = 4  #: the server does not want this client
LOST = 5  #: the connection is gone and does not come back
UNSAID = 6  #: all went well, but for lines that were not said
#: the server can't be reached, or the connection is gone; the outbox keeps everything that was to
#: be said
KEPT = 7
UNPRINTED = 8  #: everything was said, but not everything heard could be printed


class Exit(Exception):
    """
    The client ends.

    :ivar status: the exit status.
    :ivar text: what is wrong and what to do, in one line; "" where all is well.
    """

    def __init__(self, status: int = DONE, text: str = "") -> None:
        super().__init__(text)
        self.status = status
        self.text = text
