"""
An index of the members of this node: by name, by skeleton (the look of a name), and by client.

It finds members and free names, and tells nobody of changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

from groupchat.wire import errors, names

__all__ = ["Registry"]


class Indexed(Protocol):
    """The part of a session that is indexed."""

    name: str
    client: bytes


Member = TypeVar("Member", bound=Indexed)


class Registry(Generic[Member]):
    """
    The members by name, skeleton and client; each of these belongs to at most one member.

    :param rule: what people may be called.
    :ivar members: all of them, in the order in which they joined.
    """

    def __init__(self, rule: names.Rule) -> None:
        self.members: dict[Member, None] = {}
        self._rule = rule
        self._names: dict[str, Member] = {}
        self._skeletons: dict[str, Member] = {}
        self._clients: dict[bytes, Member] = {}

    def member_named(self, name: str) -> Member | None:
        """Return the member of this name."""
        return self._names.get(names.key(name))

    def of_client(self, client: bytes) -> Member | None:
        """Return the member that logged in with this client."""
        return self._clients.get(client)

    def holders(self, name: str) -> Iterator[Member]:
        """Yield the members that have this name, or one that could be read as it."""
        found = [self.member_named(name), *map(self._skeletons.get, self._rule.readings(name))]
        yield from dict.fromkeys(member for member in found if member is not None)

    def check_free(self, name: str, owner: Member | None) -> None:
        """
        See whether a member may have this name.

        :param owner: the member that asks, where it has joined already.
        :raises NameTaken: another member has it, or one that could be read as it.
        """
        if self.member_named(name) not in (None, owner):
            raise errors.NameTaken(f'The name "{name}" is taken. Choose another.')
        if any(holder is not owner for holder in self.holders(name)):
            raise errors.NameTaken(
                f'The name "{name}" looks like one that is taken. Choose another.'
            )

    def add(self, member: Member, name: str) -> None:
        """Add a member under a name that is free."""
        self.members[member] = None
        self._clients[member.client] = member
        self._claim(member, name)

    def remove(self, member: Member) -> None:
        """Remove a member: its name is free."""
        del self.members[member]
        del self._clients[member.client]
        self._release(member)

    def rename(self, member: Member, name: str) -> None:
        """Give a member another name that is free. Its `name` is still the old one."""
        self._release(member)
        self._claim(member, name)

    def is_consistent(self) -> bool:
        """Return whether nothing is indexed but what the members have; for tests."""
        indexed = {*self._names.values(), *self._skeletons.values(), *self._clients.values()}
        return indexed <= self.members.keys()

    def _claim(self, member: Member, name: str) -> None:
        self._names[names.key(name)] = member
        self._skeletons |= dict.fromkeys(self._rule.readings(name), member)

    def _release(self, member: Member) -> None:
        del self._names[names.key(member.name)]
        for skeleton in self._rule.readings(member.name):
            del self._skeletons[skeleton]
