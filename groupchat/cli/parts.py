"""Builds the parts of groupchat-connect that depend on its options."""

from __future__ import annotations

import argparse
import os

from twisted.internet.interfaces import IReactorTime

from groupchat.cli.display import JsonDisplay, PipeDisplay, PlainDisplay
from groupchat.cli.input import InputParser, JsonInputParser, PipeInputParser
from groupchat.cli.password import PasswordDialog, Terminal
from groupchat.cli.pipe import Source
from groupchat.cli.stdio import StdioProtocol
from groupchat.cli.stdio_transport import Aside
from groupchat.client.access import Access
from groupchat.client.interfaces import Display
from groupchat.client.lifecycle import Lifecycle
from groupchat.client.model import Model
from groupchat.client.outbox import Outbox
from groupchat.client.reconnect import NAME_TIMEOUT

__all__ = [
    "make_access",
    "make_dialog",
    "make_display",
    "make_outbox",
    "parser_class",
    "source_of",
]


def source_of(options: argparse.Namespace, at_terminal: bool) -> Source:
    """
    Returns the origin of the input.

    :param at_terminal: whether standard input is a terminal.
    """
    if options.json:
        return Source.PROGRAM
    return Source.PERSON if at_terminal else Source.SCRIPT


def make_display(
    options: argparse.Namespace,
    source: Source,
    stdio: StdioProtocol,
    aside: Aside,
    clock: IReactorTime,
) -> Display:
    """Returns the display for this source and these options."""
    if options.quiet:
        return PipeDisplay(_print_nothing, _print_nothing, clock)
    if options.json:
        return JsonDisplay(stdio.write, aside.write)
    if source is Source.PERSON or options.show or options.stay:
        return PlainDisplay(stdio.write)
    return PipeDisplay(stdio.write, aside.write, clock)


def parser_class(options: argparse.Namespace, source: Source) -> type[InputParser]:
    """Returns the parser for lines from this source."""
    if options.json:
        return JsonInputParser
    return InputParser if source is Source.PERSON or options.commands else PipeInputParser


def make_access(options: argparse.Namespace, source: Source) -> Access:
    """Returns the way to the server, and who we are there."""
    person = source is Source.PERSON
    return Access(
        options.name,
        options.host,
        options.port,
        False if options.no_tls else options.tls or None,
        options.fingerprint,
        strict=options.outbox is not None or options.password_file is not None,
        announces_changes=person,
        resumes_reading=person and os.isatty(1) and not options.quiet,
        others=options.others,
    )


def make_outbox(options: argparse.Namespace, source: Source) -> Outbox:
    """
    Returns the outbox, in a file or in memory.

    :raises OutboxError: the file can't be used.
    """
    return make_access(options, source).outbox(
        options.outbox, NAME_TIMEOUT if source is Source.SCRIPT else 0
    )


def make_dialog(
    options: argparse.Namespace,
    source: Source,
    stdio: StdioProtocol,
    aside: Aside,
    chat: Lifecycle,
    model: Model,
) -> PasswordDialog | None:
    """Returns what asks for a password; None if nobody is to be asked."""
    if source is not Source.PERSON or options.quiet:
        return None
    terminal = Terminal(stdio, stdio.write if os.isatty(1) else aside.write)
    return PasswordDialog(terminal, chat, model)


def _print_nothing(data: bytes) -> None:
    """Takes the output of --quiet."""
