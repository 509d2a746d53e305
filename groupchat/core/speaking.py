"""
The commands that say something: each posts an entry, and is answered when that comes back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from groupchat.core.access import AccessPolicy
from groupchat.core.entries import (
    DirectMessageEntry,
    Entry,
    MessageEntry,
    TopicEntry,
    TopicQuery,
)
from groupchat.core.members import Members
from groupchat.wire import commands, errors, names

if TYPE_CHECKING:
    from groupchat.core.session import Session

__all__ = ["Speaking"]


class Speaking:
    """
    Messages, private messages and topics.

    :param access: decides who may speak.
    :param post: gives an entry to the ledger.
    :param now: the time in milliseconds since 1970.
    """

    def __init__(
        self,
        access: AccessPolicy,
        members: Members,
        post: Callable[[Entry], None],
        now: Callable[[], int],
    ) -> None:
        self._access = access
        self._members = members
        self._post = post
        self._now = now

    def say(self, session: Session, command: commands.Say) -> None:
        """
        Say something in a room.

        :raises Refused: it can't be said, and has no n.
        """
        refusal: errors.Refused | None = None
        try:
            room = session.rooms.resolve(command.room)
            text = names.message_text(command.text)
            self._access.check_may_speak(session.name, session.client)
        except errors.Refused as refused:
            if command.n is None:
                raise
            refusal = refused  # but the ledger may know this n, and then it was stored
            text, room = names.visible(command.text), names.key(command.room)
        entry = MessageEntry(
            room,
            session.name,
            text,
            self._now(),
            act=command.act,
            client=session.client,
            n=command.n,
            session=session,
            ref=command.ref,
        )
        entry.refusal = refusal
        self._post(entry)
        session.flow.posted(text)

    def tell(self, session: Session, command: commands.Tell) -> None:
        """
        Say something to one member.

        :raises Refused: it can't be said.
        """
        text = names.message_text(command.text)
        self._access.check_may_speak(session.name, session.client)
        to = self._members.recipients(command.to)[0].name
        self._post(DirectMessageEntry(session.name, to, text, self._now(), session, command.ref))

    def topic(self, session: Session, command: commands.SetTopic) -> None:
        """
        Set the topic of a room, or ask for it.

        :raises Refused: it can't be set.
        """
        room = session.rooms.resolve(command.room)
        if command.text is None:
            self._post(TopicQuery(room, session, command.ref))
        else:
            self._access.check_may_speak(session.name, session.client)
            text = names.topic_text(command.text)
            self._post(TopicEntry(room, session.name, text, session, command.ref))
