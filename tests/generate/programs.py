"""The command lines of all programs, read from what parses them."""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from groupchat.accounts import passwd
from groupchat.admin import main as admin
from groupchat.cli import options as connect
from groupchat.options.parser import Options
from groupchat.options.table import FLAGS, PARAMETERS, VALUES

__all__ = ["Kind", "Option", "Program", "Value", "Verb", "Word", "programs"]

_PATHS = ("FILE", "PATH")  #: the names of values that are paths


class Kind(Enum):
    """The kind of a value, which decides how shells complete it."""

    TEXT = auto()
    FILE = auto()
    CHOICE = auto()
    NAME = auto()  #: a name that was used before
    HOST = auto()  #: a server that was joined before
    PORT = auto()  #: a port of that server


@dataclass(frozen=True)
class Value:
    """
    A value on the command line.

    :ivar metavar: its name in the manual.
    """

    metavar: str
    kind: Kind
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Option:
    """
    An option.

    :ivar spellings: the short one first, if there is one.
    :ivar value: None if it takes none.
    """

    spellings: tuple[str, ...]
    help: str
    value: Value | None = None
    repeats: bool = False


@dataclass(frozen=True)
class Word:
    """An argument that is no option."""

    value: Value
    help: str
    optional: bool = False
    rest: bool = False


@dataclass(frozen=True)
class Verb:
    """A verb of a program, with options and words of its own."""

    name: str
    help: str
    options: tuple[Option, ...]
    words: tuple[Word, ...]


@dataclass(frozen=True)
class Program:
    """A program. If it has verbs, they are its first word."""

    name: str
    description: str
    options: tuple[Option, ...]
    words: tuple[Word, ...] = ()
    verbs: tuple[Verb, ...] = ()


def programs() -> list[Program]:
    """Returns all programs."""
    return [_daemon(), _connect(), _of(passwd.make_parser()), _of(admin.make_parser())]


# Python's argparse.


def _of(parser: argparse.ArgumentParser) -> Program:
    options, words, verbs = _arguments(parser)
    return Program(parser.prog, parser.description or "", options, words, verbs)


def _connect() -> Program:
    options, (where,), _ = _arguments(parser := connect.make_parser())
    words = tuple(
        Word(Value(kind.name, kind), where.help, optional=True)
        for kind in (Kind.NAME, Kind.HOST, Kind.PORT)
    )
    return Program(parser.prog, parser.description or "", options, words)


def _arguments(
    parser: argparse.ArgumentParser,
) -> tuple[tuple[Option, ...], tuple[Word, ...], tuple[Verb, ...]]:
    options: list[Option] = []
    words: list[Word] = []
    verbs: list[Verb] = []
    for action in parser._actions:  # it has no public list of them
        if isinstance(action, argparse._SubParsersAction):
            verbs += _verbs(action)
        elif action.option_strings:
            options.append(_option(action))
        else:
            words.append(_word(action))
    return tuple(options), tuple(words), tuple(verbs)


def _word(action: argparse.Action) -> Word:
    optional, rest = action.nargs in ("?", "*"), action.nargs in ("*", "+")
    return Word(_value(action), action.help or "", optional, rest)


def _verbs(action: argparse._SubParsersAction[argparse.ArgumentParser]) -> Iterator[Verb]:
    helps = {one.dest: one.help or "" for one in action._choices_actions}
    for name, parser in action.choices.items():
        options, words, _ = _arguments(parser)
        yield Verb(name, helps[name], options, words)


def _option(action: argparse.Action) -> Option:
    takes = action.nargs != 0
    repeats = isinstance(action, argparse._AppendAction)
    help = (action.help or "").replace("%(prog)s", "the program").replace("program's ", "")
    return Option(
        tuple(sorted(action.option_strings, key=len)),
        help,
        _value(action) if takes else None,
        repeats,
    )


def _value(action: argparse.Action) -> Value:
    metavar = str(action.metavar or action.dest.upper())
    return _kind_of(metavar, tuple(action.choices or ()))


def _kind_of(metavar: str, choices: tuple[str, ...]) -> Value:
    kind = Kind.CHOICE if choices else Kind.FILE if metavar in _PATHS else Kind.TEXT
    return Value(metavar, kind, choices)


# The options of the daemon.


def _daemon() -> Program:
    return Program("groupchat", Options.longdesc, tuple(_daemon_options()))


def _daemon_options() -> Iterator[Option]:
    for name, letter, default, help, _ in PARAMETERS:
        told = f"{help} (default: {default})" if default is not None else help
        yield Option(_spellings(name, letter), told, _kind_of(*VALUES[name]))
    for name, letter, help in FLAGS:
        yield Option(_spellings(str(name), letter), str(help))
    for attribute, method in inspect.getmembers(Options, inspect.isfunction):
        if attribute.startswith("opt_"):
            yield _method_option(attribute.removeprefix("opt_").replace("_", "-"), method)


def _method_option(name: str, method: object) -> Option:
    takes = len(inspect.signature(method).parameters) > 1  # type: ignore[arg-type]
    help = " ".join((inspect.getdoc(method) or "").rstrip(".").split())
    value = VALUES.get(name, ("KIND", ()))
    return Option(_spellings(name), help, _kind_of(*value) if takes else None)


def _spellings(name: str, letter: str | None = None) -> tuple[str, ...]:
    return (f"-{letter}", f"--{name}") if letter else (f"--{name}",)
