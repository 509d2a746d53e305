"""
Private rooms: from the command of an owner or an operator to the entry, and from there to the room.

The ledger decides whether a command is carried out, for a room that is not there in the same way as
for one that is not the member's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from groupchat.core.direct import DirectRooms
from groupchat.core.direct_rooms import is_direct
from groupchat.core.entries import CloseEntry, Entry, InviteEntry, PrivacyEntry
from groupchat.core.permissions import AuditEntry
from groupchat.core.room_access import RoomAccess
from groupchat.interfaces import IAccounts
from groupchat.wire import commands, errors, events, names
from groupchat.wire.commands import LOBBY

if TYPE_CHECKING:
    from groupchat.core.delivery import Delivery
    from groupchat.core.room import Room
    from groupchat.core.session import Session

__all__ = ["Privacy"]


class Privacy:
    """
    :param direct: knows whose account a name means.
    :param post: gives an entry to the ledger.
    :param now: the time in milliseconds since 1970.
    """

    def __init__(
        self,
        accounts: IAccounts,
        direct: DirectRooms,
        delivery: Delivery,
        post: Callable[[Entry], None],
        now: Callable[[], int],
    ) -> None:
        self._accounts = accounts
        self._direct = direct
        self._delivery = delivery
        self._post = post
        self._now = now

    # Commands.

    def private(self, session: Session, command: commands.Private) -> None:
        """
        Make a room private, or open it.

        :raises Refused: it can't be done; also later, by the ledger.
        """
        if command.private:
            self._make_private(session, command)
            return
        room = session.rooms.find(command.room)
        entry = PrivacyEntry(
            room, False, session.account, (), session.operator, session, command.ref
        )
        if session.operator:
            self._audit(session, command, "open", room, entry)
        else:
            self._post(entry)

    def _make_private(self, session: Session, command: commands.Private) -> None:
        room = session.rooms.resolve(command.room)
        if room == LOBBY:
            raise errors.NotAllowed("The lobby is open to everyone.")
        if is_direct(room):
            raise errors.NotAllowed("A direct room is private already.")
        if self._accounts.permissions.with_id(session.account) is None:
            raise errors.NotAllowed(
                "Only a registered member can own a room. Register your name first."
            )
        present = {member.account for member in self._delivery.rooms[room].members}
        members = tuple(sorted(present - {"", session.account}))
        entry = PrivacyEntry(room, True, session.account, members, False, session, command.ref)
        self._post(entry)

    def invite(self, session: Session, command: commands.Invite | commands.Uninvite) -> None:
        """
        Let an account join a private room, or take that back.

        :raises NoSuchName: there is no account of this name.
        """
        account = self._direct.account_named(command.name)
        if account is None:
            raise errors.NoSuchName(
                f'"{names.printable(command.name)}" is not registered.'
                " Only a registered name can be invited."
            )
        wanted = isinstance(command, commands.Invite)
        room = session.rooms.find(command.room)
        self._post(InviteEntry(room, account.id, session.account, wanted, session, command.ref))

    def close(self, session: Session, command: commands.Close) -> None:
        """
        Send everybody out of a private room, and take back its invitations.

        :raises NotAllowed: the session is no operator's.
        """
        if not session.operator:
            raise errors.NotAllowed("Only an operator may do that.")
        room = session.rooms.find(command.room)
        self._audit(session, command, "close", room, CloseEntry(room, session, command.ref))

    def _audit(
        self, session: Session, command: commands.Command, verb: str, room: str, entry: Entry
    ) -> None:
        """Post an operator's entry once it is in the audit log."""
        saved = self._accounts.save(None, AuditEntry(self._now(), session.name, verb, room))
        session.await_reply(saved, lambda _: self._post(entry), command)

    # Entries.

    def changed(self, entry: PrivacyEntry) -> None:
        """Let those leave that may not be in the room any more, and answer."""
        state = "private now, and yours" if entry.wanted else "open to everyone now"
        self._apply(entry, f"{entry.room} is {state}.")

    def invited(self, entry: InviteEntry) -> None:
        """Let an account leave that is not invited any more, and answer."""
        account = self._accounts.permissions.with_id(entry.account)
        name = account.name if account is not None else "That name"
        outcome = "is invited to" if entry.wanted else "is not invited any more to"
        self._apply(entry, f"{name} {outcome} {entry.room}.")

    def closed(self, entry: CloseEntry) -> None:
        """Let everybody leave, and answer."""
        self._apply(entry, f"{entry.room} is closed: everybody has left it.", everybody=True)

    def _apply(
        self,
        entry: PrivacyEntry | InviteEntry | CloseEntry,
        outcome: str,
        everybody: bool = False,
    ) -> None:
        room = self._delivery.touch(entry.room)
        if entry.refusal is not None:
            self._refuse(entry, room)
            return
        if entry.session is not None:
            entry.session.send(events.Done(outcome, entry.ref))
        if room is None:
            return
        room.access = RoomAccess(entry.owner, entry.private, entry.invited)
        room.flush_presence()  # else those that are about to join would stay
        for cursor in room.cursors():
            if everybody or not room.access.admits(cursor.session.account):
                cursor.session.rooms.expel(cursor)
        for watcher in [*room.watchers.values()]:
            if everybody or not room.access.admits(watcher.account):
                watcher.end(errors.closed(entry.room))

    def _refuse(self, entry: PrivacyEntry | InviteEntry | CloseEntry, room: Room | None) -> None:
        """Answer a command that is refused: with the reason, to a member that is in the room."""
        session = entry.session
        if session is None:
            return
        label = session.rooms.label(entry.room)
        is_here = entry.room in session.rooms.cursors
        if room is not None and is_here and isinstance(entry.refusal, errors.NotAllowed):
            reason = _reason(entry, room)
            entry.refusal = errors.NotAllowed(f"You can't do that in {label}: {reason}.")
        self._delivery.answer(entry, label)


def _reason(entry: PrivacyEntry | InviteEntry | CloseEntry, room: Room) -> str:
    """Return why a member that is in a room is refused."""
    if room.is_direct:
        return "it is for its two members alone"
    claims = isinstance(entry, PrivacyEntry) and entry.wanted
    owned = claims or room.access.private
    return "only its owner can do that" if owned else "it is open to everyone"
