"""
The lines of the admin socket: one JSON object for each. The tool sends a request; the server
answers with replies, of which all but the last are progress or pages, and closes the connection.
"""

from __future__ import annotations

import msgspec

from groupchat.admin.said import Said
from groupchat.admin.verbs import VERBS
from groupchat.wire.events import Message

__all__ = [
    "CHUNK",
    "MAX_REQUEST",
    "BadRequest",
    "Done",
    "Facts",
    "Failed",
    "Page",
    "Progress",
    "Reply",
    "Resume",
    "Rows",
    "Start",
    "Value",
    "decode_reply",
    "decode_request",
    "encode",
    "encode_request",
    "messages_are",
]

MAX_REQUEST = 65_536  #: bytes of a request

#: messages that are imported at once: more would hold up those who talk
CHUNK = 50

Value = str | int | float | bool | None | list[str]


class Facts(msgspec.Struct, tag="facts", frozen=True):
    """The answer to a question about the whole server."""

    facts: dict[str, Value]


class Rows(msgspec.Struct, tag="rows", frozen=True):
    """A list. All its rows have the same fields, those of `columns`."""

    columns: list[str]
    rows: list[dict[str, Value]]


class Done(msgspec.Struct, tag="done", frozen=True):
    """Something is done: a sentence about it."""

    text: str


def messages_are(count: int, more: str = "") -> str:
    """
    Return the beginning of a sentence about some messages.

    :param more: what follows the word, like " of alice".
    """
    return f"1 message{more} is" if count == 1 else f"{count} messages{more} are"


class Failed(msgspec.Struct, tag="failed", frozen=True):
    """Nothing is done: a sentence that says why."""

    text: str


class Progress(msgspec.Struct, tag="progress", frozen=True):
    """The progress of a request; more replies follow."""

    done: int
    total: int


class Page(msgspec.Struct, tag="page", frozen=True):
    """Messages of a room; more replies follow."""

    messages: list[Message]


class Resume(msgspec.Struct, tag="resume", frozen=True):
    """
    The beginning of an import: more of the file is wanted, and more replies follow.

    :ivar done: the messages of the file that are stored.
    :ivar chain: the digest of these.
    """

    done: int
    chain: bytes


class Start(msgspec.Struct, frozen=True):
    """
    The tool's first line after the request for an import. After it, and after each progress but the
    last, the server expects a list of messages.

    :ivar first: the first message of the file.
    :ivar count: the number of all messages in it.
    """

    first: Said
    count: int


Reply = Resume | Page | Facts | Rows | Done | Failed | Progress


class BadRequest(Exception):
    """A request makes no sense; its text says why."""


_encoder = msgspec.json.Encoder()
_request = msgspec.json.Decoder(dict[str, str])
_reply: msgspec.json.Decoder[Reply] = msgspec.json.Decoder(Reply)


def encode(reply: Reply) -> bytes:
    """Return a reply as a line, without its end."""
    return _encoder.encode(reply)


def encode_request(verb: str, arguments: dict[str, str]) -> bytes:
    """Return a request as a line, without its end."""
    return _encoder.encode({"verb": verb, **arguments})


def decode_request(line: bytes) -> tuple[str, dict[str, str]]:
    """
    Return the verb and the arguments of a request.

    :raises BadRequest: it is none, or its arguments are not those of the verb.
    """
    try:
        given = _request.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BadRequest("A request is one JSON object with texts for values.") from None
    name = given.pop("verb", "")
    verb = VERBS.get(name)
    if verb is None or verb.local:
        raise BadRequest("This server does not know that verb. It may be older than the tool.")
    problem = verb.problem(given)
    if problem:
        raise BadRequest(problem)
    return name, given


def decode_reply(line: bytes) -> Reply:
    """
    :raises ValueError: it is no reply.
    """
    return _reply.decode(line)
