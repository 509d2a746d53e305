"""Parses the arguments of operators' commands: people, addresses and times."""

from __future__ import annotations

import re
from collections.abc import Callable

from groupchat.wire import addresses, commands, durations
from groupchat.wire.commands import Command
from groupchat.wire.errors import BadField
from groupchat.wire.names import printable
from groupchat.wire.plain.arguments import AT, word, word_and_rest

__all__ = ["ban", "kick", "mute", "on_person", "unban"]

_NO_NAME = re.compile(r"[:/*]")
_PART_OF_ADDRESS = re.compile(r"\d+(?:\.\d*)+", re.ASCII)


def on_person(make: type[commands.PersonCommand]) -> Callable[[str], Command]:
    """Return the parser of a command that concerns one person, and says nothing more."""
    return lambda rest: make(name=word(rest).removeprefix(AT))


def kick(rest: str) -> Command:
    name, text = word_and_rest(rest)
    if _is_time(text):
        raise BadField(
            "Nobody is kicked for a time:"
            " /kick sends someone out, /ban keeps someone out for a time."
        )
    return commands.Kick(name=name.removeprefix(AT), text=text or None)


def mute(rest: str) -> Command:
    name, rest = word_and_rest(rest)
    seconds, text = _time(rest)
    _refuse_list("mute", name, rest)
    return commands.Mute(name=name.removeprefix(AT), seconds=seconds, text=text or None)


def ban(rest: str) -> Command:
    target, rest = word_and_rest(rest)
    seconds, text = _time(rest)
    _refuse_list("ban", target, rest)
    name, address = _target(target)
    return commands.Ban(name=name, address=address, seconds=seconds, text=text or None)


def unban(rest: str) -> Command:
    name, address = _target(word(rest))
    return commands.Unban(name=name, address=address)


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


def _refuse_list(command: str, target: str, rest: str) -> None:
    """An operator that types ``/ban list`` wants to see the bans; with @ it is a name."""
    if target.lower() in ("list", "ls", "show") and not rest:
        raise BadField(
            f"/{command}s lists them. Somebody who is called so is @{target}: /{command} @{target}."
        )


def _target(typed: str) -> tuple[str | None, str | None]:
    """
    Return a name or an address, and None for the other. A word that can be read as an address is
    one; a word behind an @ is always a name.

    :raises BadField: it is neither.
    """
    if typed.startswith(AT):
        return typed.removeprefix(AT), None
    if addresses.is_network(typed):
        return None, typed
    if not _NO_NAME.search(typed) and not _PART_OF_ADDRESS.fullmatch(typed):
        return typed, None
    named = "" if _NO_NAME.search(typed) else f" If it is a name, write @{typed}."
    raise BadField(
        f'"{printable(typed)}" is no address.'
        f" Write it whole, 10.0.0.7, or as a network, 10.0.0.0/24.{named}"
    )
