"""
Who the client is to its server: the client secret, and how far rooms were read under it.

To a server on another machine that is known from the start. On this machine several servers may be
at one place, one after the other, and each knows the client by another secret: which one it is
shows with its certificate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from groupchat.client import client_id
from groupchat.client.client_id import ClientId
from groupchat.client.trust import Server
from groupchat.wire.commands import Position


class IdentityUser(Protocol):
    """Who speaks to the server."""

    def identify(self, client: str, read: Mapping[str, Position] | None) -> None:
        """It is known which server this is: see `groupchat.client.model.Model`."""

    def set_unproven(self, unproven: bool) -> None:
        """Whether nothing shows who the server is: see there, too."""


class Identity:
    """
    :param claimed: the secret, where there is one before the server is met; else None.
    :param claim: claims one for a server at the place, or for the place alone.
    :param drop: removes what is kept for the server with this certificate.
    :param resumes_reading: whether a person goes on reading where the last run stopped.
    :ivar user: who is to use it; to be set before the client connects.
    """

    user: IdentityUser

    def __init__(
        self,
        claimed: ClientId | None,
        claim: Callable[[Server | None], ClientId],
        drop: Callable[[str], None],
        resumes_reading: bool,
    ) -> None:
        self._server: Server | None = None
        self._claimed = claimed or ClientId(client_id.make())
        self._claim = claim
        self._drop = drop
        self._resumes_reading = resumes_reading

    @property
    def value(self) -> str:
        """
        The client secret; before the server has shown which it is, one that nobody else will ever
        see.
        """
        return self._claimed.value

    def read(self) -> dict[str, Position] | None:
        """How far rooms were read; None: they begin at their newest few."""
        if not self._resumes_reading:
            return None
        return self._claimed.cursors.read() if self._claimed.cursors else {}

    @property
    def secondary(self) -> bool:
        """Whether another process uses the first secret, so that this is a further one."""
        return self._claimed.secondary

    def take(self) -> str:
        """
        The best secret that can be had now: it goes over to the first one as soon as no other
        process uses that.
        """
        if self._claimed.secondary:
            found = self._claim(self._server)
            if found.secondary:
                found.close()
            else:
                self._claimed.close()
                self._claimed = found
        return self._claimed.value

    def meet(self, server: Server | None) -> None:
        """This is the server; None where it shows nothing."""
        self._server = server
        self._claimed.close()
        self._claimed = self._claim(server)
        self.user.identify(self.value, self.read())

    def set_unproven(self, unproven: bool) -> None:
        """The next connection is made, in plain or not: see `groupchat.client.fallback.Near`."""
        self.user.set_unproven(unproven)
        if unproven and self._claimed.cursors is None:
            self.meet(None)

    def forget(self, certificate: str) -> None:
        """The server with this certificate is remembered no longer."""
        self._drop(certificate)

    def keep(self, positions: Mapping[str, Position]) -> None:
        """Write down how far rooms were read."""
        if self._resumes_reading and self._claimed.cursors is not None:
            self._claimed.cursors.keep(positions)

    def close(self) -> None:
        """Let others use the secret."""
        self._claimed.close()
