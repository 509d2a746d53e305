"""Parses what people type: each line is a name, a command or something to say."""

from __future__ import annotations

import re
from collections.abc import Callable

from groupchat.wire import commands
from groupchat.wire.commands import HERE, LOBBY, Command
from groupchat.wire.errors import BadField, BadUtf8
from groupchat.wire.interfaces import Reference
from groupchat.wire.limits import MAX_QUERY
from groupchat.wire.names import MARK
from groupchat.wire.plain import moderation
from groupchat.wire.plain.arguments import AT, count, no_argument, some_text, word
from groupchat.wire.plain.words import ALIASES, USAGE, canonical, first_word

__all__ = ["about", "decode"]

_CTRL_D = "\x04"  #: alone in a line it ends the session, as it ends a shell
_MAX_COUNT = 2**53 - 1
_FOUND = 20  #: messages in an answer to /search
_OPTION = re.compile(r"(?:from:(?P<name>\S+)|before:(?P<id>\d+))(?:\s+|$)")


def decode(line: bytes, inside: bool = True) -> Command:
    """
    Return the command in a line. The `ref` of one that begins with a slash is the command's word,
    whatever alias was typed.

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
        return _parse(begin)
    return commands.Say(room=HERE, text=text)


def about(line: bytes) -> Reference:
    """Return the word of a refused line, so that its error can name it."""
    typed, _ = first_word(line.decode(errors="replace").lstrip(MARK))
    return {"ref": ALIASES[typed]} if typed in ALIASES else {}


def _name(text: str) -> Command:
    """Return the command in a line that answers the question for a name."""
    asked = ALIASES.get(text.lower())
    if asked == "/quit":
        return commands.Quit(ref=asked)
    if asked == "/help":
        raise BadField("Type the name that you want here, and nothing else. /quit ends.")
    return commands.Hello(name=text)


def _parse(text: str) -> Command:
    typed, rest = first_word(text)
    known = canonical(typed)
    try:
        command = _PARSERS[known](rest)
    except (ValueError, IndexError):
        raise BadField(f"Type it like this: {USAGE[known]}") from None
    command.ref = known
    return command


def _help(rest: str) -> Command:
    if not rest:
        return commands.Help()
    return commands.Help(word=canonical("/" + word(rest).lower().removeprefix("/")))


def _tell(rest: str) -> Command:
    to, text = rest.split(maxsplit=1)
    return commands.Tell(to=to.removeprefix(AT), text=text)


def _history(rest: str) -> Command:
    return commands.AskHistory(room=HERE, limit=count(rest, 1000) if rest else 100)


def _search(rest: str) -> Command:
    """Parse ``[from:NAME] [before:ID] TEXT``, as other chats write it."""
    sender, before = None, None
    while (option := _OPTION.match(rest)) is not None:
        if option["name"]:
            sender = option["name"].removeprefix(AT)
        else:
            before = count(option["id"], _MAX_COUNT)
        rest = rest[option.end() :]
    if len(rest.encode()) > MAX_QUERY:
        raise BadField(f"A search has at most {MAX_QUERY} bytes. Search for fewer words.")
    return commands.Search(room=HERE, text=rest, sender=sender, before=before, limit=_FOUND)


def _open(rest: str) -> Command:
    room = word(rest).removeprefix("#") if rest else HERE
    return commands.Private(room=room, private=False)


def _max(rest: str) -> Command:
    return commands.Max(max=count(rest, _MAX_COUNT)) if rest else commands.AskPlaces()


_PARSERS: dict[str, Callable[[str], Command]] = {
    "/help": _help,
    "/who": no_argument(lambda: commands.AskWho(room=HERE)),
    "/msg": _tell,
    "/me": lambda rest: commands.Say(room=HERE, text=rest, act=True),
    "/name": lambda rest: commands.Rename(name=word(rest)),
    "/rooms": no_argument(commands.AskRooms),
    "/join": lambda rest: commands.MoveTo(room=word(rest).removeprefix("#")),
    "/leave": lambda rest: commands.MoveTo(room=LOBBY),
    "/topic": lambda rest: commands.SetTopic(room=HERE, text=rest.strip() or None),
    "/history": _history,
    "/search": _search,
    "/edit": lambda rest: commands.Edit(room=HERE, text=some_text(rest)),
    "/remove": no_argument(lambda: commands.Remove(room=HERE)),
    "/private": no_argument(lambda: commands.Private(room=HERE, private=True)),
    "/open": _open,
    "/invite": lambda rest: commands.Invite(room=HERE, name=word(rest).removeprefix(AT)),
    "/uninvite": lambda rest: commands.Uninvite(room=HERE, name=word(rest).removeprefix(AT)),
    "/quit": lambda rest: commands.Quit(),
    "/register": lambda rest: commands.Register(password=some_text(rest.strip())),
    "/token": lambda rest: commands.MakeToken(name=word(rest)) if rest else commands.AskTokens(),
    "/revoke": lambda rest: commands.Revoke(name=word(rest)),
    "/kick": moderation.kick,
    "/ban": moderation.ban,
    "/unban": moderation.unban,
    "/bans": no_argument(commands.AskBans),
    "/mute": moderation.mute,
    "/unmute": moderation.on_person(commands.Unmute),
    "/mutes": no_argument(commands.AskMutes),
    "/close": lambda rest: commands.Close(room=word(rest).removeprefix("#")),
    "/op": moderation.on_person(commands.Op),
    "/deop": moderation.on_person(commands.Deop),
    "/say": lambda rest: commands.Announce(text=some_text(rest)),
    "/max": _max,
}
