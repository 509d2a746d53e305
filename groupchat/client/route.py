"""The addresses of a server, or of all nodes of a group, which are tried one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from twisted.internet.interfaces import IStreamClientEndpoint
from zope.interface import implementer

from groupchat.client.hostname import NodesEndpoint

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred
    from twisted.internet.interfaces import IProtocol, IProtocolFactory

__all__ = ["Route", "Way"]


class Way(NamedTuple):
    """
    The way to one address.

    :ivar where: the address, for people.
    :ivar endpoint: the server there.
    :ivar remember: to be called on the server's first event; returns what a person should be told
        about the server. None if nothing is to be done.
    :ivar nodes: knows how many addresses a host name has; None: there is one.
    """

    where: str
    endpoint: IStreamClientEndpoint
    remember: Callable[[], str] | None = None
    nodes: NodesEndpoint | None = None


@implementer(IStreamClientEndpoint)
class Route:
    """
    An endpoint that goes the next way at each attempt, and begins again after the last one.

    :param ways: one at least.
    """

    def __init__(self, ways: Sequence[Way]) -> None:
        self._ways = ways
        self._attempts = 0

    @property
    def _way(self) -> Way:
        return self._ways[max(0, self._attempts - 1) % len(self._ways)]

    def length(self) -> int:
        """Return the number of addresses, as far as is known."""
        return sum(way.nodes.count if way.nodes is not None else 1 for way in self._ways)

    @property
    def where(self) -> str:
        """The address of the last attempt, for people."""
        return self._way.where

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """Connect by the next way. Fails as its endpoint does."""
        self._attempts += 1
        connecting: Deferred[IProtocol] = self._way.endpoint.connect(protocolFactory)
        return connecting

    def remember(self) -> str:
        """
        The server of the last attempt is a chat server. Returns what a person should be told about
        it.

        :raises ClientError: it is not the server that it should be.
        """
        remember = self._way.remember
        return remember() if remember is not None else ""
