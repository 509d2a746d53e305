"""
The admission: decides whether a login gets its seat, by what all nodes know and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupchat.core.group_entries import LoginEntry
from groupchat.core.member import Member
from groupchat.core.registry import Registry
from groupchat.core.seat import NODE_SHIFT
from groupchat.wire import errors

if TYPE_CHECKING:
    from groupchat.core.seat import Seat

__all__ = ["MAX_LATE", "Admission"]

MAX_LATE = 60_000  #: milliseconds by which a login can be late; by more, and a clock was set back


class Admission:
    """
    :ivar max: members that can be in, if an operator has said so: else each node's setting holds.
    """

    def __init__(self, registry: Registry) -> None:
        self.max: int | None = None
        self._registry = registry

    def judge(self, entry: LoginEntry) -> tuple[Member | None, list[Seat]]:
        """
        Return the member of which a login is another device, or a new connection (None: a new
        member), and the seats that it replaces: that of the same client, and those of others that
        have its owner's name.

        :raises NameTaken: another member has the name, or one that could be read as it.
        :raises Disconnect: the group is full, the member has too many devices, or the client has
            logged in on another node since.
        """
        older = self._registry.of_client(entry.client)
        if older is not None:
            self._check_order(entry, older)
        member = self._member(entry, older)
        if member is not None:
            return member, [older] if older is not None else []
        replaced = self._replaced(entry, older)
        self._check_place(entry, replaced)
        return None, replaced

    def _check_order(self, entry: LoginEntry, older: Seat) -> None:
        """
        Check that a login is newer than the seat that its client has.

        A node that could not reach the ledger for a while posts logins late, of clients that have
        given it up and are on another node by now. Within a node, the order is that of the hellos.
        """
        late = older.since - entry.since
        if older.node != entry.seat >> NODE_SHIFT and 0 < late <= MAX_LATE:
            raise errors.Disconnect(errors.OVERTAKEN)

    def _member(self, entry: LoginEntry, older: Seat | None) -> Member | None:
        member = self._registry.member_named(entry.name)
        if member is None or member.account != entry.account:
            return None
        if not entry.owner and older not in member.seats:
            return None  # a guest's name belongs to one client
        others = len(member.seats) - (older in member.seats)
        if others >= entry.devices:
            raise errors.Disconnect(errors.too_many_devices(others))
        return member

    def _replaced(self, entry: LoginEntry, older: Seat | None) -> list[Seat]:
        """Return the seats that have to go for a new member."""
        if not entry.owner:
            alone = older is not None and len(older.member.seats) == 1
            owner = older.member if older is not None and alone else None
            self._registry.check_free(entry.name, owner)
        gone = [older] if older is not None else []
        for holder in self._registry.holders(entry.name):
            gone += holder.seats
        return list(dict.fromkeys(gone))

    def _check_place(self, entry: LoginEntry, replaced: list[Seat]) -> None:
        """
        Check that there is a place for a new member.

        :param replaced: the seats that go: a member without any more leaves its place.
        """
        leaving = {old.member for old in replaced if old.member.seats.keys() <= {*replaced}}
        places = self.max if self.max is not None else entry.places
        count = len(self._registry.members)
        # One more may join where that is an operator.
        if not leaving and count >= places + entry.operator:
            raise errors.Disconnect(errors.full(count, places))
