"""
Private messages: between registered names they are said in the direct room of the two, otherwise
they are told and not stored.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from groupchat.core.access import AccessPolicy
from groupchat.core.entries import DirectMessageEntry, Entry, MessageEntry
from groupchat.wire import commands, errors, names
from groupchat.wire.events import Tell
from groupchat.wire.timestamps import stamp

if TYPE_CHECKING:
    from groupchat.core.delivery import Delivery
    from groupchat.core.direct import DirectRooms
    from groupchat.core.members import Members
    from groupchat.core.session import Session

__all__ = ["Telling"]


class Telling:
    """
    :param access: decides who may speak.
    :param direct: finds the direct room of two names.
    :param post: gives an entry to the ledger.
    :param now: the time in milliseconds since 1970.
    """

    def __init__(
        self,
        access: AccessPolicy,
        members: Members,
        direct: DirectRooms,
        delivery: Delivery,
        post: Callable[[Entry], None],
        now: Callable[[], int],
    ) -> None:
        self._access = access
        self._members = members
        self._direct = direct
        self._delivery = delivery
        self._post = post
        self._now = now

    def tell(self, session: Session, command: commands.Tell) -> None:
        """
        Say something to one member.

        :raises Refused: it can't be said.
        """
        text = names.message_text(command.text)
        self._access.check_may_speak(session.name, session.client)
        room = self._direct.between(session.account, command.to)
        name, at, ref = session.name, self._now(), command.ref
        if room is not None:
            self._post(
                MessageEntry(
                    room, name, text, at, notice=command.notice,
                    client=session.client, account=session.account, session=session, ref=ref,
                )
            )  # fmt: skip
            session.flow.posted(text)
        else:
            self._post(DirectMessageEntry(name, command.to, text, at, session, ref, command.notice))

    def told(self, entry: DirectMessageEntry) -> None:
        """Tell a member what was said to it, and answer."""
        self._delivery.show()  # what was said before is read before
        try:
            others = self._members.recipients(entry.to)
        except errors.Refused as refused:
            entry.refusal = refused
        else:
            for other in others:
                at = stamp(entry.at)
                other.send(Tell(entry.sender, other.name, entry.text, at, entry.notice))
        self._delivery.answer(entry)
