"""
The way of the page where WebSocket is blocked: ``GET /stream`` begins a session and brings its
events (Server-Sent Events), and ``POST /lines`` brings the client's lines.

The two find each other by an id that the client makes: whoever knows it speaks for the session.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from twisted.internet.defer import Deferred

from groupchat.gateways.web.message import Reply, Request, Response, SessionReply
from groupchat.gateways.web.problem import Problem
from groupchat.gateways.web.routes import Route
from groupchat.gateways.web.wires import EVENT_STREAM
from groupchat.server.line_input import LineInput
from groupchat.wire.interfaces import IWire

if TYPE_CHECKING:
    from twisted.internet.interfaces import IReactorTime

    from groupchat.core.session import Session
    from groupchat.server.protocol import ChatProtocol

__all__ = ["COMMENT_INTERVAL", "STREAM_HEADERS", "Fallback"]

COMMENT_INTERVAL = 15.0  #: seconds between two comments, so that proxies keep the stream open
COMMENT = b":\n\n"
#: of an event stream: no proxy may keep it back
STREAM_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_ID = re.compile("[0-9a-f]{32}")


class Fallback:
    """The sessions whose lines arrive by POST, by their ids."""

    def __init__(self) -> None:
        self._sessions: dict[str, PostedInput] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    @property
    def routes(self) -> list[Route]:
        return [Route("GET", "/stream", self.stream), Route("POST", "/lines", self.lines)]

    async def stream(self, request: Request) -> Reply:
        """
        Begin a session.

        :raises Problem: its id is none, or is another's.
        """
        id = _id(request)
        if request.method != "GET":
            raise Problem(405, "bad-method", "Methods here: GET.", headers={"Allow": "GET"})
        if id in self._sessions:
            raise Problem(409, "conflict", "That session is open. Make another id.")

        def make_input(
            session: Session, protocol: ChatProtocol, clock: IReactorTime
        ) -> PostedInput:
            made = self._sessions[id] = PostedInput(session, protocol, clock)
            made.on_lost = lambda: self._forget(id, made)
            session.peer.write(COMMENT)  # a browser hears that it is open
            return made

        wire = cast(IWire, EVENT_STREAM)
        return SessionReply(status=200, headers=STREAM_HEADERS, wire=wire, make_input=make_input)

    def _forget(self, id: str, one: PostedInput) -> None:
        if self._sessions.get(id) is one:
            del self._sessions[id]

    async def lines(self, request: Request) -> Reply:
        """
        Take lines, and answer once they have been handled.

        :raises Problem: there is no such session, or it handles others.
        """
        session = self._sessions.get(_id(request))
        if session is None:
            raise Problem(404, "not-found", "That session is over. Open /stream with another id.")
        if session.paused:
            raise Problem(429, "too-often", "Post one after the other.", retry=1)
        await session.post(request.body)
        return Response(status=204, headers={"Cache-Control": "no-store"})


def _id(request: Request) -> str:
    id = request.query.get("session", "")
    if not _ID.fullmatch(id):
        raise Problem(400, "bad-field", "A session is 32 random hexadecimal digits, ?session=...")
    return id


class PostedInput:
    """
    The input of a session whose lines arrive on other connections.

    :param protocol: the connection that reads the events.

    :ivar paused: whether lines wait to be handled.
    :ivar on_lost: called once the session is over.
    """

    def __init__(self, session: Session, protocol: ChatProtocol, clock: IReactorTime) -> None:
        self.paused = False
        self.on_lost: Callable[[], None] = lambda: None
        self.lineReceived = protocol.lineReceived
        self.lineLengthExceeded = protocol.lineLengthExceeded
        self.take_turn = protocol.take_turn
        self.heard_person = protocol.heard_person
        self._protocol = protocol
        self._session = session
        self._posted: Deferred[None] | None = None
        self._commented = clock.seconds()
        self._lines = LineInput(session, self, clock)

    def post(self, body: bytes) -> Deferred[None]:
        """Take lines. Fires once they have been handled."""
        self._protocol.heard(len(body))
        posted: Deferred[None] = Deferred()
        self._posted = posted
        self._lines.receive(body if body.endswith(b"\n") else body + b"\n")
        if not self.paused:
            self._answer()
        return posted

    def _answer(self) -> None:
        posted, self._posted = self._posted, None
        if posted is not None and not posted.called:
            posted.callback(None)

    # The connection that reads the events.

    def receive(self, data: bytes) -> None:
        """Drop it: nothing follows a request for a stream."""

    def resume(self) -> None:
        self._lines.resume()

    def check(self, now: float) -> None:
        if now - self._commented >= COMMENT_INTERVAL and not self._session.peer.waiting:
            self._commented = now
            self._session.peer.write(COMMENT)

    def end(self) -> None:
        self._lines.end()

    def lost(self) -> bool:
        self.on_lost()
        self._answer()
        return self._lines.lost()

    # The receiver of the lines.

    def pause(self) -> None:
        self.paused = True

    def unpause(self) -> None:
        self.paused = False
        self._answer()
