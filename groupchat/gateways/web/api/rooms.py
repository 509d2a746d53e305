"""
The lists of rooms, and of the members in one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupchat.gateways.web.api import fields
from groupchat.gateways.web.api.identity import caller
from groupchat.gateways.web.api.messages import json_response
from groupchat.gateways.web.message import Reply, Request
from groupchat.gateways.web.routes import Route

if TYPE_CHECKING:
    from groupchat.core.callers import Callers
    from groupchat.gateways.calls import Calls

__all__ = ["RoomLists"]


class RoomLists:
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
            Route("GET", "/api/rooms", self.rooms),
            Route("GET", "/api/rooms/ROOM/who", self.who),
        ]

    async def rooms(self, request: Request) -> Reply:
        """Answer with the rooms, by name."""
        fields.only(request, "name", "after")
        by = await caller(self._callers, request)
        found = await self._calls.rooms(by, request.query.get("after", ""))
        return json_response({"rooms": found.rooms, "count": found.count})

    async def who(self, request: Request) -> Reply:
        """Answer with the members of a room, by name."""
        fields.only(request, "name", "after")
        by = await caller(self._callers, request)
        after = request.query.get("after", "")
        found = await self._calls.who(by, request.segments["room"], after)
        return json_response({"members": found.members, "count": found.count})
