"""
The way out of one connection: it writes at once where nothing is queued, and knows when it is full.

It knows no lines and no rooms. `transport.write` has no limit of its own, and costs two epoll_ctl
and a trip through the reactor on an idle socket; so where a transport allows it, bytes go straight
to the kernel as far as it takes them. The same holds beneath TLS, a layer on top of this: what is
written goes into that layer, and what comes out of it is counted and sent here.
"""

from __future__ import annotations

import fcntl
import struct
import termios
from collections.abc import Callable
from functools import partial
from typing import Any

from twisted.internet.interfaces import INegotiated, IPullProducer, IPushProducer, ISSLTransport
from twisted.protocols.tls import TLSMemoryBIOProtocol
from zope.interface import implementer

from groupchat.interfaces import IOutbound

HIGH_WATER_MARK = 65_536  #: bytes that may wait to be read
LINGER = 2.0  #: seconds that the client has to read its last line


@implementer(IOutbound, IPullProducer, IPushProducer)
class Outbound:
    """
    :param transport: of the connection.
    :param address: of the client, as people write it.
    :param drained: called when nothing waits to be read any more.
    :param later: `callLater` of a reactor.
    :ivar encrypted: whether all goes through TLS.
    """

    __slots__ = (
        "_below",
        "_buffered",
        "_closing",
        "_direct",
        "_drained",
        "_drains",
        "_later",
        "_queue",
        "_queued",
        "_raw",
        "_send",
        "_tls",
        "_transport",
        "address",
        "encrypted",
        "full",
        "try_send",
    )

    def __init__(
        self, transport: Any, address: str, drained: Callable[[], None], later: Callable[..., Any]
    ) -> None:
        self.address = address
        self.full = False
        self.encrypted = ISSLTransport.providedBy(transport) or INegotiated.providedBy(transport)
        self._transport = self._below = transport
        self._drained = drained
        self._later = later
        self._buffered: list[bytes] = []
        self._queued = 0  # bytes given to the transport since it was last known to be empty
        self._closing: Any = None
        self._drains = 0
        self._tls: Any = None  # takes what is to be encrypted
        self._queue: Any = transport.write  # takes what the kernel does not take at once
        # One that is wrapped in another has all methods of that one, too; only its own may be
        # called past it.
        self._direct = hasattr(type(transport), "writeSomeData") and not self.encrypted
        self._send: Any = None  # takes at once what it can; None where something is in the way
        self._raw = getattr(transport.getHandle(), "send", None) if self._direct else None
        self._register()

    def _register(self) -> None:
        # A pull producer is told each time that the transport's buffer is empty, a push producer
        # only after it was too full; wrappers make a loop of the first kind.
        if self._direct:
            self._send = self._transport.writeSomeData
        self._below.registerProducer(self, not self._direct)
        self._clear()

    def _clear(self) -> None:
        """See whether something is in the way of what is written next."""
        free = (
            self._send is not None
            and self._tls is None
            and not self._buffered
            and not self._closing
        )
        self.try_send: Any = self._raw if free else None

    def encrypt(self, certificate: Any) -> None:
        """
        Speak TLS from here on.

        :param certificate: an `IOpenSSLContextFactory`.
        """
        transport = self._transport
        transport.unregisterProducer()
        self._queued, self._send = 0, None
        transport.startTLS(certificate)
        self.encrypted = True
        if self._direct:
            layer = transport.protocol
            # Its own write gathers for a turn of the reactor what is gathered here already.
            self._tls = partial(TLSMemoryBIOProtocol.write, layer)
            self._below = layer.transport
            self._queue, self._below.write = self._below.write, self._out
        self._register()

    def write(self, data: bytes) -> None:
        if self._buffered:
            self._buffered.append(data)
            data = b"".join(self._buffered)
            self._buffered.clear()
            self._clear()
        if self._closing:
            return
        if self._tls is not None:
            self._tls(data)
        else:
            self._out(data)

    def _out(self, data: bytes) -> None:
        """Send bytes of the wire: at once as far as the kernel takes them, the rest in time."""
        if self._send is not None:
            taken = self._send(data)
            if taken == len(data):
                return
            if isinstance(
                taken, int
            ):  # else the connection is lost, and write lets the reactor find out
                data = data[taken:]
            self._send = self.try_send = None
        if self._transport is None:
            return
        if self._direct:
            self._queued += len(data)
            self.full = self._queued > HIGH_WATER_MARK
        self._queue(data)

    def buffer(self, data: bytes) -> None:
        self._buffered.append(data)
        self.try_send = None

    def flush(self) -> None:
        if self._buffered:
            self.write(b"")

    def finish(self, data: bytes) -> None:
        """
        Send, shut our side, and wait a little for the other to close: closing at once could destroy
        what we sent.
        """
        if self._transport is None or self._closing:
            return
        self.write(data)
        self._below.unregisterProducer()
        self._send = self.try_send = None
        self._closing = self._later(LINGER, self.abort)
        self._transport.resumeProducing()  # to hear how the other side closes
        if self._direct and not self.encrypted:
            self._transport.loseWriteConnection()
        else:
            self._transport.loseConnection()

    def close(self) -> None:
        """The other side has shut its side too: there is nothing to wait for."""
        if self._transport is not None:
            self._below.unregisterProducer()  # which would be asked for more, again and again
            self._transport.loseConnection()

    def release(self) -> Any:
        """Let go of the connection, for another protocol. Returns its transport, or that of TLS."""
        transport = self._below if self._tls is None else self._transport.protocol
        self._below.unregisterProducer()
        self.lost()
        return transport

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abortConnection()

    def lost(self) -> None:
        """The connection is gone."""
        self._transport = self._below = self._send = self._tls = self._queue = self._raw = (
            self.try_send
        ) = None
        self.full = False
        self._buffered.clear()
        if self._closing is not None and self._closing.active():
            self._closing.cancel()

    @property
    def waiting(self) -> bool:
        return self.full or self._queued > 0

    def backlog(self) -> tuple[int, int] | None:
        """
        Return a value that changes when a reader makes progress; None where nothing waits here.

        It tells how often everything was read, and the bytes that wait in the kernel; bytes that
        are written meanwhile wait here and change neither.
        """
        if self._transport is None or not self.waiting:
            return None
        try:
            waiting = fcntl.ioctl(self._transport.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
        except (AttributeError, OSError, ValueError):
            return self._drains, 0
        return self._drains, struct.unpack("i", waiting)[0]

    # The transport's side.

    def resumeProducing(self) -> None:
        waited, self._queued = self.waiting, 0
        self._drains += 1
        if self._direct and self._transport is not None:
            if (
                self._transport.disconnecting
            ):  # the other side has ended TLS: while there is a producer, this would not end
                self._send = None
                self._below.unregisterProducer()
                return
            self._send = self._transport.writeSomeData
            self._clear()
        self.full = False
        if waited:
            self._drained()

    def pauseProducing(self) -> None:
        self.full = True

    def stopProducing(self) -> None:
        """
        The connection is about to be lost; `lost` says so when it is. Until then, TLS may still
        want to send an alert.
        """
        self._send = self.try_send = None
