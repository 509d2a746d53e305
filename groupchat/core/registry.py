"""
An index of the members by name and by skeleton (the look of a name), and of their seats by number,
client and account.

It finds members and free names, and tells nobody of changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from groupchat.wire import errors, names

if TYPE_CHECKING:
    from groupchat.core.member import Member
    from groupchat.core.seat import Seat

__all__ = ["Registry"]


class Registry:
    """
    The members by name and skeleton, and the seats by number and client; each of these belongs to
    at most one.

    :param rule: what people may be called.
    :ivar members: all members, in the order in which they joined.
    :ivar seats: all seats by number, in the order in which they were taken.
    """

    def __init__(self, rule: names.Rule) -> None:
        self.members: dict[Member, None] = {}
        self.seats: dict[int, Seat] = {}
        self._rule = rule
        self._names: dict[str, Member] = {}
        self._skeletons: dict[str, Member] = {}
        self._clients: dict[bytes, Seat] = {}
        self._accounts: dict[str, dict[Seat, None]] = {}

    def member_named(self, name: str) -> Member | None:
        """Return the member of this name."""
        return self._names.get(names.key(name))

    def of_client(self, client: bytes) -> Seat | None:
        """Return the seat of this client."""
        return self._clients.get(client)

    def of_account(self, account: str) -> list[Seat]:
        """
        Return the seats that are logged in to an account, under whatever name.

        :param account: its id.
        """
        return list(self._accounts.get(account, ()))

    def holders(self, name: str) -> Iterator[Member]:
        """Yield the members that have this name, or one that could be read as it."""
        found = [self.member_named(name), *map(self._skeletons.get, self._rule.readings(name))]
        yield from dict.fromkeys(member for member in found if member is not None)

    def check_free(self, name: str, owner: Member | None) -> None:
        """
        Check that a member may have this name.

        :param owner: the member that asks, where it has joined already.
        :raises NameTaken: another member has it, or one that could be read as it.
        """
        if self.member_named(name) not in (None, owner):
            raise errors.NameTaken(f'The name "{name}" is taken. Choose another.')
        if any(holder is not owner for holder in self.holders(name)):
            raise errors.NameTaken(
                f'The name "{name}" looks like one that is taken. Choose another.'
            )

    def clear(self) -> None:
        """Remove all members and seats."""
        for index in (
            self.members, self.seats, self._names, self._skeletons, self._clients, self._accounts,
        ):  # fmt: skip
            index.clear()

    def add(self, member: Member) -> None:
        """Add a member, whose name is free."""
        self.members[member] = None
        self._claim(member)

    def remove(self, member: Member) -> None:
        """Remove a member without seats: its name is free."""
        del self.members[member]
        self._release(member)

    def rename(self, member: Member, name: str) -> None:
        """Give a member another name that is free."""
        self._release(member)
        member.name = name
        self._claim(member)

    def add_seat(self, seat: Seat) -> None:
        """Add a seat of a member."""
        self.seats[seat.number] = seat
        self._clients[seat.client] = seat
        self._add_account(seat)

    def remove_seat(self, seat: Seat) -> None:
        """Remove a seat of a member."""
        del self.seats[seat.number]
        if self._clients.get(seat.client) is seat:  # else its client has logged in again
            del self._clients[seat.client]
        self._remove_account(seat)

    def set_account(self, member: Member, account: str) -> None:
        """
        Give a member another account.

        :param account: its id.
        """
        for seat in member.seats:
            self._remove_account(seat)
        member.account = account
        for seat in member.seats:
            self._add_account(seat)

    def _add_account(self, seat: Seat) -> None:
        if seat.member.account:
            self._accounts.setdefault(seat.member.account, {})[seat] = None

    def _remove_account(self, seat: Seat) -> None:
        same = self._accounts.get(seat.member.account, {})
        same.pop(seat, None)
        if not same:
            self._accounts.pop(seat.member.account, None)

    def is_consistent(self) -> bool:
        """Return whether nothing is indexed but members and their seats; for tests."""
        indexed = {*self._names.values(), *self._skeletons.values()}
        seats = {seat for member in self.members for seat in member.seats}
        owners = {seat for same in self._accounts.values() for seat in same}
        return (
            owners == {seat for seat in seats if seat.member.account}
            and indexed <= self.members.keys()
            and {*self._clients.values()} <= seats
            and seats == {*self.seats.values()}
        )

    def _claim(self, member: Member) -> None:
        self._names[names.key(member.name)] = member
        self._skeletons |= dict.fromkeys(self._rule.readings(member.name), member)

    def _release(self, member: Member) -> None:
        del self._names[names.key(member.name)]
        for skeleton in self._rule.readings(member.name):
            del self._skeletons[skeleton]
