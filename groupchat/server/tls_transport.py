"""
The transport of another protocol within TLS, such as that of a gateway.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from twisted.internet.interfaces import (
    IConsumer,
    INegotiated,
    IPushProducer,
    ISSLTransport,
    ITCPTransport,
)
from twisted.python.components import proxyForInterface
from zope.interface import implementer

if TYPE_CHECKING:
    from twisted.internet.interfaces import ITransport

    from groupchat.server.tls_layer import TLSLayer

__all__ = ["TLSTransport"]


class IBeneath(ITCPTransport, IConsumer, IPushProducer):
    """The methods that a protocol may ask of its transport."""


@implementer(ISSLTransport, INegotiated)
class TLSTransport(proxyForInterface(IBeneath, "beneath")):  # type: ignore[misc]  # made at run time
    """
    The transport of another protocol within TLS: all but its output is that of the one beneath.
    """

    def __init__(self, beneath: ITransport, layer: TLSLayer) -> None:
        super().__init__(beneath)
        self._layer = layer

    @property
    def negotiatedProtocol(self) -> bytes | None:
        return self._layer.negotiated

    def getPeerCertificate(self) -> None:
        """Return None: clients have no certificates here."""

    def write(self, data: bytes) -> None:
        self._layer.write(data)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        self._layer.write(b"".join(data))

    def loseConnection(self) -> None:
        self._layer.close()

    def loseWriteConnection(self) -> None:
        self._layer.shut(self.beneath.loseWriteConnection)
