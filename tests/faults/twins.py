"""
Programs that contend for one name: each logs in wherever it can, says something for a while, and
comes again as somebody else.

The room in which they talk is the proof: the messages of one stand together there, as only one has
the name at a time.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from functools import partial
from random import Random
from typing import Any

from twisted.internet import reactor
from twisted.internet.protocol import ReconnectingClientFactory
from twisted.protocols.basic import LineOnlyReceiver

from tests.faults.history import History

NAME = ROOM = "twin"
PATIENCE = 20.0  #: seconds until one that is not answered comes again
PAUSE = 0.02  #: seconds between two messages
MOST = 40  #: messages on a connection, at most


def interleaved(keys: Iterable[str]) -> list[str]:
    """Returns the keys of those who said something after another one had the name."""
    seen: dict[str, None] = {}
    found = []
    for key in keys:
        who = key.partition(".")[0]
        if who in seen and who != next(reversed(seen)):
            found.append(key)
        seen[who] = None
    return found


class Twin(ReconnectingClientFactory):
    """
    :param number: its own, by which its messages are known.
    :param port: of the proxy.
    """

    noisy = False
    initialDelay = maxDelay = 0.1

    def __init__(self, number: int, history: History, port: int, rng: Random) -> None:
        self.lives = (f"t{number}-{life}" for life in itertools.count(1))
        self.history = history
        self.rng = rng
        self._connection: Any = None
        self._connector = reactor.connectTCP("127.0.0.1", port, self)  # type: ignore[attr-defined]

    @property
    def port(self) -> int:
        """The port of its connection, if it has the name and will say more; 0: it does not."""
        return self._connection.port if self._connection is not None else 0

    def buildProtocol(self, addr: Any) -> _Life:
        self._connection = _Life(self)
        return self._connection

    def stop(self) -> None:
        self.stopTrying()
        self._connector.disconnect()


class _Life(LineOnlyReceiver):
    """A connection, which wants the name."""

    delimiter = b"\n"
    MAX_LENGTH = 1 << 20

    def __init__(self, twin: Twin) -> None:
        self._twin = twin
        self._who = next(twin.lives)
        self._note = partial(twin.history.note, self._who)
        self._left = twin.rng.randint(1, MOST)
        self._n = self._answered = 0
        self._timer: Any = None

    @property
    def port(self) -> int:
        """See `Twin`."""
        if not 0 < self._answered < self._left - 1 or self.transport is None:
            return 0
        port: int = self.transport.getHost().port  # type: ignore[attr-defined]
        return port

    def _later(self, seconds: float, act: Any) -> None:
        self._stop_timer()
        self._timer = reactor.callLater(seconds, act)  # type: ignore[attr-defined]

    def _stop_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    def _send(self, **fields: Any) -> None:
        self.sendLine(json.dumps(fields).encode())
        self._later(PATIENCE, self._end)

    def _end(self) -> None:
        self.transport.abortConnection()  # type: ignore[union-attr]

    def connectionMade(self) -> None:
        self._send(type="hello", name=NAME, rooms={ROOM: None})

    def lineReceived(self, line: bytes) -> None:
        event = json.loads(line)
        if event["type"] == "welcome":
            self._note("in")
            self._say()
        elif event["type"] == "ok" and "n" in event:
            self._answered = event["n"]
            self._note("ok", ROOM, event["n"], event["id"])
            self._later(PAUSE, self._say if self._n < self._left else self._end)
        elif event["type"] in ("error", "bye"):
            self._end()

    def _say(self) -> None:
        self._n += 1
        key = f"{self._who}.{self._n}"
        self._note("said", ROOM, self._n, key)
        self._send(type="say", room=ROOM, text=key, n=self._n)

    def connectionLost(self, reason: Any = None) -> None:
        self._answered = 0
        self._stop_timer()
