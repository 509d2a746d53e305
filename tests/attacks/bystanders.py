"""
Bystanders, who only want to talk: how long does a message take to reach the others, and how long
does a login take?

One loop plays them all. Times run from when something was *due*, so a server that falls behind
can't hide it.
"""

from __future__ import annotations

import json
import math
import re
import selectors
import socket
import time
from typing import Any, NamedTuple

from tests.benchmarks.servers import LOOPBACK

MEMBERS = 20
PACE = 50  #: messages a second, of all of them together
ELSEWHERE = "127.0.0.99"  #: from where newcomers come
COMES = 1.0  #: seconds between two newcomers
PATIENCE = 5.0  #: seconds after which a newcomer gives up
DRAIN = 5.0  #: seconds that the last message may take
_STAMP = re.compile(rb'"text":"\^(\d+)"')


class Measure(NamedTuple):
    """
    :ivar deliveries: seconds that each took.
    :ivar missing: deliveries that did not happen.
    :ivar joins: seconds that each newcomer took to be welcomed.
    """

    deliveries: list[float]
    missing: int
    joins: list[float]

    def quantile(self, share: float) -> float:
        """The time, in milliseconds, within which this share of the deliveries happened."""
        return quantile(self.deliveries, share)

    @property
    def join(self) -> float:
        """The longest that a newcomer took, in milliseconds."""
        return max(self.joins, default=math.nan) * 1000


def quantile(times: list[float], share: float) -> float:
    if not times:
        return math.nan
    return sorted(times)[min(len(times) - 1, int(len(times) * share))] * 1000


class TurnedAway(Exception):
    """A bystander lost its connection."""


class Bystanders:
    """:param port: of the server, on the loopback."""

    def __init__(self, port: int, members: int = MEMBERS, pace: float = PACE) -> None:
        self._port = port
        self._pace = pace
        self._selector = selectors.DefaultSelector()
        self._deliveries: list[float] = []
        self._joins: list[float] = []
        self._began = time.monotonic()
        self._said = 0
        self._newcomers = 0
        self._all = [_Member(self, port, f"b{number}") for number in range(members)]

    def close(self) -> None:
        for key in list(self._selector.get_map().values()):
            key.data.close()
        self._selector.close()

    def watch(self, seconds: float) -> Measure:
        """Talk for so long."""
        self._deliveries, self._joins, self._said = [], [], 0
        begin = self._began = said_at = came_at = time.monotonic()
        while (now := time.monotonic()) < begin + seconds:
            while said_at <= now:
                self._all[self._said % len(self._all)].say(said_at)
                self._said += 1
                said_at += 1 / self._pace
            if came_at <= now:
                self._newcomers += 1
                _Newcomer(self, self._port, f"n{self._newcomers}", came_at)
                came_at += COMES
            self._turn(min(said_at, came_at) - now)
        self._drain()
        return Measure(
            self._deliveries, self._said * len(self._all) - len(self._deliveries), self._joins
        )

    def _drain(self) -> None:
        """Wait for what is on its way."""
        until = time.monotonic() + DRAIN
        while len(self._deliveries) < self._said * len(self._all) or self._coming:
            if time.monotonic() > until:
                break
            self._turn(0.05)

    @property
    def _coming(self) -> bool:
        return len(self._selector.get_map()) > len(self._all)

    def _turn(self, seconds: float) -> None:
        for key, _ in self._selector.select(max(0.0, seconds)):
            key.data.ready()
        now = time.monotonic()
        for key in list(self._selector.get_map().values()):
            if isinstance(key.data, _Newcomer):
                key.data.check(now)

    # Events.

    def listen(self, one: Any, events: int) -> None:
        self._selector.register(one, events, one)

    def forget(self, one: Any) -> None:
        self._selector.unregister(one)

    def delivered(self, due: float, now: float) -> None:
        if due >= self._began:  # else it is history
            self._deliveries.append(now - due)

    def joined(self, took: float) -> None:
        self._joins.append(took)


def hello(name: str, room: str) -> bytes:
    return (
        json.dumps(
            {
                "type": "hello",
                "name": name,
                "client": f"bystander-{name:_>16}",
                "rooms": {room: None},
            }
        ).encode()
        + b"\n"
    )


class _Member:
    """A member that talks and listens."""

    def __init__(self, those: Bystanders, port: int, name: str) -> None:
        self._those = those
        self._socket = socket.create_connection((LOOPBACK, port), timeout=PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(hello(name, "lobby"))
        self._rest = b""
        while b'"catchup"' not in self._rest:
            self._rest += self._heard()
        self._socket.setblocking(False)
        those.listen(self, selectors.EVENT_READ)

    def fileno(self) -> int:
        return self._socket.fileno()

    def say(self, due: float) -> None:
        text = f"^{math.ceil(due * 1e9)}"
        self._socket.send(
            json.dumps({"type": "say", "room": "lobby", "text": text}).encode() + b"\n"
        )

    def _heard(self) -> bytes:
        try:
            data = self._socket.recv(1 << 18)
        except ConnectionError:
            data = b""
        if not data:
            raise TurnedAway(
                f"A bystander lost its connection; the last that it heard: {self._rest[-300:]!r}"
            )
        return data

    def ready(self) -> None:
        data = self._rest + self._heard()
        now = time.monotonic()
        end = data.rfind(b"\n") + 1
        self._rest = data[end:]
        for due in _STAMP.findall(data, 0, end):
            self._those.delivered(int(due) * 1e-9, now)

    def close(self) -> None:
        self._socket.close()


class _Newcomer:
    """A client that logs in from another address, and leaves."""

    def __init__(self, those: Bystanders, port: int, name: str, due: float) -> None:
        self._those = those
        self._due = due
        self._name = name
        self._heard: bytes | None = None  # None while it knocks
        self._socket = socket.socket()
        self._socket.setblocking(False)
        self._socket.bind((ELSEWHERE, 0))
        self._socket.connect_ex((LOOPBACK, port))
        those.listen(self, selectors.EVENT_WRITE)

    def fileno(self) -> int:
        return self._socket.fileno()

    def ready(self) -> None:
        try:
            self._work()
        except ConnectionError:
            self._end(PATIENCE)

    def _work(self) -> None:
        if self._heard is None:
            self._socket.send(hello(self._name, "aside"))
            self._heard = b""
            self._those.forget(self)
            self._those.listen(self, selectors.EVENT_READ)
            return
        data = self._socket.recv(65_536)
        self._heard += data
        if b'"welcome"' in self._heard:
            self._end(time.monotonic() - self._due)
        elif not data:
            self._end(PATIENCE)

    def check(self, now: float) -> None:
        """Give up after a while."""
        if now - self._due > PATIENCE:
            self._end(PATIENCE)

    def _end(self, took: float) -> None:
        self._those.joined(took)
        self._those.forget(self)
        self.close()

    def close(self) -> None:
        self._socket.close()
