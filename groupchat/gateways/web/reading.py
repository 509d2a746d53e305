"""
Bytes to requests, by h11: one request at a time, a piece in a turn.
"""

from __future__ import annotations

from collections.abc import Callable

import h11

from groupchat.gateways.web.parsing import MAX_BODY, check_head, too_large
from groupchat.gateways.web.problem import Problem

__all__ = ["MAX_HEAD", "RequestReader"]

MAX_HEAD = 16_384  #: bytes of a request's head
#: bytes that are parsed at once: a body in chunks of one byte takes milliseconds
PIECE = 1024


class RequestReader:
    """
    :param connection: of h11.
    :param send: sends bytes to the client.

    :ivar head: of the request that is being read; None before it is there.
    :ivar body: as much of it as is there.
    """

    __slots__ = ("_connection", "_send", "_unread", "body", "head")

    def __init__(self, connection: h11.Connection, send: Callable[[bytes], None]) -> None:
        self._connection = connection
        self._send = send
        self._unread = b""
        self.head: h11.Request | None = None
        self.body = b""

    @property
    def waiting(self) -> bool:
        """Whether bytes wait to be parsed."""
        return bool(self._unread)

    @property
    def begun(self) -> bool:
        """Whether a part of a request is there that h11 has not parsed."""
        return bool(self._connection.trailing_data[0])

    def receive(self, data: bytes) -> None:
        """Take the next bytes."""
        self._unread += data

    def take_rest(self) -> bytes:
        """Return what is behind the request, and forget it."""
        rest, self._unread = self._connection.trailing_data[0] + self._unread, b""
        return rest

    def clear(self) -> None:
        """Forget what was received."""
        self._unread = b""

    def restart(self) -> None:
        """Begin with the next request."""
        self.head, self.body = None, b""

    def parse(self) -> bool:
        """
        Parse what h11 has. Returns whether a request is there as a whole.

        :raises Problem: it is refused.
        """
        try:
            while (event := self._connection.next_event()) is not h11.NEED_DATA:
                if isinstance(event, h11.Request):
                    self._begin(event)
                elif isinstance(event, h11.Data):
                    self.body += event.data
                    if len(self.body) > MAX_BODY:
                        raise too_large()
                else:
                    return isinstance(event, h11.EndOfMessage)
        except h11.RemoteProtocolError as error:
            raise _malformed(error) from None
        return False

    def feed(self) -> None:
        """Give h11 the next piece."""
        piece, self._unread = self._unread[:PIECE], self._unread[PIECE:]
        self._connection.receive_data(piece)

    def _begin(self, head: h11.Request) -> None:
        check_head(head)
        self.head, self.body = head, b""
        if self._connection.they_are_waiting_for_100_continue:
            go_on = h11.InformationalResponse(status_code=100, reason="Continue", headers=[])
            self._send(self._connection.send(go_on))


def _malformed(error: h11.RemoteProtocolError) -> Problem:
    if error.error_status_hint == 431:
        return Problem(431, "too-large", f"The head of a request has at most {MAX_HEAD} bytes.")
    if error.error_status_hint == 501:
        return Problem(501, "bad-request", "A body has a length, or chunks.")
    return Problem(400, "bad-request", "That is no HTTP request.")
