"""
The server's side of the admin socket: takes one request on each connection, and answers it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from twisted.internet import unix
from twisted.internet.defer import Deferred, DeferredQueue, QueueOverflow, succeed
from twisted.internet.interfaces import IAddress, IPushProducer, IReactorTime
from twisted.internet.protocol import Factory
from twisted.logger import Logger
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.failure import Failure
from zope.interface import implementer

from groupchat.admin.messages import (
    MAX_REQUEST,
    BadRequest,
    Failed,
    Page,
    Progress,
    Reply,
    Resume,
    decode_request,
    encode,
)
from groupchat.core.operators import Operator
from groupchat.ops.admin_user import user_of
from groupchat.wire.errors import Refused

__all__ = ["MAX_CONNECTIONS", "REQUEST_TIMEOUT", "AdminFactory", "Call", "Verbs"]

#: admin connections that can be open at once; further ones are closed. They are among the
#: descriptors that the chat leaves free.
MAX_CONNECTIONS = 4
REQUEST_TIMEOUT = 10.0  #: seconds for a request to arrive


class Call(NamedTuple):
    """
    A request.

    :ivar by: who asks.
    :ivar send: sends a page; fires once there is room for the next one, or nobody waits for it.
    :ivar report: tells how much is done.
    :ivar receive: returns the next line after the request. Never fires if the tool is gone.
    :ivar is_over: returns whether nobody waits for the answer any more; in any thread.
    """

    arguments: Mapping[str, str]
    by: Operator
    send: Callable[[Page], Deferred[None]]
    report: Callable[[Progress | Resume], None]
    receive: Callable[[], Deferred[bytes]]
    is_over: Callable[[], bool]


Verbs = Mapping[str, Callable[[Call], Reply | Awaitable[Reply]]]


@implementer(IPushProducer)
class AdminProtocol(LineOnlyReceiver):
    """One connection: it ends with the answer."""

    delimiter = b"\n"
    MAX_LENGTH = MAX_REQUEST
    transport: unix.Server
    log = Logger()

    def __init__(
        self, verbs: Verbs, clock: IReactorTime, over: Callable[[AdminProtocol], None]
    ) -> None:
        self._verbs = verbs
        self._over = over
        self._asked = False
        self._ended = False
        self._lines: DeferredQueue[bytes] = DeferredQueue(size=1, backlog=1)
        self._drained: Deferred[None] = succeed(None)
        self._timer = clock.callLater(REQUEST_TIMEOUT, self._too_late)

    def _too_late(self) -> None:
        self.transport.abortConnection()

    def lineReceived(self, line: bytes) -> None:
        if self._asked:
            self._take(line)
            return
        self._asked = True
        self._timer.cancel()
        Deferred.fromCoroutine(self._answer(line)).addErrback(self._broken)

    def _take(self, line: bytes) -> None:
        try:
            self._lines.put(line)
        except QueueOverflow:
            self.transport.abortConnection()  # it was not asked for so much

    async def _answer(self, line: bytes) -> None:
        try:
            verb, arguments = decode_request(line)
            by = Operator(user_of(self.transport))
            answer = self._verbs[verb](
                Call(arguments, by, self._send_page, self._write, self._lines.get, self._is_over)
            )
            reply = await answer if isinstance(answer, Awaitable) else answer
        except (BadRequest, Refused) as error:
            reply = Failed(str(error))
        self._send(reply)

    def _broken(self, failure: Failure) -> None:
        self.log.failure("A request of groupchat-admin failed", failure)
        self._send(Failed("The server can't do that just now: its log says why."))

    def connectionMade(self) -> None:
        self.transport.registerProducer(self, True)

    def pauseProducing(self) -> None:
        """The tool is behind in reading."""
        if self._drained.called:
            self._drained = Deferred()

    def resumeProducing(self) -> None:
        """The tool has read."""
        if not self._drained.called:
            self._drained.callback(None)

    stopProducing = resumeProducing  # the connection is gone

    def _send_page(self, page: Page) -> Deferred[None]:
        self._write(page)
        room: Deferred[None] = Deferred()
        self._drained.addCallback(room.callback)
        return room

    def _is_over(self) -> bool:
        return self._ended

    def _write(self, reply: Reply) -> None:
        if not self._ended:
            self.transport.write(encode(reply) + b"\n")

    def _send(self, reply: Reply) -> None:
        self._write(reply)
        self.transport.unregisterProducer()
        self.transport.loseConnection()

    def abort(self) -> None:
        """End at once: the server stops."""
        self._ended = True
        self.transport.abortConnection()

    def lineLengthExceeded(self, line: bytes) -> None:
        self._send(Failed(f"A request has at most {MAX_REQUEST} bytes."))

    def connectionLost(self, reason: object = None) -> None:
        self._ended = True
        if self._timer.active():
            self._timer.cancel()
        self.resumeProducing()
        self._over(self)


class AdminFactory(Factory):
    """
    Makes the protocols of admin connections. Their number has a limit of its own: they work while
    the server is full.
    """

    noisy = False

    def __init__(self, verbs: Verbs, clock: IReactorTime) -> None:
        self._verbs = verbs
        self._clock = clock
        self._open: set[AdminProtocol] = set()

    def buildProtocol(self, addr: IAddress | None) -> AdminProtocol | None:
        if len(self._open) >= MAX_CONNECTIONS:
            return None
        protocol = AdminProtocol(self._verbs, self._clock, self._open.discard)
        self._open.add(protocol)
        return protocol

    def abort(self) -> None:
        """End all connections, and what they wait for."""
        for protocol in list(self._open):
            protocol.abort()
