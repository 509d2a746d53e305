"""
The rules for a client's count, by which a message that is said again is stored once.
"""

from __future__ import annotations

from hashlib import blake2b

from groupchat.core.entries import CorrectionEntry, MessageEntry
from groupchat.ledgers.kinds import Kind
from groupchat.wire.errors import Conflict, OutOfOrder

__all__ = ["CLIENT_LIFETIME_MS", "REMEMBERED_NUMBERS", "digest", "digest_of", "is_next", "repeat"]

REMEMBERED_NUMBERS = 1000  #: the newest n of a client in a room whose ids are known
CLIENT_LIFETIME_MS = 30 * 86_400_000  #: milliseconds after which an unseen client may be forgotten

_PERSONS = (b"", b"act", b"notice")  # by kind; these never change


def digest(text: str, kind: int, replaces: int | None = None, redacts: int | None = None) -> bytes:
    """
    Return a digest that is equal for messages that say the same, about the same message.

    :param kind: the number of a `Kind`.
    """
    person = _PERSONS[kind]
    if replaces is not None or redacts is not None:
        person = b"%d%s%x" % (kind, b"x" if replaces is None else b"r", replaces or redacts or 0)
    return blake2b(text.encode(), digest_size=8, person=person).digest()


def digest_of(entry: MessageEntry) -> bytes:
    """Return the digest of an entry."""
    if isinstance(entry, CorrectionEntry):
        return digest(entry.text, entry.act, entry.replaces, entry.redacts)
    kind = Kind.NOTICE if entry.notice else entry.act  # for each message: a call less
    return blake2b(entry.text.encode(), digest_size=8, person=_PERSONS[kind]).digest()


def repeat(entry: MessageEntry, found: tuple[int, bytes] | None) -> None:
    """
    Write the outcome on an entry whose n was stored already. Nothing else is checked then.

    :param found: the id and the digest of the message with that n, or None if it is forgotten.
    """
    entry.refusal = None
    if found and found[1] != digest_of(entry):
        entry.refusal = Conflict(f"You have said something else as your number {entry.n} here.")
    elif found:
        entry.id = found[0]


def is_next(entry: MessageEntry, last: int) -> bool:
    """
    Return whether a message is to be stored. One whose n is too high is refused.

    :param last: the last n stored of this client in this room. The entry has a later one, or none.
    """
    if entry.n is not None and entry.n > last + 1:
        entry.refusal = OutOfOrder(
            f"The next number that you can say here is {last + 1}.", want=last + 1
        )
    return entry.refusal is None
