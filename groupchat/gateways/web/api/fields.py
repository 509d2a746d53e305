"""
The fields of requests: of their query, and of their body.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from groupchat.gateways.web.problem import Problem
from groupchat.wire.errors import BadField, BadJson, BadUtf8
from groupchat.wire.limits import MAX_QUERY

if TYPE_CHECKING:
    from groupchat.gateways.web.message import Request

__all__ = [
    "MAX_ID",
    "MAX_KEY",
    "Post",
    "idempotency_key",
    "is_id",
    "number",
    "only",
    "post",
    "words",
]

MAX_ID = 2**53 - 1
MAX_KEY = 255  #: characters of an Idempotency-Key

_DIGITS = re.compile(r"[0-9]{1,16}")
_KEY = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?")
#: curl -d says that it sends a form, and sends the text as it is
_TEXTS = ("", "text/plain", "application/x-www-form-urlencoded")
_CHARSETS = ("", "utf-8", "utf8", "us-ascii")
_WHERE = re.compile(r"^(.*?)(?: - at `\$?\.?(.*)`)?$")


class Post(msgspec.Struct):
    """A message to say, as JSON has it."""

    text: str
    act: bool | None = None
    notice: bool | None = None


_posts = msgspec.json.Decoder(Post)


def only(request: Request, *names: str) -> None:
    """
    Check that a query has no other parameters than these: one that is misspelt would do nothing.

    :raises BadField: it has.
    """
    if not request.query.keys() <= {*names}:
        raise BadField(f"The parameters here are: {', '.join(names)}.")


def number(request: Request, name: str, low: int, high: int) -> int | None:
    """
    Return a number of the query, or None where it is not given.

    :raises BadField: it is no number from `low` to `high`.
    """
    given = request.query.get(name)
    if given is None:
        return None
    if not _DIGITS.fullmatch(given) or not low <= int(given) <= high:
        raise BadField(f"{name} is a number from {low} to {high}.")
    return int(given)


def is_id(given: str) -> bool:
    """Return whether this is the id of a message, or 0."""
    return bool(_DIGITS.fullmatch(given)) and int(given) <= MAX_ID


def words(request: Request) -> str:
    """
    Return the words to search for.

    :raises BadField: there are none, or they are too long.
    """
    text = request.query.get("text", "")
    if not text.split() or len(text.encode()) > MAX_QUERY:
        raise BadField(f"text has the words to search for: 1 to {MAX_QUERY} bytes.")
    return text


def idempotency_key(request: Request) -> str | None:
    """
    Return the key of a request, or None where it has none. Quotes around it are no part of it.

    :raises BadField: it can't be a key.
    """
    given = request.headers.get("idempotency-key")
    if given is None:
        return None
    if len(given) > 1 and given[0] == given[-1] == '"':
        given = given[1:-1]
    if not _KEY.fullmatch(given):
        raise BadField(f"An Idempotency-Key has 1 to {MAX_KEY} printable ASCII characters.")
    return given


def post(request: Request) -> Post:
    """
    Return the message in the body of a request.

    :raises Problem: it is of a type that is not understood.
    :raises Refused: there is none in it.
    """
    kind, charset = _media_type(request.headers.get("content-type", ""))
    if charset not in _CHARSETS or kind not in (*_TEXTS, "application/json"):
        raise Problem(
            415, "bad-type", "Send the text itself (text/plain, in UTF-8), or application/json."
        )
    try:
        text = request.body.decode()
    except UnicodeDecodeError:
        raise BadUtf8("The body is not UTF-8.") from None
    if kind != "application/json":
        return Post(text.removesuffix("\n").removesuffix("\r"))
    try:
        return _posts.decode(text)
    except msgspec.ValidationError as error:
        what, where = _WHERE.match(str(error).splitlines()[0]).groups()  # type: ignore[union-attr]
        raise BadField(f"{f'{where}: ' if where else ''}{what}.") from None
    except (msgspec.DecodeError, RecursionError):
        raise BadJson("The body is no JSON object.") from None


def _media_type(given: str) -> tuple[str, str]:
    """Return a media type and its charset, in small letters; "" where there is none."""
    kind, *parameters = (part.strip().lower() for part in given.split(";"))
    charsets = [part[8:].strip('"') for part in parameters if part.startswith("charset=")]
    return kind, charsets[0] if charsets else ""
