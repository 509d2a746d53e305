"""
HTTP/1.1 on a connection that the sniffer has handed over, by h11: one request at a time.

While a request waits for its answer, or an answer for its reader, nothing more is read: requests
that a client sends ahead cost it a place in TCP's buffers, and nobody else anything.
"""

from __future__ import annotations

from collections.abc import Callable
from email.utils import formatdate
from enum import Enum, auto
from http import HTTPStatus
from typing import TYPE_CHECKING

import h11
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger

from groupchat.core.ratelimit import client_prefix
from groupchat.gateways.web.message import (
    Handler,
    Headers,
    Reply,
    Request,
    Response,
    SessionReply,
    Stream,
    StreamReply,
)
from groupchat.gateways.web.parsing import MAX_BODY, check_head, make_request, too_large
from groupchat.gateways.web.problem import Problem

if TYPE_CHECKING:
    from twisted.python.failure import Failure

    from groupchat.server.protocol import ChatProtocol
    from groupchat.server.turns import LoginTurns

__all__ = ["BODY_TIMEOUT", "KEEP_ALIVE", "MAX_HEAD", "HTTPConnection"]

MAX_HEAD = 16_384  #: bytes of a request's head
KEEP_ALIVE = 15.0  #: seconds that a connection may be idle between two requests
BODY_TIMEOUT = 30.0  #: seconds from the first byte of a request to the last of its body
PIECE = 4096  #: bytes that are parsed at once


class Phase(Enum):
    """Where a connection stands."""

    IDLE = auto()  #: between two requests
    READING = auto()  #: a part of a request has come
    ANSWERING = auto()  #: a request waits for its answer
    STREAMING = auto()  #: it reads an answer without an end
    ENDING = auto()  #: the last answer waits to be read; then it is closed
    OVER = auto()


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
        "_answer", "_answering", "_body", "_ended", "_h11", "_head", "_head_timeout", "_phase",
        "_protocol", "_seconds", "_since", "_stream", "_turns", "_unread", "_visitors", "_working",
        "address", "paused",
    )  # fmt: skip

    def __init__(
        self, protocol: ChatProtocol, answer: Handler, head_timeout: float, turns: LoginTurns
    ) -> None:
        self.address = client_prefix(protocol.address)
        self.paused = False
        self._protocol = protocol
        self._answer = answer
        self._head_timeout = head_timeout
        self._turns = turns
        self._seconds: Callable[[], float] = protocol.factory.clock.seconds
        self._visitors = protocol.factory.visitors
        self._h11 = h11.Connection(h11.SERVER, MAX_HEAD)
        self._phase = Phase.IDLE
        self._since = self._seconds()  # when the phase began
        self._unread = b""
        self._head: h11.Request | None = None
        self._body = b""
        self._answering: Deferred[Reply] | None = None
        self._stream: Stream | None = None
        self._ended = False  # the client will send no more
        self._working = False
        self._visitors.add(self)

    # Input.

    def receive(self, data: bytes) -> None:
        if self._phase in (Phase.IDLE, Phase.READING, Phase.ANSWERING):
            self._unread += data
            self.resume()

    def resume(self) -> None:
        """Go on, as far as nothing is in the way."""
        if self._working:
            return
        self._working = True
        try:
            self._read()
        except h11.RemoteProtocolError as error:
            self._refuse(_malformed(error))
        except Problem as problem:
            self._refuse(problem)
        self._working = False
        self._go_on()

    def _go_on(self) -> None:
        """After what could be read: hear of the output, and read as long as it is of use."""
        waiting = self._protocol.peer.waiting
        if self._phase is Phase.STREAMING and self._stream is not None and not waiting:
            self._stream.drained()
        elif self._phase is Phase.ENDING and not waiting:
            self._finish()
        pause = bool(self._unread) and self._phase not in (Phase.ENDING, Phase.OVER)
        if pause != self.paused and not self._ended:
            self.paused = pause
            (self._protocol.pause if pause else self._protocol.unpause)()

    def _read(self) -> None:
        """Parse what has come, up to the end of a request."""
        while self._phase in (Phase.IDLE, Phase.READING) and not self._protocol.peer.full:
            event = self._h11.next_event()
            if event is h11.NEED_DATA:
                if not self._unread:
                    break
                piece, self._unread = self._unread[:PIECE], self._unread[PIECE:]
                self._enter(Phase.READING, only_from=Phase.IDLE)
                self._h11.receive_data(piece)
            elif isinstance(event, h11.Request):
                self._begin(event)
            elif isinstance(event, h11.Data):
                self._body += event.data
                if len(self._body) > MAX_BODY:
                    raise too_large()
            elif isinstance(event, h11.EndOfMessage):
                self._complete()
            else:
                break
        if self._ended and not self._unread and self._phase in (Phase.IDLE, Phase.READING):
            self._enter(Phase.ENDING)

    def _begin(self, head: h11.Request) -> None:
        check_head(head)
        self._head, self._body = head, b""
        if self._h11.they_are_waiting_for_100_continue:
            self._protocol.peer.write(
                self._h11.send(
                    h11.InformationalResponse(status_code=100, reason="Continue", headers=[])
                )
            )

    def _complete(self) -> None:
        self._enter(Phase.ANSWERING)
        self._visitors.busy(self)
        if self._turns.take(self):
            self.go_on()

    def go_on(self) -> None:
        """Answer the request: it is its turn."""
        if self._phase is not Phase.ANSWERING:
            return
        assert self._head is not None
        try:
            request = make_request(self._head, self._body, self._protocol)
        except Problem as problem:
            self._reply(problem.response())
            return
        self._answering = Deferred.fromCoroutine(self._answered(request))
        self._answering.addCallbacks(self._reply, self._failed).addErrback(self._broken)

    async def _answered(self, request: Request) -> Reply:
        return await self._answer(request)

    # Answers.

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
        length = {"Content-Length": str(len(response.body))} if response.status != 304 else {}
        headers = _headers(response.type, {**response.headers, **length})
        if response.close:
            headers.append(("Connection", "close"))
        head = self._h11.send(_response(response.status, headers))
        without = self._head is not None and self._head.method == b"HEAD"
        body = b"" if without or response.status in (204, 304) else response.body
        sent = self._h11.send(h11.Data(data=body)) if body else b""
        self._protocol.peer.write(head + sent + self._h11.send(h11.EndOfMessage()))
        self._head, self._body = None, b""
        if self._h11.our_state is h11.DONE and self._h11.their_state is h11.DONE:
            self._h11.start_next_cycle()
            self._enter(Phase.IDLE)
        else:
            self._enter(Phase.ENDING)

    def _refuse(self, problem: Problem) -> None:
        """Refuse what can't be parsed any further."""
        self._unread = b""
        if self._h11.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            problem.close = True
            self._send(problem.response())
        self._enter(Phase.ENDING)

    def _begin_stream(self, reply: StreamReply) -> None:
        if not self._visitors.stream(self):
            self._send(Problem(503, "full", "There are too many streams.", retry=60).response())
            return
        self._protocol.peer.write(self._without_end(reply.type, reply.headers))
        self._enter(Phase.STREAMING)
        self._unread = b""
        self._stream = reply.stream
        reply.stream.begin(self._protocol.peer)

    def _without_end(self, type: str, headers: Headers) -> bytes:
        """Return the head of an answer that ends with the connection."""
        raw = [*_headers(type, headers), ("Connection", "close")]
        # Not by h11, which would send the body in chunks.
        return b"HTTP/1.1 200 OK\r\n%b\r\n" % b"".join(
            f"{name}: {value}\r\n".encode("latin-1") for name, value in raw
        )

    def _log_in(self, reply: SessionReply) -> None:
        """Let the connection become that of a session."""
        peer = self._protocol.peer
        if reply.status == 101:
            switch = h11.InformationalResponse(
                status_code=101, reason="Switching Protocols", headers=[*reply.headers.items()]
            )
            peer.write(self._h11.send(switch))
        else:
            peer.write(self._without_end("text/event-stream", reply.headers))
        rest = self._h11.trailing_data[0] + self._unread
        self._unread = b""
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
            timeout = self._head_timeout if self._head is None else BODY_TIMEOUT
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
        self._unread = b""
        self._visitors.remove(self)
        answering, self._answering = self._answering, None
        stream, self._stream = self._stream, None
        if answering is not None:
            answering.cancel()
        if stream is not None:
            stream.lost()

    def _enter(self, phase: Phase, only_from: Phase | None = None) -> None:
        if only_from in (None, self._phase):
            self._phase = phase
            self._since = self._seconds()


def _response(status: int, headers: list[tuple[str, str]]) -> h11.Response:
    return h11.Response(status_code=status, reason=HTTPStatus(status).phrase, headers=headers)


def _headers(type: str, headers: Headers) -> list[tuple[str, str]]:
    return [("Date", formatdate(usegmt=True)), ("Content-Type", type), *headers.items()]


def _malformed(error: h11.RemoteProtocolError) -> Problem:
    if error.error_status_hint == 431:
        return Problem(431, "too-large", f"The head of a request has at most {MAX_HEAD} bytes.")
    if error.error_status_hint == 501:
        return Problem(501, "bad-request", "A body has a length, or chunks.")
    return Problem(400, "bad-request", "That is no HTTP request.")
