"""
Answers to bytes, by h11.
"""

from __future__ import annotations

from email.utils import formatdate
from http import HTTPStatus

import h11

from groupchat.gateways.web.message import Headers, Response
from groupchat.interfaces import IOutbound

__all__ = ["ResponseWriter"]

_WITHOUT_BODY = (204, 304)


class ResponseWriter:
    """
    :param connection: of h11.
    :param output: the way to the client.
    """

    __slots__ = ("_connection", "_output")

    def __init__(self, connection: h11.Connection, output: IOutbound) -> None:
        self._connection = connection
        self._output = output

    @property
    def may_answer(self) -> bool:
        """Whether no answer has begun to the request, or to what should be one."""
        return self._connection.our_state in (h11.IDLE, h11.SEND_RESPONSE)

    def send(self, response: Response, to_head: bool) -> bool:
        """
        Send an answer. Returns whether another request may follow.

        :param to_head: whether it answers HEAD: its body is left out.
        """
        connection, body = self._connection, response.body
        headers = _headers(response.type, response.headers)
        if response.status not in _WITHOUT_BODY:
            headers.append(("Content-Length", str(len(body))))
        if response.close:
            headers.append(("Connection", "close"))
        reason = HTTPStatus(response.status).phrase
        head = h11.Response(status_code=response.status, reason=reason, headers=headers)
        parts = [connection.send(head)]
        if body and not to_head and response.status not in _WITHOUT_BODY:
            parts.append(connection.send(h11.Data(data=body)))
        parts.append(connection.send(h11.EndOfMessage()))
        self._output.write(b"".join(parts))
        kept = connection.our_state is h11.DONE and connection.their_state is h11.DONE
        if kept:
            connection.start_next_cycle()
        return kept

    def begin(self, type: str, headers: Headers) -> None:
        """Send the head of an answer that ends with the connection."""
        # Not by h11, which would send the body in chunks.
        raw = [*_headers(type, headers), ("Connection", "close")]
        lines = [f"{name}: {value}\r\n".encode("latin-1") for name, value in raw]
        self._output.write(b"HTTP/1.1 200 OK\r\n%b\r\n" % b"".join(lines))

    def switch(self, headers: Headers) -> None:
        """Send that the connection speaks another protocol from now on."""
        switching = h11.InformationalResponse(
            status_code=101, reason="Switching Protocols", headers=[*headers.items()]
        )
        self._output.write(self._connection.send(switching))


def _headers(type: str, headers: Headers) -> list[tuple[str, str]]:
    return [("Date", formatdate(usegmt=True)), ("Content-Type", type), *headers.items()]
