"""
The way out of one connection: writes at once where nothing is queued, knows when it is full and when it flows again.

Knows no lines and no rooms. `transport.write` has no limit of its own, and costs two epoll_ctl and a trip through the reactor on an
idle socket; so where a transport lets us, what the kernel takes at once goes straight to it.
"""

from __future__ import annotations

import fcntl
import struct
import termios
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IPullProducer, IPushProducer, ISSLTransport
from zope.interface import implementer

from groupchat.interfaces import IPeer

MOST = 65_536  #: bytes that may wait to be read
LINGER = 2.0  #: seconds that the other side has to read its last line


@implementer(IPeer, IPullProducer, IPushProducer)
class Peer:
    """
    :param transport: of the connection.
    :param address: of the other side, as people write it.
    :param drained: called when nothing waits any more.
    :param later: `callLater` of a reactor.
    """

    __slots__ = (
        "_closing", "_direct", "_drained", "_drains", "_held", "_later", "_queued", "_send", "_transport", "address", "full",
    )  # fmt: skip

    def __init__(
        self, transport: Any, address: str, drained: Callable[[], None], later: Callable[..., Any]
    ) -> None:
        self.address = address
        self.full = False
        self._transport = transport
        self._drained = drained
        self._later = later
        self._held: list[bytes] = []
        self._queued = 0  # bytes given to the transport since it was last known to be empty
        self._closing: Any = None
        self._drains = 0
        self._register()

    def _register(self) -> None:
        # A pull producer is told each time that the transport's buffer is empty, a push producer only after it was too
        # full; TLS and the like make a loop of the first kind.
        transport = self._transport
        self._direct = hasattr(transport, "writeSomeData") and not ISSLTransport.providedBy(transport)
        self._send = transport.writeSomeData if self._direct else None  # None where something is in the way
        transport.registerProducer(self, not self._direct)

    def write(self, data: bytes) -> None:
        if self._held:
            self._held.append(data)
            data = b"".join(self._held)
            self._held.clear()
        if self._send is not None:
            taken = self._send(data)
            if taken == len(data):
                return
            if isinstance(taken, int):  # else the connection is lost, and write lets the reactor find out
                data = data[taken:]
            self._send = None
        if self._transport is None or self._closing:
            return
        if self._direct:
            self._queued += len(data)
            self.full = self._queued > MOST
        self._transport.write(data)

    def hold(self, data: bytes) -> None:
        self._held.append(data)

    def flush(self) -> None:
        if self._held:
            self.write(b"")

    def finish(self, data: bytes) -> None:
        """Send, shut our side, and wait a little for the other to close: closing at once could destroy what we sent."""
        if self._transport is None or self._closing:
            return
        self.write(data)
        transport = self._transport
        transport.unregisterProducer()
        self._send = None
        self._closing = self._later(LINGER, self.abort)
        if self._direct:
            transport.loseWriteConnection()
            transport.resumeProducing()
        else:
            transport.loseConnection()

    def close(self) -> None:
        """The other side has shut its side too: there is nothing to wait for."""
        if self._transport is not None:
            self._transport.unregisterProducer()  # which would be asked for more, again and again
            self._transport.loseConnection()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abortConnection()

    def lost(self) -> None:
        """The connection is gone."""
        self._transport = self._send = None
        self.full = False
        self._held.clear()
        if self._closing is not None and self._closing.active():
            self._closing.cancel()

    @property
    def waiting(self) -> bool:
        return self.full or self._queued > 0

    def backlog(self) -> tuple[int, int] | None:
        """
        What shows whether a reader makes progress: how often all was read, and bytes that wait in the kernel; what is written
        meanwhile waits here and changes neither. None where nothing waits here.
        """
        if self._transport is None or not self.waiting:
            return None
        try:
            waiting = fcntl.ioctl(self._transport.getHandle().fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
        except (AttributeError, OSError):
            return self._drains, 0
        return self._drains, struct.unpack("i", waiting)[0]

    # What the transport says.

    def resumeProducing(self) -> None:
        waited, self._queued = self.waiting, 0
        self._drains += 1
        if self._direct and self._transport is not None:
            self._send = self._transport.writeSomeData
        self.full = False
        if waited:
            self._drained()

    def pauseProducing(self) -> None:
        self.full = True

    def stopProducing(self) -> None:
        """The connection is about to be lost; `lost` says so when it is."""
