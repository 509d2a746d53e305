"""
One member on the JSON wire, who asks and waits: for what is measured one question at a time.
"""

from __future__ import annotations

import json
import socket
import ssl
from types import TracebackType
from typing import Any

from tests.benchmarks.servers import LOOPBACK

LIMIT = 60.0  #: seconds to wait for anything
ROOM = "r0"  #: where everything happens, as in load.c


class NotAnswered(Exception):
    """The server did not answer what was asked: what it said instead."""


class Member:
    """
    :param port: of the server.
    :param name: to log in with; its client id is made of it, too.
    :param cursor: the epoch and the last id that it knows, or None.
    :param encrypted: whether it speaks TLS; it trusts any certificate.
    :ivar room: the state of the room at the login.
    :ivar last: the id of the last message heard.
    """

    last = 0

    def __init__(
        self,
        port: int,
        name: str,
        cursor: dict[str, Any] | None = None,
        *,
        encrypted: bool = False,
    ) -> None:
        self._socket = socket.create_connection((LOOPBACK, port), timeout=LIMIT)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if encrypted:
            self._socket = _any_certificate().wrap_socket(self._socket)
        self._lines = self._socket.makefile("rb")
        self.tell(type="hello", name=name, client=f"benchmark-{name:_>16}", rooms={ROOM: cursor})
        self.room = self.wait("room")
        self.wait("catchup")
        self._wait_for_head()

    def _wait_for_head(self) -> None:
        """Wait for the last message that was said before the login."""
        if self.last < self.room["head"]:
            self.wait("message", id=self.room["head"])

    def __enter__(self) -> Member:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lines.close()
        self._socket.close()

    def tell(self, **fields: Any) -> None:
        self._socket.sendall(json.dumps(fields).encode() + b"\n")

    def wait(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Wait for the next line of this type with these fields."""
        wanted = {"type": kind, **fields}
        for line in self._lines:
            event: dict[str, Any] = json.loads(line) if line.startswith(b"{") else {}
            if event.get("type") == "message":
                self.last = event["id"]
            elif event.get("type") in ("error", "bye"):
                raise NotAnswered(f"waited for {wanted}, but: {event}")
            if wanted.items() <= event.items():
                return event
        raise NotAnswered(f"waited for {wanted}, but it was the end")

    def say(self, n: int, text: str) -> None:
        """Say something with number n, and wait until it is stored."""
        self.tell(type="say", room=ROOM, n=n, text=text)
        self.wait("ok", n=n)

    def say_many(self, count: int, text: str) -> None:
        """Say this many messages at once, numbered from 1, and wait until all are stored."""
        lines = (
            json.dumps({"type": "say", "room": ROOM, "n": n, "text": text}) + "\n"
            for n in range(1, count + 1)
        )
        self._socket.sendall("".join(lines).encode())
        self.wait("ok", n=count)

    def history(self, before: int) -> list[dict[str, Any]]:
        """The largest page that there is of what is older."""
        self.tell(type="history", room=ROOM, before=before, limit=1000)
        messages: list[dict[str, Any]] = self.wait("history")["messages"]
        return messages

    def search(self, text: str, before: int | None) -> int | None:
        """
        Search for something that is nowhere.

        :param before: where to go on, or None.
        :returns: where to go on, or None at the end.
        """
        place = {} if before is None else {"before": before}
        self.tell(type="search", room=ROOM, text=text, limit=100, **place)
        found = self.wait("found")
        assert not found["messages"], found
        rest: int | None = found["before"] if found["more"] else None
        return rest

    def register(self, password: str) -> None:
        self.tell(type="register", password=password, ref="register")
        self.wait("ok", ref="register")


def _any_certificate() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
