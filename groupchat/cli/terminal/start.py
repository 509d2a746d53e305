"""
Prepares a run of the full-screen client: a first run asks for the name and the server, and settings
complete the command line.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator

from groupchat import prompt
from groupchat.cli import naming, target
from groupchat.cli.exit import USAGE, Exit
from groupchat.cli.options import settle_security
from groupchat.cli.terminal.first_run import KnownServer, KnownServers, Questions
from groupchat.cli.terminal.preferences import (
    Preferences,
    PreferencesError,
    config_path,
    load,
    of_environment,
)
from groupchat.client import client_id
from groupchat.client.address import Address

__all__ = ["ask_where", "prepare", "remember"]

_SERVERS = "servers"  #: the file of servers that were joined


def prepare(options: argparse.Namespace) -> Preferences:
    """
    Complete the command line with answers and settings, and return the settings.

    :raises Exit: the settings make no sense, or the person gives no answer.
    """
    try:
        return _prepare(options, load(config_path()))
    except PreferencesError as error:
        raise Exit(USAGE, str(error)) from None


def _prepare(options: argparse.Namespace, preferences: Preferences) -> Preferences:
    options.newcomer = not KnownServers(client_id.directory() / _SERVERS).read()
    if options.alone:
        ask_where(options)
    server = of_environment().before(preferences.of(f"{options.host}:{options.port}"))
    if server.name is not None and not options.named:
        options.name = naming.parse_name(server.name)
    if server.rooms and not options.roomed:
        options.room = list(dict.fromkeys(map(naming.parse_room, server.rooms)))
    if server.password_file is not None and options.password_file is None:
        options.password_file = os.path.expanduser(server.password_file)
    if server.nodes and not options.others:
        options.others = tuple(_other_nodes(server.nodes))
        settle_security(options)
    return preferences.with_notify(server.notify)


def _other_nodes(nodes: tuple[str, ...]) -> Iterator[Address]:
    for node in nodes:
        yield from target.parse_addresses(node)


def ask_where(options: argparse.Namespace) -> None:
    """
    Ask for the name and the server.

    :raises Exit: the person gives no answer.
    """
    known = KnownServers(client_id.directory() / _SERVERS).read()
    questions = Questions(known, _usual_name(), _parse_name, _parse_server)
    try:
        while questions.result is None:
            wrong = questions.answer(prompt.ask(questions.text) or "")
            if wrong:
                print(wrong)
    except (EOFError, KeyboardInterrupt):
        print()
        raise Exit() from None
    found = questions.result
    options.name, options.host, options.port = found.name, found.host, found.port
    options.others = found.others
    options.named = True
    settle_security(options)


def remember(options: argparse.Namespace, name: str) -> None:
    """The server was joined under this name: offer it in later runs."""
    server = KnownServer(name, options.host, options.port, options.others)
    KnownServers(client_id.directory() / _SERVERS).add(server)


def _usual_name() -> str:
    try:
        chosen = os.environ.get(naming.NAME_VARIABLE)
        return naming.parse_name(chosen or os.environ.get("USER", ""))
    except Exit:
        return ""


def _parse_name(text: str) -> str:
    try:
        return naming.parse_name(text)
    except Exit as wrong:
        raise ValueError(wrong.text) from None


def _parse_server(text: str) -> list[Address]:
    try:
        return target.parse_addresses(text)
    except Exit as wrong:
        raise ValueError(wrong.text) from None
