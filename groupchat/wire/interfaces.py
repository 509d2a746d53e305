"""
The seam between a protocol and the core: a wire turns lines into commands, and events into lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import msgspec
from zope.interface import Attribute, Interface

if TYPE_CHECKING:
    from groupchat.wire.commands import Command
    from groupchat.wire.events import Event, Message

__all__ = ["Capabilities", "IWire", "Reference"]


class Reference(TypedDict, total=False):
    """The n, room and ref that a refused line gave, as fields of its `events.Error`."""

    n: int
    room: str
    ref: str


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """
    The differences between the clients of wires, as far as the server has to know.

    :ivar echoes_own: a member gets its own messages like those of others; else by `IWire.echo`.
    :ivar single_room: a client is in one room at a time, and its commands name none.
    :ivar interactive_login: a person answers questions: a line before login is a name, or the
        password that was asked for.
    :ivar typed: lines come from a keyboard: blank ones mean nothing, and telnet may be between
        them.
    :ivar keepalive: the server pings a silent client, and ends a connection that stays silent.
    """

    echoes_own: bool
    single_room: bool
    interactive_login: bool
    typed: bool
    keepalive: bool


class IWire(Interface):
    """Lines to commands, events to lines. Pure, and provided by a module."""

    name: str = Attribute("The name of the wire.")
    capabilities: Capabilities = Attribute("The nature of its clients.")

    def decode(line: bytes, inside: bool = True) -> Command:
        """
        Return the command in a line that ends before its LF.

        :param inside: whether the sender has logged in.
        :raises groupchat.wire.errors.BadLine: there is none.
        """

    def about(line: bytes) -> Reference:
        """Return which of n, room and ref a refused line gave."""

    def encode(event: Event, me: str = "", past: bool = False) -> bytes:
        """
        Return the lines of an event, with their ends; b"" where this wire does not tell it.

        :param me: the name of the reader.
        :param past: whether a message is history to the reader.
        """

    def echo(own: Message, ref: str | None) -> bytes:
        """
        Return the lines of a message for the session that said it, in its place; b"" for none.
        They are wanted only where the wire does not give it like those of others.

        :param ref: as the message was said with: by this, its author recognises it.
        """

    def encode_all(told: list[Event]) -> bytes:
        """Return the lines of events that came at once, none of them past, for any reader."""
