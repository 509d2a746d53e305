"""The rules for private rooms, the same for every ledger."""

from __future__ import annotations

from groupchat.core.direct_rooms import is_direct, parties
from groupchat.core.entries import CloseEntry, InviteEntry, PrivacyEntry
from groupchat.core.room_access import RoomAccess
from groupchat.wire.errors import not_open

__all__ = ["AccessEntry", "admits", "change"]

AccessEntry = PrivacyEntry | InviteEntry | CloseEntry


def admits(room: str, access: RoomAccess, account: str) -> bool:
    """Return whether an account ("": a guest) may join a room."""
    if is_direct(room):
        return account in parties(room) and bool(account)
    return access.admits(account)


def change(access: RoomAccess, entry: AccessEntry) -> RoomAccess:
    """
    Return the access to a room after an entry.

    :raises NotAllowed: the account that asks may not change it. The sentence does not tell whether
        there is such a room.
    """
    if is_direct(entry.room):
        raise not_open()
    if isinstance(entry, PrivacyEntry):
        return _close_or_open(access, entry)
    if isinstance(entry, InviteEntry):
        if not entry.by or entry.by != access.owner:
            raise not_open()
        invited = access.invited - {entry.account}
        return access._replace(invited=invited | ({entry.account} if entry.wanted else set()))
    if not access.private:
        raise not_open()
    return access._replace(invited=frozenset())


def _close_or_open(access: RoomAccess, entry: PrivacyEntry) -> RoomAccess:
    is_owner = bool(entry.account) and entry.account == access.owner
    if entry.wanted:
        if not entry.account or access.owner and not is_owner:
            raise not_open()
        return RoomAccess(entry.account, True, access.invited | set(entry.members))
    if not is_owner and not (entry.operator and access.private):
        raise not_open()
    return RoomAccess(entry.account if is_owner else "")
