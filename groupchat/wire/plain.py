"""
The plain wire: what people type into ``nc`` and what they read there.

Each line from the server is told apart by how it begins: ``-- `` from the server, ``! `` an error,
``* `` an act, ``[`` history, and else a name. No name can begin so, and a text stands only behind
its sender's name, so no member's words can look like the server's.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from zope.interface import moduleProvides

from groupchat.wire import addresses, commands, durations, events
from groupchat.wire.commands import COMMANDS, HERE, LOBBY, Command
from groupchat.wire.errors import BadField, BadUtf8, UnknownType
from groupchat.wire.events import Event
from groupchat.wire.interfaces import Capabilities, IWire
from groupchat.wire.names import MARK, printable, visible

moduleProvides(IWire)

name = "plain"
capabilities = Capabilities(
    echoes_own=False, single_room=True, interactive_login=True, typed=True, keepalive=False
)

_CTRL_D = "\x04"  #: alone in a line it ends the session, as it ends a shell
_AT = "@"  #: before a name where an address could stand; no name begins so
_NEAR = 0.75  #: how near a slip has to be to a word (see `difflib`)
_LONGEST = 16  #: letters of a slip that is looked at
_NO_NAME = re.compile(r"[:/*]")
_PART_OF_ADDRESS = re.compile(r"\d+(?:\.\d*)+", re.ASCII)
_FEW = 10  #: names in a welcome
_ROW = 20  #: names in a line of /who


# Lines from a client.


def decode(line: bytes, inside: bool = True) -> Command:
    """
    The command in a line.

    :param inside: whether its sender has logged in; if not, the line is a name.
    :raises BadUtf8: it is not UTF-8.
    :raises UnknownType: no command is called so.
    :raises BadField: an argument is missing or makes no sense.
    """
    try:
        text = line.decode().lstrip(MARK)
    except UnicodeDecodeError:
        raise BadUtf8("That line is not UTF-8. Set your terminal to UTF-8.") from None
    if text == _CTRL_D:
        return commands.Quit()
    if not inside:
        return _name(text.strip())
    begin = text.lstrip()
    if begin.startswith("//"):
        return commands.Say(room=HERE, text=begin[1:])
    if begin.startswith("/"):
        return parse(begin)
    return commands.Say(room=HERE, text=text)


def _name(text: str) -> Command:
    """Return the command in a line that answers the question for a name."""
    asked = _ALIASES.get(text.lower())
    if asked == "/quit":
        return commands.Quit(ref=asked)
    if asked == "/help":
        raise BadField("Type the name that you want here, and nothing else. /quit ends.")
    return commands.Hello(name=text)


def parse(text: str) -> Command:
    """
    The command in a line that begins with a slash; its `ref` is the command's word, whatever alias
    was typed.

    :raises UnknownType: no command is called so.
    :raises BadField: an argument is missing or makes no sense.
    """
    typed, rest = _word(text)
    word = _known(typed)
    try:
        command = _PARSERS[word](rest)
    except (ValueError, IndexError):
        raise BadField(f"Type it like this: {_USAGE[word]}") from None
    command.ref = word
    return command


def about(line: bytes) -> dict[str, Any]:
    """The word of a refused line, so that its error can name it."""
    word, _ = _word(line.decode(errors="replace").lstrip(MARK))
    return {"ref": _ALIASES[word]} if word in _ALIASES else {}


def _known(word: str) -> str:
    """
    The word of the table that this is, or is another word for.

    :raises UnknownType: it is none. It says which was meant, where one is near.
    """
    if word in _ALIASES:
        return _ALIASES[word]
    near = difflib.get_close_matches(word, _ALIASES, 1, _NEAR) if len(word) <= _LONGEST else ()
    meant = f" Did you mean {near[0]}?" if near else ""
    raise UnknownType(
        f"There is no such command.{meant} /help lists them; // says a line that begins with /."
    )


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


def _help(rest: str) -> Command:
    return commands.Help(word=_known("/" + _one(rest).lower().removeprefix("/")) if rest else None)


def _tell(rest: str) -> Command:
    to, text = rest.split(maxsplit=1)
    return commands.Tell(to=to.removeprefix(_AT), text=text)


def _max(rest: str) -> Command:
    return commands.Max(max=_count(rest, 2**53 - 1)) if rest else commands.AskPlaces()


def _some(text: str) -> str:
    if not text:
        raise ValueError(text)
    return text


def _person(make: type[Any]) -> Callable[[str], Command]:
    """Of a command that concerns one person, and says nothing more."""
    return lambda rest: make(name=_one(rest).removeprefix(_AT))


def _kick(rest: str) -> Command:
    name, text = _two(rest)
    if _is_time(text):
        raise BadField(
            "Nobody is kicked for a time: /kick sends someone out, /ban keeps someone out for a time."
        )
    return commands.Kick(name=name.removeprefix(_AT), text=text or None)


def _mute(rest: str) -> Command:
    name, rest = _two(rest)
    seconds, text = _time(rest)
    _not_a_list("mute", name, rest)
    return commands.Mute(name=name.removeprefix(_AT), seconds=seconds, text=text or None)


def _ban(rest: str) -> Command:
    target, rest = _two(rest)
    seconds, text = _time(rest)
    _not_a_list("ban", target, rest)
    return commands.Ban(**_target(target), seconds=seconds, text=text or None)


def _two(rest: str) -> tuple[str, str]:
    first, rest = [*rest.split(maxsplit=1), ""][:2]
    return first, rest.strip()


def _time(rest: str) -> tuple[int | None, str]:
    try:
        return durations.split(rest)
    except ValueError as wrong:
        raise BadField(str(wrong)) from None


def _is_time(text: str) -> bool:
    try:
        return durations.split(text)[0] is not None
    except ValueError:
        return False


def _not_a_list(what: str, target: str, rest: str) -> None:
    """
    An operator that types ``/ban list`` wants to see the bans; with @ it is a name.
    """
    if target.lower() in ("list", "ls", "show") and not rest:
        raise BadField(
            f"/{what}s lists them. Somebody who is called so is @{target}: /{what} @{target}."
        )


def _target(word: str) -> dict[str, str]:
    """
    A name or an address: what can be read as an address is one, and behind an @ is always a name.

    :raises BadField: it is neither.
    """
    if word.startswith(_AT):
        return {"name": word.removeprefix(_AT)}
    if addresses.is_network(word):
        return {"address": word}
    if not _NO_NAME.search(word) and not _PART_OF_ADDRESS.fullmatch(word):
        return {"name": word}
    named = "" if _NO_NAME.search(word) else f" If it is a name, write @{word}."
    raise BadField(
        f'"{printable(word)}" is no address. Write it whole, 10.0.0.7, or as a network, 10.0.0.0/24.{named}'
    )


_PARSERS: dict[str, Callable[[str], Command]] = {
    "/help": _help,
    "/who": _none(lambda: commands.AskWho(room=HERE)),
    "/msg": _tell,
    "/me": lambda rest: commands.Say(room=HERE, text=rest, act=True),
    "/name": lambda rest: commands.Rename(name=_one(rest)),
    "/rooms": _none(commands.AskRooms),
    "/join": lambda rest: commands.MoveTo(room=_one(rest).removeprefix("#")),
    "/leave": lambda rest: commands.MoveTo(room=LOBBY),
    "/topic": lambda rest: commands.SetTopic(room=HERE, text=rest.strip() or None),
    "/history": lambda rest: commands.AskHistory(
        room=HERE, limit=_count(rest, 1000) if rest else 100
    ),
    "/quit": lambda rest: commands.Quit(),
    "/register": lambda rest: commands.Register(password=_some(rest.strip())),
    "/kick": _kick,
    "/ban": _ban,
    "/unban": lambda rest: commands.Unban(**_target(_one(rest)), seconds=None, text=None),
    "/bans": _none(commands.AskBans),
    "/mute": _mute,
    "/unmute": _person(commands.Unmute),
    "/mutes": _none(commands.AskMutes),
    "/op": _person(commands.Op),
    "/deop": _person(commands.Deop),
    "/say": lambda rest: commands.Announce(text=_some(rest)),
    "/max": _max,
}
_ALIASES = {word: entry.word for entry in COMMANDS for word in (entry.word, *entry.aliases)}
_USAGE = {entry.word: f"{entry.word} {entry.arguments}".strip() for entry in COMMANDS}


# Lines from the server.


def encode(event: Event, me: str = "", past: bool = False) -> bytes:
    """
    The lines of an event; b"" where a person need not be told.

    :param me: the name of the reader.
    :param past: whether a message is history, and so shows its time.
    """
    if type(event) is events.Message and not past:
        return (
            f"* {event.sender} {event.text}\n".encode()
            if event.act
            else f"{event.sender}: {event.text}\n".encode()
        )
    return "".join(f"{line}\n" for line in lines(event, me, past)).encode()


def encode_all(told: list[Event]) -> bytes:
    """The lines of events that came at once."""
    return b"".join([encode(event) for event in told])


def lines(event: Event, me: str = "", past: bool = False) -> Iterable[str]:
    """
    The same, as texts without their line ends; whoever made the event, no control is left in them.
    """
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
    yield (
        "-- 1 message is no longer kept."
        if count == 1
        else f"-- {count} messages are no longer kept."
    )


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
    printable = [
        f"{one.name} ({one.address})" if one.address else one.name for one in event.members
    ]
    if event.count > len(printable):
        printable.append(f"and {event.count - len(printable)} more")
    for start in range(0, len(printable), _ROW):
        head = "" if start else ("Here is 1: " if event.count == 1 else f"Here are {event.count}: ")
        yield f"-- {head}{', '.join(printable[start : start + _ROW])}{'.' if start + _ROW >= len(printable) else ','}"


def _rooms(event: events.Rooms, me: str, past: bool) -> Iterator[str]:
    yield "-- There is 1 room." if event.count == 1 else f"-- There are {event.count} rooms."
    for room in event.rooms:
        yield f"-- {room.room} ({room.count} here){f': {room.topic}' if room.topic else ''}"
    if event.count > len(event.rooms):
        yield f"-- And {event.count - len(event.rooms)} more."


def _measures(event: events.Bans | events.Mutes, me: str, past: bool) -> Iterator[str]:
    what, found = ("ban", event.bans) if isinstance(event, events.Bans) else ("mute", event.mutes)
    yield f"-- There is 1 {what}." if event.count == 1 else f"-- There are {event.count} {what}s."
    for one in found:
        target = one.address or addresses.format_address(one.name or "")
        until = f"until {one.until[:10]} {one.until[11:16]} UTC" if one.until else "for ever"
        yield f"-- {target} {until}, by {one.by}{f': {one.text}' if one.text else ''}"
    if event.count > len(found):
        yield f"-- And {event.count - len(found)} more."


def _places(event: events.Places, me: str, past: bool) -> Iterator[str]:
    yield f"-- {event.count} of {event.max} places are taken."


def _helped(event: events.Help, me: str, past: bool) -> Iterator[str]:
    if event.word is not None:
        yield from _explained(next(word for word in COMMANDS if word.word == event.word))
        return
    printable = [word for word in COMMANDS if event.operator or not word.operator]
    width = max(len(_USAGE[word.word]) for word in printable)
    for word in printable:
        yield f"-- {_USAGE[word.word]:{width}}  {word.help}"
    yield f"-- {'//TEXT':{width}}  says a line that begins with /"


def _explained(word: commands.CommandHelp) -> Iterator[str]:
    yield f"-- {_USAGE[word.word]}  {word.help}{' (operators only)' if word.operator else ''}"
    for more in word.more:
        yield f"-- {more}"
    if word.aliases:
        yield f"-- It can be typed as {', '.join(word.aliases)}, too."


def _ok(event: events.Ok, me: str, past: bool) -> Iterator[str]:
    if event.text:
        yield f"-- {event.text}"


def _error(event: events.Error, me: str, past: bool) -> Iterator[str]:
    if event.ref and event.ref in _PARSERS:
        yield f"! {event.ref}: {event.text[:1].lower()}{event.text[1:]}"
    else:
        yield f"! {event.text}"


def _ask_name(event: events.AskName, me: str, past: bool) -> Iterator[str]:
    yield "What is your name?"


def _ask_password(event: events.AskPassword, me: str, past: bool) -> Iterator[str]:
    yield f"-- The name {event.name} is registered. Its password? (An empty line: another name.)"


def _done(event: events.Done | events.Moderated, me: str, past: bool) -> Iterator[str]:
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
    events.Help: _helped,
    events.Bans: _measures,
    events.Mutes: _measures,
    events.Places: _places,
    events.Ok: _ok,
    events.AskName: _ask_name,
    events.AskPassword: _ask_password,
    events.Done: _done,
    events.Moderated: _done,
    events.Error: _error,
    events.Bye: _bye,
}

GREETING = encode(events.AskName())
