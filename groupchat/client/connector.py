"""
Makes one connection to the server after the other, with delays between the attempts, and keeps the
one that is open.
"""

from __future__ import annotations

from functools import partial
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IProtocol,
    IReactorTime,
    ISSLTransport,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure

from groupchat.client.connection import ChatConnection, ConnectionOwner
from groupchat.client.reconnect import MAX_BACKOFF, Backoff
from groupchat.client.timer import Timer
from groupchat.wire import events

__all__ = ["STEADY_SECONDS", "TIMEOUT", "Connector", "ConnectorOwner"]

#: seconds after which a connection was a good one, so that its loss causes no delay where another
#: address is left
STEADY_SECONDS = 10.0
TIMEOUT = 10.0  #: seconds for each answer of the server until the client has joined


class ConnectorOwner(ConnectionOwner, Protocol):
    """Handles the events of the connections, and of the attempts to make them."""

    def connecting(self) -> None:
        """An attempt begins."""

    def failed(self, reason: BaseException) -> None:
        """It has failed."""


class Connector:
    """
    The way to the server. Nothing connects before `owner` is set.

    :param endpoint: the server, or a `groupchat.client.route.Route` of several.
    :param clock: the reactor's time.
    :param backoff: says how long to wait until the next attempt.
    :param timeout: seconds for a connection, for the welcome, for the close of a connection.

    :ivar owner: handles the events.
    :ivar connection: the connection that is open, if there is one.
    """

    owner: ConnectorOwner

    def __init__(
        self,
        endpoint: IStreamClientEndpoint,
        clock: IReactorTime,
        backoff: Backoff | None = None,
        timeout: float = TIMEOUT,
    ) -> None:
        self.timeout = timeout
        self.connection: ChatConnection | None = None
        self._endpoint = endpoint
        self._clock = clock
        self._backoff = backoff or Backoff()
        self._attempt: Deferred[IProtocol] | None = None
        self._retry_timer = Timer(clock, self.connect)
        self._close_timer = Timer(clock, self.abort)
        self._paused = False
        self._next_attempt = 0.0
        self._steady_at: float | None = None

    # Attempts.

    def connect(self) -> None:
        """Begin an attempt: it ends with `ConnectionOwner.opened` or `ConnectorOwner.failed`."""
        self.owner.connecting()
        factory = Factory.forProtocol(partial(ChatConnection, self.owner, self._clock))
        factory.noisy = False
        attempt: Deferred[IProtocol] = self._endpoint.connect(factory)
        self._attempt = attempt
        attempt.addTimeout(self.timeout, self._clock)
        attempt.addErrback(self._on_failure)

    def _on_failure(self, failure: Failure) -> None:
        assert failure.value is not None  # as Twisted's type would allow
        self.owner.failed(failure.value)

    def retry(self, bye: events.Bye | None, limit: float = MAX_BACKOFF) -> None:
        """Connect again after a while: see `Backoff.next_delay`."""
        delay = self._backoff.next_delay(bye, limit)
        self._next_attempt = self._clock.seconds() + delay
        self._retry_timer.start(delay)

    @property
    def addresses(self) -> int:
        """The number of addresses that are tried in turn."""
        return self._backoff.addresses()

    @property
    def has_untried(self) -> bool:
        """Whether, after this attempt, an address is left to try before there is a delay."""
        return self._backoff.has_untried

    @property
    def wait(self) -> float:
        """The seconds until the next attempt; 0 if none is awaited."""
        if not self._retry_timer.active:
            return 0.0
        return max(0.0, self._next_attempt - self._clock.seconds())

    @property
    def encrypted(self) -> bool:
        """Whether the connection that is open is encrypted."""
        connection = self.connection
        return connection is not None and bool(ISSLTransport.providedBy(connection.transport))

    def hurry(self) -> None:
        """Make the next attempt now, if one is awaited."""
        if self._retry_timer.active:
            self._retry_timer.cancel()
            self.connect()

    def welcomed(self) -> None:
        """The connection is a good one: after it, the first attempt comes soon."""
        self._backoff.reset()
        self._steady_at = self._clock.seconds() + STEADY_SECONDS

    def stop(self) -> None:
        """Make no more attempts, and close the connection."""
        self._retry_timer.cancel()
        self._close_timer.cancel()
        if self._attempt is not None:
            self._attempt.cancel()
        if self.connection is not None:
            self.connection.leave()

    # The connection.

    def opened(self, connection: ChatConnection) -> None:
        """This connection is the one that is open."""
        self.connection = connection
        if self._paused:
            connection.hold()

    def lost(self) -> None:
        """It is gone."""
        if self._steady_at is not None and self._clock.seconds() >= self._steady_at:
            self._backoff.begin_round()
        self._steady_at = None
        self.connection = None
        self._close_timer.cancel()

    def pause_reading(self) -> None:
        """Take no more from the server: what was read can't be displayed yet."""
        self._paused = True
        if self.connection is not None:
            self.connection.hold()

    def resume_reading(self) -> None:
        """Read on."""
        self._paused = False
        if self.connection is not None:
            self.connection.release()

    def expect_close(self) -> None:
        """The server is going to close the connection; abort if it takes too long."""
        if self.connection is not None:
            self._close_timer.start(self.timeout)

    def close(self) -> None:
        """Close the connection, once everything is sent; abort if it takes too long."""
        self.expect_close()
        if self.connection is not None:
            self.connection.leave()

    def abort(self) -> None:
        """Close the connection at once."""
        if self.connection is not None:
            self.connection.abort()
