"""
Server-sent events: the events of the JSON wire, as a browser's EventSource reads them.
"""

from __future__ import annotations

import msgspec
from zope.interface import implementer

from groupchat.wire import events, jsonlines
from groupchat.wire.commands import Command
from groupchat.wire.errors import UnknownType
from groupchat.wire.events import Event
from groupchat.wire.interfaces import Capabilities, IWire, Reference

__all__ = ["ServerSentEvents"]


@implementer(IWire)
class ServerSentEvents(msgspec.Struct, frozen=True):
    """
    A wire on which nothing is said. The data of an event is its line on the JSON wire; the event of
    a message has no name, and that of another the line's type. The id is where a client that has
    read it reads on.

    :ivar epoch: of the log.
    """

    epoch: str

    @property
    def name(self) -> str:
        return "sse"

    @property
    def capabilities(self) -> Capabilities:
        return jsonlines.capabilities

    def decode(self, line: bytes, inside: bool = True) -> Command:
        raise UnknownType("Nothing is said here.")

    def about(self, line: bytes) -> Reference:
        return {}

    def encode(self, event: Event, me: str = "", past: bool = False) -> bytes:
        data = jsonlines.encode(event, me, past)
        if not data:
            return b""
        if isinstance(event, events.Message):
            return b"id: %s:%d\ndata: %s\n" % (self.epoch.encode(), event.id, data)
        kind = str(event.__struct_config__.tag).encode()
        return b"%sevent: %s\ndata: %s\n" % (self._id(event), kind, data)

    def echo(self, own: events.Message, ref: str | None) -> bytes:
        return self.encode(own)

    def encode_all(self, told: list[Event]) -> bytes:
        return b"".join([self.encode(event) for event in told])

    def _id(self, event: Event) -> bytes:
        """Return the id of an event that moves a client's position."""
        if isinstance(event, events.Gap):
            return b"id: %s:%d\n" % (self.epoch.encode(), event.before - 1)
        if isinstance(event, events.Reset):
            return b"id: %s:%d\n" % (self.epoch.encode(), event.first - 1)
        return b""
