"""
The stream of a room: what is said in it from now on, or from a position on, as server-sent events
or as JSON lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from groupchat.core.watcher import Watcher
from groupchat.gateways.web.api import fields
from groupchat.gateways.web.api.identity import caller
from groupchat.gateways.web.api.sse import ServerSentEvents
from groupchat.gateways.web.message import Reply, Request, StreamReply
from groupchat.gateways.web.routes import Route
from groupchat.wire import events, jsonlines
from groupchat.wire.commands import Position
from groupchat.wire.errors import BadField

if TYPE_CHECKING:
    from groupchat.core.callers import Caller
    from groupchat.core.hub import Hub
    from groupchat.gateways.calls import Calls
    from groupchat.interfaces import IOutbound
    from groupchat.wire.interfaces import IWire

__all__ = ["KEEP_ALIVE", "Streams"]

KEEP_ALIVE = 15.0  #: seconds after which a silent stream says that it is there
SSE = "text/event-stream"
LINES = "application/x-ndjson"
HEADERS = {"X-Accel-Buffering": "no"}  #: nginx passes each event on at once
_LINES = cast("IWire", jsonlines)  # mypy knows no module that provides one
MAX_EPOCH = 64  #: characters


class Streams:
    """
    :param hub: the node.
    :param calls: asks for the state of a room.
    """

    def __init__(self, hub: Hub, calls: Calls) -> None:
        self._hub = hub
        self._calls = calls
        self._wire = ServerSentEvents("")  # the ledger is not open yet

    @property
    def routes(self) -> list[Route]:
        return [Route("GET", "/api/rooms/ROOM/stream", self.stream)]

    async def stream(self, request: Request) -> Reply:
        """Answer with a stream that ends with the connection."""
        fields.only(request, "name", "after", "epoch")
        by = await caller(self._hub.callers, request)
        wanted = _position(request)
        self._hub.callers.take(by)
        state = await self._calls.look(by, request.segments["room"])
        position = wanted or Position(self._hub.ledger.epoch, state.head)
        lines = LINES in request.headers.get("accept", "")
        kind = LINES if lines else f"{SSE}; charset=utf-8"
        stream: RoomStream
        if lines:
            stream = RoomStream(self._hub, by, state.room, position, _LINES)
        else:
            stream = EventStream(self._hub, by, state.room, position, self._events())
        return StreamReply(stream=stream, type=kind, headers=HEADERS)

    def _events(self) -> ServerSentEvents:
        """Return the wire of all streams of events: on one wire, they share what is encoded."""
        if self._wire.epoch != self._hub.ledger.epoch:
            self._wire = ServerSentEvents(self._hub.ledger.epoch)
        return self._wire


def _position(request: Request) -> Position | None:
    """
    Return the position from which a client reads on: that of its last event, or that in the query.

    :raises BadField: it makes no sense.
    """
    last = request.headers.get("last-event-id")
    if last:
        return _last_event(last)
    after, epoch = fields.number(request, "after", 0, fields.MAX_ID), request.query.get("epoch")
    if epoch is not None and (after is None or len(epoch) > MAX_EPOCH):
        raise BadField(f"epoch has at most {MAX_EPOCH} characters, and comes with after.")
    return Position(epoch, after) if after is not None else None


def _last_event(last: str) -> Position:
    epoch, _, id = last.rpartition(":")
    if not epoch or len(epoch) > MAX_EPOCH or not fields.is_id(id):
        raise BadField("Last-Event-ID is the id of the last event, as it came.")
    return Position(epoch, int(id))


class RoomStream:
    """
    The stream of a room, as JSON lines.

    :param position: up to where the client knows the room.
    """

    def __init__(
        self, hub: Hub, caller: Caller, room: str, position: Position, wire: IWire
    ) -> None:
        self._hub = hub
        self._caller = caller
        self._room = room
        self._position = position
        self._wire = wire
        self._watcher: Watcher | None = None
        self._spoke = 0.0  # when the last sign of life was given

    def begin(self, output: IOutbound) -> None:
        self._watcher = Watcher(self._hub, output, self._wire, self._caller, self._room)
        self._spoke = self._hub.seconds()
        output.write(self._greeting(self._position))
        self._watcher.begin(self._position)

    def drained(self) -> None:
        if self._watcher is not None:
            self._watcher.drained()

    def check(self, now: float) -> None:
        watcher = self._watcher
        if watcher is None or watcher.ended:
            return
        watcher.check()
        if not watcher.ended and now - self._spoke >= KEEP_ALIVE and not watcher.peer.waiting:
            self._spoke = now
            watcher.peer.write(self._sign_of_life(watcher))

    def lost(self) -> None:
        if self._watcher is not None:
            self._watcher.lost()

    def _greeting(self, position: Position) -> bytes:
        """Return what comes first."""
        return b""

    def _sign_of_life(self, watcher: Watcher) -> bytes:
        return jsonlines.encode(events.Ping(watcher.heads()))


class EventStream(RoomStream):
    """The stream of a room, as server-sent events."""

    def _greeting(self, position: Position) -> bytes:
        epoch = self._hub.ledger.epoch
        if position.epoch not in (None, epoch):
            return b"retry: 3000\n\n"  # a reset follows, which has an id
        # A client that connects again before anything is said reads on from here.
        return b"retry: 3000\nid: %s:%d\n\n" % (epoch.encode(), position.after or 0)

    def _sign_of_life(self, watcher: Watcher) -> bytes:
        return b": still here\n\n"
