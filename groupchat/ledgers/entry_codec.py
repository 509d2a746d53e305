"""
Entries as bytes, on their way to other nodes.

An entry is its kind and its slots by name, so that nodes of two versions understand each other:
a slot that is not known is passed over, and one that is missing has the value in `DEFAULTS`. A slot
whose type changes gets another name, or else its old type is understood, too.

A node passes over an entry whose kind it doesn't know if the kind begins with `OPTIONAL`. Every
other entry changes what all nodes have to agree on, so a node that doesn't know its kind has to
end. A version that adds such a kind only understands it; the version after that posts it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

import msgspec

from groupchat.core.entries import (
    BARRIERS,
    LOCAL,
    CloseEntry,
    CorrectionEntry,
    DirectMessageEntry,
    Entry,
    ImportEntry,
    InviteEntry,
    JoinEntry,
    LeaveEntry,
    MarkEntry,
    MessageEntry,
    PrivacyEntry,
    RenameEntry,
    TopicEntry,
)
from groupchat.core.group_entries import (
    AccountsChangedEntry,
    EndEntry,
    LoginEntry,
    LogoutEntry,
    MaxEntry,
    NodeEndsEntry,
    NodeGoneEntry,
    NoticeEntry,
    RegisteredEntry,
)
from groupchat.errors import CannotStart
from groupchat.wire.errors import Refused
from groupchat.wire.events import Bye, Departure

__all__ = ["DEFAULTS", "KINDS", "OPTIONAL", "UnknownKind", "decode", "encode"]

#: how the kind of an entry begins that changes nothing on which nodes have to agree, and has no
#: outcome of the ledger
OPTIONAL = "+"

Slots = dict[str, object]
_Refusal = tuple[str, str, int | None, float | None]  #: code, text, want, retry

#: what stands for a class: these never change
KINDS: dict[str, type[Entry]] = {
    "message": MessageEntry,
    "correction": CorrectionEntry,
    "topic": TopicEntry,
    "mark": MarkEntry,
    "privacy": PrivacyEntry,
    "invite": InviteEntry,
    "close": CloseEntry,
    "join": JoinEntry,
    "leave": LeaveEntry,
    "rename": RenameEntry,
    "direct": DirectMessageEntry,
    "login": LoginEntry,
    "logout": LogoutEntry,
    "registered": RegisteredEntry,
    "end": EndEntry,
    "notice": NoticeEntry,
    "max": MaxEntry,
    "accounts": AccountsChangedEntry,
    "node-gone": NodeGoneEntry,
    "+node-ends": NodeEndsEntry,
    "import": ImportEntry,
}

#: the values of slots that entries of older nodes lack, by kind
DEFAULTS: dict[str, dict[str, object]] = {
    **{kind: {"why": Departure("")} for kind in ("leave", "logout", "end")},
    **{kind: {"notice": False} for kind in ("message", "correction", "import", "direct")},
}


class UnknownKind(CannotStart):
    """
    A node of a newer version has stored an entry that this one doesn't know.

    :param kind: its kind.
    """

    def __init__(self, kind: str) -> None:
        super().__init__(
            f'Another node runs a newer groupchat, and has stored a "{kind}" that this one doesn\'t'
            " know. Install the newer groupchat here, too."
        )


def _refusals(kind: type[Refused]) -> dict[str, type[Refused]]:
    found = {kind.code: kind}
    for narrower in kind.__subclasses__():
        found = _refusals(narrower) | found
    return found


def _all_slots(kind: type[Entry]) -> list[str]:
    names: list[str] = []
    for one in reversed(kind.__mro__):
        names += getattr(one, "__slots__", ())
    return names


def _slots(kind: type[Entry]) -> dict[str, Callable[[object], object] | None]:
    """Return the slots of a class that cross, each with what makes its value, or None."""
    return {name: _MAKERS.get(name) for name in _all_slots(kind) if name not in LOCAL}


def _local_slots(kind: type[Entry]) -> list[str]:
    return [name for name in _all_slots(kind) if name in LOCAL]


def _departure(plain: object) -> Departure:
    """Return a reason, of which an older node gives the code alone."""
    if isinstance(plain, str):
        return Departure(plain)
    return msgspec.convert(plain, Departure)


#: what makes the values of slots that come over as something else
_MAKERS: dict[str, Callable[[object], object]] = {
    "bye": partial(msgspec.convert, type=Bye),
    "invited": partial(msgspec.convert, type=frozenset[str]),
    "members": partial(msgspec.convert, type=tuple[str, ...]),
    "rooms": partial(msgspec.convert, type=tuple[str, ...]),
    "why": _departure,
}
_REFUSALS = _refusals(Refused)
_NAMES = {kind: name for name, kind in KINDS.items()}
_SLOTS = {kind: _slots(kind) for kind in KINDS.values()}
_LOCAL_SLOTS = {kind: _local_slots(kind) for kind in KINDS.values()}


def encode(entries: Iterable[Entry]) -> bytes:
    """Return these entries as bytes, without those that no other node is given."""
    return msgspec.msgpack.encode(
        [_plain(entry) for entry in entries if not isinstance(entry, BARRIERS)]
    )


def decode(data: bytes) -> list[Entry]:
    """
    Return new entries, which are what `encode` was given but for the slots that are local, without
    optional ones of kinds that are not known.

    :raises UnknownKind: one of the others is of such a kind.
    """
    plain = msgspec.msgpack.decode(data, type=list[tuple[str, Slots]])
    return [_entry(kind, slots) for kind, slots in plain if _is_known(kind)]


def _is_known(kind: str) -> bool:
    """
    Return whether a kind is known; if not, it is optional.

    :raises UnknownKind: it is neither.
    """
    if kind in KINDS:
        return True
    if not kind.startswith(OPTIONAL):
        raise UnknownKind(kind)
    return False


def _plain(entry: Entry) -> tuple[str, Slots]:
    kind = type(entry)
    slots: Slots = {name: getattr(entry, name) for name in _SLOTS[kind]}
    refusal = entry.refusal
    if refusal is None:
        del slots["refusal"]
    else:
        slots["refusal"] = (refusal.code, refusal.text, refusal.want, refusal.retry)
    return _NAMES[kind], slots


def _entry(name: str, slots: Slots) -> Entry:
    kind = KINDS[name]
    entry = kind.__new__(kind)
    for local in _LOCAL_SLOTS[kind]:
        setattr(entry, local, None)
    refusal = slots.pop("refusal", None)
    entry.refusal = None if refusal is None else _refusal(msgspec.convert(refusal, _Refusal))
    if name in DEFAULTS:
        slots = DEFAULTS[name] | slots
    known = _SLOTS[kind]
    for slot, value in slots.items():
        if slot in known:
            make = known[slot]
            setattr(entry, slot, value if make is None else make(value))
    return entry


def _refusal(plain: _Refusal) -> Refused:
    code, text, want, retry = plain
    refusal = _REFUSALS.get(code, Refused)(text)
    refusal.want, refusal.retry = want, retry
    return refusal
