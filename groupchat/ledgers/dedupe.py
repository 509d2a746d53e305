"""
The rules for a client's count, by which a message that is said again is stored once.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b

from groupchat.core.entries import MessageEntry
from groupchat.wire.errors import Conflict, OutOfOrder

__all__ = ["CLIENT_LIFETIME_MS", "REMEMBERED_NUMBERS", "digest", "is_next"]

REMEMBERED_NUMBERS = 1000  #: the newest n of a client in a room whose ids are known
CLIENT_LIFETIME_MS = 30 * 86_400_000  #: milliseconds after which an unseen client may be forgotten


def digest(text: str, act: bool) -> bytes:
    """Return a digest that is equal for messages that say the same."""
    return blake2b(text.encode(), digest_size=8, person=b"act" if act else b"").digest()


def is_next(
    entry: MessageEntry, last: int, known: Callable[[int], tuple[int, bytes] | None]
) -> bool:
    """
    Return whether a message is to be stored; if not, its outcome is written on it.

    A count that was stored already is looked up before anything else is checked.

    :param last: the last n stored of this client in this room.
    :param known: gives the id and the digest of an n up to `last`, or None where it is forgotten.
    """
    if entry.n is not None:
        if entry.n <= last:
            entry.refusal = None
            found = known(entry.n)
            if found and found[1] != digest(entry.text, entry.act):
                entry.refusal = Conflict(
                    f"You have said something else as your number {entry.n} here."
                )
            elif found:
                entry.id = found[0]
            return False
        if entry.n > last + 1:
            entry.refusal = OutOfOrder(
                f"The next number that you can say here is {last + 1}.", want=last + 1
            )
            return False
    return entry.refusal is None
