"""
The closed table of the verbs of the admin socket: names, arguments and help. The tool makes its
command line of it, and the server takes nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["VERBS", "Argument", "Verb"]


class Argument(NamedTuple):
    """
    An argument of a verb; its value is a text.

    :ivar optional: whether it can be left out.
    :ivar rest: whether it takes all the words that are left on the command line.
    :ivar choices: the values that it can have, the first of them by default; empty: any.
    :ivar path: whether it is the path of a file, which the server gets whole.
    """

    name: str
    help: str
    optional: bool = False
    rest: bool = False
    path: bool = False
    choices: tuple[str, ...] = ()


class Verb(NamedTuple):
    """
    Something that the tool can ask of the server.

    :ivar arguments: in the order of the command line.
    :ivar asks: what the tool asks the operator first, unless --yes is given; "": nothing.
    :ivar local: whether the tool does it by itself, without a server.
    """

    name: str
    help: str
    arguments: tuple[Argument, ...] = ()
    local: bool = False
    asks: str = ""

    def problem(self, given: Mapping[str, str]) -> str:
        """Return what is wrong with these arguments, or ""."""
        known = {argument.name for argument in self.arguments}
        for name in given:
            if name not in known:
                return f'"{self.name}" takes no "{name}".'
        for argument in self.arguments:
            if not argument.optional and not given.get(argument.name):
                return f'"{self.name}" needs "{argument.name}".'
            if argument.choices and given.get(argument.name) not in (None, *argument.choices):
                return f'"{argument.name}" is one of {", ".join(argument.choices)}.'
            if argument.path and "\0" in given.get(argument.name, ""):
                return f'"{argument.name}" is no path: it has a NUL in it.'
        return ""


_TARGET = Argument("target", "a name, an address or a network; a name can begin with @")
_NAME = Argument("name", "the name of a member")
_WHY = Argument("why", "the reason, which the member reads", optional=True, rest=True)
_FOR = Argument(
    "why", "how long (90s, 10m, 2h, 7d, forever), and the reason", optional=True, rest=True
)

#: All verbs, in the order of the help.
VERBS: dict[str, Verb] = {
    verb.name: verb
    for verb in (
        Verb("status", "show how long the server has run, and how full it is"),
        Verb("who", "list the members that are logged in, with their addresses and rooms"),
        Verb("rooms", "list the rooms with members or messages; of private ones, those in use"),
        Verb("bans", "list the bans and mutes in force"),
        Verb("stats", "show what the server has done since its start, and what it needs"),
        Verb("kick", "send a member out", (_NAME, _WHY)),
        Verb("ban", "keep a name or an address out", (_TARGET, _FOR)),
        Verb("unban", "lift a ban", (_TARGET,)),
        Verb("mute", "stop a member from speaking", (_NAME, _FOR)),
        Verb("unmute", "let a member speak again", (_NAME,)),
        Verb(
            "max",
            "change the number of members that can be logged in at once, until the next restart",
            (Argument("number", "the new number"),),
        ),
        Verb("say", "send a notice to all members", (Argument("text", "what to tell", rest=True),)),
        Verb(
            "backup",
            "copy the ledger as it is at this moment, while the server runs",
            (Argument("file", "the copy, in a folder that the server may write to", path=True),),
        ),
        Verb(
            "check",
            "check a copy of a ledger or accounts file for damage; needs no server",
            (Argument("file", "the copy", path=True),),
            local=True,
        ),
        Verb(
            "move",
            "move a ledger, with accounts and certificate, from a file into PostgreSQL or back;"
            " needs that no server uses them",
            (
                Argument("source", "the ledger, as in --ledger: sqlite:PATH or postgresql://..."),
                Argument("target", "the other kind: a new file, or an empty database"),
            ),
            local=True,
        ),
        Verb(
            "export",
            "print all messages of a room",
            (
                Argument("room", "the name of the room, an open or a private one"),
                Argument(
                    "form",
                    "text, json (a message in a line) or html (a page); default: text",
                    optional=True,
                    choices=("text", "json", "html"),
                ),
            ),
        ),
        Verb(
            "import",
            "add the messages of a file to a room, with their times",
            (
                Argument("room", "the name of the room; it can be a new one"),
                Argument("file", "JSON lines, as export prints them, or a log of IRC", path=True),
                Argument(
                    "form",
                    "json, weechat or irssi; default: whichever the file has",
                    optional=True,
                    choices=("json", "weechat", "irssi"),
                ),
            ),
        ),
        Verb(
            "forget",
            "remove everything that was said under a name, in all rooms",
            (Argument("name", "the name; if it is registered, its other names are meant, too"),),
            asks="Everything that was said under this name will be gone for ever. Go on?",
        ),
        Verb("compact", "give the free space in the ledger's file back, while the server runs"),
        Verb("reload", "read options, certificate and accounts again, as SIGHUP does"),
    )
}
