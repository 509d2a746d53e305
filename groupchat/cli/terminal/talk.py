"""The chat, as the full-screen client needs it."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple, Protocol

from groupchat.wire.commands import Command
from groupchat.wire.events import Event

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

__all__ = ["Connection", "Phase", "Talk", "TalkListener"]


class Phase(Enum):
    """The state of the connection."""

    CONNECTING = auto()
    ONLINE = auto()
    WAITING = auto()
    ENDED = auto()


class Connection(NamedTuple):
    """
    The state of the connection, as the bar shows it.

    :ivar seconds: until the next attempt, while it waits.
    :ivar reason: why it waits, if the server said so.
    """

    phase: Phase
    seconds: float = 0.0
    reason: str = ""
    encrypted: bool = False


class Talk(Protocol):
    """A chat at one server, over one connection after the other."""

    @property
    def name(self) -> str:
        """Our own name."""

    @property
    def operator(self) -> bool:
        """Whether we are an operator."""

    @property
    def connection(self) -> Connection:
        """The state of the connection."""

    def say(self, room: str, text: str, act: bool = False) -> Deferred[int | None]:
        """
        Say this, now or once there is a connection. Fires with the id once it is stored; fails with
        `Refused`, or with an `Ending` if the chat ends before.
        """

    def correct(self, room: str, message_id: int, text: str | None) -> Deferred[int | None]:
        """
        Say this in place of a message of ours; None: remove that. Fires and fails like `say`.
        """

    def newest_own(self, room: str) -> int | None:
        """Returns the id of our newest message in a room; None if none is known."""

    def mark_read(self, room: str) -> None:
        """Everything that has arrived in a room was read: our other devices may know."""

    def request(self, command: Command) -> Deferred[Event]:
        """Ask the server. Fires with the answer; fails with `Refused` or `AnswerLost`."""

    def is_in(self, room: str) -> bool:
        """Returns whether we are in this room, or about to be."""

    def reconnect(self) -> None:
        """Don't wait for the next attempt."""

    def leave_server(self) -> None:
        """Say goodbye, and end."""


class TalkListener(Protocol):
    """Is told what happens in a chat."""

    def on_event(self, event: Event, past: bool, mine: bool) -> None:
        """
        Something happened that answers no request.

        :param past: whether it is history.
        :param mine: whether it is a message that was said here.
        """

    def on_notice(self, text: str) -> None:
        """The client has something to tell."""

    def on_change(self) -> None:
        """The state of the connection is another one."""
