"""
A connection that was handed over: another protocol reads and writes, and the factory counts it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import Protocol, connectionDone
from zope.interface import implementer

if TYPE_CHECKING:
    from twisted.internet.interfaces import IProtocol
    from twisted.python.failure import Failure

    from groupchat.server.protocol import ChatProtocol

__all__ = ["HandedOver"]


@implementer(IHalfCloseableProtocol)
class HandedOver(Protocol):
    """
    Passes on what the transport calls, so that the factory hears when the connection is lost.

    :param connection: that was handed over.
    :param other: the protocol that it was handed over to, which writes to the transport itself.

    :ivar joined: whether that protocol has said that the client logged in.
    """

    def __init__(self, connection: ChatProtocol, other: IProtocol) -> None:
        self.joined = False
        self._connection = connection
        self._other = other

    def dataReceived(self, data: bytes) -> None:
        self._connection.heard(len(data))
        if self._connection.pending is not None:
            self._connection.pending.heard()
        self._other.dataReceived(data)

    def readConnectionLost(self) -> None:
        if IHalfCloseableProtocol.providedBy(self._other):
            self._other.readConnectionLost()
        else:
            self._connection.peer.finish(b"")  # it knows no half: with one direction, both end

    def writeConnectionLost(self) -> None:
        if IHalfCloseableProtocol.providedBy(self._other):
            self._other.writeConnectionLost()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._connection.connectionLost(reason)
        self._other.connectionLost(reason)
