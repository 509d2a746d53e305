"""
Entries: the values that the hub posts to the ledger, and that the ledger completes and hands back.

The sender and the time are fixed when an entry is posted. The ledger fixes the id, and whether the
entry is stored at all, when the entry's turn in the order comes. So a message that is on its way
from one node while its sender is renamed on another keeps the name that it was said under.

A ledger of several nodes hands each entry to the hubs of all of them, in one order: to the hub that
posted it this very object, to the others a new one. Every slot crosses but those of `LOCAL`, and
these are None on the other nodes. The others are plain values, those that the ledger has written
among them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupchat.core.presence import LEFT
from groupchat.wire.errors import Refused

if TYPE_CHECKING:
    from groupchat.core.cursor import Cursor
    from groupchat.core.session import Session
    from groupchat.core.watcher import Watcher
    from groupchat.wire.events import Departure

__all__ = [
    "BARRIERS", "LOCAL", "STORED", "CloseEntry", "CorrectionEntry", "DirectMessageEntry", "Entry",
    "ImportEntry", "InviteEntry", "JoinEntry", "LeaveEntry", "LookEntry", "MarkEntry",
    "MessageEntry", "PrivacyEntry", "QuitEntry", "RenameEntry", "TopicEntry", "TopicQuery",
]  # fmt: skip


class Entry:
    """
    Something that needs a position in the order of a room's log.

    :ivar room: the room's name.
    :ivar session: the session that posted it, or None; the ledger never uses it.
    :ivar ref: is sent back in the answer; the ledger never uses it.
    :ivar refusal: the error with which it was refused, or None. A refusal set before posting stands
        unless the ledger finds that the entry is stored already.
    """

    __slots__ = ("ref", "refusal", "room", "session")

    def __init__(self, room: str, session: Session | None = None, ref: str | None = None) -> None:
        self.room = room
        self.session = session
        self.ref = ref
        self.refusal: Refused | None = None


class MessageEntry(Entry):
    """
    A message: stored, then published.

    :ivar client: 16 bytes that name the client whose count `n` is.
    :ivar n: the client's count in this room, or None.
    :ivar account: the id of the author's account; "" for a guest.
    :ivar sender: the name of the member that sent it.
    :ivar at: milliseconds since 1970.
    :ivar act: whether it tells what its sender does.
    :ivar notice: whether no program answers it; then it is no act.
    :ivar id: its number in the room, set by the ledger; None if it is too old to be known.
    :ivar fresh: whether it was stored just now, set by the ledger; False for a duplicate.
    """

    __slots__ = ("account", "act", "at", "client", "fresh", "id", "n", "notice", "sender", "text")

    def __init__(
        self,
        room: str,
        sender: str,
        text: str,
        at: int,
        act: bool = False,
        client: bytes = b"",
        n: int | None = None,
        account: str = "",
        session: Session | None = None,
        ref: str | None = None,
        notice: bool = False,
    ) -> None:
        self.room = room  # all at once: this is made for each message
        self.session = session
        self.ref = ref
        self.refusal = None
        self.sender = sender
        self.text = text
        self.at = at
        self.act = act and not notice
        self.notice = notice
        self.client = client
        self.n = n
        self.account = account
        self.id: int | None = None
        self.fresh = False

    @property
    def author(self) -> str | bytes:
        """The id of the account, or the client of a guest."""
        return self.account or self.client


class CorrectionEntry(MessageEntry):
    """
    A message that replaces the text of an earlier one, or redacts it. The ledger checks it when its
    turn in the order comes.

    :ivar replaces: the id of the message that it replaces, or None; 0 is the author's newest
        message in the room that is neither a correction nor redacted. The ledger writes the id of
        the first message here: that of a replacement's own target, or what 0 meant.
    :ivar redacts: likewise, of the message that it redacts.
    :ivar operator: whether the author may redact the messages of others, and at any time.
    :ivar within: milliseconds for which authors can correct their messages; 0: never.
    :ivar redacted: the ids of all messages that lose their text with it, set by the ledger: of the
        target and of its replacements.
    """

    __slots__ = ("operator", "redacted", "redacts", "replaces", "within")

    def __init__(
        self,
        room: str,
        sender: str,
        text: str,
        at: int,
        *,
        replaces: int | None = None,
        redacts: int | None = None,
        operator: bool = False,
        within: int = 0,
        act: bool = False,
        client: bytes = b"",
        n: int | None = None,
        account: str = "",
        session: Session | None = None,
        ref: str | None = None,
    ) -> None:
        super().__init__(
            room, sender, text, at,
            act=act, client=client, n=n, account=account, session=session, ref=ref,
        )  # fmt: skip
        self.replaces = replaces
        self.redacts = redacts
        self.operator = operator
        self.within = within
        self.redacted: list[int] = []


class ImportEntry(MessageEntry):
    """
    A message of a file that is imported into a room: it keeps its time. Messages of a file are
    stored in their order, and each once.

    :ivar file: a digest of the file's first message.
    :ivar number: its number in the file, from 1 on; 0 only asks. If it is stored already, the
        ledger writes the number of the last one here.
    :ivar chain: a digest of the file's messages up to this one; likewise.
    """

    __slots__ = ("chain", "file", "number")

    def __init__(
        self,
        room: str,
        sender: str,
        text: str,
        at: int,
        *,
        act: bool = False,
        notice: bool = False,
        account: str = "",
        file: bytes = b"",
        number: int = 0,
        chain: bytes = b"",
    ) -> None:
        super().__init__(room, sender, text, at, act=act, account=account, notice=notice)
        self.file = file
        self.number = number
        self.chain = chain


class TopicEntry(Entry):
    """A new topic: stored, then published."""

    __slots__ = ("sender", "text")

    def __init__(
        self,
        room: str,
        sender: str,
        text: str,
        session: Session | None = None,
        ref: str | None = None,
    ) -> None:
        super().__init__(room, session, ref)
        self.sender = sender
        self.text = text


class TopicQuery(Entry):
    """A question for the topic, answered after all that the session posted before. Not stored."""

    __slots__ = ()


class JoinEntry(Entry):
    """
    A session joins a room. Not stored; the ledger fills in the state of the room at this point in
    the order.

    :ivar seat: the number of the seat of the session that joins.
    :ivar since: milliseconds since 1970.
    :ivar cursor: the cursor of the session that joins; the ledger never uses it.
    :ivar epoch: of the log that the client knew, or None.
    :ivar after: the last id it knew, or None.
    :ivar account: the id of the account that joins; "" for a guest.
    :ivar head: the newest id, set by the ledger like all that follows.
    :ivar first: the oldest id stored; head + 1 if none is.
    :ivar last_n: the client's last n here.
    :ivar known: whether `epoch` and `after` name a position in this log.
    :ivar mark: the id up to which the account, or the guest's client, has read.
    :ivar private: whether the room is private. The ledger refuses those who may not join.
    :ivar owner: the id of the account that owns the room; "" for none.
    :ivar invited: the ids of the accounts that may join it while it is private.
    """

    __slots__ = (
        "account",
        "after",
        "client",
        "cursor",
        "epoch",
        "first",
        "head",
        "invited",
        "known",
        "last_n",
        "mark",
        "owner",
        "private",
        "seat",
        "since",
        "topic",
        "topic_by",
    )

    def __init__(
        self,
        room: str,
        client: bytes = b"",
        epoch: str | None = None,
        after: int | None = None,
        cursor: Cursor | None = None,
        session: Session | None = None,
        ref: str | None = None,
        account: str = "",
        seat: int = 0,
        since: int = 0,
    ) -> None:
        super().__init__(room, session, ref)
        self.account = account
        self.client = client
        self.seat = seat
        self.since = since
        self.epoch = epoch
        self.after = after
        self.cursor = cursor
        self.head = 0
        self.first = 1
        self.last_n = 0
        self.known = True
        self.topic = ""
        self.topic_by = ""
        self.mark = 0
        self.private = False
        self.owner = ""
        self.invited: frozenset[str] = frozenset()


class LookEntry(JoinEntry):
    """
    A question for the state of a room, by somebody that does not join it. The ledger completes it
    like a `JoinEntry`, and refuses those who may not join.

    :ivar watcher: whoever reads the room from this point on, or None.
    """

    __slots__ = ("watcher",)

    def __init__(
        self,
        room: str,
        client: bytes = b"",
        epoch: str | None = None,
        after: int | None = None,
        account: str = "",
        watcher: Watcher | None = None,
    ) -> None:
        super().__init__(room, client, epoch, after, account=account)
        self.watcher = watcher


class MarkEntry(Entry):
    """
    A member has read a room up to an id. Stored; a mark only moves forward.

    :ivar owner: the id of the account, or the client of a guest.
    :ivar id: the id; the ledger writes the mark that holds.
    :ivar moved: whether the mark has moved, set by the ledger.
    """

    __slots__ = ("id", "moved", "owner")

    def __init__(
        self,
        room: str,
        owner: str | bytes,
        id: int,
        session: Session | None = None,
        ref: str | None = None,
    ) -> None:
        super().__init__(room, session, ref)
        self.owner = owner
        self.id = id
        self.moved = False


class _AccessEntry(Entry):
    """
    Changes who may join a room. Stored; the ledger refuses it from an account that may not.

    :ivar owner: the id of the account that owns the room from now on; "" for none. Set by the
        ledger like all that follows.
    :ivar private: whether the room is private from now on.
    :ivar invited: the ids of the accounts that may join it while it is private.
    """

    __slots__ = ("invited", "owner", "private")

    def __init__(self, room: str, session: Session | None = None, ref: str | None = None) -> None:
        super().__init__(room, session, ref)
        self.owner = ""
        self.private = False
        self.invited: frozenset[str] = frozenset()


class PrivacyEntry(_AccessEntry):
    """
    Makes a room private, which its owner can do, or anyone with an account if it has none; or opens
    it, which its owner and operators can do.

    :ivar wanted: whether it is to be private.
    :ivar account: the id of the account that asks, and owns the room from then on.
    :ivar members: the ids of the accounts in the room, which are invited when it becomes private.
    :ivar operator: whether an operator asks.
    """

    __slots__ = ("account", "members", "operator", "wanted")

    def __init__(
        self,
        room: str,
        wanted: bool,
        account: str,
        members: tuple[str, ...] = (),
        operator: bool = False,
        session: Session | None = None,
        ref: str | None = None,
    ) -> None:
        super().__init__(room, session, ref)
        self.wanted = wanted
        self.account = account
        self.members = members
        self.operator = operator


class InviteEntry(_AccessEntry):
    """
    The owner of a room invites an account, or takes its invitation back.

    :ivar account: the id of the account.
    :ivar by: the id of the account that asks.
    :ivar wanted: whether it is to be invited.
    """

    __slots__ = ("account", "by", "wanted")

    def __init__(
        self,
        room: str,
        account: str,
        by: str,
        wanted: bool,
        session: Session | None = None,
        ref: str | None = None,
    ) -> None:
        super().__init__(room, session, ref)
        self.account = account
        self.by = by
        self.wanted = wanted


class CloseEntry(_AccessEntry):
    """
    An operator closes a private room: all invitations are taken back, and it stays private and its
    owner's.
    """

    __slots__ = ()


class LeaveEntry(Entry):
    """
    A session leaves a room. Not stored.

    :ivar seat: the number of its seat.
    :ivar label: the room's name, as its client knows it; None on other nodes.
    :ivar why: the reason.
    """

    __slots__ = ("label", "seat", "why")

    def __init__(
        self,
        room: str,
        seat: int = 0,
        label: str | None = None,
        session: Session | None = None,
        ref: str | None = None,
        why: Departure = LEFT,
    ) -> None:
        super().__init__(room, session, ref)
        self.seat = seat
        self.label = label
        self.why = why


class RenameEntry(Entry):
    """
    A member takes another name. Not stored.

    :ivar name: the name.
    :ivar seat: the number of the seat whose session asks.
    :ivar held: the sessions of this node whose next lines wait for it; None on other nodes.
    """

    __slots__ = ("held", "name", "seat")

    def __init__(
        self, name: str, seat: int = 0, session: Session | None = None, ref: str | None = None
    ) -> None:
        super().__init__("", session, ref)
        self.name = name
        self.seat = seat
        self.held: list[Session] | None = None


class DirectMessageEntry(Entry):
    """A private message, in order with its sender's other messages. Not stored."""

    __slots__ = ("at", "notice", "sender", "text", "to")

    def __init__(
        self,
        sender: str,
        to: str,
        text: str,
        at: int,
        session: Session,
        ref: str | None = None,
        notice: bool = False,
    ) -> None:
        super().__init__("", session, ref)
        self.notice = notice
        self.sender = sender
        self.to = to
        self.text = text
        self.at = at


class QuitEntry(Entry):
    """A session ends, once all that it posted before is committed. Not stored."""

    __slots__ = ()


#: the entries that a ledger stores; it only completes the others
STORED = (MessageEntry, TopicEntry, MarkEntry, PrivacyEntry, InviteEntry, CloseEntry)
#: the entries that only wait for what was posted before: a ledger hands them back in their places,
#: and never to another node. (A `LookEntry` it completes first.)
BARRIERS = (QuitEntry, TopicQuery, LookEntry)
#: the slots that mean something only on the node that posted the entry
LOCAL = frozenset({"session", "ref", "cursor", "label", "held"})
