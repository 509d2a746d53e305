"""
The way to a server on this machine: encrypted, too, as whoever listens there now may be another
than before.

A server there may speak no TLS at all. It gets on in plain, as long as none at that place has ever
spoken TLS; but it can't show who it is, so no secret is given to it: see
`groupchat.client.model.Model.unproven`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocolFactory, IStreamClientEndpoint
from twisted.python.failure import Failure
from zope.interface import implementer

from groupchat.client.tls import NotTLS
from groupchat.client.trust import Local


@implementer(IStreamClientEndpoint)
class PlaintextFallback:
    """
    :param endpoint: where the server is.
    :param encrypted: the same, by TLS.
    :param trusted: what its certificate has to be.
    :param chosen: called before each connection with whether it is one in plain.
    """

    def __init__(
        self,
        endpoint: IStreamClientEndpoint,
        encrypted: IStreamClientEndpoint,
        trusted: Local,
        chosen: Callable[[bool], None],
    ) -> None:
        self._endpoint = endpoint
        self._encrypted = encrypted
        self._trusted = trusted
        self._chosen = chosen
        self._plain = False

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[Any]:
        """Connect by TLS, else in plain. Fails as these do."""
        self._choose(False)
        connecting: Deferred[Any] = self._encrypted.connect(protocolFactory)
        return connecting.addErrback(self._connect_in_plain, protocolFactory)

    def _connect_in_plain(self, failure: Failure, factory: IProtocolFactory) -> Any:
        failure.trap(NotTLS)
        if self._trusted.known:
            return failure
        self._choose(True)
        return self._endpoint.connect(factory)

    def _choose(self, plain: bool) -> None:
        self._plain = plain
        self._chosen(plain)

    def keep(self) -> str:
        """
        The server has answered as such a server does: see `groupchat.client.trust.Trust.keep`.
        """
        return "" if self._plain else self._trusted.keep()
