"""
The protocol of the wires of lines: a LineReceiver that hands lines over as its session takes them.

Twisted's own dataReceived copies the rest of the buffer for each line; this one splits off at most
`LINES_PER_TURN` lines at once, and hands over as many in a turn of the reactor. While lines wait
here (for a token, for a reply under way, for a reader that is behind) the transport is not read,
and TCP slows the sender. The session knows what lines mean.
"""

from __future__ import annotations

import re
import socket
from collections import deque
from typing import Any

from twisted.internet.interfaces import IHalfCloseableProtocol, IHandshakeListener
from twisted.logger import Logger
from twisted.protocols.basic import LineReceiver
from zope.interface import implementer

from groupchat.core.session import Session
from groupchat.server.heartbeat import Heartbeat
from groupchat.server.outbound import Outbound
from groupchat.server.pending import PendingConnection
from groupchat.wire import errors, plain
from groupchat.wire.errors import LineTooLong, Refused
from groupchat.wire.events import Bye
from groupchat.wire.interfaces import IWire
from groupchat.wire.limits import MAX_LINE
from groupchat.wire.names import MARK
from groupchat.wire.telnet import END, Telnet

LINES_PER_TURN = 250  #: lines in one turn of the reactor
TLS_READ_SIZE = 16_384  #: bytes that one turn reads: up to 700 records, each handed over alone
_TOO_LONG = None  #: stands in the queue for a line that was too long

_KEEPALIVE = (
    ("TCP_KEEPIDLE", 60),
    ("TCP_KEEPINTVL", 15),
    ("TCP_KEEPCNT", 4),
    ("TCP_USER_TIMEOUT", 120_000),
)


@implementer(IHalfCloseableProtocol, IHandshakeListener)
class ChatProtocol(LineReceiver):
    """
    One connection.

    :param address: of the client, as people write it.
    :ivar factory: the `groupchat.server.factory.ChatFactory` that made it.
    :ivar session: its session, once its wire is known.
    :ivar pending: what it is until it has logged in.
    :ivar last_line: when its last line came, in seconds of a monotonic clock.
    """

    log = Logger()
    delimiter = b"\n"
    MAX_LENGTH = MAX_LINE - 1
    factory: Any
    transport: Any

    def __init__(self, address: str) -> None:
        self.address = address
        self.session: Session | None = None
        self.last_line = 0.0
        self._telnet = Telnet()
        self._lines: deque[bytes | None] = deque()  # that have not been handled
        self._rest = b""  # behind them, and not split yet
        self._parts: list[bytes] = []  # of a line that has not ended
        self._length = 0
        self._skipping = False
        self._working = False
        self._paused = False
        self._ended = False  # the client will send no more
        self._lost = False
        self._timer: Any = None

    def connectionMade(self) -> None:
        self.last_line = self.factory.clock.seconds()
        self._tune()
        self.peer = Outbound(
            self.transport, self.address, self._drained, self.factory.clock.callLater
        )
        idle_timeout = self.factory.hub.settings.idle_timeout
        self._heartbeat = Heartbeat(self.peer, idle_timeout, self.last_line)
        self.pending: PendingConnection | None = self.factory.opened(self)

    def _tune(self) -> None:
        try:
            self.transport.setTcpNoDelay(True)
            self.transport.setTcpKeepAlive(True)
            handle = self.transport.getHandle()
            # Telnet's mark of urgent data is one of its commands.
            handle.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
            for option, value in _KEEPALIVE:
                if hasattr(socket, option):
                    handle.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
        except (AttributeError, OSError):
            pass  # a transport without TCP

    # Input.

    def dataReceived(self, data: bytes) -> None:
        self._heartbeat.heard = True
        if self.session is not None:
            self.feed(data)
        elif self.pending is not None:
            self.pending.receive(data)

    def feed(self, data: bytes) -> None:
        """Take bytes of a connection whose wire is known."""
        session = self.session
        assert session is not None
        if not session.ended:
            if session.wire.capabilities.typed:
                data = self._take_out_telnet(data, session.joined)
            self._rest = self._rest + data if self._rest else data
            self._work()

    def _take_out_telnet(self, data: bytes, joined: bool) -> bytes:
        """Return what a person typed; what the client's telnet negotiates is answered."""
        data, answer = self._telnet.receive(data)
        if answer:
            self.peer.write(answer)
        if joined:  # blank lines go at once: handled singly, a flood of them would cost everybody
            return _BLANK.sub(b"\n", data)
        if data and self.pending is not None:
            self.pending.cancel_greeting()
        return data

    def _split(self) -> None:
        """
        Split off the next lines.

        A few at a time: a chunk of very short lines takes far more memory split than whole.
        """
        *lines, rest = self._rest.split(b"\n", LINES_PER_TURN)
        self._rest = rest if len(lines) == LINES_PER_TURN else b""
        if lines:
            self.last_line = self.factory.clock.seconds()
            self._keep(lines[0])
            self._lines.append(_TOO_LONG if self._skipping else b"".join(self._parts))
            self._parts.clear()
            self._length, self._skipping = 0, False
            self._lines.extend(
                [line if len(line) <= self.MAX_LENGTH else _TOO_LONG for line in lines[1:]]
            )
        if not self._rest:
            self._keep(rest)

    def _keep(self, part: bytes) -> None:
        """Keep a part of a line that has not ended; of one that is too long, nothing."""
        self._length += len(part)
        if self._length > self.MAX_LENGTH:
            self._skipping = True
            self._parts.clear()
        elif part:
            self._parts.append(part)

    def _work(self) -> None:
        """Hand over as many lines as may be handled now."""
        if self._working or self._timer is not None:
            return
        self._working = True
        wait = self._hand_over()
        self._working = False
        if wait is not None:
            self._timer = self.factory.clock.callLater(wait, self._go_on)
        session = self.session
        if session is None or session.ended:
            self._drop_input()
            return
        waiting = bool(self._lines or self._rest)
        if self._ended and not waiting and not session.awaits_reply:
            session.end_of_input()
        self._pause(waiting or session.blocked)

    def _drop_input(self) -> None:
        self._lines.clear()
        self._rest = b""
        self._parts.clear()

    def _hand_over(self) -> float | None:
        """
        Hand over lines. Returns the seconds to wait before going on.

        None: something else will call `_work`, or all is done.
        """
        session, lines = self.session, self._lines
        assert session is not None
        for _ in range(LINES_PER_TURN):
            if not lines and self._rest:
                self._split()
            if not lines or session.ended or session.blocked:
                return None
            line = lines[0]
            if session.joined and line in _NOTHING and session.wire.capabilities.typed:
                lines.popleft()
                continue
            if not session.joined and not self.factory.may_log_in(self):
                return None
            wait = session.delay()
            if wait:
                return wait
            lines.popleft()
            if line is None:
                self.lineLengthExceeded(b"")
            else:
                self.lineReceived(line)
        return 0.0 if lines or self._rest else None

    def _go_on(self) -> None:
        self._timer = None
        self.go_on()

    def go_on(self) -> None:
        """Handle the next lines: it is the turn of this connection, which has not logged in."""
        self._work()

    def _pause(self, pause: bool) -> None:
        if pause != self._paused and not self._ended and not self._lost:
            self._paused = pause
            if pause:
                self.transport.pauseProducing()
            else:
                self._heartbeat.restart(self.factory.clock.seconds())
                self.transport.resumeProducing()

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

    # The session, the way out and the transport.

    def open(self, wire: IWire) -> None:
        """Begin a session: it is known now which wire the client speaks."""
        self.session = Session(
            self.factory.hub, self.peer, wire, self._work, lambda: self.factory.joined(self)
        )

    def hand_over(self, protocol: Any, first: bytes) -> None:
        """
        Give the connection to another protocol, for good: it counts as none of the factory's.

        :param protocol: an `IProtocol`.
        :param first: the bytes that have come.
        """
        transport = self.peer.release()
        self.factory.closed(self)
        if self.peer.encrypted:
            transport.wrappedProtocol = protocol
        else:
            transport.protocol = protocol
        protocol.makeConnection(transport)
        protocol.dataReceived(first)

    def encrypt(self, certificate: Any, first: bytes) -> None:
        """
        Begin a TLS handshake.

        :param certificate: a `groupchat.server.tls.Certificate`.
        :param first: the bytes of it that have come.
        """
        self.peer.encrypt(certificate)
        self.transport.bufferSize = TLS_READ_SIZE
        self.transport.protocol.dataReceived(first)

    def handshakeCompleted(self) -> None:
        if self.pending is not None:
            self.factory.encrypted(self.pending)

    def _drained(self) -> None:
        session = self.session
        if session is None or session.ended:
            return
        for name, cursor in list(session.rooms.cursors.items()):
            room = self.factory.hub.rooms.get(name)
            if room is not None:
                room.pump(cursor)
        session.on_live()
        self._work()

    def readConnectionLost(self) -> None:
        self._ended = True
        if self.session is None or self.session.ended:
            self.peer.close()
        else:
            self._work()

    def writeConnectionLost(self) -> None:
        """Wait for the other side to close: this one has."""

    def connectionLost(self, reason: Any = None) -> None:
        self._lost = True
        self.peer.lost()
        self.factory.closed(self)
        if self.session is None or self.session.ended:
            return
        if self._ended and (self._lines or self._rest):
            self._work()  # what was sent before the end is still handled
        else:
            self._stop()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._drop_input()
        if self.session is not None:
            self.session.lost()

    def reject(self, bye: Bye) -> None:
        """End a connection that has not logged in, in its wire where that is known."""
        if self.session is not None:
            self.session.end(bye)
        else:
            self.peer.finish(plain.encode(bye))

    def check(self, now: float) -> None:
        """See whether the client is there and reads. Called about once a second."""
        session = self.session
        if session is None or session.ended:
            return
        waiting = bool(self._lines or self._rest)
        if self._parts == [END] and session.wire.capabilities.typed and not waiting:
            self._drop_input()  # telnet sends a Ctrl-D at once, and no line end behind it
            session.end_of_input()
        self._heartbeat.check(session, now, self._paused)


_NOTHING = (b"", b"\r", MARK.encode(), MARK.encode() + b"\r")
_BLANK = re.compile(rb"\n(?:\r?\n)+")
