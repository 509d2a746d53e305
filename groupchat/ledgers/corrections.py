"""The rules for corrections and redactions, the same for every ledger."""

from __future__ import annotations

from typing import NamedTuple

from groupchat.core.entries import CorrectionEntry
from groupchat.wire.errors import BadField, NotAllowed, Refused

__all__ = ["MAX_SCANNED_FOR_LAST", "Target", "check"]

#: messages of a room among which an author's newest one is looked for
MAX_SCANNED_FOR_LAST = 5_000


class Target(NamedTuple):
    """
    The message that a correction is about.

    :ivar id: of the first message, if the correction names a replacement.
    :ivar at: milliseconds since 1970.
    :ivar own: whether the author of the correction sent it.
    :ivar is_redaction: whether it is itself a redaction.
    :ivar redacted: whether it was redacted.
    """

    id: int
    at: int
    own: bool
    is_redaction: bool = False
    redacted: bool = False


def check(entry: CorrectionEntry, target: Target | None) -> Refused | None:
    """Return why a correction is refused, or None."""
    if target is None:
        return BadField("There is no such message here, or it is no longer kept.")
    if target.is_redaction:
        return BadField("That is a removal of another message, and stays as it is.")
    if target.redacted:
        return BadField("That message was removed already.")
    if entry.operator and entry.redacts is not None:
        return None
    if not target.own:
        return NotAllowed("You can correct and remove only your own messages.")
    if not entry.within:
        return NotAllowed("This server lets nobody correct or remove messages.")
    if entry.at - target.at > entry.within:
        return NotAllowed(
            "That message is too old: you can correct and remove your messages"
            f" within {_duration(entry.within)}."
        )
    return None


def _duration(milliseconds: int) -> str:
    seconds = milliseconds // 1000
    for unit, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= length and not seconds % length:
            count = seconds // length
            return f"{count} {unit}{'s' * (count > 1)}"
    return f"{seconds} s"
