"""
``GET /ws``: the handshake of WebSocket. Then the connection speaks the JSON wire in its frames.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from websockets.datastructures import Headers
from websockets.http11 import Request as Handshake
from websockets.protocol import OPEN
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from groupchat.gateways.web.frames import MAX_MESSAGE, FrameSplitter
from groupchat.gateways.web.message import Reply, Request, SessionReply
from groupchat.gateways.web.problem import Problem
from groupchat.gateways.web.wires import WEBSOCKET
from groupchat.server.line_input import LineInput
from groupchat.wire.interfaces import IWire

if TYPE_CHECKING:
    from twisted.internet.interfaces import IReactorTime

    from groupchat.core.session import Session
    from groupchat.server.protocol import ChatProtocol

__all__ = ["SUBPROTOCOL", "open_websocket"]

SUBPROTOCOL = Subprotocol("groupchat.json")
_silent = logging.getLogger("groupchat.websocket")  # frames and ends are no news
_silent.propagate = False
_silent.addHandler(logging.NullHandler())


async def open_websocket(request: Request) -> Reply:
    """
    Begin a session over WebSocket.

    :raises Problem: it is no handshake.
    """
    protocol = ServerProtocol(select_subprotocol=_select, logger=_silent)
    response = protocol.accept(Handshake(request.path, Headers(request.headers)))
    if response.status_code != 101:
        upgrade = {"Upgrade": "websocket", "Connection": "Upgrade"}
        headers = upgrade if response.status_code == 426 else {}
        raise Problem(
            response.status_code,
            "bad-request",
            "This is the address of WebSocket: open it with a WebSocket client.",
            headers=headers,
        )
    headers = {
        name: value for name, value in response.headers.raw_items() if name.lower() != "date"
    }

    def make_input(session: Session, receiver: ChatProtocol, clock: IReactorTime) -> LineInput:
        opened = ServerProtocol(state=OPEN, max_size=MAX_MESSAGE, logger=_silent)
        frames = FrameSplitter(opened, session, clock.seconds)
        lines = LineInput(session, receiver, clock, frames)
        frames.on_close = lines.end
        return lines

    return SessionReply(
        status=101, headers=headers, wire=cast(IWire, WEBSOCKET), make_input=make_input
    )


def _select(protocol: ServerProtocol, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    return SUBPROTOCOL if SUBPROTOCOL in offered else None
