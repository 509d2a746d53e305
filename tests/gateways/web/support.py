"""Shared by the tests of the web gateway: a client that speaks HTTP."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import h11

from tests.support import Client, Server

HOST = "localhost:9000"


class Answer(NamedTuple):
    """An answer of the server."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> Any:
        """The code of a problem."""
        assert self.headers["content-type"] == "application/problem+json"
        return json.loads(self.body)["code"]


class Browser:
    """A client that speaks HTTP on one connection of a server in memory, by h11."""

    def __init__(self, server: Server, address: str = "192.0.2.1") -> None:
        server.serve_web()
        self.server = server
        self.client = Client(server, address)
        self._h11 = h11.Connection(h11.CLIENT)

    def send(self, *data: bytes) -> None:
        """Send bytes, and let the server run."""
        self.client.send(*data)
        self.server.run()

    def ask(
        self, method: str, target: str, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """Ask, and return the answer."""
        self.begin(method, target, headers, body)
        return self.answer()

    def get(self, target: str, **headers: str) -> Answer:
        """Ask by GET. Headers are written with underscores."""
        return self.ask(
            "GET", target, {name.replace("_", "-"): value for name, value in headers.items()}
        )

    def begin(
        self, method: str, target: str, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> None:
        """Ask, and don't read the answer."""
        if self._h11.our_state is h11.DONE:
            self._h11.start_next_cycle()
        given = {"Host": HOST, **(headers or {})}
        if body:
            given["Content-Length"] = str(len(body))
        self.send(
            self._h11.send(h11.Request(method=method, target=target, headers=[*given.items()])),
            *([self._h11.send(h11.Data(data=body))] if body else []),
            self._h11.send(h11.EndOfMessage()),
        )

    def answer(self) -> Answer:
        """Return the answer that has arrived whole."""
        taken = bytes(self.client.transport.taken)
        self.client.transport.taken.clear()
        if taken:
            self._h11.receive_data(taken)
        head = self._next()
        assert isinstance(head, h11.Response), head
        body = b""
        while not isinstance(event := self._next(), h11.EndOfMessage):
            assert isinstance(event, h11.Data), event
            body += event.data
        headers = {name.decode(): value.decode() for name, value in head.headers}
        return Answer(head.status_code, headers, body)

    def _next(self) -> Any:
        event = self._h11.next_event()
        if event is h11.NEED_DATA and self.client.gone:
            self._h11.receive_data(b"")
            event = self._h11.next_event()
        return event

    @property
    def gone(self) -> bool:
        return self.client.gone


def raw(server: Server, *data: bytes) -> bytes:
    """Send bytes on a connection of their own, and return everything that the server answers."""
    browser = Browser(server)
    browser.send(*data)
    return bytes(browser.client.transport.taken)


def status(answer: bytes) -> int:
    """Return the status of the first answer in these bytes."""
    return int(answer.split(b" ", 2)[1])
