"""A TCP connection in memory, which stalls or breaks when the test says so."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, cast

from twisted.internet.address import IPv4Address
from twisted.internet.protocol import Protocol
from twisted.internet.tcp import Server
from twisted.python.failure import Failure

if TYPE_CHECKING:
    import socket

    from twisted.internet.interfaces import IProtocol, IReactorFDSet
    from twisted.internet.tcp import Port

    from groupchat.testing.reactor import MemoryReactor

__all__ = ["ADDRESS", "MemoryTransport"]

ADDRESS = "192.0.2.1"  #: where clients connect from unless a test says otherwise


class _MemorySocket:
    """Stands in for the socket of a `MemoryTransport`, which holds the bytes."""

    def __init__(self, transport: MemoryTransport) -> None:
        self._transport = transport

    def setblocking(self, blocking: bool) -> None:
        assert not blocking

    def setsockopt(self, *option: object) -> None:
        pass

    def fileno(self) -> int:
        return -1

    def recv(self, size: int) -> bytes:
        transport = self._transport
        if transport.broken:
            raise ConnectionResetError(errno.ECONNRESET, "reset")
        data = bytes(transport.incoming[:size])
        del transport.incoming[:size]
        return data

    def send(self, data: bytes | memoryview) -> int:
        transport = self._transport
        assert not transport.lost, "its socket is gone"
        transport.calls += 1
        if transport.broken:
            raise ConnectionResetError(errno.ECONNRESET, "reset")
        count = len(data) if transport.room is None else min(transport.room, len(data))
        if data and not count:
            raise BlockingIOError(errno.EWOULDBLOCK, "full")
        transport.taken += data[:count]
        if transport.room is not None:
            transport.room -= count
        return count

    def shutdown(self, how: int) -> None:
        self._transport.shut = True

    def close(self) -> None:
        pass


class MemoryTransport(Server):
    """
    The server's end of a TCP connection, with a double for its socket.

    :ivar room: bytes that the other side still takes; None: no limit.
    :ivar taken: bytes that the other side took and the test has not looked at.
    :ivar incoming: bytes that the other side sent and the server has not read.
    :ivar ended: whether the other side has shut its direction.
    :ivar broken: whether the other side has reset the connection.
    :ivar shut: whether the server has shut its direction.
    :ivar lost: whether the server knows that the connection is gone.
    :ivar aborted: whether the server has aborted it.
    :ivar calls: how often the server called `send`.
    """

    def __init__(self, reactor: MemoryReactor, address: str = ADDRESS) -> None:
        self.room: int | None = None
        self.taken = bytearray()
        self.incoming = bytearray()
        self.ended = self.broken = self.shut = self.lost = self.aborted = False
        self.calls = 0
        double = cast("socket.socket", _MemorySocket(self))
        no_port = cast("Port", None)
        reads_and_writes = cast("IReactorFDSet", reactor)
        super().__init__(double, Protocol(), (address, 40_000), no_port, 0, reads_and_writes)
        self.repstr = f"<MemoryTransport of {address}>"

    def connect(self, protocol: IProtocol) -> None:
        self.protocol = protocol
        protocol.makeConnection(self)

    @property
    def readable(self) -> bool:
        return bool(self.incoming) or self.ended or self.broken

    @property
    def writable(self) -> bool:
        return self.room is None or self.room > 0 or self.broken or not self.waiting

    @property
    def waiting(self) -> int:
        """Bytes in Twisted's own buffers."""
        return len(self.dataBuffer) - self.offset + self._tempDataLen

    def getHost(self) -> IPv4Address:
        return IPv4Address("TCP", "192.0.2.254", 9000)

    def connectionLost(self, reason: Failure) -> None:
        self.lost = True
        super().connectionLost(reason)

    def abortConnection(self) -> None:
        self.aborted = True
        super().abortConnection()  # type: ignore[no-untyped-call]
