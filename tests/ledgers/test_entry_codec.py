"""Tests the entries' way to other nodes and back: nothing is lost but what is local."""

from __future__ import annotations

import inspect
from typing import Any

import msgspec
import pytest

from groupchat.core import entries, group_entries
from groupchat.core.entries import (
    BARRIERS,
    LOCAL,
    CorrectionEntry,
    Entry,
    JoinEntry,
    MarkEntry,
    MessageEntry,
    QuitEntry,
)  # fmt: skip
from groupchat.core.group_entries import EndEntry, LoginEntry, LogoutEntry
from groupchat.ledgers.entry_codec import DEFAULTS, KINDS, OPTIONAL, UnknownKind, decode, encode
from groupchat.wire import errors
from groupchat.wire.events import Departure

#: arguments of a name, for whatever entry has one of that name
VALUES: dict[str, Any] = {
    "room": "lobby", "sender": "alice", "text": "hé", "at": 7, "client": b"\xff" * 16, "n": 3,
    "account": "a1", "replaces": 2, "owner": "a1", "id": 9, "wanted": True, "members": ("a", "b"),
    "by": "b1", "seat": 5 << 32 | 1, "name": "alice", "to": "bob", "rooms": ("lobby", "dev"),
    "bye": errors.kicked("root", "why"), "node": 5, "target": "bob", "max": 3, "after": 4,
    "epoch": "e", "ban": True, "label": "@bob", "cursor": object(), "session": object(), "ref": "r",
    "since": 8, "why": Departure("kicked", "spam", "root"),
}  # fmt: skip


def classes() -> set[type[Entry]]:
    found = [*vars(entries).values(), *vars(group_entries).values()]
    return {one for one in found if inspect.isclass(one) and issubclass(one, Entry)}


def slots(entry: Entry) -> dict[str, Any]:
    names = {name for kind in type(entry).__mro__ for name in getattr(kind, "__slots__", ())}
    return {name: getattr(entry, name) for name in names - LOCAL}


def example(kind: type[Entry]) -> Entry:
    taken = inspect.signature(kind).parameters
    return kind(**{name: VALUES[name] for name in taken if name in VALUES})


def test_every_entry_that_crosses_has_a_kind():
    abstract = {Entry, entries._AccessEntry}
    assert classes() - abstract - {*BARRIERS} == {*KINDS.values()}


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.__name__)
def test_an_entry_comes_over_without_what_is_local(kind):
    entry = example(kind)
    (other,) = decode(encode([entry]))
    assert type(other) is kind
    assert slots(other) == slots(entry)
    assert all(getattr(other, name, None) is None for name in LOCAL)


def test_what_the_ledger_has_written_comes_over_too():
    said = MessageEntry("lobby", "alice", "hi", 1)
    said.id, said.fresh = 4, True
    redacted = CorrectionEntry("lobby", "alice", "", 1, redacts=4)
    redacted.redacted = [4, 5]
    joined = JoinEntry("dev")
    joined.private, joined.invited = True, frozenset({"a1"})
    for entry, other in zip(
        [said, redacted, joined], decode(encode([said, redacted, joined])), strict=True
    ):
        assert slots(other) == slots(entry)


def test_a_refusal_comes_over_with_its_code_and_its_words():
    entry = MarkEntry("lobby", b"client", 9)
    entry.refusal = errors.OutOfOrder("n is 3 here.", want=3, retry=1.5)
    (other,) = decode(encode([entry]))
    assert isinstance(other.refusal, errors.OutOfOrder)
    shown = other.refusal
    assert (shown.code, shown.text, shown.want, shown.retry) == (
        "out-of-order", "n is 3 here.", 3, 1.5,
    )  # fmt: skip


def test_a_bye_comes_over():
    bye = errors.banned("spam", "2030-01-01T00:00:00Z")
    (other,) = decode(encode([EndEntry("bob", 0, bye, True, 1, Departure("banned"))]))
    assert isinstance(other, EndEntry)
    assert other.bye == bye


def test_barriers_stay_here():
    assert decode(encode([QuitEntry(""), MessageEntry("lobby", "a", "b", 1)]))[0].room == "lobby"


def test_an_entry_of_a_newer_node_is_understood():
    data = msgspec.msgpack.decode(encode([LoginEntry(1, "alice", b"c")]))
    data[0][1]["colour"] = "blue"
    (entry,) = decode(msgspec.msgpack.encode(data))
    assert isinstance(entry, LoginEntry)
    assert entry.name == "alice"


def of_newer_node(kind):
    """The bytes of an entry that nobody here knows, before one that all know."""
    known = msgspec.msgpack.decode(encode([MessageEntry("lobby", "alice", "hi", 1)]))
    return msgspec.msgpack.encode([[kind, {"room": "", "colour": "blue"}], *known])


def test_an_optional_entry_of_a_newer_node_is_passed_over():
    (entry,) = decode(of_newer_node(f"{OPTIONAL}colour"))
    assert isinstance(entry, MessageEntry)


def test_any_other_is_refused_with_what_to_do():
    with pytest.raises(UnknownKind) as refused:
        decode(of_newer_node("colour"))
    assert str(refused.value) == (
        'Another node runs a newer groupchat, and has stored a "colour" that this one '
        "doesn't know. Install the newer groupchat here, too."
    )


def test_a_reason_of_an_older_node_is_its_code():
    data = msgspec.msgpack.decode(encode([LogoutEntry(1, Departure("idle"))]))
    data[0][1]["why"] = "idle"
    (entry,) = decode(msgspec.msgpack.encode(data))
    assert isinstance(entry, LogoutEntry)
    assert entry.why == Departure("idle")


def test_an_entry_of_an_older_node_gets_what_it_lacks(monkeypatch):
    data = msgspec.msgpack.decode(encode([LoginEntry(1, "alice", b"c")]))
    del data[0][1]["rooms"]
    monkeypatch.setitem(DEFAULTS, "login", {"rooms": ("lobby",)})
    (entry,) = decode(msgspec.msgpack.encode(data))
    assert isinstance(entry, LoginEntry)
    assert entry.rooms == ("lobby",)
