"""
A cursor: where one session stands in one room.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from groupchat.wire.events import Event
from groupchat.wire.interfaces import IWire

if TYPE_CHECKING:
    from groupchat.core.session import Session

__all__ = ["Cursor", "Origin", "Phase"]


class Phase(Enum):
    """The next thing that a cursor is given, in this order."""

    JOINING = auto()  #: nothing: it has no place in the order yet
    NEEDS_STATE = auto()  #: the room line
    IN_HISTORY = auto()  #: the messages with after < id <= through
    FETCHING = auto()  #: a page of these, which is on its way from the ledger
    IN_TAIL = auto()  #: the batches of the backlog from `position` on
    LIVE = auto()  #: each batch as it is published
    CLOSED = auto()  #: nothing any more


class Origin(Enum):
    """The relation of a cursor's `after` to the log."""

    NEW = auto()  #: the client knows nothing of this room: it hears of no gap
    RESUMING = auto()  #: it knows the log up to there
    RESET = auto()  #: it knew another log


class Cursor:
    """
    Where one session stands in one room.

    :param session: whose cursor it is.
    :param label: the room's name, as the client knows it.
    :param wire: the wire on which the session hears of the room.
    :param ref: comes back in the room line.

    :ivar last_n: its client's last n stored here.
    :ivar mark: the last id that the member has marked as read.
    :ivar after: the last id that it was given.
    :ivar through: the last id that is history to it.
    :ivar position: the next batch of the backlog that it is given.
    :ivar unechoed: the refs of its own messages that have not been echoed to it, by their ids; None
        where its wire gives them like those of others.
    """

    __slots__ = (
        "after",
        "label",
        "last_n",
        "mark",
        "origin",
        "phase",
        "position",
        "ref",
        "session",
        "through",
        "unechoed",
        "wire",
    )

    def __init__(self, session: Session, label: str, wire: IWire, ref: str | None = None) -> None:
        self.session = session
        self.label = label
        self.wire = wire
        self.ref = ref
        self.last_n = 0
        self.mark = 0
        self.after = 0
        self.through = 0
        self.position = 0
        self.phase = Phase.JOINING
        self.origin = Origin.RESUMING
        self.unechoed: dict[int, str | None] | None
        self.unechoed = None if wire.capabilities.echoes_own else {}

    def send(self, event: Event, past: bool = False) -> None:
        """
        Tell the session an event.

        :param past: whether it is history.
        """
        session = self.session
        session.peer.write(self.wire.encode(event, session.name, past))
