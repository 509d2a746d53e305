"""
A member: a name, and the sessions that are logged in under it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupchat.core.naming import RenameLimit

if TYPE_CHECKING:
    from groupchat.core.session import Session

__all__ = ["Member"]


class Member:
    """
    Somebody who is logged in: a guest with one session, or an account with one for each device.

    :ivar name: the name under which others know the member.
    :ivar account: the id of its account; "" for a guest.
    :ivar sessions: its sessions, in the order in which they logged in; at least one.
    :ivar rename_limit: counts its changes of name, from whichever device.
    """

    __slots__ = ("account", "name", "rename_limit", "sessions")

    def __init__(self, name: str, account: str, rename_limit: RenameLimit) -> None:
        self.name = name
        self.account = account
        self.sessions: dict[Session, None] = {}
        self.rename_limit = rename_limit

    @property
    def first(self) -> Session:
        """The session that logged in first."""
        return next(iter(self.sessions))
