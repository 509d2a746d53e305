"""
Presence that has not been told yet: the members that left, changed their names or joined.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from groupchat.wire import errors, names
from groupchat.wire.events import Departure, Event, Presence

if TYPE_CHECKING:
    from groupchat.core.cursor import Cursor
    from groupchat.core.seat import Seat

__all__ = ["LEFT", "LOST", "NODE_GONE", "QUIT", "REPLACED", "PresenceBatch"]

# Reasons why a member left, beside the codes of byes:
LEFT = Departure("left")  #: it left the room, or was sent out of it, and may be in others
LOST = Departure("lost")  #: its connection was lost
NODE_GONE = Departure("node-gone")
QUIT = Departure(errors.QUIT.code)
REPLACED = Departure(errors.REPLACED.code)

MAX_NAMES_IN_PRESENCE = 100  #: names of a kind in a presence line


class PresenceBatch:
    """
    Gathers presence until it is told. No name is in it twice.

    :ivar entering: the seats that join the room when this is told, each with the cursor of its
        session, if that is one of this node.
    :ivar keys: the keys of the names that are in it: none while there is nothing to tell.
    """

    def __init__(self) -> None:
        self.entering: dict[Seat, Cursor | None] = {}
        self._left: dict[str, Departure] = {}
        self._renamed: dict[str, str] = {}
        self._joined: list[str] = []
        self.keys: set[str] = set()

    def has(self, *some: str) -> bool:
        """Return whether one of these names is in it."""
        return bool(self.keys) and not self.keys.isdisjoint(map(names.key, some))

    def join(self, seat: Seat, cursor: Cursor | None) -> None:
        """Add a member that joins."""
        name = seat.member.name
        self.keys.add(names.key(name))
        self._joined.append(name)
        self.entering[seat] = cursor

    def leave(self, name: str, why: Departure) -> None:
        """Add a member that has left."""
        self.keys.add(names.key(name))
        self._left[name] = why

    def rename(self, old: str, new: str) -> None:
        """Add a member that has changed its name."""
        self.keys |= {names.key(old), names.key(new)}
        self._renamed[old] = new

    def lines(self, room: str, count: int) -> list[Event]:
        """
        Return the presence lines: as many as it takes.

        :param count: the members of the room after them.
        """
        left, renamed = list(self._left), list(self._renamed.items())
        longest = max(len(left), len(renamed), len(self._joined))
        lines: list[Event] = []
        for start in range(0, longest, MAX_NAMES_IN_PRESENCE):
            end = start + MAX_NAMES_IN_PRESENCE
            line = Presence(
                room, count, left[start:end], dict(renamed[start:end]), self._joined[start:end]
            )
            if line.left:
                why = {name: self._left[name] for name in line.left}
                msgspec.structs.force_setattr(line, "why", why)
            lines.append(line)
        return lines
