"""
A seat: one login of a member, on whichever node, as all nodes know it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groupchat.core.member import Member
    from groupchat.core.session import Session

__all__ = ["NODE_SHIFT", "Seat"]

NODE_SHIFT = 32  #: a seat's number is its node's shifted by this, plus a count


class Seat:
    """
    One login of a member.

    :param number: the group has no other seat of this number.
    :param client: the digest of the client's secret.
    :param address: the address of the client, as people write it.
    :param since: milliseconds since 1970 at which it was taken.

    :ivar member: whose seat it is.
    :ivar rooms: the rooms that it is in, by their internal names, each with the time (likewise) at
        which it joined.
    :ivar session: the session that has it, where that is one of this node and has not ended.
    """

    __slots__ = ("address", "client", "member", "number", "rooms", "session", "since")

    def __init__(
        self, number: int, member: Member, client: bytes, address: str, since: int
    ) -> None:
        self.number = number
        self.member = member
        self.client = client
        self.address = address
        self.since = since
        self.rooms: dict[str, int] = {}
        self.session: Session | None = None

    @property
    def node(self) -> int:
        """The number of the node that it is on."""
        return self.number >> NODE_SHIFT
