"""
The ways in which bytes leave a connection: straight into its socket, encrypted, or by a transport.

`transport.write` has no limit of its own, and costs two epoll_ctl and a trip through the reactor on
an idle socket; so where there is a socket, bytes go to the kernel at once as far as it takes them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from twisted.internet.interfaces import IPullProducer, IPushProducer
from zope.interface import implementer

from groupchat.server.tls_layer import RECORD_BYTES, TLSLayer
from groupchat.server.tls_transport import TLSTransport

if TYPE_CHECKING:
    from twisted.internet.interfaces import IProtocol, ITransport

__all__ = [
    "HIGH_WATER_MARK",
    "NoWriter",
    "OthersWriter",
    "SocketWriter",
    "TLSWriter",
    "TransportWriter",
    "Writer",
]

HIGH_WATER_MARK = 65_536  #: bytes that may wait to be read


class Owner(Protocol):
    """The user of a writer."""

    def filled(self) -> None:
        """Something waits, or more than before."""

    def drained(self) -> None:
        """Nothing waits any more."""


class Writer(Protocol):
    """
    A way out of a connection.

    :ivar try_send: takes bytes as `socket.send` does, any OSError standing for none of them; None
        where something waits, or the transport has no such method.
    :ivar queued: bytes that wait to be read, as far as that is known.
    :ivar full: whether more than `HIGH_WATER_MARK` wait.
    """

    @property
    def try_send(self) -> Callable[[bytes], int] | None: ...

    @property
    def queued(self) -> int: ...

    @property
    def full(self) -> bool: ...

    def write(self, data: bytes) -> None:
        """Send bytes: at once as far as possible, the rest in time."""

    def end(self) -> None:
        """End this direction of the connection, after everything that was written."""

    def close(self) -> None:
        """Close the connection, after everything that was written."""

    def hand_over(self, protocol: IProtocol) -> ITransport:
        """Give the connection to another protocol. Returns the transport of that."""


@implementer(IPullProducer)
class SocketWriter:
    """
    Writes to the socket itself, and leaves to the transport what the kernel does not take.

    :param transport: a Twisted transport with a socket of its own: no wrapper of another.
    """

    __slots__ = ("_owner", "_transport", "queued", "send")

    # Any: Twisted's transports have more methods than any one interface
    def __init__(self, transport: Any, owner: Owner) -> None:
        self._transport = transport
        self._owner = owner
        self.queued = 0  # bytes given to the transport since it was last known to be empty
        self.send: Callable[[bytes], int] = transport.getHandle().send

    def register(self) -> None:
        """Hear from now on when the transport is empty."""
        # A pull producer is told each time, a push producer only after it was too full.
        self._transport.registerProducer(self, False)

    @property
    def try_send(self) -> Callable[[bytes], int] | None:
        return None if self.queued else self.send

    @property
    def full(self) -> bool:
        return self.queued > HIGH_WATER_MARK

    def write(self, data: bytes) -> None:
        if not self.queued:
            try:
                taken = self.send(data)
            except OSError:
                taken = 0  # it is full; or it is lost, which the reactor finds out
            if taken == len(data):
                return
            data = data[taken:]
        self.queue(data)

    def queue(self, data: bytes) -> None:
        """Let bytes wait that the kernel did not take."""
        self.queued += len(data)
        self._transport.write(data)
        self._owner.filled()

    def resumeProducing(self) -> None:
        if self.queued:
            self.queued = 0
            self._owner.drained()

    def stopProducing(self) -> None:
        """Do nothing: the connection is about to be lost, and says so when it is."""

    def end(self) -> None:
        self._transport.unregisterProducer()
        self._transport.loseWriteConnection()

    def close(self) -> None:
        self._transport.unregisterProducer()  # which would be asked for more, again and again
        self._transport.loseConnection()

    def hand_over(self, protocol: IProtocol) -> ITransport:
        transport: ITransport = self._transport
        self._transport.unregisterProducer()
        self._transport.protocol = protocol
        return transport


class TLSWriter:
    """
    Encrypts, and writes to a socket.

    :param below: takes what is encrypted.
    """

    __slots__ = ("_below", "_layer", "_seal", "_sealed", "_send")

    def __init__(self, layer: TLSLayer, below: SocketWriter) -> None:
        self._layer = layer
        self._below = below
        self._seal, self._sealed, self._send = layer.seal, layer.sealed, below.send

    @property
    def queued(self) -> int:
        return self._below.queued

    @property
    def full(self) -> bool:
        return self._below.full

    @property
    def try_send(self) -> Callable[[bytes], int] | None:
        return None if self._below.queued else self._try_send

    def _try_send(self, data: bytes) -> int:
        """Encrypt and send; what the kernel does not take waits. Returns the size of the data."""
        size = len(data)
        if size > RECORD_BYTES:
            self.write(data)
            return size
        self._seal(data)
        record = self._sealed()
        try:
            taken = self._send(record)
        except OSError:
            taken = 0
        if taken != len(record):
            self._below.queue(record[taken:])
        return size

    def write(self, data: bytes) -> None:
        self._layer.write(data)

    def end(self) -> None:
        self._layer.shut(self._below.end)

    def close(self) -> None:
        self._layer.notify_end()
        self._below.close()

    def hand_over(self, protocol: IProtocol) -> ITransport:
        transport = self._below.hand_over(self._layer)
        self._layer.hand_over(protocol, Unbounded(transport))
        return TLSTransport(transport, self._layer)


class Unbounded:
    """The way out beneath TLS where another protocol regulates its output itself."""

    __slots__ = ("full", "write")

    def __init__(self, transport: ITransport) -> None:
        self.full = False
        self.write = transport.write


@implementer(IPushProducer)
class TransportWriter:
    """Writes to a transport of any kind, which says itself when it is full."""

    __slots__ = ("_owner", "_transport", "full", "write")

    try_send = None
    queued = 0

    # Any: Twisted's transports have more methods than any one interface
    def __init__(self, transport: Any, owner: Owner) -> None:
        self._transport = transport
        self._owner = owner
        self.full = False
        self.write: Callable[[bytes], None] = transport.write

    def register(self) -> None:
        """Hear from now on when the transport is full, and when it is not any more."""
        self._transport.registerProducer(self, True)

    def pauseProducing(self) -> None:
        self.full = True
        self._owner.filled()

    def resumeProducing(self) -> None:
        if self.full:
            self.full = False
            self._owner.drained()

    def stopProducing(self) -> None:
        """Do nothing: the connection is about to be lost, and says so when it is."""

    def end(self) -> None:
        self.close()

    def close(self) -> None:
        self._transport.unregisterProducer()
        self._transport.loseConnection()

    def hand_over(self, protocol: IProtocol) -> ITransport:
        transport: ITransport = self._transport
        self._transport.unregisterProducer()
        self._transport.wrappedProtocol = protocol
        return transport


class OthersWriter:
    """
    Where another protocol writes.

    :param transport: of that protocol.
    """

    __slots__ = ("close", "end")

    try_send = None
    queued = 0
    full = False

    def __init__(self, transport: ITransport) -> None:
        self.end = self.close = transport.loseConnection

    def write(self, data: bytes) -> None: ...

    def hand_over(self, protocol: IProtocol) -> ITransport:
        raise AssertionError("the connection is another protocol's")


class NoWriter:
    """Where the connection is gone."""

    __slots__ = ()

    try_send = None
    queued = 0
    full = False

    def write(self, data: bytes) -> None: ...

    def end(self) -> None: ...

    def close(self) -> None: ...

    def hand_over(self, protocol: IProtocol) -> ITransport:
        raise AssertionError("the connection is gone")
