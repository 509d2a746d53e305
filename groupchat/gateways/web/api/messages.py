"""
The messages of a room: say one, read them, search them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from groupchat.core.search import SearchQuery
from groupchat.gateways.web.api import fields
from groupchat.gateways.web.api.identity import caller, speaker
from groupchat.gateways.web.message import Reply, Request, Response
from groupchat.gateways.web.routes import Route
from groupchat.wire import jsonlines

if TYPE_CHECKING:
    from groupchat.core.callers import Callers
    from groupchat.gateways.calls import Calls

__all__ = ["JSON", "MAX_FOUND", "MAX_PAGE", "Messages", "json_response"]

JSON = "application/json"
PAGE = 100  #: messages of an answer, where the request does not tell
MAX_PAGE = 1000
FOUND = 50  #: messages that a search finds, where the request does not tell
MAX_FOUND = 100


class Messages:
    """
    :param callers: tells who makes a request.
    :param calls: does what it asks.
    """

    def __init__(self, callers: Callers, calls: Calls) -> None:
        self._callers = callers
        self._calls = calls

    @property
    def routes(self) -> list[Route]:
        return [
            Route("POST", "/api/rooms/ROOM/messages", self.post),
            Route("GET", "/api/rooms/ROOM/messages", self.history),
            Route("GET", "/api/rooms/ROOM/search", self.search),
        ]

    async def post(self, request: Request) -> Reply:
        """Say what is in the body. Answers once it is stored."""
        fields.only(request, "name")
        by = await speaker(self._callers, request)
        key, message = fields.idempotency_key(request), fields.post(request)
        room, act, notice = request.segments["room"], bool(message.act), bool(message.notice)
        said = await self._calls.say(by, room, message.text, act, key, notice)
        return json_response(said, 201)

    async def history(self, request: Request) -> Reply:
        """Answer with a page of history."""
        fields.only(request, "name", "before", "after", "limit")
        by = await caller(self._callers, request)
        before = fields.number(request, "before", 0, fields.MAX_ID)
        after = fields.number(request, "after", 0, fields.MAX_ID)
        limit = fields.number(request, "limit", 1, MAX_PAGE) or PAGE
        room = request.segments["room"]
        page = await self._calls.history(by, room, before, after, limit)
        return json_response({"messages": page.messages, "more": page.more})

    async def search(self, request: Request) -> Reply:
        """Answer with the newest messages that contain all words."""
        fields.only(request, "name", "text", "from", "before", "limit")
        by = await caller(self._callers, request)
        query = SearchQuery.parse(fields.words(request), request.query.get("from"))
        before = fields.number(request, "before", 0, fields.MAX_ID)
        limit = fields.number(request, "limit", 1, MAX_FOUND) or FOUND
        found = await self._calls.search(by, request.segments["room"], query, before, limit)
        older = {} if found.before is None else {"before": found.before}
        return json_response({"messages": found.messages, "more": found.more, **older})


def json_response(value: object, status: int = 200) -> Response:
    """Return a value as an answer."""
    body = jsonlines.safe(msgspec.json.encode(value)) + b"\n"
    return Response(status=status, body=body, type=JSON)
