"""
A program that posts over HTTP: one message after the other, each with an Idempotency-Key, and again
until it is answered that it is stored.
"""

from __future__ import annotations

import base64
import itertools
import json
from functools import partial
from random import Random
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.error import ConnectError
from twisted.internet.protocol import Protocol
from twisted.internet.task import deferLater

from tests.faults.history import History, key
from tests.faults.server import PASSWORD

PATIENCE = 3.0  #: seconds until a request that is not answered is made again
AGAIN = 0.05  #: seconds until a request that failed is made again
PAUSE = 0.005  #: seconds between two messages
CREATED = 201


class Poster:
    """
    :param name: under which it posts.
    :param rooms: where.
    :param port: of the proxy.
    :param registered: whether the name has an account.
    :ivar unanswered: whether a message has no answer yet.
    :ivar gave_up: what else than that it is stored was answered, and ended it.
    """

    def __init__(
        self,
        name: str,
        rooms: tuple[str, ...],
        history: History,
        port: int,
        rng: Random,
        registered: bool = False,
    ) -> None:
        self.name = name
        self.unanswered = False
        self.gave_up: list[str] = []
        self._rooms = rooms
        self._history = history
        self._note = partial(history.note, name)
        self._endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", port)
        self._rng = rng
        self._registered = registered
        self._posting = False
        self._serials = itertools.count(1)
        self._done: Deferred[None] | None = None

    def talk(self, posting: bool = True) -> None:
        """Begin to post, or end after the present message."""
        self._posting = posting
        if posting and self._done is None:
            self._done = Deferred.fromCoroutine(self._post_all())
            self._done.addErrback(self._failed)

    def stop(self) -> None:
        self._posting = False
        if self._done is not None:
            self._done.cancel()

    def _failed(self, failure: Any) -> None:
        if not failure.check(CancelledError):
            self.gave_up.append(f"{self.name} gave up: {failure.value!r}")

    async def _post_all(self) -> None:
        while self._posting:
            serial, room = next(self._serials), self._rng.choice(self._rooms)
            self.unanswered = True
            await self._post(serial, room, f"{self.name}.{serial} {'x' * 24}")
            self.unanswered = False
            await deferLater(reactor, PAUSE)  # type: ignore[arg-type]
        self._done = None

    async def _post(self, serial: int, room: str, text: str) -> None:
        """Post a message until it is stored."""
        while True:
            self._note("said", room, serial, key(text))
            status, answer = await self._try(serial, room, text)
            if status == CREATED:
                self._note("ok", room, serial, answer["id"])
                self._history.counts["posted"] += 1
                return
            if status == 503 and answer["code"] == "storage-full":
                self._note("no", room, serial, answer["code"])
            elif status not in (0, 429, 503):
                raise AssertionError(f"{status} {answer}")
            await deferLater(reactor, AGAIN)  # type: ignore[arg-type]

    async def _try(self, serial: int, room: str, text: str) -> tuple[int, Any]:
        """Make a request once. Returns its status and the answer; 0 for none."""
        answer = _Answer(self._request(serial, room, text))
        try:
            await connectProtocol(self._endpoint, answer)
            return await answer.done.addTimeout(PATIENCE, reactor)  # type: ignore[arg-type]
        except (ConnectError, TimeoutError):
            answer.abort()
            return 0, {}

    def _request(self, serial: int, room: str, text: str) -> bytes:
        who, more = f"?name={self.name}", ""
        if self._registered:
            pair = base64.b64encode(f"{self.name}:{PASSWORD}".encode()).decode()
            who, more = "", f"Authorization: Basic {pair}\r\n"
        return (
            f"POST /api/rooms/{room}/messages{who} HTTP/1.1\r\nHost: localhost\r\n"
            f"Idempotency-Key: {self.name}-{serial}\r\nContent-Length: {len(text)}\r\n{more}"
            f"Connection: close\r\n\r\n{text}"
        ).encode()


class _Answer(Protocol):
    """
    A connection for one request.

    :ivar done: fires with the status and the answer, or 0 if it was cut off.
    """

    def __init__(self, request: bytes) -> None:
        self.done: Deferred[tuple[int, Any]] = Deferred()
        self._request = request
        self._data = b""

    def connectionMade(self) -> None:
        self.transport.write(self._request)  # type: ignore[union-attr]

    def dataReceived(self, data: bytes) -> None:
        self._data += data

    def connectionLost(self, reason: Any = None) -> None:
        if not self.done.called:
            self.done.callback(_parsed(self._data))

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abortConnection()


def _parsed(data: bytes) -> tuple[int, Any]:
    """Return the status and the JSON of an answer; 0 where it is not whole."""
    head, _, body = data.partition(b"\r\n\r\n")
    if not body.endswith(b"}\n"):
        return 0, {}
    return int(head.split(b" ", 2)[1]), json.loads(body)
