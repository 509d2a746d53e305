"""A client that speaks the JSON wire over Server-Sent Events and POST."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from groupchat.testing.clients import JsonClient, MemoryClient
from groupchat.testing.transport import ADDRESS

if TYPE_CHECKING:
    from groupchat.testing.server import MemoryServer

__all__ = ["EventStreamClient"]

_HEADERS = b"Host: localhost:9000\r\nOrigin: http://localhost:9000\r\n"
_ids = itertools.count(1)


class EventStreamClient(JsonClient):
    """
    A browser's page where WebSocket is blocked.

    :ivar head: the head of the answer that brings the events.
    :ivar id: of its session.
    :ivar posts: its other connection, on which its lines go, once there were any.
    """

    def __init__(self, server: MemoryServer, address: str = ADDRESS) -> None:
        server.serve_web()
        super().__init__(server, address)
        self.head = b""
        self.id = f"{next(_ids):032x}"
        self._address = address
        self.posts: MemoryClient | None = None
        self.transport.incoming += b"GET /stream?session=%b HTTP/1.1\r\n%b\r\n" % (
            self.id.encode(),
            _HEADERS,
        )

    def send(self, *data: bytes) -> None:
        body = b"".join(data)
        if self.posts is None or self.posts.gone:
            self.posts = MemoryClient(self.server, self._address)
        self.posts.send(
            b"POST /lines?session=%b HTTP/1.1\r\n%bContent-Length: %d\r\n\r\n%b"
            % (self.id.encode(), _HEADERS, len(body), body)
        )

    def answers(self) -> list[int]:
        """Returns the status of each answer to a POST since the last call."""
        assert self.posts is not None, "nothing was sent"
        taken = bytes(self.posts.transport.taken)
        self.posts.transport.taken.clear()
        return [int(one.split(b" ")[0]) for one in taken.split(b"HTTP/1.1 ")[1:]]

    def close(self) -> None:
        super().close()
        if self.posts is not None:
            self.posts.close()

    def read(self) -> bytes:
        taken = self.transport.taken
        if not self.head:
            head, end, _ = bytes(taken).partition(b"\r\n\r\n")
            if not end:
                return b""
            self.head = head + end
            del taken[: len(self.head)]
        end_of_events = taken.rfind(b"\n\n") + 2
        if end_of_events < 2:
            return b""
        events = bytes(taken[:end_of_events])
        del taken[:end_of_events]
        data = [line[6:] for line in events.split(b"\n") if line.startswith(b"data: ")]
        return b"".join(line + b"\n" for line in data)
