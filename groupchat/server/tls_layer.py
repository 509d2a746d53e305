"""
TLS between a transport and a protocol, by the standard library's ssl.

Most of the cost of TLS for a server of small messages is calls, not cryptography: here a write is
three of them (`SSLObject.write`, `MemoryBIO.read` and the `send` of the socket).
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Protocol

from twisted.internet.interfaces import IHalfCloseableProtocol, IProtocol
from zope.interface import implementer

if TYPE_CHECKING:
    from twisted.internet.interfaces import ITransport
    from twisted.python.failure import Failure

__all__ = ["RECORD_BYTES", "TLSLayer"]

RECORD_BYTES = 16_384  #: bytes of text in a record, at most


class Below(Protocol):
    """
    The way out for bytes of the wire.

    :ivar full: whether much waits there for the other side to read it.
    """

    @property
    def full(self) -> bool: ...

    def write(self, data: bytes) -> None:
        """Send bytes, after those that wait."""


class State(Enum):
    """The life of a TLS connection."""

    HANDSHAKING = auto()
    WAITING = auto()  #: the next step of the handshake waits for its turn
    OPEN = auto()
    SHUT = auto()  #: this side has ended its direction
    ENDED = auto()  #: the other side has ended or broken TLS: nothing more is decrypted


_BEFORE_OPEN = (State.HANDSHAKING, State.WAITING)


@implementer(IProtocol, IHalfCloseableProtocol)
class TLSLayer:
    """
    The server's side of TLS: a protocol of its transport, with a protocol of its own.

    :param context: the certificate and the settings.
    :param transport: the transport beneath.
    :param below: the way out beneath.
    :param upper: the protocol within. It hears `readConnectionLost`, where it has that, once the
        other side has ended or broken TLS.
    :param proceed: calls a step of the handshake when there is time for it, and what follows it.
    :param handshake_done: called once, before anything is decrypted.

    :ivar upper: the protocol within, for as long as it is that one.
    :ivar seal: encrypts text, as `SSLObject.write` does.
    :ivar sealed: takes what is encrypted, as `MemoryBIO.read` does.
    """

    __slots__ = (
        "_below", "_handshake_done", "_held", "_incoming", "_outgoing", "_proceed", "_shut",
        "_state", "_tls", "_transport", "seal", "sealed", "upper",
    )  # fmt: skip

    def __init__(
        self,
        context: ssl.SSLContext,
        transport: Any,  # Twisted's transports have more methods than any one interface
        below: Below,
        upper: IProtocol,
        proceed: Callable[[Callable[[], None], Callable[[], None]], None],
        handshake_done: Callable[[], None],
    ) -> None:
        self.upper = upper
        self._state = State.HANDSHAKING
        self._transport = transport
        self._below = below
        self._proceed = proceed
        self._handshake_done = handshake_done
        self._held = b""  # text that waits for the end of the handshake
        self._shut: Callable[[], None] | None = None  # waits for that, too
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self.seal = self._tls.write
        self.sealed = self._outgoing.read

    # The way in.

    def makeConnection(self, transport: ITransport) -> None:
        """Do nothing: the transport was connected before it spoke TLS."""

    def connectionMade(self) -> None:
        """Do nothing, likewise."""

    def dataReceived(self, data: bytes) -> None:
        if self._state is State.ENDED:
            return
        self._incoming.write(data)
        if self._state is State.HANDSHAKING:
            self._state = State.WAITING
            self._proceed(self._shake_hands, self._go_on)
            if self._state is State.WAITING:
                self._transport.pauseProducing()
        elif self._state is not State.WAITING:
            self._decrypt()

    def _shake_hands(self) -> None:
        """Do a step of the handshake."""
        if self._state is not State.WAITING:
            return  # it is gone
        self._transport.resumeProducing()
        self._state = State.HANDSHAKING
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._answer()
        except ssl.SSLError:
            self._answer()
            self._end()
        else:
            self._state = State.OPEN

    def _go_on(self) -> None:
        """Send and receive what waited for the end of the handshake, if that was its last step."""
        if self._state is not State.OPEN:
            return
        self._answer()
        self._handshake_done()
        held, self._held = self._held, b""
        self.write(held)
        if self._shut is not None:
            self.shut(self._shut)
        self._decrypt()

    def _decrypt(self) -> None:
        """Hand over what can be decrypted of the bytes that have come."""
        text: list[bytes] = []
        over = False
        try:
            while self._incoming.pending and not over:
                text.append(self._tls.read(RECORD_BYTES))
                over = not text[-1]
        except ssl.SSLWantReadError:
            pass  # of the last record, a part has come
        except ssl.SSLError:
            over = True
        self._answer()
        if text:
            self.upper.dataReceived(b"".join(text))
        if over:
            self._end()

    def _answer(self) -> None:
        """Send what TLS itself has to say."""
        if not self._outgoing.pending:
            return
        answer = self.sealed()
        if self._below.full:
            self._transport.abortConnection()  # it makes us answer, and reads no answers
        else:
            self._below.write(answer)

    def _end(self) -> None:
        self._state = State.ENDED
        if IHalfCloseableProtocol.providedBy(self.upper):
            self.upper.readConnectionLost()
        else:
            self.close()

    def readConnectionLost(self) -> None:
        if self._state is not State.ENDED:
            self._end()

    def writeConnectionLost(self) -> None:
        """Wait for the other side to close: this one has."""

    def connectionLost(self, reason: Failure) -> None:
        self._state = State.ENDED
        self.upper.connectionLost(reason)

    # The way out.

    def encrypt(self, text: bytes) -> bytes:
        """
        Return what is to be sent for a text.

        That is nothing before the handshake is done, when the text is sent, and once TLS is ended.
        """
        if self._state in _BEFORE_OPEN:
            self._held += text
            return b""
        if self._state is not State.OPEN:
            return b""
        if len(text) <= RECORD_BYTES:
            self.seal(text)
            return self.sealed()
        # A MemoryBIO never gives its memory back, so it gets no more than a record.
        rest, records = memoryview(text), []
        while rest:
            self.seal(rest[:RECORD_BYTES])
            records.append(self.sealed())
            rest = rest[RECORD_BYTES:]
        return b"".join(records)

    def write(self, text: bytes) -> None:
        """Send a text."""
        records = self.encrypt(text) if text else b""
        if records:
            self._below.write(records)

    def shut(self, then: Callable[[], None]) -> None:
        """End this direction after all that was written, once the handshake is done."""
        if self._state in _BEFORE_OPEN:
            self._shut = then
        else:
            self.notify_end()
            then()

    def notify_end(self) -> None:
        """Tell the other side, once, that TLS ends here."""
        if self._state is State.SHUT:
            return
        if self._state is State.OPEN:
            self._state = State.SHUT
        # An error: the other side has not ended TLS yet, or has broken it.
        with contextlib.suppress(ssl.SSLError):
            self._tls.unwrap()
        if self._outgoing.pending:
            self._below.write(self.sealed())

    def close(self) -> None:
        """End TLS, and the connection as soon as all is sent."""
        self.notify_end()
        self._transport.loseConnection()

    # For other protocols.

    @property
    def negotiated(self) -> bytes | None:
        """The protocol that ALPN has agreed on, or None."""
        agreed = self._tls.selected_alpn_protocol()
        return agreed.encode() if agreed else None

    def hand_over(self, protocol: IProtocol, below: Below) -> None:
        """
        Give the connection to another protocol.

        :param below: the way out beneath from now on.
        """
        self.upper = protocol
        self._below = below
