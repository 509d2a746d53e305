"""
Requests and replies, as handlers see them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, Union

import msgspec

from groupchat.interfaces import IOutbound
from groupchat.server.protocol import MakeInput
from groupchat.wire.interfaces import IWire

__all__ = [
    "Handler",
    "Headers",
    "Reply",
    "Request",
    "Response",
    "SessionReply",
    "Stream",
    "StreamReply",
]

Headers = Mapping[str, str]


class Request(msgspec.Struct, kw_only=True):
    """
    A request that is there as a whole.

    :ivar method: as it was sent; methods are told apart by case.
    :ivar path: without the query, still percent-encoded.
    :ivar query: the parameters of the query; of those with the same name, the last.
    :ivar headers: by their names in small letters; values of the same name are joined by commas.
    :ivar body: at most `groupchat.gateways.web.http.MAX_BODY` bytes.
    :ivar address: of the client, as people write it.
    :ivar encrypted: whether it came through TLS.
    :ivar port: the port of the server that it came to; 0 for a Unix socket.
    :ivar prefix: the path before `path` in the client's address, without a slash at its end; ""
        where no proxy has removed one.
    :ivar segments: the variable segments of the path, by their names in the route.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Headers
    body: bytes
    address: str
    encrypted: bool
    port: int
    prefix: str = ""
    segments: Mapping[str, str] = {}


class Response(msgspec.Struct, kw_only=True):
    """
    An answer that is there as a whole.

    :ivar type: the media type of the body.
    :ivar headers: more headers.
    :ivar close: whether the connection is closed after it.
    """

    status: int = 200
    body: bytes = b""
    type: str = "text/plain; charset=utf-8"
    headers: Headers = {}
    close: bool = False


class Stream(Protocol):
    """The body of an answer without an end. It writes to the output that it was begun with."""

    def begin(self, output: IOutbound) -> None:
        """Write from now on. ``output.finish(b"")`` ends it."""

    def drained(self) -> None:
        """Nothing waits to be read any more."""

    def check(self, now: float) -> None:
        """Called about once a second."""

    def lost(self) -> None:
        """The client is gone."""


class StreamReply(msgspec.Struct, kw_only=True):
    """
    An answer without an end: the connection serves nothing else.

    :ivar type: the media type of the body.
    """

    stream: Stream
    type: str
    headers: Headers = {}


class SessionReply(msgspec.Struct, kw_only=True):
    """
    An answer after which the connection is that of a session, which logs in like any other.

    :ivar status: 101, or 200.
    :ivar wire: of the session.
    :ivar make_input: makes the reader of what the client sends from now on.
    """

    status: int
    headers: Headers
    wire: IWire
    make_input: MakeInput


Reply = Union[Response, StreamReply, SessionReply]
#: It raises `groupchat.gateways.web.problem.Problem` where it refuses, and is cancelled where the
#: client is gone before it has answered.
Handler = Callable[[Request], Awaitable[Reply]]
