"""
Messages, and their corrections: from the command to the entry, and from there to the room.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from groupchat.core.access import AccessPolicy
from groupchat.core.counters import Counters
from groupchat.core.direct_rooms import is_direct, parties
from groupchat.core.entries import CorrectionEntry, Entry, MessageEntry
from groupchat.settings import Settings
from groupchat.wire import commands, errors, names
from groupchat.wire.events import Message, Tell
from groupchat.wire.timestamps import stamp

if TYPE_CHECKING:
    from groupchat.core.delivery import Delivery
    from groupchat.core.members import Members
    from groupchat.core.session import Session

__all__ = ["Speaking"]

NEWEST = 0  #: stands for the author's newest message, as the one that is corrected


class Speaking:
    """
    :param access: decides who may speak.
    :param post: gives an entry to the ledger.
    :param now: the time in milliseconds since 1970.
    """

    def __init__(
        self,
        access: AccessPolicy,
        members: Members,
        delivery: Delivery,
        post: Callable[[Entry], None],
        now: Callable[[], int],
        settings: Settings,
        counters: Counters,
    ) -> None:
        self._access = access
        self._members = members
        self._delivery = delivery
        self._post = post
        self._now = now
        self._settings = settings
        self._counters = counters

    # Commands.

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
            text, room = names.visible(command.text), session.rooms.find(command.room)
        entry = MessageEntry(  # keywords would be a dict for each message
            room, session.name, text, self._now(), command.act, session.client, command.n,
            session.account, session, command.ref, command.notice,
        )  # fmt: skip
        entry.refusal = refusal
        self._post(entry)
        session.flow.posted(text)

    def correct(self, session: Session, command: commands.Correction) -> None:
        """
        Replace a message, or redact it.

        :raises Refused: it can't be done, and has no n.
        """
        refusal: errors.Refused | None = None
        text = command.text or ""
        try:
            room = session.rooms.resolve(command.room)
            text = names.message_text(text) if command.redacts is None else ""
            self._access.check_may_speak(session.name, session.client)
        except errors.Refused as refused:
            if command.n is None:
                raise
            refusal = refused  # but the ledger may know this n, as in `say`
            text, room = names.visible(text), session.rooms.find(command.room)
        self._correct(session, room, text, command, refusal)

    def _correct(
        self,
        session: Session,
        room: str,
        text: str,
        command: commands.Correction,
        refusal: errors.Refused | None,
    ) -> None:
        entry = CorrectionEntry(
            room, session.name, text, self._now(),
            replaces=command.replaces, redacts=command.redacts, operator=session.operator,
            within=self._settings.edit_within * 1000, act=command.act, n=command.n,
            client=session.client, account=session.account, session=session, ref=command.ref,
        )  # fmt: skip
        entry.refusal = refusal
        self._post(entry)
        session.flow.posted(text)

    def edit(self, session: Session, command: commands.Edit) -> None:
        """
        Replace the session's last message in its current room.

        :raises Refused: it can't be done.
        """
        room = session.rooms.current
        self.correct(
            session,
            commands.Correction(room=room, text=command.text, replaces=NEWEST, ref=command.ref),
        )

    def remove(self, session: Session, command: commands.Remove) -> None:
        """
        Redact the session's last message in its current room.

        :raises Refused: it can't be done.
        """
        room = session.rooms.current
        self.correct(session, commands.Correction(room=room, redacts=NEWEST, ref=command.ref))

    # Entries.

    def said(self, entry: MessageEntry) -> None:
        """Answer a message, and show it if it was stored just now."""
        room = self._delivery.touch(entry.room)
        session, cursor = entry.session, None
        if room is not None:
            room.announce(entry.sender)
        if session is not None:
            session.flow.committed(entry.text)
            cursor = session.rooms.cursors.get(entry.room)
            label = cursor.label if cursor is not None else session.rooms.label(entry.room)
            self._delivery.answer(entry, label, entry.n, entry.id)
        elif room is not None and not room.attended and not room.is_direct:
            # another node's, and nobody here is in the room
            if entry.fresh and entry.id is not None:  # one that is said again has an older id
                room.broadcast.head = entry.id
            return
        if not entry.fresh or entry.id is None:
            return
        self._counters.messages += 1
        if cursor is not None:
            cursor.last_n = entry.n or cursor.last_n
            if cursor.unechoed is not None:
                cursor.unechoed[entry.id] = entry.ref
        if room is not None:
            room.broadcast.append(
                Message(
                    entry.room, entry.id, stamp(entry.at), entry.sender, entry.text,
                    entry.act, entry.notice,
                )
            )  # fmt: skip
        if room is None or room.is_direct:
            self._tell_absent(entry)

    def _tell_absent(self, entry: MessageEntry) -> None:
        """Tell what was said in a direct room to the sessions of the other that are not in it."""
        if not is_direct(entry.room):
            return
        self._delivery.show()  # a member is heard in one order, wherever it speaks
        for account in parties(entry.room):
            for session in self._members.of_account(account) if account != entry.account else ():
                if entry.room not in session.rooms.cursors and not session.peer.full:
                    at = stamp(entry.at)
                    session.send(Tell(entry.sender, session.name, entry.text, at, entry.notice))

    def corrected(self, entry: CorrectionEntry) -> None:
        """Answer a correction, and show it if it was stored just now."""
        room = self._delivery.touch(entry.room)
        session, cursor = entry.session, None
        if room is not None:
            room.announce(entry.sender)
            if entry.redacted:
                room.redact(entry.redacted)
        if session is not None:
            session.flow.committed(entry.text)
            cursor = session.rooms.cursors.get(entry.room)
            self._delivery.answer(entry, session.rooms.label(entry.room), entry.n, entry.id)
        if not entry.fresh or entry.id is None:
            return
        self._counters.messages += 1
        if cursor is not None:
            cursor.last_n = entry.n or cursor.last_n
        if room is not None:
            room.broadcast.append(
                Message(
                    entry.room, entry.id, stamp(entry.at), entry.sender, entry.text, entry.act,
                    False, entry.replaces, entry.redacts,
                )
            )  # fmt: skip
