"""
The rows of the table of routes that are the API.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupchat.gateways.calls import Calls
from groupchat.gateways.web.api.messages import Messages
from groupchat.gateways.web.api.openapi import openapi
from groupchat.gateways.web.api.refusals import answering
from groupchat.gateways.web.api.rooms import RoomLists
from groupchat.gateways.web.api.streams import Streams
from groupchat.gateways.web.routes import Route

if TYPE_CHECKING:
    from twisted.internet.interfaces import IReactorTime

    from groupchat.core.hub import Hub

__all__ = ["api_routes"]


def api_routes(hub: Hub, clock: IReactorTime) -> list[Route]:
    """
    Return the routes of the API.

    :param clock: limits the time that each takes.
    """
    calls = Calls(hub, hub.now)
    rows = [
        *Messages(hub.callers, calls).routes,
        *Streams(hub, calls).routes,
        *RoomLists(hub.callers, calls).routes,
        Route("GET", "/openapi.json", openapi(hub.settings.names)),
    ]
    return [Route(method, path, answering(handler, clock)) for method, path, handler in rows]
