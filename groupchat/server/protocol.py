"""
The door of the line wires: a LineReceiver that frames, and hands over lines one by one as its
session takes them.

Twisted's own dataReceived copies the rest of the buffer for each line; this one splits off at most
`TURN` lines at once, and hands over as many in a turn of the reactor. While lines wait here (for a
token, for an answer under way, for a reader that is behind) the transport is not read, and TCP
slows the sender. What lines mean is the session's affair.
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
from groupchat.server.outbound import Outbound
from groupchat.wire import errors, plain
from groupchat.wire.errors import LineTooLong, Refused
from groupchat.wire.limits import MAX_LINE
from groupchat.wire.names import MARK
from groupchat.wire.telnet import END, Telnet

LINES_PER_TURN = 250  #: lines in one turn of the reactor
#: bytes of TLS that one turn reads: they can be 700 records, each of which comes here alone
TLS_READ_SIZE = 16_384
WRITE_TIMEOUT = 60  #: seconds without progress after which a reader is dropped
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

    :ivar factory: the `groupchat.server.factory.ChatFactory` that it came through.
    """

    log = Logger()
    delimiter = b"\n"
    MAX_LENGTH = MAX_LINE - 1
    factory: Any
    transport: Any

    def __init__(self, address: str) -> None:
        self.address = address
        self.session: Session | None = None
        self.last_line = 0.0  # when the last line came
        self._telnet = Telnet()
        self._lines: deque[bytes | None] = deque()  # to be handed over
        self._rest = b""  # what came after them and is not split yet
        self._parts: list[bytes] = []  # of the line that has not ended
        self._length = 0
        self._skipping = False
        self._working = False
        self._paused = False
        self._ended = False  # the other side will send no more
        self._lost = False
        self._timer: Any = None
        self._heard = True
        self._heard_at = 0.0
        self._pinged = False
        self._backlog: tuple[int, int] | None = None
        self._stalled_at = 0.0

    def connectionMade(self) -> None:
        self._heard_at = self.last_line = self.factory.clock.seconds()
        self._tune()
        self.peer = Outbound(
            self.transport, self.address, self._drained, self.factory.clock.callLater
        )
        self.factory.opened(self)

    def _tune(self) -> None:
        try:
            self.transport.setTcpNoDelay(True)
            self.transport.setTcpKeepAlive(True)
            handle = self.transport.getHandle()
            handle.setsockopt(
                socket.SOL_SOCKET, socket.SO_OOBINLINE, 1
            )  # telnet's mark of urgent data is one of its commands
            for option, value in _KEEPALIVE:
                if hasattr(socket, option):
                    handle.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
        except (AttributeError, OSError):
            pass  # a transport without TCP

    # What comes in.

    def dataReceived(self, data: bytes) -> None:
        self._heard = True
        if self.session is None:
            wanted = self.factory.recognised(self, data)
            if wanted is None:
                return
            data = wanted
        session = self.session
        assert session is not None
        if not session.ended:
            if session.wire.capabilities.typed:
                data = self._typed(data, session.joined)
            self._rest = self._rest + data if self._rest else data
            self._work()

    def _typed(self, data: bytes, inside: bool) -> bytes:
        """What a person typed: without what their telnet says to ours, which is answered."""
        data, answer = self._telnet.receive(data)
        if answer:
            self.peer.write(answer)
        if inside:
            return _BLANK.sub(
                b"\n", data
            )  # at once: one by one, a flood of them would cost everyone
        if data:
            self.factory.spoke(self)
        return data

    def _split(self) -> None:
        """
        Split off the next lines. A few at a time: a chunk of very short ones would take far more
        memory split than whole.
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
        """A part of a line whose end is not here yet. Of one that is too long nothing is kept."""
        self._length += len(part)
        if self._length > self.MAX_LENGTH:
            self._skipping = True
            self._parts.clear()
        elif part:
            self._parts.append(part)

    def _work(self) -> None:
        """Hand over lines, as many as may be now."""
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
        Returns the seconds to wait before going on; None if something else will call `_work`, or
        all is done.
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
            if not session.joined and not self.factory.has_time_for(self):
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
        """The port has time for the next line of one who is not in yet."""
        self._work()

    def _pause(self, pause: bool) -> None:
        if pause != self._paused and not self._ended and not self._lost:
            self._paused = pause
            if pause:
                self.transport.pauseProducing()
            else:
                self._heard_at = self.factory.clock.seconds()
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

    # What the session, the peer and the transport say.

    def open(self, wire: Any) -> None:
        """It is known now which wire the other side speaks."""
        self.session = Session(
            self.factory.hub, self.peer, wire, self._work, lambda: self.factory.entered(self)
        )

    def encrypt(self, certificate: Any, first: bytes) -> None:
        """
        The other side wants to speak TLS.

        :param first: what it has sent of that already.
        """
        self.peer.encrypt(certificate)
        self.transport.bufferSize = TLS_READ_SIZE
        self.transport.protocol.dataReceived(first)

    def handshakeCompleted(self) -> None:
        self.factory.encrypted(self)

    def _drained(self) -> None:
        session = self.session
        if session is None or session.ended:
            return
        for name, cursor in list(session.rooms.items()):
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
        """We have shut our side, and wait for the other."""

    def connectionLost(self, reason: Any = None) -> None:
        self._lost = True
        self.peer.lost()
        self.factory.closed(self)
        if self.session is None or self.session.ended:
            return
        if self._ended and (self._lines or self._rest):
            self._work()  # what was sent before the end is still said
        else:
            self._stop()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._drop_input()
        if self.session is not None:
            self.session.lost()

    def turn_away(self, bye: Any) -> None:
        """Say good-bye to one who is not in yet, in its wire where that is known."""
        if self.session is not None:
            self.session.end(bye)
        else:
            self.peer.finish(plain.encode(bye))

    def check(self, now: float) -> None:
        """Called every second or so: is the other side there, does it read?"""
        session = self.session
        if session is None or session.ended or self._stalled(now):
            return
        if (
            self._parts == [END]
            and session.wire.capabilities.typed
            and not (self._lines or self._rest)
        ):
            self._drop_input()  # telnet sends a Ctrl-D at once, and no line end behind it
            session.end_of_input()
        if self._heard or self._paused:
            self._heard, self._pinged = False, False
            self._heard_at = now
        elif session.joined and session.wire.capabilities.keepalive:
            silent, most = now - self._heard_at, self.factory.hub.settings.idle_timeout
            if silent >= most:
                session.end(errors.IDLE)
            elif silent >= most / 3 and not self._pinged:
                self._pinged = True
                session.ping()

    def _stalled(self, now: float) -> bool:
        """Drop one whose output made no progress for long. loseConnection would never end on it."""
        backlog = self.peer.backlog()
        if backlog is None or backlog != self._backlog:
            self._backlog, self._stalled_at = backlog, now
            return False
        if now - self._stalled_at < WRITE_TIMEOUT:
            return False
        self.peer.abort()
        return True


_NOTHING = (b"", b"\r", MARK.encode(), MARK.encode() + b"\r")
_BLANK = re.compile(rb"\n(?:\r?\n)+")
