"""
The command words that people type: their arguments, their help, and their names in other chats.
"""

from __future__ import annotations

import difflib

import msgspec

from groupchat.wire.errors import UnknownType

__all__ = ["ALIASES", "COMMANDS", "USAGE", "CommandHelp", "canonical", "first_word"]

_SIMILARITY = 0.75  #: of a slip to the word that was meant, at least (see `difflib`)
_MAX_SLIP = 16  #: letters of a slip; a longer one gets no suggestion


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
    "TIME is like 90s, 10m, 2h, 7d, 2w, 6mo (30 days each), 1h30m or 10 min;"
    " without one, or with forever, it has no end.",
    "A number that begins the TEXT is read as a TIME: write a TIME or forever before it.",
)

COMMANDS = (
    CommandHelp(
        "/help", "[COMMAND]", "lists the commands, or explains one", ("/h", "/?", "/commands")
    ),
    CommandHelp("/who", "", "who is here", ("/names", "/users")),
    CommandHelp(
        "/msg",
        "NAME TEXT",
        "says something to one person only",
        ("/m", "/w", "/whisper", "/tell", "/pm", "/dm"),
    ),
    CommandHelp("/me", "TEXT", "says what you do: * alice waves", ("/action", "/emote")),
    CommandHelp("/name", "NEW", "gives you another name", ("/nick", "/rename")),
    CommandHelp("/rooms", "", "lists the rooms", ("/list", "/channels")),
    CommandHelp("/join", "ROOM", "leaves this room and enters another", ("/j", "/room")),
    CommandHelp("/leave", "", "leaves this room for the lobby", ("/part",)),
    CommandHelp("/topic", "[TEXT]", "shows the topic, or sets it"),
    CommandHelp(
        "/history", "[COUNT]", "shows the last messages: 100, or COUNT (1000 at most)", ("/hist",)
    ),
    CommandHelp(
        "/search",
        "[from:NAME] TEXT",
        "finds messages in this room that contain all words of TEXT",
        ("/find",),
        more=(
            "It shows the newest 20, and says how to look further back.",
            "Capitals and small letters are the same, and a part of a word is enough.",
        ),
    ),
    CommandHelp("/edit", "TEXT", "corrects your last message in this room", ("/correct", "/fix")),
    CommandHelp(
        "/remove", "", "removes your last message in this room", ("/delete", "/redact", "/unsend")
    ),
    CommandHelp(
        "/private",
        "",
        "makes this room private: yours, and open only to those you invite",
        ("/lock",),
    ),
    CommandHelp("/open", "[ROOM]", "opens a private room to everyone", ("/public", "/unlock")),
    CommandHelp("/invite", "NAME", "lets someone into this private room"),
    CommandHelp("/uninvite", "NAME", "takes an invitation back", ("/disinvite",)),
    CommandHelp(
        "/register", "PASSWORD", "makes your name your own: from now on it needs the password"
    ),
    CommandHelp(
        "/token",
        "[NAME]",
        "makes a token with which scripts act as you, or lists yours",
        ("/tokens",),
        more=(
            "A script sends it over HTTP (Authorization: Bearer TOKEN), in place of your password.",
            "It is shown only once. /revoke NAME ends it.",
        ),
    ),
    CommandHelp("/revoke", "NAME", "ends a token", ("/untoken",)),
    CommandHelp(
        "/quit", "", "ends the connection", ("/exit", "/q", "/bye", "/logout", "/disconnect")
    ),
    CommandHelp(
        "/kick",
        "NAME [TEXT]",
        "sends someone out",
        operator=True,
        more=("They can come back. /ban keeps someone out.", _NAME),
    ),
    CommandHelp(
        "/ban",
        "NAME|ADDRESS [TIME] [TEXT]",
        "keeps someone, or a network, out (TIME: 10m, 2h, 7d)",
        operator=True,
        more=(
            *_TIME,
            _NAME,
            "An ADDRESS can be a network, 192.0.2.0/24. A ban by address lets operators log in.",
        ),
    ),
    CommandHelp("/unban", "NAME|ADDRESS", "lets someone in again", operator=True, more=(_NAME,)),
    CommandHelp("/bans", "", "lists the bans", ("/banlist",), operator=True),
    CommandHelp(
        "/mute",
        "NAME [TIME] [TEXT]",
        "lets someone only listen",
        operator=True,
        more=(*_TIME, _NAME),
    ),
    CommandHelp("/unmute", "NAME", "lets someone speak again", operator=True),
    CommandHelp("/mutes", "", "lists the mutes", ("/mutelist",), operator=True),
    CommandHelp("/max", "N", "sets how many people can be in; without N, shows it", operator=True),
    CommandHelp(
        "/close", "ROOM", "sends all out of a private room and ends its invitations", operator=True
    ),
    CommandHelp("/op", "NAME", "makes a registered person an operator", operator=True),
    CommandHelp("/deop", "NAME", "takes that back", operator=True),
    CommandHelp(
        "/say",
        "TEXT",
        "says something to all, in every room",
        ("/wall", "/announce"),
        operator=True,
    ),
)

ALIASES = {word: entry.word for entry in COMMANDS for word in (entry.word, *entry.aliases)}
USAGE = {entry.word: f"{entry.word} {entry.arguments}".strip() for entry in COMMANDS}


def canonical(word: str) -> str:
    """
    Return the word of the table that this is, or is another name of.

    :raises UnknownType: it is none. The error suggests the word that it is similar to, if any.
    """
    if word in ALIASES:
        return ALIASES[word]
    short = len(word) <= _MAX_SLIP
    similar = difflib.get_close_matches(word, ALIASES, 1, _SIMILARITY) if short else ()
    meant = f" Did you mean {similar[0]}?" if similar else ""
    raise UnknownType(
        f"There is no such command.{meant} /help lists them; // says a line that begins with /."
    )


def first_word(text: str) -> tuple[str, str]:
    """Return the first word, in lower case, and the rest."""
    word, rest = [*text.split(maxsplit=1), "", ""][:2]
    return word.lower(), rest
