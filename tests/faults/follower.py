"""
A program that follows a room over HTTP, as a browser's EventSource does: it reads events, and comes
back with the id of the last one whenever its connection is gone.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from twisted.internet import reactor
from twisted.internet.protocol import ReconnectingClientFactory
from twisted.protocols.basic import LineOnlyReceiver

from tests.faults.history import GONE, History, key, removal


class Follower(ReconnectingClientFactory):
    """
    :param port: of the proxy.
    :ivar seen: the id of the last message.
    """

    noisy = False
    initialDelay = maxDelay = 0.1

    def __init__(self, name: str, room: str, history: History, port: int) -> None:
        self.room = room
        self.seen = 0
        self.last = ""  # the id of the last event that had one
        self.note = partial(history.note, name)
        self._connector = reactor.connectTCP("127.0.0.1", port, self)  # type: ignore[attr-defined]

    def buildProtocol(self, addr: Any) -> _Events:
        return _Events(self)

    def stop(self) -> None:
        self.stopTrying()
        self._connector.disconnect()

    def request(self) -> bytes:
        """Return the request that goes on behind the last event, and note it."""
        epoch, _, after = self.last.rpartition(":")
        self.note("asks", self.room, epoch or None, int(after or 0))
        begin = f"Last-Event-ID: {self.last}\r\n" if self.last else ""
        query = "" if self.last else "?after=0"
        path = f"/api/rooms/{self.room}/stream{query}"
        return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{begin}\r\n".encode()

    def take(self, fields: dict[str, str]) -> None:
        """Take an event."""
        self.last = fields.get("id", self.last)
        if "data" in fields:
            event = json.loads(fields["data"])
            _TAKE.get(fields.get("event", "message"), _ignore)(self, event)

    def _message(self, event: dict[str, Any]) -> None:
        told = (self.room, event["id"], _key_of(self.room, event))
        self.note("told", *told)
        self.seen = event["id"]
        self.note("shown", *told)

    def _state(self, event: dict[str, Any]) -> None:
        self.note("room", self.room, event["head"], event["said"], event["mark"])

    def _reset(self, event: dict[str, Any]) -> None:
        self.note("reset", self.room)
        self.note("cleared", self.room)

    def _gap(self, event: dict[str, Any]) -> None:
        for what in ("gap", "skip"):
            self.note(what, self.room, event["after"], event["before"])

    def _catchup(self, event: dict[str, Any]) -> None:
        self.note("upto", self.room, event["through"])


def _ignore(follower: Follower, event: dict[str, Any]) -> None:
    """It moves nothing: presence, topics, a bye."""


_TAKE: dict[str, Any] = {
    "message": Follower._message,
    "room": Follower._state,
    "reset": Follower._reset,
    "gap": Follower._gap,
    "catchup": Follower._catchup,
}


def _key_of(room: str, event: dict[str, Any]) -> str:
    if "redacts" in event:
        return removal(room, event["redacts"])
    return GONE if event.get("redacted") else key(event["text"])


class _Events(LineOnlyReceiver):
    """One connection: the head of an answer, then events, each ended by an empty line."""

    delimiter = b"\n"
    MAX_LENGTH = 1 << 20

    def __init__(self, follower: Follower) -> None:
        self._follower = follower
        self._fields: dict[str, str] = {}
        self._in_head = True

    def connectionMade(self) -> None:
        self.transport.write(self._follower.request())  # type: ignore[union-attr]

    def lineReceived(self, line: bytes) -> None:
        text = line.decode().removesuffix("\r")
        if self._in_head:
            self._in_head = bool(text)
            if text.startswith("HTTP/") and " 200 " not in text:
                self.transport.abortConnection()  # type: ignore[union-attr]
        elif text:
            name, _, value = text.partition(": ")
            self._fields[name] = value
        else:
            fields, self._fields = self._fields, {}
            self._follower.take(fields)

    def connectionLost(self, reason: Any = None) -> None:
        self._follower.note("lost")
