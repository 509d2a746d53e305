"""
What is handed down to the ledger, and what it writes on it before handing it back.

Who says it and when is fixed when a draft is posted; its id, and whether it is stored at all, is
fixed by the ledger at the draft's place in the order. Only values live here.
"""

from __future__ import annotations

from typing import Any

from groupchat.wire.errors import Refused


class Entry:
    """
    Something that wants its place in a room's log.

    :ivar room: the room's name.
    :ivar session: whose it is; the ledger never looks at it.
    :ivar ref: comes back in the answer; the ledger never looks at it.
    :ivar refusal: why it was not done, or None. A refusal set before posting holds unless the
        ledger knows better.
    """

    __slots__ = ("ref", "refusal", "room", "session")

    def __init__(self, room: str, session: Any = None, ref: str | None = None) -> None:
        self.room = room
        self.session = session
        self.ref = ref
        self.refusal: Refused | None = None


class MessageEntry(Entry):
    """
    A message: stored, then shown.

    :ivar client: 16 bytes that name the client whose count `n` is.
    :ivar n: the client's count in this room, or None.
    :ivar sender: the name under which it is said.
    :ivar at: milliseconds since 1970.
    :ivar id: its number in the room, set by the ledger; None where it is too long ago to be known.
    :ivar fresh: whether it was stored just now (else it was known already), set by the ledger.
    """

    __slots__ = ("act", "at", "client", "fresh", "id", "n", "sender", "text")

    def __init__(
        self, room: str, sender: str, text: str, at: int, *, act: bool = False, client: bytes = b"", n: int | None = None,
        session: Any = None, ref: str | None = None,
    ) -> None:  # fmt: skip
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
    """A new topic: stored, then shown."""

    __slots__ = ("sender", "text")

    def __init__(
        self, room: str, sender: str, text: str, session: Any = None, ref: str | None = None
    ) -> None:
        super().__init__(room, session, ref)
        self.sender = sender
        self.text = text


class TopicQuery(Entry):
    """Someone asks for the topic, as it is after what it said before. Not stored."""

    __slots__ = ()


class JoinEntry(Entry):
    """
    Someone comes into a room. Not stored; the ledger writes on it how the room stands at this place
    in the order.

    :ivar cursor: of the one who enters; the ledger never looks at it.
    :ivar instead: the cursor of the connection that this one takes over, or None; likewise.
    :ivar epoch: of the log that the client knew, or None.
    :ivar after: the last id it knew, or None.
    :ivar head: the newest id, set by the ledger like all that follows.
    :ivar first: the oldest id kept; head + 1 where none is.
    :ivar said: the client's last n here.
    :ivar known: whether `epoch` and `after` name a place in this log.
    """

    __slots__ = (
        "after", "client", "cursor", "epoch", "first", "head", "instead", "known", "said", "topic", "topic_by",
    )  # fmt: skip

    def __init__(
        self, room: str, client: bytes = b"", epoch: str | None = None, after: int | None = None, cursor: Any = None,
        session: Any = None, ref: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(room, session, ref)
        self.client = client
        self.epoch = epoch
        self.after = after
        self.cursor = cursor
        self.instead: Any = None
        self.head = 0
        self.first = 1
        self.said = 0
        self.known = True
        self.topic = ""
        self.topic_by = ""


class LeaveEntry(Entry):
    """Someone leaves a room. Not stored."""

    __slots__ = ("cursor",)

    def __init__(self, room: str, cursor: Any, session: Any = None, ref: str | None = None) -> None:
        super().__init__(room, session, ref)
        self.cursor = cursor


class RenameEntry(Entry):
    """Someone bears another name from here on. Not stored."""

    __slots__ = ("name",)

    def __init__(self, name: str, session: Any, ref: str | None = None) -> None:
        super().__init__("", session, ref)
        self.name = name


class DirectMessageEntry(Entry):
    """A private message, in its place among what its sender says. Not stored."""

    __slots__ = ("at", "sender", "text", "to")

    def __init__(
        self, sender: str, to: str, text: str, at: int, session: Any, ref: str | None = None
    ) -> None:
        super().__init__("", session, ref)
        self.sender = sender
        self.to = to
        self.text = text
        self.at = at


class QuitEntry(Entry):
    """Someone goes, once all said before it is settled. Not stored."""

    __slots__ = ()
