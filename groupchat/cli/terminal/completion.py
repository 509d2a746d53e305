"""
Completes what is being typed: commands and what may follow them, names, rooms, and emoji by name.

Pure: the names of a room and the rooms are given.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from groupchat.cli.terminal.client_commands import all_commands, find, kinds
from groupchat.cli.terminal.notify import Method
from groupchat.wire import names
from groupchat.wire.plain.words import CommandHelp

__all__ = ["MAX_HINTS", "Completer", "Found", "Surroundings", "complete", "hints", "is_wrong"]

MAX_HINTS = 6  #: commands that are listed above the line
_MAX_EMOJI = 30
_MIN_EMOJI = 2  #: letters after the colon
_EMOJI_RANGES = ((0x2600, 0x27C0), (0x1F300, 0x1F650), (0x1F680, 0x1F6FD), (0x1F900, 0x1FAFF))


@dataclass(frozen=True)
class Surroundings:
    """
    The names that completion knows.

    :ivar people: the members of the room, those that spoke last first.
    :ivar rooms: the rooms, those that the reader is in first.
    :ivar operator: whether the reader is an operator.
    """

    people: Sequence[str] = ()
    rooms: Sequence[str] = ()
    operator: bool = False


class Found(NamedTuple):
    """
    The texts that may stand in place of a word.

    :ivar start: where in the text before the cursor the word begins.
    :ivar candidates: the texts that may stand there.
    """

    start: int
    candidates: list[str]


def complete(before: str, around: Surroundings) -> Found:
    """Returns what the word before the cursor may become."""
    start = max(before.rfind(space) for space in (" ", "\n")) + 1
    word = before[start:]
    command = _is_command(before)
    if command and start == 0:
        return Found(0, _commands(word, around.operator))
    if word.startswith(":") and len(word) > _MIN_EMOJI:
        return Found(start, _emoji(word[1:].lower()))
    if not command:
        ending = ": " if not before[:start].strip() else " "
        return Found(start, _names(word, around.people, ending) if word else [])
    return Found(start, _arguments(before[:start], word, around))


def _is_command(text: str) -> bool:
    return text.startswith("/") and not text.startswith("//")


def _commands(word: str, operator: bool) -> list[str]:
    found = []
    for command in all_commands(operator):
        typed = next(
            (one for one in (command.word, *command.aliases) if one.startswith(word.lower())), None
        )
        if typed is not None:
            found.append(f"{typed} " if command.arguments else typed)
    return found


def _arguments(typed: str, word: str, around: Surroundings) -> list[str]:
    parts = typed.split()
    command = find(parts[0])
    if command is None:
        return []
    wanted = kinds(command, len(parts) - 1)
    found: list[str] = []
    if "NAME" in wanted or ("TEXT" in wanted and word):
        found += _names(word, around.people, " ")
    if "ROOM" in wanted:
        found += [room for room in around.rooms if _begins(room, word.lstrip("#"))]
    if "COMMAND" in wanted:
        found += [one.strip() for one in _commands(f"/{word.lstrip('/')}", around.operator)]
    if "HOW" in wanted:
        found += [
            how for how in (method.value for method in Method) if how.startswith(word.lower())
        ]
    return found


def _names(word: str, people: Sequence[str], ending: str) -> list[str]:
    at = "@" * word.startswith("@")
    return [f"{at}{name}{ending}" for name in people if _begins(name, word.removeprefix("@"))]


def _begins(name: str, part: str) -> bool:
    return names.key(name).startswith(names.key(part))


@lru_cache(maxsize=1)
def _emoji_names() -> list[tuple[str, str]]:
    """Returns the emoji that Python knows, each with its name."""
    found = []
    for first, last in _EMOJI_RANGES:
        for code in range(first, last):
            name = unicodedata.name(chr(code), "").lower()
            if name and unicodedata.category(chr(code)) == "So":
                found.append((name, chr(code)))
    return found


def _emoji(part: str) -> list[str]:
    part = part.replace("_", " ")
    found = [
        (not name.startswith(part), len(name), letter)
        for name, letter in _emoji_names()
        if f" {part}" in f" {name}"
    ]
    return [letter for _, _, letter in sorted(found)[:_MAX_EMOJI]]


def hints(before: str, around: Surroundings) -> list[CommandHelp]:
    """
    Returns the commands that are being typed, to be shown with their help. If there is no such
    command, the nearest one.
    """
    if not _is_command(before):
        return []
    word, space, _ = before.partition(" ")
    if space:
        command = find(word)
        return [command] if command is not None else _nearest(word, around.operator)
    word = word.lower()
    commands = all_commands(around.operator)
    found = [
        command
        for command in commands
        if any(one.startswith(word) for one in (command.word, *command.aliases))
    ]
    return found[:MAX_HINTS] or _nearest(word, around.operator)


def is_wrong(text: str) -> bool:
    """Returns whether a text begins like a command, and no command begins like this."""
    if not _is_command(text):
        return False
    word, space, _ = text.replace("\n", " ").partition(" ")
    if space:
        return find(word) is None
    return not _commands(word, operator=True)


def _nearest(word: str, operator: bool) -> list[CommandHelp]:
    known = {
        one: command
        for command in all_commands(operator)
        for one in (command.word, *command.aliases)
    }
    near = difflib.get_close_matches(word[:16].lower(), known, 1)
    return [known[one] for one in near]


class Completer:
    """Goes through the candidates, one after the other, until something else is typed."""

    def __init__(self) -> None:
        self._prefix = ""
        self._candidates: list[str] = []
        self._index = -1

    @property
    def candidates(self) -> list[str]:
        """The candidates that Tab goes through; none if nothing is being completed."""
        return self._candidates if self._index >= 0 else []

    @property
    def index(self) -> int:
        """The index of the candidate that the line has now."""
        return self._index

    def next(self, before: str, around: Surroundings, step: int = 1) -> str:
        """
        Returns the text before the cursor with its last word completed.

        :param step: 1 for the next candidate, -1 for the one before.
        """
        if self._index < 0:
            start, self._candidates = complete(before, around)
            self._prefix = before[:start]
            if not self._candidates:
                return before
            self._index = -1 if step > 0 else 0
        self._index = (self._index + step) % len(self._candidates)
        completed = self._prefix + self._candidates[self._index]
        if len(self._candidates) == 1:
            self.stop()
        return completed

    def stop(self) -> None:
        """Something else is typed: the next Tab begins again."""
        self._index = -1
        self._candidates = []
