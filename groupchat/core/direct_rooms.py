"""
The internal names of direct rooms: those of two accounts, whichever of them asks.

A client writes `@NAME`, which means another room for each reader; `core` translates it.
"""

from __future__ import annotations

__all__ = ["direct_room", "is_direct", "parties"]

MARK = "@"  #: begins the name of a direct room, and of no other
SEPARATOR = "+"  #: is in no account's id


def direct_room(account: str, other: str) -> str:
    """Return the internal name of the direct room of two accounts, by their ids."""
    return MARK + SEPARATOR.join(sorted((account, other)))


def is_direct(room: str) -> bool:
    """Return whether this is the internal name of a direct room."""
    return room.startswith(MARK)


def parties(room: str) -> tuple[str, str]:
    """Return the ids of the two accounts whose direct room this is."""
    first, _, second = room.removeprefix(MARK).partition(SEPARATOR)
    return first, second
