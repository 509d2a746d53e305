"""
The JSON wire: one I-JSON object a line (RFC 7493, with the exceptions that docs/protocol.rst
names).

A line that is refused here never reaches a room: the decoder is typed, and what it can't see
(depth, UTF-8 in fields it skips) is looked at first. Where it refuses a line, a second and slower
look lets the last of repeated keys count and null stand for a field that is left out, or says what
is wrong.
"""

from __future__ import annotations

import contextlib
import json
import re
from itertools import accumulate
from typing import get_args

import msgspec
from zope.interface import moduleProvides

from groupchat.wire import commands, events
from groupchat.wire.commands import Command
from groupchat.wire.errors import BadField, BadHello, BadJson, BadUtf8, UnknownType
from groupchat.wire.events import Event
from groupchat.wire.interfaces import Capabilities, IWire, Reference
from groupchat.wire.names import HIDDEN, MARK

__all__ = [
    "DEPTH",
    "about",
    "capabilities",
    "decode",
    "decode_event",
    "echo",
    "encode",
    "encode_all",
    "encode_command",
    "name",
    "safe",
]

moduleProvides(IWire)

name = "json"
capabilities = Capabilities(
    echoes_own=True, single_room=False, interactive_login=False, typed=False, keepalive=True
)
DEPTH = 32

_commands: msgspec.json.Decoder[commands.AnyCommand] = msgspec.json.Decoder(commands.AnyCommand)
_events: msgspec.json.Decoder[events.AnyEvent] = msgspec.json.Decoder(events.AnyEvent)
_syntax = msgspec.json.Decoder(msgspec.Raw)
_encoder = msgspec.json.Encoder()

_TYPES = frozenset(kind.__struct_config__.tag for kind in get_args(commands.AnyCommand))
#: Matches at every quote, also one that nothing ends: else a line of them is searched to its end
#: from each.
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?')
_BRACKET = re.compile(r"[][{}]")
_STEP = {"{": 1, "[": 1, "}": -1, "]": -1}
_FOR_PEOPLE = (events.CaughtUp, events.Help, events.AskName, events.AskPassword)
_WHERE = re.compile(r"^(.*?)(?: - at `\$?\.?(.*)`)?$")


def decode(line: bytes, inside: bool = True) -> Command:
    """
    The command in a line.

    :raises BadUtf8: it is not UTF-8.
    :raises BadJson: it is no I-JSON object.
    :raises UnknownType: no verb is called so.
    :raises BadField: a field is missing, of the wrong type or out of range.
    """
    text = _text(line)
    try:
        return _commands.decode(text)
    except msgspec.DecodeError:
        return _command(_fields(text))


def about(line: bytes) -> Reference:
    """Return which of n, room and ref a refused line gave, so that its error can name them."""
    try:
        fields = _fields(_text(line))
    except (BadUtf8, BadJson):
        return {}
    found: Reference = {}
    with contextlib.suppress(KeyError, msgspec.ValidationError):
        found["n"] = msgspec.convert(fields["n"], commands.Count)
    with contextlib.suppress(KeyError, msgspec.ValidationError):
        found["room"] = msgspec.convert(fields["room"], str)
    with contextlib.suppress(KeyError, msgspec.ValidationError):
        found["ref"] = msgspec.convert(fields["ref"], commands.Ref)
    return found


def _text(line: bytes) -> str:
    """The line as a text that is safe to parse."""
    try:
        text = line.decode().removeprefix(MARK)
    except UnicodeDecodeError:
        raise BadUtf8("That line is not UTF-8.") from None
    if text.count("{") + text.count("[") > DEPTH and _depth(text) > DEPTH:
        raise BadJson(f"That line is nested over {DEPTH} deep.")
    return text


def _depth(text: str) -> int:
    brackets = _BRACKET.findall(_STRING.sub("", text))
    return max(accumulate(map(_STEP.__getitem__, brackets)), default=0)


def _fields(text: str) -> dict[str, object]:
    """
    Return the fields of the object in a text: of repeated keys the last, and nothing that is null.

    :raises BadJson: there is none. (`json` alone would take NaN and lone surrogates.)
    """
    try:
        _syntax.decode(text)
        thing = json.loads(text, parse_int=_integer)
    except (msgspec.DecodeError, ValueError):
        raise BadJson("That line is no JSON object.") from None
    if not isinstance(thing, dict):
        raise BadJson("That line is no JSON object.")
    return {key: value for key, value in thing.items() if value is not None}


def _integer(digits: str) -> int:
    """
    An integer; of one with thousands of digits only so much that it is still far out of every
    bound.
    """
    return int(digits[:20])


def _command(fields: dict[str, object]) -> Command:
    """The command that these fields are, or what is wrong with them."""
    kind = fields.get("type")
    if not isinstance(kind, str):
        raise BadField('A line needs a "type" that is a string.')
    if kind not in _TYPES:
        raise UnknownType("There is no such type of line.")
    corrects = kind == "say" and ("replaces" in fields or "redacts" in fields)
    try:
        if corrects:
            return msgspec.convert(fields, commands.Correction)
        command: Command = msgspec.convert(fields, commands.AnyCommand)
    except msgspec.ValidationError as error:
        what, where = _WHERE.match(str(error).splitlines()[0]).groups()  # type: ignore[union-attr]
        bad = BadHello if kind == "hello" else BadField
        raise bad(f"{kind}: {f'{where}: ' if where else ''}{what}.") from None
    return command


def encode(event: Event, me: str = "", past: bool = False) -> bytes:
    """The line of an event; b"" for those that are only for people."""
    kind = type(event)
    if kind is events.Message or (kind is events.Ok and event.ref is None):  # type: ignore[attr-defined]
        return _encoder.encode(event) + b"\n"  # its controls were made visible before
    if isinstance(event, events.Done):
        event = events.Ok(ref=event.ref)
    elif isinstance(event, events.Moderated):
        event = events.Ok(ref=event.ref, text=event.text)
    elif isinstance(event, _FOR_PEOPLE):
        return b""
    return safe(_encoder.encode(event)) + b"\n"


def echo(own: events.Message, ref: str | None) -> bytes:
    """The line of an own message, which is the same for all."""
    return encode(own)


def encode_all(told: list[Event]) -> bytes:
    """The lines of events that came at once."""
    if all(type(event) is events.Message for event in told):
        return _encoder.encode_lines(told)
    return b"".join([encode(event) for event in told])


def safe(line: bytes) -> bytes:
    """
    The same object without raw controls: those that somebody gave, and that must come back as they
    were, are escaped.
    """
    if line.isascii() and line.decode().isprintable():
        return line
    return HIDDEN.sub(
        lambda found: f"\\u{ord(found[0]):04x}", line.decode(errors="replace")
    ).encode()


def encode_command(command: Command) -> bytes:
    """The line of a command: what a client sends."""
    return _encoder.encode(command) + b"\n"


def decode_event(line: bytes) -> Event | None:
    """
    Return an event of the server, for a client; None for one that only a newer client knows.

    :raises BadJson: it is no line of this wire.
    """
    try:
        return _events.decode(line)
    except msgspec.ValidationError:
        return None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise BadJson("The server sent a line that is no JSON.") from None
