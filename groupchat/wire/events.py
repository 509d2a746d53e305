"""
Events: what happens in a room, and what a member is told. Frozen values, each a line of the JSON
wire.

Only values live here: nothing that acts, knows a clock or a connection. Times are RFC 3339 texts in
UTC with milliseconds, as the wire has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import msgspec

__all__ = [
    "AnyEvent",
    "AskName",
    "AskPassword",
    "Bans",
    "Bye",
    "Catchup",
    "CaughtUp",
    "Departure",
    "Direct",
    "DirectRoom",
    "Done",
    "Error",
    "Event",
    "Found",
    "Gap",
    "Help",
    "History",
    "Mark",
    "Member",
    "Message",
    "Moderated",
    "Mutes",
    "Notice",
    "Ok",
    "Ping",
    "Places",
    "Pong",
    "Presence",
    "Reset",
    "RestrictionEntry",
    "RoomEntry",
    "RoomState",
    "Rooms",
    "Tell",
    "Token",
    "TokenEntry",
    "Tokens",
    "Topic",
    "Welcome",
    "Who",
]


class Event(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", tag=str.lower):
    """Anything a server says. Fields with a default are left out of the line when they hold it."""


class Welcome(Event):
    """You are in, under this name."""

    name: str
    server: str
    max: int
    operator: bool
    limits: dict[str, int]
    motd: str | None = None
    ref: str | None = None


class RoomState(Event, tag="room"):
    """
    A room as it is at this moment, for a member that joins it or fell far behind in it.

    :ivar mark: the id up to which the member has read; 0: nothing yet. Only an older server leaves
        it out.
    """

    room: str
    epoch: str
    first: int
    head: int
    said: int
    topic: str
    members: list[str]
    count: int
    ref: str | None = None
    mark: int | None = None


class Gap(Event):
    """The ids between `after` and `before` (both exclusive) are no longer kept."""

    room: str
    after: int
    before: int


class Reset(Event):
    """The log is not the one that the client knew: ids start again for it."""

    room: str
    epoch: str
    first: int
    head: int


class Catchup(Event):
    """What follows up to the id `through` is history; what is after it is live."""

    room: str
    through: int


class CaughtUp(Event):
    """The end of history was reached. Only for people: the JSON wire says it by `Catchup`."""

    room: str


class Message(Event):
    """
    Something said, at its place in its room's log.

    :ivar act: whether it tells what its sender does.
    :ivar notice: whether it was said automatically, so that no program answers it.
    :ivar replaces: the id of the message that this text replaces.
    :ivar redacts: the id of the message that is redacted by this one, which has no text.
    :ivar redacted: whether this message was redacted, and has no text any more.
    """

    room: str
    id: int
    at: str
    sender: str = msgspec.field(name="from")
    text: str
    act: bool = False
    notice: bool = False
    replaces: int | None = None
    redacts: int | None = None
    redacted: bool = False


class Ok(Event):
    """
    Done; with an id: stored, never to be lost. `text`: what was done, where an operator asked for
    it.
    """

    n: int | None = None
    room: str | None = None
    id: int | None = None
    ref: str | None = None
    text: str | None = None


class Departure(msgspec.Struct, frozen=True):
    """
    The reason why a member left a room. It is for wires that tell it, and in no line of JSON.

    :ivar code: the code of the bye that ended its last session here, "left" (the room alone),
        "lost" (its connection), "node-gone", or "" where that is not known.
    :ivar text: the words with which it left, or those of the operator that sent it out; "": none.
    :ivar by: that operator; "": nobody.
    """

    code: str
    text: str = ""
    by: str = ""


class Presence(Event, dict=True):
    """
    Members that left, were renamed or joined, in this order; no name is in it twice. `count`: all
    in the room after it.

    :ivar why: the reason of each that left.
    """

    room: str
    count: int
    left: list[str] = []
    renamed: dict[str, str] = {}
    joined: list[str] = []

    why: ClassVar[Mapping[str, Departure]] = MappingProxyType({})


class Topic(Event):
    """The topic of a room, and who set it ("" where nobody has)."""

    room: str
    text: str
    sender: str = msgspec.field(name="from")
    ref: str | None = None


class Tell(Event):
    """A private message; `notice` as in `Message`."""

    sender: str = msgspec.field(name="from")
    to: str
    text: str
    at: str
    notice: bool = False


class Notice(Event):
    """An operator's word to all."""

    text: str
    sender: str = msgspec.field(name="from")


class History(Event):
    """
    A page of a room's log, ascending; `more`: older ones exist, or newer ones where the page is
    what came after an id.
    """

    room: str
    messages: list[Message]
    more: bool
    ref: str | None = None


class Found(Event):
    """
    The newest messages that a search found, ascending.

    :ivar before: messages older than this id are not searched yet, if there are `more`.
    """

    room: str
    messages: list[Message]
    more: bool
    before: int | None = None
    ref: str | None = None


class Mark(Event):
    """Another device of the same name has read a room up to this id."""

    room: str
    id: int


class DirectRoom(msgspec.Struct, frozen=True):
    """The newest id in a direct room, and the id up to which it is read."""

    head: int
    mark: int


class Direct(Event):
    """The direct rooms with anything in them, by the name of the other."""

    rooms: dict[str, DirectRoom]


class Member(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One entry of the answer to `who`.

    :ivar since: when the first connection of the name joined.
    :ivar address: the address of that connection.
    :ivar addresses: the addresses of all connections of the name.
    """

    name: str
    since: str
    address: str | None = None
    addresses: list[str] = []


class Who(Event):
    """The members of a room, by name."""

    room: str
    members: list[Member]
    count: int
    ref: str | None = None


class RoomEntry(msgspec.Struct, frozen=True):
    """One line of the answer to `rooms`."""

    room: str
    count: int
    topic: str


class Rooms(Event):
    """The rooms of the server, by name."""

    rooms: list[RoomEntry]
    count: int
    ref: str | None = None


class RestrictionEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One line of the answer to `bans` and `mutes`: a `name` or an `address` (a network, too), by
    whom, until when and why.
    """

    by: str
    name: str | None = None
    address: str | None = None
    until: str | None = None
    text: str = ""


class Bans(Event):
    """The bans that hold, by target."""

    bans: list[RestrictionEntry]
    count: int
    ref: str | None = None


class Mutes(Event):
    """The mutes that hold, by name."""

    mutes: list[RestrictionEntry]
    count: int
    ref: str | None = None


class Token(Event):
    """
    A token that was made just now.

    :ivar token: the secret: nobody can ask for it again.
    """

    name: str
    token: str
    ref: str | None = None


class TokenEntry(msgspec.Struct, frozen=True):
    """One line of the answer to `tokens`: a name, and when the token was made."""

    name: str
    made: str


class Tokens(Event):
    """The tokens of an account, by name."""

    tokens: list[TokenEntry]
    ref: str | None = None


class Places(Event):
    """The number of members that there can be, and that there are."""

    max: int
    count: int
    ref: str | None = None


class Help(Event):
    """The commands of the plain wire, or only `word`. Only for people."""

    operator: bool = False
    word: str | None = None


class AskName(Event):
    """Who are you? Only for people."""


class AskPassword(Event):
    """Show that this name is yours. Only for people: the JSON wire says it by an error."""

    name: str


class Done(Event):
    """A command is done. The text is only for people: on the JSON wire it is an `Ok`."""

    text: str
    ref: str | None = None


class Moderated(Event):
    """An operator's command is done. On the JSON wire it is an `Ok` with this text."""

    text: str
    ref: str | None = None


class Ping(Event):
    """Are you there? With the last id of each room that was written to this connection."""

    heads: dict[str, int]


class Pong(Event):
    """I am here."""

    ref: str | None = None


class Error(Event):
    """A command was refused. The connection lives on."""

    code: str
    text: str
    n: int | None = None
    room: str | None = None
    ref: str | None = None
    want: int | None = None
    retry: float | None = None


class Bye(Event):
    """The connection ends. `retry`: seconds after which to connect again; absent: don't."""

    code: str
    text: str
    retry: int | None = None
    until: str | None = None


#: Every event that the JSON wire carries.
AnyEvent = (
    Welcome
    | RoomState
    | Gap
    | Reset
    | Catchup
    | Message
    | Ok
    | Presence
    | Topic
    | Tell
    | Notice
    | History
    | Who
    | Rooms
    | Bans
    | Mutes
    | Places
    | Token
    | Tokens
    | Ping
    | Pong
    | Error
    | Bye
    | Found
    | Mark
    | Direct
)
