"""
The access to a room: open, or private with an owner and invitations.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["OPEN", "RoomAccess"]


class RoomAccess(NamedTuple):
    """
    :ivar owner: the id of the account that owns the room; "" for none.
    :ivar private: whether only its owner and invited accounts can join it.
    :ivar invited: the ids of these accounts.
    """

    owner: str = ""
    private: bool = False
    invited: frozenset[str] = frozenset()

    def admits(self, account: str) -> bool:
        """
        Return whether an account may join the room.

        :param account: its id; "" for a guest.
        """
        return not self.private or (
            bool(account) and (account == self.owner or account in self.invited)
        )


OPEN = RoomAccess()
