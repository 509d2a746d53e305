"""
Parse durations as people write them: ``90s``, ``10 min``, ``2 h``, ``1h30m``, ``2w``, ``6mo``.
"""

from __future__ import annotations

import re

from groupchat.wire import names

__all__ = ["MAX_SECONDS", "split"]

MAX_SECONDS = 2**53 - 1  #: seconds

_WORDS = {
    1: "s sec secs second seconds",
    60: "m min mins minute minutes",
    3600: "h hr hrs hour hours",
    86_400: "d day days",
    7 * 86_400: "w wk wks week weeks",
    30 * 86_400: "mo mon month months",
    365 * 86_400: "y yr yrs year years",
}
_UNITS = {word: seconds for seconds, words in _WORDS.items() for word in words.split()}
_PART = re.compile(r"(\d{1,9})\s*([a-z]+)(?=[\d\s]|$)", re.IGNORECASE | re.ASCII)
_FOREVER = re.compile(r"(?:for\s?ever|permanent(?:ly)?)(?:\s+|$)", re.IGNORECASE)
_FOR = re.compile(r"for\s+(?=\d)", re.IGNORECASE)
_NUMBER = re.compile(r"[-+.]?\d\S*")


def split(text: str) -> tuple[int | None, str]:
    """
    Split a text into its leading duration, in seconds (None: forever), and the rest. A text without
    a duration means forever.

    A month has 30 days, a year 365; each unit must be smaller than the one before.

    :raises ValueError: the text begins with a number that is not a duration. The error says what to
        write.
    """
    forever = _FOREVER.match(text)
    if forever:
        return None, text[forever.end() :]
    start = _FOR.match(text)
    at = begin = start.end() if start else 0
    seconds, smallest = 0, MAX_SECONDS
    while (found := _PART.match(text, at)) is not None:
        unit = _UNITS.get(found[2].lower(), MAX_SECONDS)
        if unit >= smallest:
            break
        seconds, smallest = seconds + int(found[1]) * unit, unit
        at = len(text) - len(text[found.end() :].lstrip())
    rest = text[at:]
    if at == begin:
        _refuse_number(rest)
        return None, text
    if (rest and not text[at - 1].isspace()) or re.fullmatch(r"\d+\s*", rest):
        raise ValueError(f'"{names.printable(text[:24].strip())}" is no time. {_HOW}')
    if not seconds:
        raise ValueError("A time of 0 is none. Leave it out for one that has no end.")
    return min(seconds, MAX_SECONDS), rest


def _refuse_number(text: str) -> None:
    found = _NUMBER.match(text)
    if not found:
        return
    word = names.printable(found[0][:16])
    if word.isdigit():
        raise ValueError(f'"{word}" of what? Write {word}s, {word}m, {word}h or {word}d. {_REASON}')
    raise ValueError(f'"{word}" is no time. {_HOW}')


_REASON = 'Before a reason that begins with a number, write a time or "forever".'
_HOW = f"Write it like 90s, 10m, 2h, 7d, 2w, 6mo or 1h30m. {_REASON}"
