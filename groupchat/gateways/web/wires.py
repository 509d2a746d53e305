"""
The JSON wire in the frames of WebSocket, and in Server-Sent Events: a frame or an event is made
once, and all members get its bytes.
"""

from __future__ import annotations

import struct

from zope.interface import implementer

from groupchat.wire import jsonlines
from groupchat.wire.commands import Command
from groupchat.wire.events import Bye, Event, Message, Ping
from groupchat.wire.interfaces import IWire, Reference

__all__ = [
    "CLOSE",
    "EVENT_STREAM",
    "PING",
    "WEBSOCKET",
    "close_frame",
    "pong",
    "text_event",
    "text_frame",
]

_TEXT = 0x81  # the first byte of a whole text message
PING = b"\x89\x00"  #: a ping; browsers answer it themselves


def text_frame(lines: bytes) -> bytes:
    """Return a text message of these lines. A server's frames have no mask."""
    size = len(lines)
    if size < 126:
        return b"%c%c%b" % (_TEXT, size, lines)
    if size < 65_536:
        return struct.pack("!BBH", _TEXT, 126, size) + lines
    return struct.pack("!BBQ", _TEXT, 127, size) + lines


def pong(data: bytes) -> bytes:
    """
    Return the answer to a ping.

    :param data: of the ping, at most 125 bytes.
    """
    return b"%c%c%b" % (0x8A, len(data), data)


def text_event(lines: bytes) -> bytes:
    """Return a Server-Sent Event of these lines."""
    return b"data: %b\n\n" % lines[:-1].replace(b"\n", b"\ndata: ")


class JSONWire:
    """The JSON wire's commands and capabilities."""

    capabilities = jsonlines.capabilities

    def decode(self, line: bytes, inside: bool = True) -> Command:
        return jsonlines.decode(line, inside)

    def about(self, line: bytes) -> Reference:
        return jsonlines.about(line)


def close_frame(code: int, reason: str = "") -> bytes:
    """
    Return a close.

    :param reason: 123 letters of it count.
    """
    told = reason.encode("ascii", "replace")[:123]
    return b"%c%c%b%b" % (0x88, 2 + len(told), code.to_bytes(2, "big"), told)


CLOSE = close_frame(1000)  #: the end, in order


@implementer(IWire)
class WebSocketWire(JSONWire):
    """The JSON wire in WebSocket's messages, each of one or more whole lines."""

    name = "websocket"

    def encode(self, event: Event, me: str = "", past: bool = False) -> bytes:
        line = jsonlines.encode(event, me, past)
        if not line:
            return b""
        if isinstance(event, Bye):
            return text_frame(line) + CLOSE
        return text_frame(line) + PING if isinstance(event, Ping) else text_frame(line)

    def echo(self, own: Message, ref: str | None) -> bytes:
        return self.encode(own)

    def encode_all(self, told: list[Event]) -> bytes:
        lines = jsonlines.encode_all(told)
        return text_frame(lines) if lines else b""


@implementer(IWire)
class EventStreamWire(JSONWire):
    """The JSON wire in Server-Sent Events, each of one or more whole lines."""

    name = "event-stream"

    def encode(self, event: Event, me: str = "", past: bool = False) -> bytes:
        line = jsonlines.encode(event, me, past)
        return text_event(line) if line else b""

    def echo(self, own: Message, ref: str | None) -> bytes:
        return self.encode(own)

    def encode_all(self, told: list[Event]) -> bytes:
        lines = jsonlines.encode_all(told)
        return text_event(lines) if lines else b""


# One for all, so that they get the same bytes.
WEBSOCKET = WebSocketWire()
EVENT_STREAM = EventStreamWire()
