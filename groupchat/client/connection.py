"""
The connection to the server: splits lines, decodes their events, and detects a dead server.
"""

from __future__ import annotations

from typing import Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime, ITCPTransport
from twisted.python.failure import Failure

from groupchat.client.requests import KEEPALIVE_REF
from groupchat.wire import commands, jsonlines
from groupchat.wire.errors import BadJson
from groupchat.wire.events import Event
from groupchat.wire.framing import LineProtocol

__all__ = ["PING_INTERVAL", "READ_TIMEOUT", "ChatConnection", "ConnectionOwner"]

PING_INTERVAL = 20.0  #: seconds without a line of ours, until we send a ping
READ_TIMEOUT = 60.0  #: seconds without a byte from the server, until the connection counts as dead
_CHECK_INTERVAL = 5.0  #: seconds between two checks of both


class ConnectionOwner(Protocol):
    """Handles the events of a connection."""

    def opened(self, connection: ChatConnection) -> None:
        """The connection is made."""

    def received(self, event: Event | None, line: bytes) -> None:
        """A line arrived. Its event is None if this client does not know it."""

    def check(self) -> None:
        """All lines that arrived together were handed over."""

    def lost(self) -> None:
        """The connection is gone."""


class ChatConnection(LineProtocol):
    """
    A connection by the JSON wire.

    :param owner: handles its events.
    :param clock: the reactor's time.
    """

    def __init__(self, owner: ConnectionOwner, clock: IReactorTime) -> None:
        super().__init__()
        self._owner = owner
        self._clock = clock
        self._last_sent = self._last_received = clock.seconds()
        self._paused = False
        self._timer: IDelayedCall | None = None

    def connectionMade(self) -> None:
        if ITCPTransport.providedBy(self.transport):
            self.transport.setTcpNoDelay(True)
        self._timer = self._clock.callLater(_CHECK_INTERVAL, self._check_liveness)
        self._owner.opened(self)

    def dataReceived(self, data: bytes) -> None:
        self._last_received = self._clock.seconds()
        super().dataReceived(data)

    def lineReceived(self, line: bytes) -> None:
        if not line.startswith(b"{"):  # the plain greeting, if it was faster than our hello
            return
        try:
            event = jsonlines.decode_event(line)
        except BadJson:
            return
        self._owner.received(event, line)

    def lineLengthExceeded(self, line: bytes) -> None:
        """Skip the line: no server of this wire writes such a long one."""

    def chunkEnded(self) -> None:
        self._owner.check()

    def connectionLost(self, reason: Failure | None = None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._owner.lost()

    def send(self, data: bytes) -> None:
        """Send these lines."""
        self._last_sent = self._clock.seconds()
        self.transport.write(data)

    def hold(self) -> None:
        """Read no more: the output is full."""
        self._paused = True
        self.transport.pauseProducing()

    def release(self) -> None:
        """Read on."""
        self._paused = False
        self._last_received = self._clock.seconds()
        self.transport.resumeProducing()

    def leave(self) -> None:
        """Close, when everything is sent."""
        self.transport.loseConnection()

    def abort(self) -> None:
        """Close at once."""
        self.transport.abortConnection()

    def _check_liveness(self) -> None:
        now = self._clock.seconds()
        self._timer = self._clock.callLater(_CHECK_INTERVAL, self._check_liveness)
        if now - self._last_received >= READ_TIMEOUT and not self._paused:
            self.abort()
        elif now - self._last_sent >= PING_INTERVAL:
            self.send(jsonlines.encode_command(commands.Ping(ref=KEEPALIVE_REF)))
