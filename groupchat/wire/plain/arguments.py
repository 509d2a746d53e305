"""
Parses the arguments of typed commands. A ValueError means that they don't fit the command's usage.
"""

from __future__ import annotations

from collections.abc import Callable

from groupchat.wire.commands import Command

__all__ = ["AT", "count", "no_argument", "some_text", "word", "word_and_rest"]

AT = "@"  #: before a name where an address could stand; no name begins so


def word(rest: str) -> str:
    """Return the only word there is."""
    (only,) = rest.split()
    return only


def word_and_rest(rest: str) -> tuple[str, str]:
    """Return the first word and the rest, which may be empty."""
    first, rest = [*rest.split(maxsplit=1), ""][:2]
    return first, rest.strip()


def count(rest: str, most: int) -> int:
    """Return a number from 1 to `most`."""
    number = int(rest)
    if not 1 <= number <= most:
        raise ValueError(rest)
    return number


def some_text(rest: str) -> str:
    """Return a text that is not empty."""
    if not rest:
        raise ValueError(rest)
    return rest


def no_argument(make: Callable[[], Command]) -> Callable[[str], Command]:
    """Return the parser of a command without arguments."""

    def parser(rest: str) -> Command:
        if rest:
            raise ValueError(rest)
        return make()

    return parser
