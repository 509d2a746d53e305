"""
An index of the members of this node by name and by skeleton (the look of a name), and of their
sessions by client.

It finds members and free names, and tells nobody of changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from groupchat.wire import errors, names

if TYPE_CHECKING:
    from groupchat.core.member import Member
    from groupchat.core.session import Session

__all__ = ["Registry"]


class Registry:
    """
    The members by name and skeleton, and the sessions by client; each of these belongs to at most
    one.

    :param rule: what people may be called.
    :ivar members: all members, in the order in which they joined.
    :ivar sessions: all sessions of members, in the order in which they logged in.
    """

    def __init__(self, rule: names.Rule) -> None:
        self.members: dict[Member, None] = {}
        self.sessions: dict[Session, None] = {}
        self._rule = rule
        self._names: dict[str, Member] = {}
        self._skeletons: dict[str, Member] = {}
        self._clients: dict[bytes, Session] = {}
        self._accounts: dict[str, dict[Session, None]] = {}

    def member_named(self, name: str) -> Member | None:
        """Return the member of this name."""
        return self._names.get(names.key(name))

    def of_client(self, client: bytes) -> Session | None:
        """Return the session that logged in with this client."""
        return self._clients.get(client)

    def of_account(self, account: str) -> list[Session]:
        """
        Return the sessions that are logged in to an account, under whatever name.

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

    def add(self, member: Member) -> None:
        """Add a member, whose name is free."""
        self.members[member] = None
        self._claim(member)

    def remove(self, member: Member) -> None:
        """Remove a member without sessions: its name is free."""
        del self.members[member]
        self._release(member)

    def rename(self, member: Member, name: str) -> None:
        """Give a member another name that is free."""
        self._release(member)
        member.name = name
        self._claim(member)

    def add_session(self, session: Session) -> None:
        """Add a session of a member."""
        self.sessions[session] = None
        self._clients[session.client] = session
        self._add_account(session)

    def remove_session(self, session: Session) -> None:
        """Remove a session of a member."""
        del self.sessions[session]
        if self._clients.get(session.client) is session:  # else its client has logged in again
            del self._clients[session.client]
        self._remove_account(session)

    def set_account(self, session: Session, account: str) -> None:
        """
        Give a session another account.

        :param account: its id.
        """
        self._remove_account(session)
        session.account = account
        self._add_account(session)

    def _add_account(self, session: Session) -> None:
        if session.account:
            self._accounts.setdefault(session.account, {})[session] = None

    def _remove_account(self, session: Session) -> None:
        same = self._accounts.get(session.account, {})
        same.pop(session, None)
        if not same:
            self._accounts.pop(session.account, None)

    def is_consistent(self) -> bool:
        """Return whether nothing is indexed but members and their sessions; for tests."""
        indexed = {*self._names.values(), *self._skeletons.values()}
        sessions = {session for member in self.members for session in member.sessions}
        owners = {session for same in self._accounts.values() for session in same}
        return (
            owners == {session for session in sessions if session.account}
            and indexed <= self.members.keys()
            and {*self._clients.values()} <= sessions
            and sessions == self.sessions.keys()
        )

    def _claim(self, member: Member) -> None:
        self._names[names.key(member.name)] = member
        self._skeletons |= dict.fromkeys(self._rule.readings(member.name), member)

    def _release(self, member: Member) -> None:
        del self._names[names.key(member.name)]
        for skeleton in self._rule.readings(member.name):
            del self._skeletons[skeleton]
