"""
The settings of the terminal client: connect.toml in the user's configuration directory.

The program reads the file and never writes it. ::

    notify = "desktop"
    presence = false

    [colours]
    mention = "light red"

    [servers."chat.example.org:9000"]
    name = "alice"
    rooms = ["lobby", "dev"]
"""

from __future__ import annotations

import difflib
import os
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from groupchat.cli.naming import NAME_VARIABLE
from groupchat.cli.terminal.notify import Method

__all__ = [
    "COLOUR_NAMES",
    "EXAMPLE",
    "Preferences",
    "PreferencesError",
    "ServerPreferences",
    "config_path",
    "load",
    "of_environment",
    "parse",
]

#: The parts of the screen that can have another colour.
COLOUR_NAMES = ("time", "notice", "mention", "mark", "bar", "error", "link")
_MAX_FILE_BYTES = 1_000_000
_TIME = "%H:%M"
_OPEN = ("open",) if sys.platform == "darwin" else ("xdg-open",)
_T = TypeVar("_T")

#: All settings with their defaults, as --settings prints them.
EXAMPLE = f"""\
# Settings of groupchat-connect at a terminal.

notify = "bell"      # how you learn of messages that name you: "bell", "desktop", "command", "none"
# command = ["notify-send", "groupchat"]  # for notify = "command"
presence = true      # whether joins and leaves are shown
time = "{_TIME}"       # how times look, as strftime writes them
open = {list(_OPEN)!r}  # the program that opens links

[colours]            # names: https://urwid.org/manual/displayattributes.html
# time, notice, mention, mark, bar, error, link
# mention = "light red"

# [servers."chat.example.org:9000"]
# name = "alice"
# rooms = ["lobby", "dev"]
# notify = "none"
# password-file = "~/.chat-password"
# nodes = ["chat2.example.org:9000"]  # other nodes of the same group, which are tried in turn
"""
_KEYS = ("notify", "command", "presence", "time", "open", "colours", "servers")
_SERVER_KEYS = ("name", "rooms", "notify", "password-file", "nodes")


class PreferencesError(Exception):
    """The file makes no sense. The text is one line for the user."""


@dataclass(frozen=True)
class ServerPreferences:
    """
    The settings for one server.

    :ivar name: the name to join under; None for the usual one.
    :ivar rooms: the rooms to join; none for the usual ones.
    :ivar notify: how the reader is notified; None as elsewhere.
    :ivar password_file: the file with the password; None if there is none.
    :ivar nodes: the addresses of the other nodes of its group.
    """

    name: str | None = None
    rooms: tuple[str, ...] = ()
    notify: Method | None = None
    password_file: str | None = None
    nodes: tuple[str, ...] = ()

    def before(self, other: ServerPreferences) -> ServerPreferences:
        """Returns these settings, completed by others."""
        return ServerPreferences(
            self.name or other.name,
            self.rooms or other.rooms,
            self.notify or other.notify,
            self.password_file or other.password_file,
            self.nodes or other.nodes,
        )


@dataclass(frozen=True)
class Preferences:
    """
    The settings.

    :ivar notify: how the reader is notified.
    :ivar presence: whether joins and leaves are shown.
    :ivar time: how times look, in the letters of strftime.
    :ivar command: the program that notifies the reader, with its arguments; none if there is none.
    :ivar open: the program that opens links, with its arguments.
    :ivar colours: other colours, by `COLOUR_NAMES`.
    :ivar servers: by HOST:PORT.
    """

    notify: Method = Method.BELL
    presence: bool = True
    time: str = _TIME
    command: tuple[str, ...] = ()
    open: tuple[str, ...] = _OPEN
    colours: Mapping[str, str] = field(default_factory=dict)
    servers: Mapping[str, ServerPreferences] = field(default_factory=dict)

    def with_notify(self, method: Method | None) -> Preferences:
        """
        Returns the same with another way to notify the reader; None changes nothing.

        :raises PreferencesError: the way is a program, and none is set.
        """
        found = self if method is None else replace(self, notify=method)
        if found.notify is Method.COMMAND and not self.command:
            raise PreferencesError(
                'notify = "command" needs command = ["PROGRAM"] in the settings.'
            )
        return found

    def of(self, server: str) -> ServerPreferences:
        """Returns what holds for a server, given as HOST:PORT."""
        return self.servers.get(server, ServerPreferences())


def of_environment(environment: Mapping[str, str] = os.environ) -> ServerPreferences:
    """
    Returns the settings in environment variables. They come before those of the file.

    :raises PreferencesError: a variable has a value that it can't have.
    """
    notify = environment.get("GROUPCHAT_NOTIFY")
    try:
        method = _method({"notify": notify} if notify else {})
    except PreferencesError as error:
        raise PreferencesError(f"$GROUPCHAT_NOTIFY: {error}") from None
    return ServerPreferences(
        environment.get(NAME_VARIABLE) or None,
        tuple(environment.get("GROUPCHAT_ROOMS", "").replace(",", " ").split()),
        method,
        environment.get("GROUPCHAT_PASSWORD_FILE") or None,
    )


def config_path(environment: Mapping[str, str] = os.environ) -> Path:
    """Returns where the file is."""
    home = environment.get("XDG_CONFIG_HOME", "")
    folder = Path(home) if os.path.isabs(home) else Path("~/.config").expanduser()
    return folder / "groupchat" / "connect.toml"


def load(path: Path) -> Preferences:
    """
    Read the file; without one, everything is as usual.

    :raises PreferencesError: it can't be read, or makes no sense.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_FILE_BYTES)
    except FileNotFoundError:
        return Preferences()
    except OSError as error:
        raise PreferencesError(f"{path}: {error.strerror}. Make it readable.") from None
    try:
        return parse(data.decode())
    except (PreferencesError, ValueError) as error:
        raise PreferencesError(f"{path}: {error}") from None


def parse(text: str) -> Preferences:
    """
    Returns the settings in a text.

    :raises PreferencesError: a setting is unknown, or has a value that it can't have.
    :raises ValueError: it is no TOML.
    """
    table = tomllib.loads(text)
    _check_keys(table, _KEYS, "setting")
    colours = _table(table, "colours")
    _check_keys(colours, COLOUR_NAMES, "colour")
    servers = _table(table, "servers")
    return Preferences(
        notify=_method(table) or Method.BELL,
        presence=_value(table, "presence", bool, True),
        time=_value(table, "time", str, _TIME),
        command=_texts(table, "command", ()),
        open=_texts(table, "open", _OPEN),
        colours={name: _value(colours, name, str, "") for name in colours},
        servers={where: _server(_table(servers, where)) for where in servers},
    )


def _server(table: Mapping[str, object]) -> ServerPreferences:
    _check_keys(table, _SERVER_KEYS, "setting of a server")
    return ServerPreferences(
        name=_value(table, "name", str, "") or None,
        rooms=_texts(table, "rooms", ()),
        notify=_method(table),
        password_file=_value(table, "password-file", str, "") or None,
        nodes=_texts(table, "nodes", ()),
    )


def _texts(table: Mapping[str, object], name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    found = _value(table, name, list, list(default))
    if not all(isinstance(one, str) for one in found):
        raise PreferencesError(f'{name} has to be a list of texts, like ["lobby"].')
    return tuple(found) or default


def _method(table: Mapping[str, object]) -> Method | None:
    if "notify" not in table:
        return None
    try:
        return Method(table["notify"])
    except ValueError:
        known = ", ".join(f'"{method.value}"' for method in Method)
        raise PreferencesError(f"notify has to be one of {known}.") from None


def _table(table: Mapping[str, object], name: str) -> Mapping[str, object]:
    return _value(table, name, dict, {})


def _value(table: Mapping[str, object], name: str, kind: type[_T], default: _T) -> _T:
    found = table.get(name, default)
    if not isinstance(found, kind):
        raise PreferencesError(f"{name} has to be {_KINDS[kind]}.")
    return found


_KINDS: Mapping[type, str] = {
    bool: "true or false",
    str: "a text in quotes",
    list: "a list",
    dict: "a table",
}


def _check_keys(table: Mapping[str, object], known: tuple[str, ...], what: str) -> None:
    for name in table:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            meant = f" Did you mean {near[0]}?" if near else f" There are: {', '.join(known)}."
            raise PreferencesError(f'there is no {what} "{name}".{meant}')
