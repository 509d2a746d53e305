"""
HTTP/1.1 on a connection that the sniffer has handed over, by h11: one request at a time.

While a request waits for its answer, or an answer for its reader, nothing more is read: requests
that a client sends ahead cost it a place in TCP's buffers, and nobody else anything.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import TYPE_CHECKING

import h11
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger

from groupchat.core.ratelimit import client_prefix
from groupchat.gateways.web.message import (
    Handler,
    Reply,
    Response,
    SessionReply,
    Stream,
    StreamReply,
)
from groupchat.gateways.web.parsing import make_request
from groupchat.gateways.web.problem import Problem
from groupchat.gateways.web.reading import MAX_HEAD, RequestReader
from groupchat.gateways.web.writing import ResponseWriter

if TYPE_CHECKING:
    from twisted.python.failure import Failure

    from groupchat.server.protocol import ChatProtocol
    from groupchat.server.turns import Turns

__all__ = ["BODY_TIMEOUT", "KEEP_ALIVE", "HTTPConnection"]

KEEP_ALIVE = 15.0  #: seconds that a connection may be idle between two requests
BODY_TIMEOUT = 30.0  #: seconds from the first byte of a request to the last of its body


class Phase(Enum):
    """Where a connection stands."""

    IDLE = auto()  #: between two requests
    READING = auto()  #: a part of a request has come
    ANSWERING = auto()  #: a request waits for its answer
    STREAMING = auto()  #: it reads an answer without an end
    ENDING = auto()  #: the last answer waits to be read; then it is closed
    OVER = auto()


_READS = (Phase.IDLE, Phase.READING)
_TAKES_REQUESTS = (*_READS, Phase.ANSWERING)


class HTTPConnection:
    """
    :param protocol: the connection.
    :param answer: answers each request.
    :param head_timeout: seconds from the first byte of a request to the last of its head.
    :param turns: limits the requests of all connections in a turn of the reactor.

    :ivar address: the prefix of its address that limits are counted by.
    :ivar paused: whether the transport is not read just now.
    """

    log = Logger()

    __slots__ = (
        "_answer", "_answering", "_ended", "_head_timeout", "_phase", "_protocol", "_reader",
        "_seconds", "_since", "_stream", "_turns", "_visitors", "_working", "_writer", "address",
        "paused",
    )  # fmt: skip

    def __init__(
        self,
        protocol: ChatProtocol,
        answer: Handler,
        head_timeout: float,
        turns: Turns[HTTPConnection],
    ) -> None:
        self.address = client_prefix(protocol.address)
        self.paused = False
        self._protocol = protocol
        self._answer = answer
        self._head_timeout = head_timeout
        self._turns = turns
        self._seconds: Callable[[], float] = protocol.factory.clock.seconds
        self._visitors = protocol.factory.visitors
        connection = h11.Connection(h11.SERVER, MAX_HEAD)
        self._reader = RequestReader(connection, protocol.peer.write)
        self._writer = ResponseWriter(connection, protocol.peer)
        self._phase = Phase.IDLE
        self._since = self._seconds()  # when the phase began
        self._answering: Deferred[Reply] | None = None
        self._stream: Stream | None = None
        self._ended = False  # the client will send no more
        self._working = False
        self._visitors.add(self)

    # Input.

    def receive(self, data: bytes) -> None:
        if self._phase in _TAKES_REQUESTS:
            self._reader.receive(data)
            self.resume()

    def resume(self) -> None:
        """Go on, as far as nothing is in the way."""
        if self._working:
            return
        self._working = True
        try:
            self._read()
        except Problem as problem:
            self._refuse(problem)
        self._working = False
        self._go_on()

    def _go_on(self) -> None:
        """After what could be read: hear of the output, and read as long as it is of use."""
        waiting = self._protocol.peer.waiting
        if self._stream is not None and not waiting:
            self._stream.drained()
        elif self._phase is Phase.ENDING and not waiting:
            self._finish()
        pause = self._reader.waiting and self._phase in _TAKES_REQUESTS
        if pause != self.paused and not self._ended:
            self.paused = pause
            (self._protocol.pause if pause else self._protocol.unpause)()

    def _read(self) -> None:
        """Read up to the end of a request, as long as answers are read and it is our turn."""
        while self._phase in _READS and not self._protocol.peer.full:
            if self._reader.parse():
                self._enter(Phase.ANSWERING)
                self._visitors.busy(self)
                if self._turns.take(self):
                    self._ask()
            elif not self._reader.waiting:
                if self._phase is Phase.IDLE and self._reader.begun:
                    self._enter(Phase.READING)
                break
            elif self._phase is Phase.IDLE:
                self._enter(Phase.READING)
                self._reader.feed()
            elif self._turns.take(self):
                self._reader.feed()
            else:
                return
        if self._ended and not self._reader.waiting and self._phase in _READS:
            self._enter(Phase.ENDING)

    def go_on(self) -> None:
        """Go on: it is the connection's turn."""
        if self._phase is Phase.READING:
            self.resume()
        elif self._phase is Phase.ANSWERING and self._answering is None and self._turns.take(self):
            self._ask()

    # Answers.

    def _ask(self) -> None:
        """Ask for the answer to the request."""
        head, body = self._reader.head, self._reader.body
        assert head is not None

        async def answer() -> Reply:
            return await self._answer(make_request(head, body, self._protocol))

        self._answering = Deferred.fromCoroutine(answer())
        self._answering.addCallbacks(self._reply, self._failed).addErrback(self._broken)

    def _failed(self, failure: Failure) -> None:
        if failure.check(CancelledError) and self._phase is not Phase.ANSWERING:
            return
        problem = failure.value
        if not isinstance(problem, Problem):
            self.log.failure("A request could not be answered", failure)
            problem = Problem(500, "internal-error", "Something is wrong here. Try again.")
        self._reply(problem.response())

    def _broken(self, failure: Failure) -> None:
        self.log.failure("An answer could not be sent", failure)
        self._protocol.peer.abort()

    def _reply(self, reply: Reply) -> None:
        self._answering = None
        if self._phase is not Phase.ANSWERING:
            return  # it is gone
        if isinstance(reply, SessionReply):
            self._log_in(reply)
        elif isinstance(reply, StreamReply):
            self._begin_stream(reply)
        else:
            self._send(reply)
            if reply.status < 400:
                self._visitors.served(self)
        self.resume()

    def _send(self, response: Response) -> None:
        """Send an answer, and be ready for the next request."""
        head = self._reader.head
        kept = self._writer.send(response, head is not None and head.method == b"HEAD")
        self._reader.restart()
        self._enter(Phase.IDLE if kept else Phase.ENDING)

    def _refuse(self, problem: Problem) -> None:
        """Refuse what can't be parsed any further."""
        self._reader.clear()
        if self._writer.may_answer:
            problem.close = True
            self._send(problem.response())
        self._enter(Phase.ENDING)

    def _begin_stream(self, reply: StreamReply) -> None:
        head = self._reader.head
        if head is not None and head.method == b"HEAD":
            self._writer.begin(reply.type, reply.headers)  # the head of GET, and then the end
            self._reader.clear()
            self._visitors.served(self)
            self._enter(Phase.ENDING)
            return
        if not self._visitors.stream(self):
            self._send(Problem(503, "full", "There are too many streams.", retry=60).response())
            return
        self._writer.begin(reply.type, reply.headers)
        self._enter(Phase.STREAMING)
        self._reader.clear()
        self._stream = reply.stream
        reply.stream.begin(self._protocol.peer)

    def _log_in(self, reply: SessionReply) -> None:
        """Let the connection become that of a session."""
        if reply.status == 101:
            self._writer.switch(reply.headers)
        else:
            self._writer.begin("text/event-stream", reply.headers)
        rest = self._reader.take_rest()
        self._enter(Phase.OVER)
        self._visitors.served(self)
        self._visitors.remove(self)
        if self.paused:
            self._protocol.unpause()
        self._protocol.log_in(reply.wire, reply.make_input, rest)

    # Time, and the end.

    @property
    def served(self) -> bool:
        """Whether it waits for the server, and not the server for it."""
        return self._phase is Phase.ANSWERING

    def check(self, now: float) -> None:
        if self._stream is not None:
            self._stream.check(now)
        elif self._protocol.peer.waiting:
            self._since = now  # it reads; the heartbeat sees whether it gets on
        elif self._phase is Phase.IDLE:
            if now - self._since >= KEEP_ALIVE:
                self._finish()
        elif self._phase is Phase.READING:
            timeout = self._head_timeout if self._reader.head is None else BODY_TIMEOUT
            if now - self._since >= timeout:
                self._refuse(Problem(408, "timeout", "The request was not there in time."))
                self._go_on()

    def make_room(self) -> None:
        """Go: other connections take its place."""
        if self._phase is Phase.READING:
            self._refuse(Problem(503, "full", "Too many others are here. Try again.", retry=10))
        self._finish()

    def end(self) -> None:
        """Answer what was asked, and close: the client will send no more."""
        self._ended = True
        self.resume()

    def lost(self) -> bool:
        self._leave()
        return True

    def _finish(self) -> None:
        if self._phase is not Phase.OVER:
            self._leave()
            self._protocol.peer.finish(b"")

    def _leave(self) -> None:
        """Do nothing more: the connection is gone, or about to be."""
        self._enter(Phase.OVER)
        self._reader.clear()
        self._visitors.remove(self)
        answering, self._answering = self._answering, None
        stream, self._stream = self._stream, None
        if answering is not None:
            answering.cancel()
        if stream is not None:
            stream.lost()

    def _enter(self, phase: Phase) -> None:
        self._phase = phase
        self._since = self._seconds()
