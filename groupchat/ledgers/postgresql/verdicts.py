"""
The form in which entries are handed to the functions of the schema, and in which these answer.

The functions judge the entries that the ledger stores or completes, in runs of one kind. Each gets
a verdict: its id alone, if it is a message that was stored as it is; else a list that begins with a
`Code`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import IntEnum
from itertools import groupby
from typing import Any

import msgspec

from groupchat.core.entries import (
    CloseEntry,
    CorrectionEntry,
    Entry,
    InviteEntry,
    JoinEntry,
    LookEntry,
    MarkEntry,
    MessageEntry,
    PrivacyEntry,
    TopicEntry,
)
from groupchat.ledgers import corrections
from groupchat.ledgers.dedupe import digest
from groupchat.ledgers.group_commit import beyond_head
from groupchat.ledgers.kinds import Kind
from groupchat.wire.errors import Conflict, OutOfOrder, not_open

__all__ = ["Code", "needs_judgement", "requests", "settle", "settle_others"]

Verdict = Any  #: Any: a list of what the kind of entry calls for


class Code(IntEnum):
    """The meaning of a verdict."""

    DONE = 0
    REPEATED = 1  #: the message was stored before; or the mark was there already
    CONFLICT = 2  #: the client has said something else under this number
    OUT_OF_ORDER = 3
    STANDS = 4  #: the refusal with which it was posted
    NOT_CORRECTED = 5  #: the rules for corrections forbid it
    NOT_OPEN = 6
    BEYOND_HEAD = 7
    LOOKED = 9  #: the verdict on a join follows; it is of no use to other nodes


class Given(msgspec.Struct, omit_defaults=True):
    """An entry for the functions of the schema: the type `given` there."""

    room: str
    sender: str = ""
    text: str = ""
    at: int = 0
    act: bool = False
    client: bytes = b""
    n: int | None = None
    account: str = ""
    digest: int | None = None
    received: int | None = None
    refused: bool = False
    replaces: int | None = None
    redacts: int | None = None
    operator: bool = False
    within: int = 0
    epoch: str | None = None
    after: int | None = None
    id: int | None = None
    wanted: bool = False
    members: tuple[str, ...] = ()
    asker: str = ""
    notice: bool = False


_KINDS: dict[type[Entry], str] = {
    MessageEntry: "m",
    CorrectionEntry: "c",
    JoinEntry: "j",
    LookEntry: "l",
    TopicEntry: "t",
    MarkEntry: "k",
    PrivacyEntry: "p",
    InviteEntry: "i",
    CloseEntry: "x",
}
_encode = msgspec.json.Encoder().encode


def needs_judgement(entry: Entry) -> bool:
    """Return whether an entry gets a verdict."""
    return type(entry) in _KINDS


def requests(
    batch: Iterable[Entry], now: int, received: Callable[[int], int | None]
) -> tuple[str, str]:
    """
    Return the kinds of the runs of a batch, a letter each; and as JSON the run, or the list of
    several.

    :param now: milliseconds since 1970.
    :param received: returns when a message was received that is stamped with a time, or None if
        that tells.
    """
    kinds, runs = [], []
    for kind, run in groupby(batch, lambda entry: _KINDS.get(type(entry), "")):
        if kind:
            kinds.append(kind)
            runs.append(_encode([_given(entry, now, received) for entry in run]).decode())
    return "".join(kinds), runs[0] if len(runs) == 1 else f"[{','.join(runs)}]"


def _given(entry: Entry, now: int, received: Callable[[int], int | None]) -> Given:
    if isinstance(entry, MessageEntry):
        return _message(entry, received(entry.at))
    if isinstance(entry, JoinEntry):
        return Given(
            entry.room, client=entry.client, account=entry.account, epoch=entry.epoch,
            after=entry.after,
        )  # fmt: skip
    if isinstance(entry, TopicEntry):
        return Given(entry.room, entry.sender, entry.text)
    if isinstance(entry, MarkEntry):
        owner = entry.owner
        account, client = (owner, b"") if isinstance(owner, str) else ("", owner)
        return Given(entry.room, at=now, client=client, account=account, id=entry.id)
    if isinstance(entry, PrivacyEntry):
        return Given(
            entry.room, account=entry.account, operator=entry.operator, wanted=entry.wanted,
            members=entry.members,
        )  # fmt: skip
    if isinstance(entry, InviteEntry):
        return Given(entry.room, account=entry.account, wanted=entry.wanted, asker=entry.by)
    return Given(entry.room)


def _message(entry: MessageEntry, received: int | None) -> Given:
    given = Given(
        entry.room, entry.sender, entry.text, entry.at, entry.act, entry.client, entry.n,
        entry.account, None, received, entry.refusal is not None, notice=entry.notice,
    )  # fmt: skip
    if entry.n is not None:
        kind = Kind.of(entry.act, entry.notice)
        given.digest = int.from_bytes(digest(entry.text, kind), "big", signed=True)
    if isinstance(entry, CorrectionEntry):
        given.replaces, given.redacts = entry.replaces, entry.redacts
        given.operator, given.within = entry.operator, entry.within
    return given


def settle_others(entries: Iterable[Entry], answer: str) -> None:
    """Write the outcome on each entry of another node."""
    verdicts: list[Verdict] = msgspec.json.decode(answer)
    _settle(entries, (one for one in verdicts if type(one) is int or one[0] != Code.LOOKED))


def settle(batch: Iterable[Entry], answer: str) -> None:
    """Write the outcome on each entry of a batch."""
    _settle(batch, iter(msgspec.json.decode(answer)))


def _settle(batch: Iterable[Entry], verdicts: Iterator[Verdict]) -> None:
    for entry in batch:
        kind = _KINDS.get(type(entry))
        if kind is None:
            continue
        verdict = next(verdicts)
        if kind != "m":
            _SETTLE[kind](entry, verdict)
        elif type(verdict) is int:
            entry.id, entry.fresh = verdict, True  # type: ignore[attr-defined]
        else:
            _settle_message(entry, verdict)  # type: ignore[arg-type]


def _settle_message(entry: MessageEntry, verdict: Verdict) -> None:
    code = verdict[0]
    entry.id, entry.fresh = None, False
    if code == Code.DONE:
        _, entry.id, entry.at = verdict
        entry.fresh = True
    elif code == Code.REPEATED:
        entry.id, entry.refusal = verdict[1], None
    elif code == Code.CONFLICT:
        entry.refusal = Conflict(f"You have said something else as your number {entry.n} here.")
    elif code == Code.OUT_OF_ORDER:
        want = verdict[1]
        entry.refusal = OutOfOrder(f"The next number that you can say here is {want}.", want=want)


def _settle_correction(entry: CorrectionEntry, verdict: Verdict) -> None:
    target, outcome, redacted, facts = verdict
    if entry.redacts is None:
        entry.replaces = target
    else:
        entry.redacts = target
    if outcome[0] == Code.NOT_CORRECTED:
        found = corrections.Target(*facts) if facts else None
        entry.refusal = entry.refusal or corrections.check(entry, found)
    _settle_message(entry, outcome)
    entry.redacted = redacted


def _settle_join(entry: JoinEntry, verdict: Verdict) -> None:
    if verdict[0] == Code.NOT_OPEN:
        entry.refusal = not_open()
        return
    (
        _, entry.head, entry.first, entry.last_n, entry.topic, entry.topic_by, entry.mark,
        entry.owner, entry.private, invited, entry.known,
    ) = verdict  # fmt: skip
    entry.invited = frozenset(invited)


def _settle_look(entry: LookEntry, verdict: Verdict) -> None:
    _settle_join(entry, verdict[1])


def _settle_topic(entry: TopicEntry, verdict: Verdict) -> None:
    """It is stored in any case."""


def _settle_mark(entry: MarkEntry, verdict: Verdict) -> None:
    entry.moved = verdict[0] == Code.DONE
    if verdict[0] == Code.BEYOND_HEAD:
        entry.refusal = beyond_head()
    elif verdict[0] == Code.REPEATED:
        entry.id = verdict[1]


def _settle_access(entry: PrivacyEntry | InviteEntry | CloseEntry, verdict: Verdict) -> None:
    if verdict[0] == Code.NOT_OPEN:
        entry.refusal = not_open()
        return
    _, entry.owner, entry.private, invited = verdict
    entry.invited = frozenset(invited)


_SETTLE: dict[str, Callable[[Any, Verdict], None]] = {  # Any: the class that the kind stands for
    "c": _settle_correction,
    "j": _settle_join,
    "l": _settle_look,
    "t": _settle_topic,
    "k": _settle_mark,
    "p": _settle_access,
    "i": _settle_access,
    "x": _settle_access,
}
