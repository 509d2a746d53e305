"""
The client's identity to its server: the client secret, and how far rooms were read under it.

For a server on another machine it is known from the start. On this machine several servers may
have been at one address, and each knows the client by another secret; the certificate tells which
server it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from groupchat.client import client_id
from groupchat.client.client_id import ClientId
from groupchat.client.local_trust import LocalServer
from groupchat.wire.commands import Position

__all__ = ["Identity", "IdentityUser"]


class IdentityUser(Protocol):
    """Logs in with an identity: see `groupchat.client.model.Model`."""

    def identify(self, client: str, read: Mapping[str, Position] | None) -> None:
        """Use this client secret, and these positions, from now on."""

    def set_unproven(self, unproven: bool) -> None:
        """Say whether the server of the next connection can't show who it is."""


class Identity:
    """
    Chooses the client secret once the server is known.

    :param claimed: the secret, if it is known before the server is met.
    :param claim: claims a secret for a server at the address, or for the address alone.
    :param drop: removes what is kept for the server with this certificate.
    :param resumes_reading: whether a person goes on reading where the last run stopped.
    :ivar user: logs in with it; to be set before the client connects.
    """

    user: IdentityUser

    def __init__(
        self,
        claimed: ClientId | None,
        claim: Callable[[LocalServer | None], ClientId],
        drop: Callable[[str], None],
        resumes_reading: bool,
    ) -> None:
        self._server: LocalServer | None = None
        self._claimed = claimed or ClientId(client_id.make())
        self._claim = claim
        self._drop = drop
        self._resumes_reading = resumes_reading

    @property
    def value(self) -> str:
        """
        The client secret. Until the server is known, it is a fresh one that is sent to no server.
        """
        return self._claimed.value

    def read(self) -> dict[str, Position] | None:
        """Returns how far rooms were read; None if they begin at their newest few messages."""
        if not self._resumes_reading:
            return None
        return self._claimed.cursors.read() if self._claimed.cursors else {}

    @property
    def secondary(self) -> bool:
        """Whether another process uses the first secret, so that this is a further one."""
        return self._claimed.secondary

    def take(self) -> str:
        """
        Returns the best secret that is free now: the first one, as soon as no other process uses
        it.
        """
        if self._claimed.secondary:
            found = self._claim(self._server)
            if found.secondary:
                found.close()
            else:
                self._claimed.close()
                self._claimed = found
        return self._claimed.value

    def on_server(self, server: LocalServer | None) -> None:
        """Use the secret for this server; None if the server can't show who it is."""
        self._server = server
        self._claimed.close()
        self._claimed = self._claim(server)
        self.user.identify(self.value, self.read())

    def set_unproven(self, unproven: bool) -> None:
        """
        Say whether the next connection is in plain text: see
        `groupchat.client.fallback.PlaintextFallback`.
        """
        self.user.set_unproven(unproven)
        if unproven and self._claimed.cursors is None:
            self.on_server(None)

    def forget(self, certificate: str) -> None:
        """Remove what is kept for the server with this certificate."""
        self._drop(certificate)

    def save_positions(self, positions: Mapping[str, Position]) -> None:
        """Write down how far rooms were read."""
        if self._resumes_reading and self._claimed.cursors is not None:
            self._claimed.cursors.save(positions)

    def close(self) -> None:
        """Let other processes use the secret."""
        self._claimed.close()
