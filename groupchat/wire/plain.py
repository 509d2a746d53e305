"""
The plain wire: what people type into ``nc`` and what they read there.

Each line from the server is told apart by how it begins: ``-- `` from the server, ``! `` an error, ``* `` an act, ``[``
history, and else a name. No name can begin so, and a text stands only behind its sender's name, so nobody's words can look
like the server's.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from zope.interface import moduleProvides

from groupchat import commands, events
from groupchat.commands import HERE, WORDS, Command
from groupchat.errors import BadField, BadUtf8, UnknownType
from groupchat.events import Event
from groupchat.interfaces import IWire
from groupchat.names import visible

moduleProvides(IWire)

name = "plain"
echo = False  #: what one typed is there already

#: What telnet puts between the words: an option (IAC DO x), a negotiation (IAC SB … IAC SE), a signal (IAC IP).
_TELNET = re.compile(rb"\xff(?:[\xfb-\xfe].?|\xfa.*?(?:\xff\xf0|$)|[\xf0-\xf9\xff]?)", re.DOTALL)
_FEW = 10  #: names in a welcome
_ROW = 20  #: names in a line of /who


# What a client says.


def decode(line: bytes, inside: bool = True) -> Command:
    """
    The command in a line.

    :param inside: whether its sender has come in; if not, the line is a name.
    :raises BadUtf8: it is not UTF-8.
    :raises UnknownType: no command is called so.
    :raises BadField: an argument is missing or makes no sense.
    """
    if b"\xff" in line:
        line = _TELNET.sub(b"", line)
    try:
        text = line.decode()
    except UnicodeDecodeError:
        raise BadUtf8("That line is not UTF-8. Set your terminal to UTF-8.") from None
    if not inside:
        return commands.Hello(name=text.strip())
    if text.startswith("//"):
        return commands.Say(room=HERE, text=text[1:])
    if text.startswith("/"):
        return parse(text)
    return commands.Say(room=HERE, text=text)


def parse(text: str) -> Command:
    """
    The command in a line that begins with a slash; its `ref` is the command's word.

    :raises UnknownType: no command is called so.
    :raises BadField: an argument is missing or makes no sense.
    """
    word, rest = _word(text)
    try:
        make = _PARSERS[word]
    except KeyError:
        raise UnknownType("There is no such command. /help lists them; // says a line that begins with /.") from None
    try:
        command = make(rest)
    except (ValueError, IndexError):
        raise BadField(f"Type it like this: {_USAGE[word]}") from None
    command.ref = word
    return command


def about(line: bytes) -> dict[str, Any]:
    """The word of a refused line, so that its error can name it."""
    word, _ = _word(_TELNET.sub(b"", line).decode(errors="replace"))
    return {"ref": word} if word in _PARSERS else {}


def _word(text: str) -> tuple[str, str]:
    """The first word, in lower case, and the rest."""
    word, rest = [*text.split(maxsplit=1), "", ""][:2]
    return word.lower(), rest


def _one(rest: str) -> str:
    (word,) = rest.split()
    return word


def _count(rest: str, most: int) -> int:
    count = int(rest)
    if not 1 <= count <= most:
        raise ValueError(rest)
    return count


def _none(make: Callable[[], Command]) -> Callable[[str], Command]:
    def parser(rest: str) -> Command:
        if rest:
            raise ValueError(rest)
        return make()

    return parser


def _tell(rest: str) -> Command:
    to, text = rest.split(maxsplit=1)
    return commands.Tell(to=to, text=text)


def _some(text: str) -> str:
    if not text:
        raise ValueError(text)
    return text


def _person(make: type[Any], timed: bool = False) -> Callable[[str], Command]:
    def parser(rest: str) -> Command:
        who, rest = [*rest.split(maxsplit=1), ""][:2]
        target = {"address": who} if issubclass(make, commands.OnSomeone) and _is_address(who) else {"name": who}
        seconds, text = _duration(rest) if timed else (None, rest)
        command: Command = make(**target, seconds=seconds, text=text or None)
        return command

    return parser


def _is_address(word: str) -> bool:
    try:
        ipaddress.ip_network(word, strict=False)
    except ValueError:
        return False
    return True


def _duration(rest: str) -> tuple[int | None, str]:
    """How long, where the first word says it (90s, 10m, 2h, 7d), and the rest."""
    found = re.match(r"(\d{1,9})([smhd])(?:\s+|$)", rest)
    if not found:
        return None, rest
    return int(found[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86_400}[found[2]] or None, rest[found.end() :]


_PARSERS: dict[str, Callable[[str], Command]] = {
    "/help": _none(commands.Help),
    "/who": _none(lambda: commands.AskWho(room=HERE)),
    "/msg": _tell,
    "/me": lambda rest: commands.Say(room=HERE, text=rest, act=True),
    "/name": lambda rest: commands.Rename(name=_one(rest)),
    "/rooms": _none(commands.AskRooms),
    "/join": lambda rest: commands.MoveTo(room=_one(rest)),
    "/topic": lambda rest: commands.SetTopic(room=HERE, text=rest.strip() or None),
    "/history": lambda rest: commands.AskHistory(room=HERE, limit=_count(rest, 1000) if rest else 100),
    "/quit": _none(commands.Quit),
    "/register": lambda rest: commands.Register(password=_some(rest.strip())),
    "/kick": _person(commands.Kick),
    "/ban": _person(commands.Ban, timed=True),
    "/unban": _person(commands.Unban),
    "/mute": _person(commands.Mute, timed=True),
    "/unmute": _person(commands.Unmute),
    "/op": _person(commands.Op),
    "/deop": _person(commands.Deop),
    "/say": lambda rest: commands.Announce(text=_some(rest)),
    "/max": lambda rest: commands.Max(max=_count(rest, 2**53 - 1)),
}
_USAGE = {entry.word: f"{entry.word} {entry.arguments}".strip() for entry in WORDS}


# What the server says.


def encode(event: Event, me: str = "", past: bool = False) -> bytes:
    """
    The lines of an event; b"" where a person need not be told.

    :param me: the name of the one who reads it.
    :param past: whether a message is history, and so shows its time.
    """
    if type(event) is events.Message and not past:
        return f"* {event.sender} {event.text}\n".encode() if event.act else f"{event.sender}: {event.text}\n".encode()
    return "".join(f"{line}\n" for line in lines(event, me, past)).encode()


def encode_all(told: list[Event]) -> bytes:
    """The lines of events that came at once."""
    return b"".join([encode(event) for event in told])


def lines(event: Event, me: str = "", past: bool = False) -> Iterable[str]:
    """The same, as texts without their line ends; whoever made the event, no control is left in them."""
    show = _SHOWN.get(type(event))
    return map(visible, show(event, me, past)) if show else ()


def _message(event: events.Message, me: str, past: bool) -> Iterator[str]:
    said = f"* {event.sender} {event.text}" if event.act else f"{event.sender}: {event.text}"
    yield f"[{_local(event.at)}] {said}" if past else said


def _local(at: str) -> str:
    """A time of the wire as the people of this place write it."""
    return datetime.fromisoformat(at.replace("Z", "+00:00")).astimezone().strftime("%Y-%m-%d %H:%M")


def _welcome(event: events.Welcome, me: str, past: bool) -> Iterator[str]:
    return (f"-- {line}" for line in (event.motd or "").splitlines())


def _room(event: events.RoomState, me: str, past: bool) -> Iterator[str]:
    few = sorted(event.members, key=str.lower)[:_FEW]
    more = f", and {event.count - len(few)} more" if event.count > len(few) else ""
    yield f"-- Welcome to {event.room}, {me}. {event.count} here: {', '.join(few)}{more}. /help lists the commands."
    if event.topic:
        yield f"-- The topic is: {event.topic}"


def _gap(event: events.Gap, me: str, past: bool) -> Iterator[str]:
    count = event.before - event.after - 1
    yield "-- 1 message is no longer kept." if count == 1 else f"-- {count} messages are no longer kept."


def _reset(event: events.Reset, me: str, past: bool) -> Iterator[str]:
    yield f"-- The log of {event.room} is not the one you knew. Its newest messages follow."


def _caught_up(event: events.CaughtUp, me: str, past: bool) -> Iterator[str]:
    yield "-- You are up to date."


def _presence(event: events.Presence, me: str, past: bool) -> Iterator[str]:
    if event.left:
        yield f"-- {_together(event.left)} left."
    for old, new in event.renamed.items():
        yield f"-- {old} is now {new}."
    if event.joined:
        yield f"-- {_together(event.joined)} joined."


def _together(names: list[str]) -> str:
    if len(names) > 3:
        return f"{', '.join(names[:2])} and {len(names) - 2} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _topic(event: events.Topic, me: str, past: bool) -> Iterator[str]:
    if event.ref is not None:
        yield f"-- The topic is: {event.text}" if event.text else "-- There is no topic."
    elif event.text:
        yield f"-- {event.sender} set the topic: {event.text}"
    else:
        yield f"-- {event.sender} cleared the topic."


def _tell_shown(event: events.Tell, me: str, past: bool) -> Iterator[str]:
    yield f"{event.sender} (to you): {event.text}"


def _notice(event: events.Notice, me: str, past: bool) -> Iterator[str]:
    yield f"-- Notice from {event.sender}: {event.text}"


def _history(event: events.History, me: str, past: bool) -> Iterator[str]:
    for message in event.messages:
        yield from _message(message, me, past=True)
    yield "-- You are up to date."


def _who(event: events.Who, me: str, past: bool) -> Iterator[str]:
    shown = [f"{one.name} ({one.address})" if one.address else one.name for one in event.members]
    if event.count > len(shown):
        shown.append(f"and {event.count - len(shown)} more")
    for start in range(0, len(shown), _ROW):
        head = "" if start else ("Here is 1: " if event.count == 1 else f"Here are {event.count}: ")
        yield f"-- {head}{', '.join(shown[start : start + _ROW])}{'.' if start + _ROW >= len(shown) else ','}"


def _rooms(event: events.Rooms, me: str, past: bool) -> Iterator[str]:
    yield "-- There is 1 room." if event.count == 1 else f"-- There are {event.count} rooms."
    for room in event.rooms:
        yield f"-- {room.room} ({room.count} here){f': {room.topic}' if room.topic else ''}"
    if event.count > len(event.rooms):
        yield f"-- And {event.count - len(event.rooms)} more."


def _help(event: events.Help, me: str, past: bool) -> Iterator[str]:
    shown = [word for word in WORDS if event.operator or not word.operator]
    width = max(len(_USAGE[word.word]) for word in shown)
    for word in shown:
        yield f"-- {_USAGE[word.word]:{width}}  {word.help}"
    yield f"-- {'//TEXT':{width}}  says a line that begins with /"


def _error(event: events.Error, me: str, past: bool) -> Iterator[str]:
    if event.ref and event.ref in _PARSERS:
        yield f"! {event.ref}: {event.text[:1].lower()}{event.text[1:]}"
    else:
        yield f"! {event.text}"


def _ask_name(event: events.AskName, me: str, past: bool) -> Iterator[str]:
    yield "What is your name?"


def _ask_password(event: events.AskPassword, me: str, past: bool) -> Iterator[str]:
    yield f"-- The name {event.name} is registered. Its password? (An empty line: another name.)"


def _done(event: events.Done, me: str, past: bool) -> Iterator[str]:
    yield f"-- {event.text}"


def _bye(event: events.Bye, me: str, past: bool) -> Iterator[str]:
    yield f"{'--' if event.code in ('quit', 'stopping') else '!'} {event.text}"


_SHOWN: dict[type[Event], Callable[[Any, str, bool], Iterable[str]]] = {
    events.Message: _message,
    events.Welcome: _welcome,
    events.RoomState: _room,
    events.Gap: _gap,
    events.Reset: _reset,
    events.CaughtUp: _caught_up,
    events.Presence: _presence,
    events.Topic: _topic,
    events.Tell: _tell_shown,
    events.Notice: _notice,
    events.History: _history,
    events.Who: _who,
    events.Rooms: _rooms,
    events.Help: _help,
    events.AskName: _ask_name,
    events.AskPassword: _ask_password,
    events.Done: _done,
    events.Error: _error,
    events.Bye: _bye,
}

GREETING = encode(events.AskName())
