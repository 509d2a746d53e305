"""The rules for private rooms, the same for every ledger."""

from __future__ import annotations

from typing import NamedTuple

from groupchat.core.direct_rooms import is_direct, parties
from groupchat.core.entries import CloseEntry, InviteEntry, PrivacyEntry, not_open

__all__ = ["OPEN", "AccessEntry", "Privacy", "admits", "change"]

AccessEntry = PrivacyEntry | InviteEntry | CloseEntry


class Privacy(NamedTuple):
    """
    The access to a room.

    :ivar owner: the id of the account that owns it; "" for none. An open room can have an owner:
        nobody else can make it private.
    :ivar invited: the ids of the accounts that may join it while it is private, beside its owner.
    """

    owner: str = ""
    private: bool = False
    invited: frozenset[str] = frozenset()


OPEN = Privacy()


def admits(room: str, privacy: Privacy, account: str) -> bool:
    """Return whether an account ("": a guest) may join a room."""
    if is_direct(room):
        return account in parties(room) and bool(account)
    return not privacy.private or bool(account) and account in {privacy.owner, *privacy.invited}


def change(privacy: Privacy, entry: AccessEntry) -> Privacy:
    """
    Return the access to a room after an entry.

    :raises NotAllowed: the account that asks may not change it. The sentence does not tell whether
        there is such a room.
    """
    if is_direct(entry.room):
        raise not_open()
    if isinstance(entry, PrivacyEntry):
        return _close_or_open(privacy, entry)
    if isinstance(entry, InviteEntry):
        if not entry.by or entry.by != privacy.owner:
            raise not_open()
        invited = privacy.invited - {entry.account}
        return privacy._replace(invited=invited | ({entry.account} if entry.wanted else set()))
    if not privacy.private:
        raise not_open()
    return privacy._replace(invited=frozenset())


def _close_or_open(privacy: Privacy, entry: PrivacyEntry) -> Privacy:
    is_owner = bool(entry.account) and entry.account == privacy.owner
    if entry.wanted:
        if not entry.account or privacy.owner and not is_owner:
            raise not_open()
        return Privacy(entry.account, True, privacy.invited | set(entry.members))
    if not is_owner and not (entry.operator and privacy.private):
        raise not_open()
    return Privacy(entry.account if is_owner else "")
