"""
A member: a name, and the seats that are taken under it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from groupchat.core.naming import RenameLimit

if TYPE_CHECKING:
    from groupchat.core.seat import Seat
    from groupchat.core.session import Session

__all__ = ["Member"]


class Member:
    """
    Somebody who is logged in: a guest with one seat, or an account with one for each device.

    :ivar name: the name under which others know the member.
    :ivar account: the id of its account; "" for a guest.
    :ivar seats: its seats, in the order in which they were taken; at least one.
    :ivar rename_limit: counts its changes of name on this node, from whichever device.
    """

    __slots__ = ("account", "name", "rename_limit", "seats")

    def __init__(self, name: str, account: str, rename_limit: RenameLimit) -> None:
        self.name = name
        self.account = account
        self.seats: dict[Seat, None] = {}
        self.rename_limit = rename_limit

    @property
    def first(self) -> Seat:
        """The seat that was taken first."""
        return next(iter(self.seats))

    @property
    def sessions(self) -> Iterator[Session]:
        """Its sessions on this node."""
        return (seat.session for seat in [*self.seats] if seat.session is not None)

    @property
    def rooms(self) -> list[str]:
        """The internal names of the rooms that it is in, from whichever seat."""
        return list(dict.fromkeys(room for seat in self.seats for room in seat.rooms))
