"""
Connects to a server on this machine by TLS, and falls back to plain text.

TLS comes first even here, as another server may listen now than before. A server that speaks no
TLS is reached in plain text, as long as none at its address has ever spoken TLS. It can't show who
it is, so it gets no secret: see `groupchat.client.model.Model.unproven`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.python.failure import Failure
from zope.interface import implementer

from groupchat.client.errors import NotTLS
from groupchat.client.local_trust import LocalTrust

__all__ = ["PlaintextFallback"]


@implementer(IStreamClientEndpoint)
class PlaintextFallback:
    """
    An endpoint that tries TLS first.

    :param endpoint: the server in plain text.
    :param encrypted: the same server by TLS.
    :param trust: what is known of the servers at this address.
    :param on_choice: called before each connection with whether it is in plain text.
    """

    def __init__(
        self,
        endpoint: IStreamClientEndpoint,
        encrypted: IStreamClientEndpoint,
        trust: LocalTrust,
        on_choice: Callable[[bool], None],
    ) -> None:
        self._endpoint = endpoint
        self._encrypted = encrypted
        self._trust = trust
        self._on_choice = on_choice
        self._plain = False

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """Connect by TLS, or else in plain text. Fails as the two endpoints do."""
        self._choose(False)
        connecting: Deferred[IProtocol] = self._encrypted.connect(protocolFactory)
        return connecting.addErrback(partial(self._connect_in_plain, protocolFactory))

    def remember(self) -> str:
        """Remember the server: see `groupchat.client.trust.Trust.remember`."""
        return "" if self._plain else self._trust.remember()

    def _connect_in_plain(self, factory: IProtocolFactory, failure: Failure) -> Deferred[IProtocol]:
        failure.trap(NotTLS)
        if self._trust.is_known:
            failure.raiseException()
        self._choose(True)
        connecting: Deferred[IProtocol] = self._endpoint.connect(factory)
        return connecting

    def _choose(self, plain: bool) -> None:
        self._plain = plain
        self._on_choice(plain)
