"""
A message that is imported: what was said, by whom and when. And the digest by which a file is
recognised that is imported again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b

import msgspec

from groupchat.wire import names
from groupchat.wire.errors import Refused

__all__ = ["BadLine", "Said", "folded", "proper_name", "time_in"]

_NOT_IN_NAMES = re.compile(r"[^\w.-]|^(?=\W|_)")
MAX_LETTERS = 32


class Said(msgspec.Struct, array_like=True, frozen=True):
    """
    :ivar at: milliseconds since 1970.
    """

    at: int
    sender: str
    text: str
    act: bool = False
    notice: bool = False


class BadLine(Exception):
    """A line can't be imported."""

    def __init__(self, number: int, why: str) -> None:
        super().__init__(f"line {number}: {why}.")


@contextmanager
def time_in(number: int) -> Iterator[None]:
    """
    Make and convert the time in a line meanwhile.

    :raises BadLine: there is no such time, or it is too far away.
    """
    try:
        yield
    except (ValueError, OverflowError, OSError):
        raise BadLine(number, "there is no such time as it has") from None


_encoder = msgspec.json.Encoder()


def folded(digest: bytes, said: Said) -> bytes:
    """Return the digest of some messages and one more."""
    return blake2b(digest + _encoder.encode(said), digest_size=16).digest()


def proper_name(name: str) -> str:
    """Return a name that the server takes: characters that names can't have are "_"."""
    for wanted in (name, _NOT_IN_NAMES.sub("_", name).lstrip("_.-")[:MAX_LETTERS], f"{name}_"):
        try:
            return names.rule_for(wanted).person(wanted)
        except Refused:
            pass
    return "unknown"
