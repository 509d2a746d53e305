"""
An operator: whoever gives one of the commands of `moderation.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from groupchat.core.member import Member
    from groupchat.core.session import Session

__all__ = ["MACHINE", "Operator"]

MACHINE = "!admin"  #: the name of every operator of the machine, as members see it


class Operator(NamedTuple):
    """
    A member that is an operator, or an operator of the machine, who has no session.

    :ivar name: as the audit log names it; that of an operator of the machine begins with "!", as
        no member's name does.
    """

    name: str
    session: Session | None = None

    @property
    def shown(self) -> str:
        """The name that members see. They need not know the users of the machine."""
        return self.name if self.session is not None else MACHINE

    @property
    def member(self) -> Member | None:
        return self.session.member if self.session is not None else None

    @property
    def address(self) -> str:
        """The address of the session; "" for none."""
        return self.session.peer.address if self.session is not None else ""
