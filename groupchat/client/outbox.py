"""
The outbox: messages that the server has not acknowledged yet.

It stores; `groupchat.client.sender` decides what is sent. This one is in memory; that in a file is
`groupchat.client.file_outbox`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groupchat.wire import events
from groupchat.wire.commands import Position

if TYPE_CHECKING:
    from groupchat.client.client_id import ClientId

__all__ = ["Answer", "Entry", "Outbox"]

Answer = events.Ok | events.Error  #: to a message


@dataclass(slots=True, eq=False)
class Entry:
    """
    A message.

    :ivar room: its room, as the server writes it.
    :ivar line: the JSON object of the `say`, without its n and its LF.
    :ivar n: its number, once it has one.
    :ivar key: its row in the file.
    :ivar on_answer: called with the answer, once that is final; None if nobody waits for it.
    """

    room: str
    line: bytes
    n: int | None = None
    key: int = 0
    on_answer: Callable[[Answer], None] | None = None

    def answer(self, answer: Answer) -> None:
        """The server has stored this message, or has refused it for good."""
        if self.on_answer is not None:
            self.on_answer(answer)

    @property
    def may_correct(self) -> bool:
        """Whether it may be a correction; False if it is none."""
        return b'"replaces"' in self.line or b'"redacts"' in self.line


class Outbox:
    """
    An outbox in memory: it only counts, as `groupchat.client.sender` holds the entries.

    :cvar persistent: whether it outlives the process, so that the client secret has to as well.
    :ivar count: the entries that are not acknowledged yet.
    """

    persistent = False

    def __init__(self) -> None:
        self.count = 0

    def entries(self) -> list[Entry]:
        """Returns the messages that an earlier run left, oldest first."""
        return []

    def claim(self, certificate: str) -> ClientId | None:
        """
        Returns the client secret that the messages belong to; None if any will do.

        :param certificate: deliver to the server with this one only; "" if it is not known.
        """
        return None

    def position(self, room: str) -> Position | None:
        """Returns the position in a room of the run that left messages here."""
        return None

    def add(self, entry: Entry) -> None:
        """Keep this message."""
        self.count += 1

    def number(self, entry: Entry, n: int) -> None:
        """Give this message its n."""
        entry.n = n

    def remember(self, room: str, position: Position | None) -> None:
        """Remember the log that the numbers of this room belong to."""

    def remove(self, entry: Entry) -> None:
        """Drop this message: it is acknowledged, or refused for good."""
        self.count -= 1

    def commit(self) -> None:
        """Return once everything added and numbered would survive a crash."""

    def close(self) -> None:
        """Let other processes use it."""
