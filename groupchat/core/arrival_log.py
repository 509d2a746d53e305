"""
The log's lines about logins and departures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupchat.core.throttledlog import ThrottledLog
from groupchat.wire import names

if TYPE_CHECKING:
    from groupchat.core.members import Members
    from groupchat.core.seat import Seat
    from groupchat.core.session import Session

__all__ = ["ArrivalLog"]


class ArrivalLog:
    """
    :param log: where the lines are written.
    :param members: of whom each line tells the number.
    """

    def __init__(self, log: ThrottledLog, members: Members) -> None:
        self._log = log
        self._members = members

    def joined(self, seat: Seat) -> None:
        """Log that a seat is taken."""
        self._write(
            "{name} joined from {address} ({count} of {max})", seat.address, seat.member.name
        )

    def left(self, seat: Seat) -> None:
        """Log that a seat is free again."""
        self._write(
            "{name} left, from {address} ({count} of {max})", seat.address, seat.member.name
        )

    def refused(self, session: Session, name: str, code: str) -> None:
        """
        Log that a session was not let in.

        :param name: the name that it gave, or "".
        """
        form = "{name} from {address} was refused: {why} ({count} of {max})"
        self._write(form, session.peer.address, name, why=code)

    def _write(self, form: str, address: str, name: str, **more: str) -> None:
        shown = names.printable(name)
        members = self._members
        self._log.info(address, form, name=shown, count=members.count, max=members.max, **more)
