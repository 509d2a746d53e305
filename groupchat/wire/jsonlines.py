"""
The JSON wire: one I-JSON object a line (RFC 7493, with the exceptions that docs/protocol.rst names).

What is refused here never reaches a room: the decoder is typed, and what it can't see (depth, UTF-8 in fields it skips) is
looked at first. Repeated keys: the last counts.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
from zope.interface import moduleProvides

from groupchat import commands, events
from groupchat.commands import Command
from groupchat.errors import BadField, BadJson, BadUtf8, UnknownType
from groupchat.events import Event
from groupchat.interfaces import IWire

moduleProvides(IWire)

name = "json"
echo = True  #: a member gets what it said itself, in its place
DEPTH = 32

_commands: msgspec.json.Decoder[commands.AnyCommand] = msgspec.json.Decoder(commands.AnyCommand)
_events: msgspec.json.Decoder[events.AnyEvent] = msgspec.json.Decoder(events.AnyEvent)
_encoder = msgspec.json.Encoder()
_TYPES = frozenset(
    kind.__struct_config__.tag for kind in commands.AnyCommand.__args__  # type: ignore[attr-defined]
)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_WHERE = re.compile(r"^(.*?)(?: - at `\$?\.?(.*)`)?$")


def decode(line: bytes, inside: bool = True) -> Command:
    """
    The command in a line.

    :raises BadUtf8: it is not UTF-8.
    :raises BadJson: it is no I-JSON object.
    :raises UnknownType: no verb is called so.
    :raises BadField: a field is missing, of the wrong type or out of range.
    """
    try:
        text = line.decode()
    except UnicodeDecodeError:
        raise BadUtf8("That line is not UTF-8.") from None
    if text.count("{") + text.count("[") > DEPTH and _depth(text) > DEPTH:
        raise BadJson(f"That line is nested over {DEPTH} deep.")
    try:
        return _commands.decode(text)
    except msgspec.ValidationError:
        return _decode_slowly(text)
    except (msgspec.DecodeError, RecursionError):
        raise BadJson("That line is no JSON object.") from None


def _depth(text: str) -> int:
    deep = deepest = 0
    for character in _STRING.sub("", text):
        if character in "[{":
            deep += 1
            deepest = max(deepest, deep)
        elif character in "]}":
            deep -= 1
    return deepest


def _decode_slowly(text: str) -> Command:
    """Decode again where the quick way failed: to let a repeated key's last value count, or to say what is wrong."""
    thing = msgspec.json.decode(text)
    if not isinstance(thing, dict):
        raise BadJson("That line is no JSON object.")
    kind = thing.get("type")
    if not isinstance(kind, str):
        raise BadField('A line needs a "type" that is a string.')
    if kind not in _TYPES:
        raise UnknownType("There is no such type of line.")
    try:
        command: Command = msgspec.convert(thing, commands.AnyCommand)
    except msgspec.ValidationError as error:
        what, where = _WHERE.match(str(error).splitlines()[0]).groups()  # type: ignore[union-attr]
        raise BadField(f"{kind}: {f'{where}: ' if where else ''}{what}.") from None
    return command


def about(line: bytes) -> dict[str, Any]:
    """Which of n, room and ref a refused line gave, so that its error can name them."""
    try:
        thing = msgspec.json.decode(line.decode())
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError):
        return {}
    found = {}
    if isinstance(thing, dict):
        for field, kind in (("n", commands.Count), ("room", str), ("ref", commands.Ref)):
            try:
                found[field] = msgspec.convert(thing[field], kind)
            except (KeyError, msgspec.ValidationError):
                continue
    return found


def encode(event: Event, me: str = "", past: bool = False) -> bytes:
    """The line of an event; b"" for those that are only for people."""
    if isinstance(event, (events.CaughtUp, events.Help)):
        return b""
    return _encoder.encode(event) + b"\n"


def encode_command(command: Command) -> bytes:
    """The line of a command: what a client sends."""
    return _encoder.encode(command) + b"\n"


def decode_event(line: bytes) -> Event | None:
    """
    What the server said, for a client; None for what a newer server may say and this one does not know.

    :raises BadJson: it is no line of this wire.
    """
    try:
        return _events.decode(line)
    except msgspec.ValidationError:
        return None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise BadJson("The server sent a line that is no JSON.") from None
