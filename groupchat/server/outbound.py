"""
The output of one connection: it knows when it is full, and when nothing waits any more.

It knows no lines and no rooms; how bytes leave is the matter of its writer (`writers.py`).
"""

from __future__ import annotations

import fcntl
import struct
import termios
from collections.abc import Callable
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from twisted.internet import tcp
from twisted.internet.interfaces import INegotiated, ISSLTransport
from zope.interface import implementer

from groupchat.interfaces import IOutbound
from groupchat.server.tls_layer import TLSLayer
from groupchat.server.writers import (
    NoWriter,
    OthersWriter,
    SocketWriter,
    TLSWriter,
    TransportWriter,
    Writer,
)

if TYPE_CHECKING:
    import ssl

    from twisted.internet.interfaces import IDelayedCall, IProtocol, IReactorTime, ITransport

__all__ = ["LINGER", "Outbound"]

LINGER = 2.0  #: seconds that the client has to read its last line


class State(Enum):
    """The life of an output."""

    OPEN = auto()
    FINISHING = auto()  #: the last line is written
    GONE = auto()


@implementer(IOutbound)
class Outbound:
    """
    :param transport: of the connection.
    :param address: of the client, as people write it.
    :param on_drained: called when nothing waits to be read any more.
    :param clock: of the timer.

    :ivar encrypted: whether all goes through TLS.
    """

    __slots__ = (
        "_buffer", "_clock", "_drains", "_on_drained", "_state", "_timer", "_transport", "_writer",
        "address", "encrypted", "full", "try_send",
    )  # fmt: skip

    def __init__(
        self,
        transport: Any,  # Twisted's transports have more methods than any one interface
        address: str,
        on_drained: Callable[[], None],
        clock: IReactorTime,
    ) -> None:
        self.address = address
        self.full = False
        self.encrypted = ISSLTransport.providedBy(transport) or INegotiated.providedBy(transport)
        self.try_send: Callable[[bytes], int] | None = None
        self._transport = transport
        self._on_drained = on_drained
        self._clock = clock
        self._state = State.OPEN
        self._buffer: list[bytes] = []
        self._timer: IDelayedCall | None = None
        self._drains = 0
        # A wrapper, like a TLS endpoint, has a socket that may only be written to through it.
        direct = isinstance(transport, tcp.Connection)
        writer = SocketWriter(transport, self) if direct else TransportWriter(transport, self)
        self._writer: Writer = writer
        writer.register()
        self._set_try_send()

    # Writing.

    def write(self, data: bytes) -> None:
        if self._buffer:
            self._buffer.append(data)
            data = b"".join(self._buffer)
            self._buffer.clear()
            self._set_try_send()
        if self._state is State.OPEN:
            self._writer.write(data)

    def buffer(self, data: bytes) -> None:
        self._buffer.append(data)
        self.try_send = None

    def flush(self) -> None:
        if self._buffer:
            self.write(b"")

    def _set_try_send(self) -> None:
        free = self._state is State.OPEN and not self._buffer
        self.try_send = self._writer.try_send if free else None

    # TLS, and other protocols.

    @property
    def may_encrypt(self) -> bool:
        """Whether TLS can begin here."""
        return isinstance(self._writer, SocketWriter)

    def encrypt(
        self,
        context: ssl.SSLContext,
        protocol: IProtocol,
        proceed: Callable[[Callable[[], None], Callable[[], None]], None],
        handshake_done: Callable[[], None],
    ) -> TLSLayer:
        """
        Encrypt everything from here on.

        :param protocol: gets what is decrypted.
        :param proceed: calls a step of the handshake when there is time for it, and what follows
            it.
        :param handshake_done: called once, before anything is decrypted.
        :returns: what is to get the bytes that are received.
        """
        below = self._writer
        assert isinstance(below, SocketWriter)
        layer = TLSLayer(context, self._transport, below, protocol, proceed, handshake_done)
        self.encrypted = True
        self._transport.protocol = layer
        self._writer = TLSWriter(layer, below)
        self._set_try_send()
        return layer

    def hand_over(self, protocol: IProtocol) -> ITransport:
        """
        Let another protocol write from now on. Returns the transport of that.

        This output drops what is written to it from now on; it can still end the connection.
        """
        transport = self._writer.hand_over(protocol)
        self._writer = OthersWriter(transport)
        self.full = False
        self._buffer.clear()
        self._set_try_send()
        return transport

    # The end.

    def finish(self, data: bytes) -> None:
        """
        Send, shut our side, and wait a little for the other to close: closing at once could destroy
        what we sent.
        """
        if self._state is not State.OPEN:
            return
        self.write(data)
        self._state = State.FINISHING
        self._set_try_send()
        self._timer = self._clock.callLater(LINGER, self.abort)
        self._transport.resumeProducing()  # to hear how the other side closes
        self._writer.end()

    def close(self) -> None:
        """The other side has shut its side too: there is nothing to wait for."""
        if self._state is State.OPEN:
            self._state = State.FINISHING
            self._set_try_send()
        self._writer.close()

    def abort(self) -> None:
        if self._state is not State.GONE:
            self._transport.abortConnection()

    def lost(self) -> None:
        """The connection is gone."""
        self._state = State.GONE
        self._writer = NoWriter()
        self.full = False
        self._buffer.clear()
        self._set_try_send()
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    # The backlog.

    @property
    def waiting(self) -> bool:
        return self.full or self._writer.queued > 0

    def backlog(self) -> tuple[int, int] | None:
        """
        Return a value that changes when a reader makes progress; None where nothing waits here.

        It tells how often everything was read, and the bytes that wait in the kernel; bytes that
        are written meanwhile wait here and change neither.
        """
        if not self.waiting:
            return None
        try:
            waiting = fcntl.ioctl(self._transport.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
        except (AttributeError, OSError, ValueError):
            return self._drains, 0
        return self._drains, struct.unpack("i", waiting)[0]

    def filled(self) -> None:
        self.full = self._writer.full
        self.try_send = None

    def drained(self) -> None:
        self._drains += 1
        self.full = False
        self._set_try_send()
        self._on_drained()
