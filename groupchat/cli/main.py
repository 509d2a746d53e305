"""``groupchat-connect [NAME] [HOST] [PORT]``: the program, where the client's objects meet."""

from __future__ import annotations

import argparse
import contextlib

# The resolver needs it, and after an upgrade it can't be loaded any more.
import encodings.idna  # noqa: F401
import os
import sys
import threading
from typing import NoReturn, cast

from groupchat import clock, streams
from groupchat.cli import parts, password
from groupchat.cli.exit import USAGE, Exit
from groupchat.cli.failures import exit_for
from groupchat.cli.interfaces import IClientReactor
from groupchat.cli.options import PROGRAM, parse
from groupchat.cli.pipe import Pipe, Source
from groupchat.cli.run import Run
from groupchat.cli.stdio import StdioProtocol
from groupchat.cli.stdio_transport import Aside
from groupchat.client.chat import Chat
from groupchat.client.connector import TIMEOUT
from groupchat.client.errors import ClientError
from groupchat.client.parts import Policy, make_parts
from groupchat.client.reconnect import NAME_TIMEOUT
from groupchat.wire import names

__all__ = ["connect", "main"]

LAST_LINE_TIMEOUT = 3.0  #: seconds to wait until the last line is printed


def connect(options: argparse.Namespace, reactor: IClientReactor, timeout: float = TIMEOUT) -> Exit:
    """
    Chat until it ends, and return how it ended.

    :param timeout: seconds for each answer of the server until the client has joined.
    :raises ClientError: it can't even begin.
    """
    known = password.read(options.password_file) if options.password_file is not None else None
    source = parts.source_of(options, os.isatty(0))
    outbox = parts.make_outbox(options, source)
    access = parts.make_access(options, source)
    identity = access.identity(outbox)
    policy = Policy(timeout, NAME_TIMEOUT if source is Source.SCRIPT else 0.0)
    made = make_parts(
        reactor, access, options.room, outbox, identity, password=known, policy=policy
    )
    lifecycle, model = made.lifecycle, made.model
    stdio, aside = StdioProtocol(), Aside(reactor)
    display = parts.make_display(options, source, stdio, aside, reactor)
    chat = Chat.of(made)
    chat.show_on(display)
    parser = parts.parser_class(options, source)(model, display)
    dialog = parts.make_dialog(options, source, stdio, aside, lifecycle, model)
    pipe = Pipe(lifecycle, model, parser, stdio, reactor, source, options.stay, dialog)
    stdio.attach(parser, pipe)
    run = Run(chat, pipe, model, display, parser, stdio, source, reactor)
    ending = run.run(save=lambda: identity.save_positions(model.positions))
    outcome = run.outcome(options.outbox)
    chat.close()
    aside.close()
    return outcome.judge(ending)


def _print_last(data: bytes) -> None:
    """
    Print this on stderr, unless nobody reads that for `LAST_LINE_TIMEOUT` seconds: a terminal that
    is stopped keeps nothing running.
    """

    def write() -> None:
        with contextlib.suppress(OSError):
            os.write(2, data)

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    writer.join(LAST_LINE_TIMEOUT)


def _connect(options: argparse.Namespace, reactor: IClientReactor, timeout: float) -> Exit:
    if not options.screen:
        return connect(options, reactor, timeout)
    try:  # only here: a pipe starts without the toolkit
        from groupchat.cli.terminal.program import run
        from groupchat.cli.terminal.start import prepare
    except ModuleNotFoundError as missing:
        text = f"The screen needs {missing.name}. Install groupchat again, or use --line."
        raise Exit(USAGE, text) from None
    return run(options, reactor, prepare(options), timeout)


def _options() -> argparse.Namespace:
    """Parse the command line. An error of writing --help is an error of the start."""
    try:
        with streams.written():
            return parse(sys.argv[1:])
    except OSError as error:
        raise Exit(USAGE, f"{error.strerror}.") from None


def main(timeout: float = TIMEOUT) -> NoReturn:
    """The console script. For the timeout see `connect`."""
    streams.open_standard(os.O_RDONLY)
    streams.prepare()
    try:
        options = _options()
        from twisted.internet import reactor

        clock.use_monotonic(reactor)
        ending = _connect(options, cast(IClientReactor, reactor), timeout)
    except Exit as early:
        ending = early
    except ClientError as error:
        ending = exit_for(error)
    if ending.text and "--quiet" not in sys.argv[1:]:
        _print_last(f"{PROGRAM}: {names.visible(ending.text)}\n".encode(errors="replace"))
    sys.exit(ending.status)
