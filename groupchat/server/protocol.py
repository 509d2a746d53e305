"""
The protocol of the wires of lines: what one connection is made of, and what its transport calls.

Its lines are in `line_input.py`, its output in `outbound.py`, its life before login in
`pending.py`, its liveness in `heartbeat.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from twisted.internet.interfaces import IHalfCloseableProtocol, IHandshakeListener
from twisted.logger import Logger
from twisted.protocols.basic import LineReceiver
from zope.interface import implementer

from groupchat.core.session import Session
from groupchat.server.handed_over import HandedOver
from groupchat.server.heartbeat import Heartbeat
from groupchat.server.line_input import LineInput
from groupchat.server.outbound import Outbound
from groupchat.server.pending import PendingConnection
from groupchat.server.socket_options import tune
from groupchat.wire import errors, plain
from groupchat.wire.errors import LineTooLong, Refused
from groupchat.wire.events import Bye
from groupchat.wire.interfaces import IWire
from groupchat.wire.limits import MAX_LINE

if TYPE_CHECKING:
    import ssl

    from twisted.internet.interfaces import IProtocol, IReactorTime
    from twisted.python.failure import Failure

    from groupchat.server.factory import ChatFactory
    from groupchat.server.tls_layer import TLSLayer

__all__ = ["TLS_READ_SIZE", "ChatProtocol", "Input", "MakeInput", "MakeVisit"]

#: bytes that one turn reads within TLS, where they take up memory for as long as the connection
TLS_READ_SIZE = 16_384


class Input(Protocol):
    """
    The reader of a connection, once its protocol is known.

    :ivar paused: whether the transport is not read just now.
    """

    paused: bool

    def receive(self, data: bytes) -> None:
        """Take the next bytes."""

    def resume(self) -> None:
        """Go on, where something was in the way."""

    def check(self, now: float) -> None:
        """See whether the client is in time. Called about once a second."""

    def end(self) -> None:
        """Finish: the client will send no more."""

    def lost(self) -> bool:
        """The connection is gone. Returns whether everything has been handled."""


#: makes the input of a session
MakeInput = Callable[[Session, "ChatProtocol", "IReactorTime"], Input]
#: makes the input of a gateway's visitor, who may not log in for this reason
MakeVisit = Callable[["ChatProtocol", Bye | None], Input]


@implementer(IHalfCloseableProtocol, IHandshakeListener)
class ChatProtocol(LineReceiver):
    """
    One connection.

    :param factory: that made it.
    :param address: of the client, as people write it.
    :ivar peer: the way out of it.
    :ivar session: its session, once its wire is known.
    :ivar pending: what it is until it has logged in.
    :ivar other: what it is once it is handed over to another protocol.
    """

    log = Logger()
    delimiter = b"\n"
    transport: Any  # Twisted's transports have more methods than any one interface

    def __init__(self, factory: ChatFactory, address: str) -> None:
        self.factory: ChatFactory = factory
        self.address = address
        self.session: Session | None = None
        self.pending: PendingConnection | None = None
        self.other: HandedOver | None = None
        self._input: Input | None = None
        self._tls: TLSLayer | None = None

    def connectionMade(self) -> None:
        clock = self.factory.clock
        tune(self.transport)
        self.peer = Outbound(self.transport, self.address, self._drained, clock)
        idle_timeout = self.factory.hub.settings.idle_timeout
        self._heartbeat = Heartbeat(self.peer, idle_timeout, clock.seconds())
        self.pending = self.factory.opened(self)

    # Input.

    def dataReceived(self, data: bytes) -> None:
        self._heartbeat.heard = True
        self.factory.hub.counters.received_bytes += len(data)
        if self._input is not None:
            self._input.receive(data)
        elif self.pending is not None:
            self.pending.receive(data)

    def lineReceived(self, line: bytes) -> None:
        session = self.session
        assert session is not None
        if line.endswith(b"\r"):
            line = line[:-1]
        try:
            command = session.wire.decode(line, session.joined)
        except Refused as refused:
            session.bad_line(refused, session.wire.about(line))
            return
        try:
            session.handle(command)
        except Exception:
            self.log.failure("A line could not be handled")
            session.end(errors.INTERNAL_ERROR)

    def lineLengthExceeded(self, line: bytes) -> None:
        assert self.session is not None
        self.session.bad_line(LineTooLong(f"A line has at most {MAX_LINE} bytes."), {})

    def take_turn(self) -> bool:
        return self.pending is None or self.pending.take_turn()

    def heard_person(self) -> None:
        if self.pending is not None:
            self.pending.cancel_greeting()

    def resume(self) -> None:
        """Handle the next lines."""
        if self._input is not None:
            self._input.resume()

    def pause(self) -> None:
        self.transport.pauseProducing()

    def unpause(self) -> None:
        self._heartbeat.restart(self.factory.clock.seconds())
        self.transport.resumeProducing()

    # From one protocol to the next.

    def open(self, wire: IWire, make_input: MakeInput = LineInput) -> None:
        """Begin a session: it is known now which wire the client speaks."""
        factory = self.factory
        self.session = session = Session(
            factory.hub,
            self.peer,
            wire,
            self.resume,
            lambda: factory.joined(self, bool(session.account)),
        )
        self._input = make_input(session, self, factory.clock)

    def visit(self, make_visit: MakeVisit, first: bytes, refusal: Bye | None) -> None:
        """
        Let a gateway read, and write to `peer`.

        :param first: the bytes that have come.
        :param refusal: why the client may not log in, or None.
        """
        self._input = make_visit(self, refusal)
        self._input.receive(first)

    def log_in(self, wire: IWire, make_input: MakeInput, first: bytes) -> None:
        """
        Begin the session of a visitor: it is before its login again.

        :param first: the bytes that have come.
        """
        self.pending = pending = self.factory.visited(self)
        self.open(wire, make_input)
        pending.log_in()
        self.dataReceived(first)

    def heard(self, size: int) -> None:
        """Count bytes of the client that arrived on another connection: it is there."""
        self._heartbeat.heard = True
        self.factory.hub.counters.received_bytes += size

    def hand_over(self, protocol: IProtocol, first: bytes) -> None:
        """
        Give the connection to another protocol, for good. It stays one of the factory's.

        :param first: the bytes that have come.
        """
        self.other = HandedOver(self, protocol)
        transport = self.peer.hand_over(self.other)
        protocol.makeConnection(transport)
        protocol.dataReceived(first)

    def encrypt(self, context: ssl.SSLContext, first: bytes) -> None:
        """
        Begin a TLS handshake.

        :param first: the bytes of it that have come.
        """
        self.transport.bufferSize = TLS_READ_SIZE
        proceed = self.factory.handshakes.proceed
        self._tls = self.peer.encrypt(context, self, proceed, self.handshakeCompleted)
        self._tls.dataReceived(first)

    @property
    def negotiated(self) -> bytes | None:
        """The protocol that ALPN has agreed on, or None."""
        return self._tls.negotiated if self._tls is not None else None

    def handshakeCompleted(self) -> None:
        if self.pending is not None:
            self.factory.encrypted(self.pending)

    @property
    def visits(self) -> bool:
        """Whether a gateway serves it, and it has no session."""
        return self.session is None and self._input is not None

    # The transport.

    def _drained(self) -> None:
        session = self.session
        if session is None:
            self.resume()
            return
        if session.ended:
            return
        for name, cursor in list(session.rooms.cursors.items()):
            room = self.factory.hub.rooms.get(name)
            if room is not None:
                room.pump(cursor)
        session.on_live()
        self.resume()

    def readConnectionLost(self) -> None:
        # TLS knows no half: with one direction, the other has ended.
        ended = self.session is not None and self.session.ended
        if self._input is None or ended or self.peer.encrypted:
            self.peer.close()
        else:
            self._input.end()

    def writeConnectionLost(self) -> None:
        """Wait for the other side to close: this one has."""

    def connectionLost(self, reason: Failure | None = None) -> None:
        self.peer.lost()
        self.factory.closed(self)
        if self._input is not None and self._input.lost() and self.session is not None:
            self.session.lost()

    # The end.

    def reject(self, bye: Bye) -> None:
        """End a connection that has not logged in, in its wire where that is known."""
        if self.session is not None:
            self.session.end(bye)
        else:
            self.factory.hub.counters.byes[bye.code] += 1
            self.peer.finish(plain.encode(bye))

    def drop(self, bye: Bye) -> None:
        """End a connection without a word: another protocol writes to it."""
        self.factory.hub.counters.byes[bye.code] += 1
        self.peer.abort()

    def check(self, now: float) -> None:
        """See whether the client is there and reads. Called about once a second."""
        session = self.session
        if self._input is None or (session is not None and session.ended):
            return
        self._input.check(now)
        self._heartbeat.check(session, now, self._input.paused)
