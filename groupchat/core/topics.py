"""
The topics of rooms: from the command to the entry, and from there to the room.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from groupchat.core.access import AccessPolicy
from groupchat.core.direct_rooms import is_direct
from groupchat.core.entries import Entry, TopicEntry, TopicQuery
from groupchat.wire import commands, errors, names
from groupchat.wire.events import Topic

if TYPE_CHECKING:
    from groupchat.core.delivery import Delivery
    from groupchat.core.session import Session

__all__ = ["Topics"]


class Topics:
    """
    :param access: decides who may speak.
    :param post: gives an entry to the ledger.
    """

    def __init__(
        self, access: AccessPolicy, delivery: Delivery, post: Callable[[Entry], None]
    ) -> None:
        self._access = access
        self._delivery = delivery
        self._post = post

    def topic(self, session: Session, command: commands.SetTopic) -> None:
        """
        Set the topic of a room, or ask for it.

        :raises Refused: it can't be set.
        """
        room = session.rooms.resolve(command.room)
        if is_direct(room):
            raise errors.NotAllowed("A direct room has no topic.")
        if command.text is None:
            self._post(TopicQuery(room, session, command.ref))
        else:
            self._access.check_may_speak(session.name, session.client)
            text = names.topic_text(command.text)
            self._post(TopicEntry(room, session.name, text, session, command.ref))

    def changed(self, entry: TopicEntry) -> None:
        """Answer a new topic, and show it."""
        room = self._delivery.touch(entry.room)
        self._delivery.answer(entry, entry.room)
        if room is not None and entry.refusal is None:
            room.topic, room.topic_by = entry.text, entry.sender
            room.broadcast.append(Topic(entry.room, entry.text, entry.sender))

    def asked(self, entry: TopicQuery) -> None:
        """Answer a question for the topic, after all that happened before."""
        room = self._delivery.rooms.get(entry.room)
        if room is not None and entry.session is not None:
            self._delivery.show()
            entry.session.send(Topic(entry.room, room.topic, room.topic_by, entry.ref))
