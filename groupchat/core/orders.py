"""
Operators' orders, on each node: what their entries do to the node's own sessions.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from groupchat.core.group_entries import AccountsChangedEntry, EndEntry, MaxEntry, NoticeEntry
from groupchat.interfaces import IAccounts, ILedger
from groupchat.wire import addresses, events

if TYPE_CHECKING:
    from groupchat.core.members import Members
    from groupchat.core.permissions import Network
    from groupchat.core.session import Session

__all__ = ["Orders", "is_in"]


class Orders:
    """
    :param ledger: tells which node this is.
    """

    def __init__(self, members: Members, accounts: IAccounts, ledger: ILedger) -> None:
        self._members = members
        self._accounts = accounts
        self._ledger = ledger

    def concerned(self, target: str, seat: int = 0) -> list[Session]:
        """
        Return the sessions of this node that a ban or a kick concerns; operators are not kept out
        by their network.

        :param target: the key of a name, or a network.
        :param seat: the number of one of the member's seats, under whatever name it is now.
        """
        if "/" not in target:
            found = self._members.seat(seat)
            member = found.member if found is not None else self._members.named(target)
            return list(member.sessions) if member is not None else []
        wide = ipaddress.ip_network(target)
        return [
            one
            for one in self._members.sessions
            if not one.operator and is_in(one.peer.address, wide)
        ]

    def ended(self, entry: EndEntry) -> None:
        """End the sessions that a kick or a ban concerns."""
        self._end(entry)
        if entry.ban and entry.node != self._ledger.node:
            # somebody may be logging in here, and the ban not be known here yet
            self._accounts.reload().addCallback(lambda _: self._end(entry))

    def _end(self, entry: EndEntry) -> None:
        for session in self.concerned(entry.target, entry.seat):
            session.end(entry.bye, entry.why)

    def noticed(self, entry: NoticeEntry) -> None:
        """Tell a notice."""
        notice = events.Notice(entry.text, entry.by)
        if entry.to is None:
            told = list(self._members.sessions)
        else:
            member = self._members.named(entry.to)
            told = list(member.sessions) if member is not None else []
        for session in told:
            session.send(notice)

    def max_changed(self, entry: MaxEntry) -> None:
        """Let another number of members be in."""
        self._members.decide_max(entry.max)

    def accounts_changed(self, entry: AccountsChangedEntry) -> None:
        """Read the accounts again, which another node has changed."""
        if entry.node != self._ledger.node:
            self._accounts.reload()


def is_in(address: str, wide: Network) -> bool:
    """Return whether an address is one of a network."""
    try:
        return addresses.ip(address) in wide
    except ValueError:  # a Unix socket has no IP address
        return False
