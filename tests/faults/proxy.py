"""
A TCP proxy between clients and the daemon, that resets connections and lets them stall.
"""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IListeningPort
from twisted.protocols import portforward

SMALL = 65_536  #: bytes that the kernel takes for a peer that does not read


class _Inner(portforward.ProxyClient):
    """The daemon's side of a connection."""

    def connectionMade(self) -> None:
        self.transport.getHandle().setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        super().connectionMade()

    def dataReceived(self, data: bytes) -> None:
        if self.peer.loses_answer:
            self.peer.reset()
        else:
            super().dataReceived(data)


class _InnerFactory(portforward.ProxyClientFactory):
    protocol = _Inner
    noisy = False


class Connection(portforward.ProxyServer):
    """
    The client's side of a connection.

    :ivar loses_answer: whether the next answer is lost, and the connection with it.
    """

    clientProtocolFactory = _InnerFactory
    loses_answer = False

    def connectionMade(self) -> None:
        self.factory.proxy.connections[self] = None
        super().connectionMade()

    def connectionLost(self, reason: Any) -> None:
        super().connectionLost(reason)
        self.factory.proxy.closed(self)

    @property
    def _transports(self) -> list[Any]:
        return [
            side.transport
            for side in (self, self.peer)
            if side is not None and side.transport is not None
        ]

    def leads_to(self, port: int) -> bool:
        peer = self.peer.transport if self.peer is not None else None
        return peer is not None and peer.getPeer().port == port

    def comes_from(self, port: int) -> bool:
        return self.transport is not None and self.transport.getPeer().port == port

    def reset(self) -> None:
        """Cut it: what is under way in either direction is gone."""
        for transport in self._transports:
            transport.abortConnection()

    def stall(self) -> None:
        """Let nothing through."""
        for transport in self._transports:
            transport.pauseProducing()

    def go_on(self) -> None:
        for transport in self._transports:
            if transport.connected and not transport.disconnecting:
                transport.resumeProducing()


class Proxy:
    """
    :param target: the port of the daemon, if it is known yet.
    :ivar target: likewise.
    :ivar connections: those that are open.
    """

    def __init__(self, target: int = 0) -> None:
        self.target = target
        self.connections: dict[Connection, None] = {}
        self._emptied: Deferred[None] | None = None
        factory = _Factory(self)
        self._listening: IListeningPort = reactor.listenTCP(0, factory, interface="127.0.0.1")  # type: ignore[attr-defined]
        self.port: int = self._listening.getHost().port  # type: ignore[attr-defined]

    def choose(self) -> int:
        """Returns the port for the next connection."""
        return self.target

    def closed(self, connection: Connection) -> None:
        """A connection is gone."""
        self.connections.pop(connection, None)
        if not self.connections and self._emptied is not None:
            emptied, self._emptied = self._emptied, None
            emptied.callback(None)

    def to(self, port: int) -> list[Connection]:
        """Returns the connections that lead to this port."""
        return [connection for connection in self.connections if connection.leads_to(port)]

    def reset(self) -> None:
        """Cut all connections."""
        for connection in list(self.connections):
            connection.reset()

    def emptied(self) -> Deferred[None]:
        """Fires when no connection is open."""
        if not self.connections:
            return succeed(None)
        self._emptied = Deferred()
        return self._emptied

    async def close(self) -> None:
        """Take no more, and cut those that are open."""
        await self._listening.stopListening()  # type: ignore[misc]
        self.reset()
        await self.emptied()


class _Factory(portforward.ProxyFactory):
    protocol = Connection
    noisy = False

    def __init__(self, proxy: Proxy) -> None:
        super().__init__("127.0.0.1", 0)
        self.proxy = proxy

    @property
    def port(self) -> int:
        return self.proxy.choose()

    @port.setter
    def port(self, port: int) -> None:
        """It is the daemon's, whichever runs now."""
