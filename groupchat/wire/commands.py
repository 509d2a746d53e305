"""
The closed table of commands: what a client can ask for, and with which arguments.

Every wire reads its lines into these values. A new command is a class here, a function in
`groupchat.core.actions` and, where people can type it, a line of `groupchat.wire.plain.words`.
Nothing here acts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from groupchat.wire.limits import MAX_QUERY, MAX_ROOMS

if TYPE_CHECKING:
    from groupchat.wire.interfaces import Reference

__all__ = [
    "HERE",
    "LOBBY",
    "Announce",
    "AnyCommand",
    "AskBans",
    "AskHistory",
    "AskMutes",
    "AskPlaces",
    "AskRooms",
    "AskTokens",
    "AskWho",
    "Ban",
    "Client",
    "Close",
    "Command",
    "Correction",
    "Count",
    "Deop",
    "Edit",
    "Epoch",
    "Hello",
    "Help",
    "Id",
    "Invite",
    "Join",
    "Kick",
    "Leave",
    "LeaveWith",
    "MakeToken",
    "Mark",
    "Max",
    "MoveTo",
    "Mute",
    "Op",
    "OperatorCommand",
    "OperatorQuery",
    "PersonCommand",
    "Ping",
    "Pong",
    "Position",
    "Private",
    "Quit",
    "QuitWith",
    "Ref",
    "Register",
    "Remove",
    "Rename",
    "Revoke",
    "RoomCommand",
    "Rooms",
    "Say",
    "Search",
    "SetTopic",
    "TargetCommand",
    "Tell",
    "Unban",
    "Uninvite",
    "Unmute",
]

Count = Annotated[int, Meta(ge=1, le=2**53 - 1)]
Id = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Ref = Annotated[str, Meta(max_length=64)]
Client = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{16,64}\Z")]
Epoch = Annotated[str, Meta(max_length=64)]

HERE = ""  #: as the room of a plain line: the one room that its sender is in
LOBBY = "lobby"  #: the room that everyone joins who names no other


class Command(msgspec.Struct, kw_only=True, omit_defaults=True, tag_field="type", tag=str.lower):
    """One line of a client. `ref` comes back in the answer."""

    ref: Ref | None = None

    def about(self) -> Reference:
        """Return which of n, room and ref the line gives: they come back in its error."""
        return {} if self.ref is None else {"ref": self.ref}


class RoomCommand(Command):
    """A command about a room."""

    room: str

    def about(self) -> Reference:
        return {**super().about(), "room": self.room}


class Position(msgspec.Struct, omit_defaults=True):
    """
    Where a client stood in a room: everything up to the id `after` of the log `epoch` is known to
    it.
    """

    epoch: Epoch | None = None
    after: Id | None = None

    def __post_init__(self) -> None:
        _epoch_needs_after(self)


def _epoch_needs_after(place: Position | Join) -> None:
    if place.epoch is not None and place.after is None:
        raise ValueError("An `epoch` needs its `after`")


Rooms = Annotated[dict[str, Position | None], Meta(max_length=MAX_ROOMS)]


class Hello(Command):
    """Log in under a name."""

    name: str
    client: Client | None = None
    rooms: Rooms | None = None
    password: str | None = None


class Join(RoomCommand):
    """Enter a room, at a place or (without) at its newest few."""

    epoch: Epoch | None = None
    after: Id | None = None

    def __post_init__(self) -> None:
        _epoch_needs_after(self)


class Leave(RoomCommand):
    pass


class Say(RoomCommand):
    """
    Say something in a room; `n` is the client's own count there.

    (A line with `replaces` or `redacts` does not fit this class, and so becomes a `Correction`
    without any check on the path of other messages.)
    """

    text: str
    act: bool = False
    notice: bool = False
    n: Count | None = None
    replaces: None = None
    redacts: None = None

    def about(self) -> Reference:
        return super().about() if self.n is None else {**super().about(), "n": self.n}


class Correction(RoomCommand, tag="say"):
    """
    Replace a message by another text, or redact it: a `say` with the id of that message.

    :ivar text: the new text; None: the message is redacted.
    """

    text: str | None = None
    act: bool = False
    n: Count | None = None
    replaces: Count | None = None
    redacts: Count | None = None

    def __post_init__(self) -> None:
        if (self.replaces is None) == (self.redacts is None):
            raise ValueError("Either `replaces` or `redacts` is needed")
        if self.replaces is not None and self.text is None:
            raise ValueError("`replaces` needs a `text`")
        if self.redacts is not None and (self.text is not None or self.act):
            raise ValueError("`redacts` takes no `text` and no `act`")

    def about(self) -> Reference:
        return super().about() if self.n is None else {**super().about(), "n": self.n}


class Tell(Command):
    to: str
    text: str
    notice: bool = False


class AskHistory(RoomCommand, tag="history"):
    """
    Ask for the newest messages before an id; with `after`, for the oldest ones after that id.
    """

    after: Id | None = None
    before: Id | None = None
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class AskWho(RoomCommand, tag="who"):
    after: str | None = None


class AskRooms(Command, tag="rooms"):
    after: str | None = None


class Rename(Command):
    name: str


class SetTopic(RoomCommand, tag="topic"):
    """Set the topic; empty clears it, absent asks for it."""

    text: str | None = None


class Search(RoomCommand):
    """
    Find the newest messages older than the id `before` that contain every word of a text.

    :ivar sender: only messages that were said under this name.
    """

    text: str
    sender: str | None = msgspec.field(name="from", default=None)
    before: Id | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 50

    def __post_init__(self) -> None:
        if not self.text.split() or len(self.text.encode(errors="replace")) > MAX_QUERY:
            raise ValueError(f"The `text` of a search has words, and at most {MAX_QUERY} bytes")


class Mark(RoomCommand):
    """Everything in a room up to an id has been read."""

    id: Id


class Private(RoomCommand):
    """Make a room private, or open it to everyone."""

    private: bool


class Invite(RoomCommand):
    """Let a registered name into a private room."""

    name: str


class Uninvite(RoomCommand):
    """Take an invitation back."""

    name: str


class Ping(Command):
    pass


class Pong(Command):
    pass


class Register(Command):
    password: str


class MakeToken(Command, tag="token"):
    """
    Make a token, with which HTTP requests act as the account.

    :ivar name: by which its owner knows it.
    """

    name: str


class AskTokens(Command, tag="tokens"):
    """List the names of the account's tokens."""


class Revoke(Command):
    """End a token."""

    name: str


class OperatorCommand(Command, tag=False):
    """A command that only an operator may give."""


class PersonCommand(OperatorCommand, tag=False):
    name: str
    seconds: Count | None = None
    text: str | None = None


class _AtOnce(PersonCommand, tag=False):
    """A command that takes no time: one is refused, and not dropped in silence."""

    def __post_init__(self) -> None:
        _no_time(self.seconds)


def _no_time(seconds: int | None) -> None:
    if seconds is not None:
        raise ValueError("`seconds` means nothing here: only a ban or a mute lasts")


class Kick(_AtOnce, tag="kick"):
    pass


class Mute(PersonCommand, tag="mute"):
    pass


class Unmute(_AtOnce, tag="unmute"):
    pass


class Op(_AtOnce, tag="op"):
    pass


class Deop(_AtOnce, tag="deop"):
    pass


class TargetCommand(OperatorCommand, tag=False):
    """On a person, or on an address."""

    name: str | None = None
    address: str | None = None
    seconds: Count | None = None
    text: str | None = None

    def __post_init__(self) -> None:
        if (self.name is None) == (self.address is None):
            raise ValueError("Either a `name` or an `address` is needed")


class Ban(TargetCommand, tag="ban"):
    pass


class Unban(TargetCommand, tag="unban"):
    def __post_init__(self) -> None:
        super().__post_init__()
        _no_time(self.seconds)


class OperatorQuery(OperatorCommand, tag=False):
    """A question that only an operator may ask."""


class AskBans(OperatorQuery, tag="bans"):
    """List the bans, after this target."""

    after: str | None = None


class AskMutes(OperatorQuery, tag="mutes"):
    """List the mutes, after this target."""

    after: str | None = None


class AskPlaces(OperatorQuery, tag="places"):
    """Ask how many people can be in, and how many are."""


class Max(OperatorCommand, tag="max"):
    max: Count


class Announce(OperatorCommand, tag="notice"):
    text: str


class Close(OperatorCommand, tag="close"):
    """Send everybody out of a private room, and take back its invitations."""

    room: str

    def about(self) -> Reference:
        return {**super().about(), "room": self.room}


class Quit(Command):
    pass


class Help(Command):
    """
    Only for people: the JSON wire has no such line.

    :ivar word: the command to explain, with its slash; None: list them all.
    """

    word: str | None = None


class MoveTo(RoomCommand, tag=False):
    """Only for people: leave the present room and join this one."""


class Edit(RoomCommand, tag=False):
    """Only for people: replace the sender's last message in the present room."""

    text: str


class Remove(RoomCommand, tag=False):
    """Only for people: redact the sender's last message in the present room."""


class LeaveWith(Leave, tag=False):
    """Only for gateways: leave a room with words, which wires that tell reasons show."""

    text: str


class QuitWith(Quit, tag=False):
    """Only for gateways: end with words, as in `LeaveWith`."""

    text: str


#: Every command that the JSON wire carries, except `Correction`, which shares the tag of `Say`.
AnyCommand = (
    Hello
    | Join
    | Leave
    | Say
    | Tell
    | AskHistory
    | AskWho
    | AskRooms
    | Rename
    | SetTopic
    | Ping
    | Pong
    | Register
    | MakeToken
    | AskTokens
    | Revoke
    | Kick
    | Mute
    | Unmute
    | Op
    | Deop
    | Ban
    | Unban
    | Max
    | Announce
    | AskBans
    | AskMutes
    | AskPlaces
    | Search
    | Mark
    | Private
    | Invite
    | Uninvite
    | Close
    | Quit
)
