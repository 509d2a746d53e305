"""
The connection to the server: frames lines, reads their events, and watches over the silence.
"""

from __future__ import annotations

from typing import Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime, ITCPTransport
from twisted.python.failure import Failure

from groupchat.client.requests import KEEPALIVE_REF
from groupchat.wire import commands, jsonlines
from groupchat.wire.errors import BadJson
from groupchat.wire.events import Event
from groupchat.wire.framing import LineSplitter

PING_INTERVAL = 20.0  #: seconds without a line of ours, until we say that we are here
READ_TIMEOUT = 60.0  #: seconds without a byte of the server, until the connection counts as dead
_CHECK_INTERVAL = 5.0  #: seconds between two looks at the clock


class ConnectionOwner(Protocol):
    """To whom a connection's events go."""

    def opened(self, connection: ChatConnection) -> None:
        """It is there."""

    def received(self, event: Event | None, line: bytes) -> None:
        """The server said this; None is what this client does not know."""

    def check(self) -> None:
        """All that came at once was handed over."""

    def lost(self) -> None:
        """It is gone."""


class ChatConnection(LineSplitter):
    """
    :param owner: to whom its events go.
    :param clock: for the silence.
    """

    def __init__(self, owner: ConnectionOwner, clock: IReactorTime) -> None:
        self._owner = owner
        self._clock = clock
        self._sent = self._heard = clock.seconds()
        self._held = False
        self._timer: IDelayedCall | None = None

    def connectionMade(self) -> None:
        if ITCPTransport.providedBy(self.transport):
            self.transport.setTcpNoDelay(True)
        self._timer = self._clock.callLater(_CHECK_INTERVAL, self._look)
        self._owner.opened(self)

    def dataReceived(self, data: bytes) -> None:
        self._heard = self._clock.seconds()
        super().dataReceived(data)

    def lineReceived(self, line: bytes) -> None:
        if not line.startswith(b"{"):  # the plain greeting, where it was faster than our hello
            return
        try:
            event = jsonlines.decode_event(line)
        except BadJson:
            return
        self._owner.received(event, line)

    def lineLengthExceeded(self, line: bytes) -> None:
        """Skip it: no server of this wire writes such a line."""

    def chunkEnded(self) -> None:
        self._owner.check()

    def connectionLost(self, reason: Failure | None = None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._owner.lost()

    def send(self, data: bytes) -> None:
        """Send these lines."""
        self._sent = self._clock.seconds()
        self.transport.write(data)

    def hold(self) -> None:
        """Read no more: what was read can't be displayed yet."""
        self._held = True
        self.transport.pauseProducing()

    def release(self) -> None:
        """Read on."""
        self._held = False
        self._heard = self._clock.seconds()
        self.transport.resumeProducing()

    def leave(self) -> None:
        """Close, when everything is sent."""
        self.transport.loseConnection()

    def abort(self) -> None:
        """Close at once."""
        self.transport.abortConnection()

    def _look(self) -> None:
        now = self._clock.seconds()
        self._timer = self._clock.callLater(_CHECK_INTERVAL, self._look)
        if now - self._heard >= READ_TIMEOUT and not self._held:
            self.abort()
        elif now - self._sent >= PING_INTERVAL:
            self.send(jsonlines.encode_command(commands.Ping(ref=KEEPALIVE_REF)))
