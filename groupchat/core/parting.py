"""
The words with which members leave rooms, or the server: for wires that tell reasons.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupchat.core.access import AccessPolicy
from groupchat.core.presence import LEFT, QUIT
from groupchat.wire import commands, errors, names
from groupchat.wire.events import Departure

if TYPE_CHECKING:
    from groupchat.core.session import Session

__all__ = ["Parting"]


class Parting:
    """
    :param access: decides who may speak: others leave without words.
    """

    def __init__(self, access: AccessPolicy) -> None:
        self._access = access

    def leave(self, session: Session, command: commands.LeaveWith) -> None:
        """
        Leave a room.

        :raises NotInRoom: the session is not in it.
        """
        room = session.rooms.resolve(command.room)
        words = self._words(session, command.text)
        session.rooms.leave(room, command.ref, Departure(LEFT.code, words))

    def quit(self, session: Session, command: commands.QuitWith) -> None:
        """End, once all that the client sent before has been done."""
        words = self._words(session, command.text)
        session.end_of_input(Departure(QUIT.code, words))

    def _words(self, session: Session, text: str) -> str:
        try:
            self._access.check_may_speak(session.name, session.client)
        except errors.Muted:
            return ""
        return names.parting_words(text)
