"""
When to connect again: delays that grow, the patience of a script whose name is taken, and a client
that took its own place.
"""

from __future__ import annotations

from collections.abc import Callable
from random import random as default_random
from typing import Protocol

import msgspec
from twisted.internet.interfaces import IReactorTime

from groupchat.wire import events

__all__ = [
    "LATE_HELLO",
    "MAX_BACKOFF",
    "NAME_TIMEOUT",
    "RETRY_JITTER",
    "Backoff",
    "ClientIdSource",
    "LateHellos",
    "NameRetry",
]

MAX_BACKOFF = 30.0  #: seconds between two attempts, at most
RETRY_JITTER = 2.0  #: seconds added to what the server asked for, at most
NAME_TIMEOUT = 30.0  #: seconds for which a script waits if its name is taken
NAME_RETRY_INTERVAL = 1.0  #: seconds until it tries again, at most
LATE_HELLO = 60.0  #: seconds for which a hello that was not answered may still come to the server
_MAX_EXPONENT = 10


class Backoff:
    """
    Random delays that grow with each failure. If there are several addresses, each is tried before
    there is a delay.

    :param random: returns a number from 0 to 1.
    :param addresses: returns the number of addresses, which are tried in turn.

    :ivar addresses: the same.
    """

    def __init__(
        self,
        random: Callable[[], float] = default_random,
        addresses: Callable[[], int] = lambda: 1,
    ) -> None:
        self.addresses = addresses
        self._random = random
        self._failures = 0
        self._tried = 0  # addresses since the last delay

    def reset(self) -> None:
        """Begin with short delays again: the client has joined."""
        self._failures = 0

    def begin_round(self) -> None:
        """Try each address before the next delay: the last connection was a good one."""
        self._tried = 0

    @property
    def has_untried(self) -> bool:
        """Whether, after the present attempt, an address is left to try before a delay."""
        return self._tried + 1 < self.addresses()

    def next_delay(self, bye: events.Bye | None, limit: float = MAX_BACKOFF) -> float:
        """
        Returns the seconds until the next attempt.

        :param bye: the reason why the server closed the connection, if it gave one.
        :param limit: seconds, at most; the server may still ask for more.
        """
        delay = 0.0
        if self.has_untried:
            self._tried += 1
        else:
            self._tried = 0
            delay = self._random() * min(limit, 2.0**self._failures)
            self._failures = min(self._failures + 1, _MAX_EXPONENT)
        if bye is not None:
            delay = max(delay, (bye.retry or 0) + self._random() * RETRY_JITTER)
        return delay


class ClientIdSource(Protocol):
    """The client secrets of a script that may run several times at once."""

    @property
    def secondary(self) -> bool:
        """Whether another process uses the secret that the server may know."""

    def take(self) -> str:
        """Returns the best secret that is free now."""


class NameRetry:
    """
    Waits until another run of the same script has freed the name.

    :param clock: the reactor's time.
    :param client_ids: exchanges the client secret meanwhile; None if it is always the same.
    :param timeout: seconds to wait, at most; 0 for those who don't wait at all.
    """

    def __init__(
        self,
        clock: IReactorTime,
        client_ids: ClientIdSource | None = None,
        timeout: float = NAME_TIMEOUT,
    ) -> None:
        self._clock = clock
        self._client_ids = client_ids
        self._timeout = timeout
        self._deadline: float | None = None

    @property
    def started(self) -> bool:
        """Whether the last rejection was because of the name."""
        return self._deadline is not None

    @property
    def max_delay(self) -> float:
        """Seconds between two attempts, at most."""
        return NAME_RETRY_INTERVAL if self.started else MAX_BACKOFF

    @property
    def waiting(self) -> bool:
        """Whether to try again."""
        return self._deadline is not None and self._clock.seconds() < self._deadline

    def on_rejected(self, error: events.Error, ever_joined: bool) -> None:
        """The server rejected the hello."""
        if not self._may_pass(error, ever_joined):
            self._deadline = None
        elif self._deadline is None:
            self._deadline = self._clock.seconds() + self._timeout

    def _may_pass(self, error: events.Error, ever_joined: bool) -> bool:
        """Whether the name may be free soon, or soon ours by a better client secret."""
        secondary = self._client_ids is not None and self._client_ids.secondary
        return error.code == "name-taken" or (
            error.code == "bad-password" and secondary and not ever_joined
        )

    def on_joined(self) -> None:
        """The name is ours."""
        self._deadline = None

    def next_client_id(self) -> str | None:
        """Returns the client secret for the next attempt; None if it stays the same."""
        if self._client_ids is None or not self.started:
            return None
        return self._client_ids.take()


class LateHellos:
    """
    The client's own hellos that were not answered before their connections were lost. A server that
    stood still, or a network that did, may take one later: it then replaces the client's newer
    connection, and nobody else has the client's place.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._expire: list[float] = []  # when each of them comes no more

    def add(self) -> None:
        """A connection was lost before its hello was answered."""
        self._expire.append(self._clock.seconds() + LATE_HELLO)

    def judge(self, bye: events.Bye) -> events.Bye:
        """
        Returns a bye, which lets the client come back at once where it replaced its connection
        itself. Each of the hellos counts once.
        """
        if bye.code != "replaced":
            return bye
        now = self._clock.seconds()
        self._expire = [expires for expires in self._expire if expires > now]
        if not self._expire:
            return bye
        del self._expire[0]
        return msgspec.structs.replace(bye, retry=0)
