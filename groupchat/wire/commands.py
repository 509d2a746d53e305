"""
The closed table of verbs: what a client can ask for, with which arguments, and who may.

Every wire reads its lines into these values, and ``/help`` lists `WORDS`. A new verb is a class
and, where people can type it, a line of that table; `session.py` says what it does. Nothing here
acts.
"""

from __future__ import annotations

from typing import Annotated, Union

import msgspec
from msgspec import Meta

from groupchat.wire.limits import MAX_ROOMS

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


Rooms = Annotated[dict[str, Union[Position, None]], Meta(max_length=MAX_ROOMS)]


class Hello(Command):
    """Log in under a name."""

    name: str
    client: Client | None = None
    rooms: Rooms | None = None
    password: str | None = None


class Join(Command):
    """Enter a room, at a place or (without) at its newest few."""

    room: str
    epoch: Epoch | None = None
    after: Id | None = None

    def __post_init__(self) -> None:
        _epoch_needs_after(self)


class Leave(Command):
    room: str


class Say(Command):
    """Say something in a room; `n` is the client's own count there."""

    room: str
    text: str
    act: bool = False
    n: Count | None = None


class Tell(Command):
    to: str
    text: str


class AskHistory(Command, tag="history"):
    room: str
    before: Id | None = None
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class AskWho(Command, tag="who"):
    room: str
    after: str | None = None


class AskRooms(Command, tag="rooms"):
    after: str | None = None


class Rename(Command):
    name: str


class SetTopic(Command, tag="topic"):
    """Set the topic; empty clears it, absent asks for it."""

    room: str
    text: str | None = None


class Ping(Command):
    pass


class Pong(Command):
    pass


class Register(Command):
    password: str


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


class Quit(Command):
    pass


class Help(Command):
    """
    Only for people: the JSON wire has no such line.

    :ivar word: the command to explain, as it is in `WORDS`; None: list them all.
    """

    word: str | None = None


class MoveTo(Command, tag=False):
    """Only for people: leave the present room and join this one."""

    room: str


#: Every command that the JSON wire carries.
AnyCommand = Union[
    Hello, Join, Leave, Say, Tell, AskHistory, AskWho, AskRooms, Rename, SetTopic, Ping, Pong, Register, Kick, Mute,
    Unmute, Op, Deop, Ban, Unban, Max, Announce, AskBans, AskMutes, AskPlaces, Quit,
]  # fmt: skip


class CommandHelp(msgspec.Struct, frozen=True):
    """
    A command as people type it.

    :ivar word: with its slash.
    :ivar arguments: what follows, as ``/help`` shows it.
    :ivar help: what it does, in a few words.
    :ivar aliases: what it is called elsewhere; it can be typed so, too.
    :ivar operator: whether only operators may.
    :ivar more: what ``/help WORD`` says besides, a line each.
    """

    word: str
    arguments: str
    help: str
    aliases: tuple[str, ...] = ()
    operator: bool = False
    more: tuple[str, ...] = ()


_NAME = "A NAME can be written @NAME: @list and @192.0.2.7 are names, 192.0.2.7 is an address."
_TIME = (
    "TIME is like 90s, 10m, 2h, 7d, 2w, 6mo (30 days each), 1h30m or 10 min; without one, or with forever, it has no end.",
    "A number that begins the TEXT is read as a TIME: write a TIME or forever before it.",
)

COMMANDS = (
    CommandHelp("/help", "[COMMAND]", "lists the commands, or explains one", ("/h", "/?", "/commands")),
    CommandHelp("/who", "", "who is here", ("/names", "/users")),
    CommandHelp("/msg", "NAME TEXT", "says something to one person only", ("/m", "/w", "/whisper", "/tell", "/pm", "/dm")),
    CommandHelp("/me", "TEXT", "says what you do: * alice waves", ("/action", "/emote")),
    CommandHelp("/name", "NEW", "gives you another name", ("/nick", "/rename")),
    CommandHelp("/rooms", "", "lists the rooms", ("/list", "/channels")),
    CommandHelp("/join", "ROOM", "leaves this room and enters another", ("/j", "/room")),
    CommandHelp("/leave", "", "leaves this room for the lobby", ("/part",)),
    CommandHelp("/topic", "[TEXT]", "shows the topic, or sets it"),
    CommandHelp("/history", "[COUNT]", "shows the last messages: 100, or COUNT (1000 at most)", ("/hist",)),
    CommandHelp("/register", "PASSWORD", "makes your name your own: from now on it needs the password"),
    CommandHelp("/quit", "", "ends the connection", ("/exit", "/q", "/bye", "/logout", "/disconnect")),
    CommandHelp("/kick", "NAME [TEXT]", "sends someone out", operator=True, more=("They can come back. /ban keeps someone out.", _NAME)),
    CommandHelp(
        "/ban", "NAME|ADDRESS [TIME] [TEXT]", "keeps someone, or a network, out (TIME: 10m, 2h, 7d)", operator=True,
        more=(*_TIME, _NAME, "An ADDRESS can be a network, 192.0.2.0/24. A ban by address lets operators log in."),
    ),
    CommandHelp("/unban", "NAME|ADDRESS", "lets someone in again", operator=True, more=(_NAME,)),
    CommandHelp("/bans", "", "lists the bans", ("/banlist",), operator=True),
    CommandHelp("/mute", "NAME [TIME] [TEXT]", "lets someone only listen", operator=True, more=(*_TIME, _NAME)),
    CommandHelp("/unmute", "NAME", "lets someone speak again", operator=True),
    CommandHelp("/mutes", "", "lists the mutes", ("/mutelist",), operator=True),
    CommandHelp("/max", "N", "sets how many people can be in; without N, shows it", operator=True),
    CommandHelp("/op", "NAME", "makes a registered person an operator", operator=True),
    CommandHelp("/deop", "NAME", "takes that back", operator=True),
    CommandHelp("/say", "TEXT", "says something to all, in every room", ("/wall", "/announce"), operator=True),
)  # fmt: skip
