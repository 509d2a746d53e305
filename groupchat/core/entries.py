"""
Entries: the values that the hub posts to the ledger, and that the ledger completes and hands back.

The sender and the time are fixed when an entry is posted. The ledger fixes the id, and whether the
entry is stored at all, when the entry's turn in the order comes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupchat.wire.errors import Refused

if TYPE_CHECKING:
    from groupchat.core.cursor import Cursor
    from groupchat.core.session import Session

__all__ = [
    "DirectMessageEntry", "Entry", "JoinEntry", "LeaveEntry", "MessageEntry", "QuitEntry",
    "RenameEntry", "TopicEntry", "TopicQuery",
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
    :ivar sender: the name of the member that sent it.
    :ivar at: milliseconds since 1970.
    :ivar id: its number in the room, set by the ledger; None if it is too old to be known.
    :ivar fresh: whether it was stored just now, set by the ledger; False for a duplicate.
    """

    __slots__ = ("act", "at", "client", "fresh", "id", "n", "sender", "text")

    def __init__(
        self,
        room: str,
        sender: str,
        text: str,
        at: int,
        *,
        act: bool = False,
        client: bytes = b"",
        n: int | None = None,
        session: Session | None = None,
        ref: str | None = None,
    ) -> None:
        self.room = room  # all at once: this is made for each message
        self.session = session
        self.ref = ref
        self.refusal = None
        self.sender = sender
        self.text = text
        self.at = at
        self.act = act
        self.client = client
        self.n = n
        self.id: int | None = None
        self.fresh = False


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

    :ivar cursor: the cursor of the session that joins; the ledger never uses it.
    :ivar instead: the cursor of the connection that the session takes over, or None; likewise.
    :ivar epoch: of the log that the client knew, or None.
    :ivar after: the last id it knew, or None.
    :ivar head: the newest id, set by the ledger like all that follows.
    :ivar first: the oldest id stored; head + 1 if none is.
    :ivar last_n: the client's last n here.
    :ivar known: whether `epoch` and `after` name a position in this log.
    """

    __slots__ = (
        "after",
        "client",
        "cursor",
        "epoch",
        "first",
        "head",
        "instead",
        "known",
        "last_n",
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
    ) -> None:
        super().__init__(room, session, ref)
        self.client = client
        self.epoch = epoch
        self.after = after
        self.cursor = cursor
        self.instead: Cursor | None = None
        self.head = 0
        self.first = 1
        self.last_n = 0
        self.known = True
        self.topic = ""
        self.topic_by = ""


class LeaveEntry(Entry):
    """A member leaves a room. Not stored."""

    __slots__ = ("cursor",)

    def __init__(
        self, room: str, cursor: Cursor, session: Session | None = None, ref: str | None = None
    ) -> None:
        super().__init__(room, session, ref)
        self.cursor = cursor


class RenameEntry(Entry):
    """A member takes another name. Not stored."""

    __slots__ = ("name",)
    session: Session

    def __init__(self, name: str, session: Session, ref: str | None = None) -> None:
        super().__init__("", session, ref)
        self.name = name


class DirectMessageEntry(Entry):
    """A private message, in order with its sender's other messages. Not stored."""

    __slots__ = ("at", "sender", "text", "to")

    def __init__(
        self, sender: str, to: str, text: str, at: int, session: Session, ref: str | None = None
    ) -> None:
        super().__init__("", session, ref)
        self.sender = sender
        self.to = to
        self.text = text
        self.at = at


class QuitEntry(Entry):
    """A session ends, once all that it posted before is committed. Not stored."""

    __slots__ = ()
