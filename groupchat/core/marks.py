"""
Marks: up to where a member has read a room, on whichever device.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from groupchat.core.entries import Entry, MarkEntry
from groupchat.wire import commands, events

if TYPE_CHECKING:
    from groupchat.core.delivery import Delivery
    from groupchat.core.members import Members
    from groupchat.core.session import Session

__all__ = ["Marks"]


class Marks:
    """
    :param members: finds the other devices.
    :param post: gives an entry to the ledger.
    """

    def __init__(self, members: Members, delivery: Delivery, post: Callable[[Entry], None]) -> None:
        self._members = members
        self._delivery = delivery
        self._post = post

    def mark(self, session: Session, command: commands.Mark) -> None:
        """
        Mark a room as read up to an id.

        :raises NotInRoom: the session is not in it.
        """
        room = session.rooms.resolve(command.room)
        owner = session.account or session.client
        self._post(MarkEntry(room, owner, command.id, session, command.ref))

    def marked(self, entry: MarkEntry) -> None:
        """Answer, and tell the other devices of the account if the mark has moved."""
        session = entry.session
        if session is not None:
            self._delivery.answer(entry, session.rooms.label(entry.room))
        if entry.refusal is not None or not entry.moved:
            return
        is_account = isinstance(entry.owner, str)
        devices = self._members.of_account(str(entry.owner)) if is_account else [session]
        for device in devices:
            if device is not None:
                self._move(device, entry, tell=device is not session)

    def _move(self, device: Session, entry: MarkEntry, tell: bool) -> None:
        cursor = device.rooms.cursors.get(entry.room)
        if cursor is not None:
            cursor.mark = max(cursor.mark, entry.id)
        if tell:
            device.send(events.Mark(device.rooms.label(entry.room), entry.id))
