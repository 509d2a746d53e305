"""
The names of rooms: those that clients give them, and the internal ones.

They differ for direct rooms alone: ``@bob`` is another room for each reader.
"""

from __future__ import annotations

from groupchat.core.direct import DirectRooms
from groupchat.core.direct_rooms import is_direct
from groupchat.wire import names

__all__ = ["RoomNames"]


class RoomNames:
    """
    Translates names of rooms. An account is named by its id; "" stands for a guest.

    :param rule: what rooms may be called.
    """

    def __init__(self, rule: names.Rule, direct: DirectRooms) -> None:
        self._rule = rule
        self._direct = direct

    def label(self, name: str) -> str:
        """
        Return the name of a room as the server writes it to the client that gave it.

        :raises BadName: it is no name of a room.
        """
        is_label = name.startswith(names.DIRECT)
        return self._rule.direct_room(name) if is_label else self._rule.room(name)

    def to_join(self, name: str, account: str) -> str:
        """
        Return the internal name of a room to join.

        :raises BadName: it is no name of a room.
        :raises NoSuchName: it is the name of a direct room, and there is none.
        """
        label = self.label(name)
        return self._direct.resolve(label, account) if name.startswith(names.DIRECT) else label

    def find(self, name: str, account: str) -> str:
        """Return the internal name of a room that may or may not be there."""
        room = None
        if name.startswith(names.DIRECT):
            room = self._direct.between(account, name.removeprefix(names.DIRECT))
        return room or names.key(name)

    def exists(self, room: str, account: str) -> bool:
        """Return whether an account can still be in a direct room, of this internal name."""
        return self._direct.exists(room, account)

    def label_of(self, room: str, account: str) -> str:
        """
        Return the name by which a client knows a room.

        :param room: its internal name.
        """
        return self._direct.label(room, account) if is_direct(room) else room
