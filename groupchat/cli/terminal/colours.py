"""
Colours of names: each name always has the same one, on every machine.

Only colours with a contrast of 4.0 or more against black as well as against white are used, so that
names are legible on dark and on light terminals.
"""

from __future__ import annotations

from hashlib import blake2b

from groupchat.wire import names

__all__ = ["BASIC_COLOURS", "COLOURS", "colour_of"]

#: Of the 256 colours, those that are legible on black and on white.
COLOURS = (27, 28, 29, 30, 31, 62, 63, 64, 97, 98, 99, 129, 130, 131, 132, 133, 161, 162, 163, 164)

#: Of the 16 colours, the six of the user's own theme that are neither black nor white.
BASIC_COLOURS = (
    "dark red",
    "dark green",
    "brown",
    "dark blue",
    "dark magenta",
    "dark cyan",
)


def colour_of(name: str, count: int = len(COLOURS)) -> int:
    """Returns the colour of a name: a number below `count`. Capitals make no difference."""
    digest = blake2b(names.key(name).encode(errors="replace"), digest_size=4).digest()
    return int.from_bytes(digest, "big") % count
