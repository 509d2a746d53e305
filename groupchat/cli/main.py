"""``groupchat-connect [NAME] [HOST] [PORT]``: the program, where the client's objects meet."""

from __future__ import annotations

import argparse
import contextlib
import encodings.idna  # noqa: F401 (the resolver needs it, and after an upgrade it can't be loaded any more)
import os
import sys
import threading
from typing import Any, NoReturn

from twisted.internet.task import LoopingCall

from groupchat import clock, streams
from groupchat.cli import parts, password
from groupchat.cli.display import PipeDisplay
from groupchat.cli.exit import USAGE, Exit
from groupchat.cli.failures import exit_for
from groupchat.cli.options import PROGRAM, parse
from groupchat.cli.password import PasswordDialog, Terminal
from groupchat.cli.pipe import Pipe, Source
from groupchat.cli.run import Run
from groupchat.cli.stdio import StdioProtocol
from groupchat.cli.stdio_transport import Aside
from groupchat.client.address import format_address
from groupchat.client.chat import Chat
from groupchat.client.cursors import SAVE_INTERVAL
from groupchat.client.errors import ClientError
from groupchat.client.model import Model
from groupchat.client.reconnect import NameRetry
from groupchat.wire import names

__all__ = ["connect", "main"]

LAST_LINE_TIMEOUT = 3.0  #: seconds to wait until the last line is printed


def connect(options: argparse.Namespace, reactor: Any) -> Exit:
    """
    Chat until it ends, and return how it ended.

    :param reactor: Twisted's, of which the parts need different interfaces.
    :raises ClientError: it can't even begin.
    """
    known = password.read(options.password_file) if options.password_file is not None else None
    source = parts.source_of(options)
    outbox = parts.make_outbox(options, source)
    identity = parts.make_identity(options, outbox, source)
    stdio, aside = StdioProtocol(), Aside(reactor)
    display = parts.make_display(options, source, stdio, aside, reactor)
    model = Model(
        options.name, identity.value, options.room, display, outbox, reactor, identity.read()
    )
    model.password = known
    identity.user = model
    parser = parts.parser_class(options, source)(model, display)
    endpoint, on_first_event = parts.make_endpoint(options, identity, reactor)
    where = format_address(options.host, options.port)
    exchange = None if outbox.persistent else identity
    name_retry = NameRetry(reactor, exchange) if source is Source.SCRIPT else None
    chat = Chat(endpoint, where, model, reactor, name_retry, on_first_event=on_first_event)
    dialog = None
    if source is Source.PERSON and not options.quiet:
        terminal = Terminal(stdio, stdio.write if os.isatty(1) else aside.write)
        dialog = PasswordDialog(terminal, chat, model)
    pipe = Pipe(chat, model, parser, stdio, reactor, source, options.stay, dialog)
    stdio.attach(parser, pipe)
    run = Run(chat, pipe, model, parser, stdio, source, reactor)
    LoopingCall(lambda: identity.save_positions(model.positions)).start(SAVE_INTERVAL, now=False)
    ending = run.run()
    identity.save_positions(model.positions)
    reason = display.reason if isinstance(display, PipeDisplay) else ""
    outcome = run.outcome(options.outbox, reason)
    identity.close()
    outbox.close()
    aside.close()
    return outcome.judge(ending)


def _print_last(data: bytes) -> None:
    """
    Print this on stderr, unless nobody reads that for `LAST` seconds: a terminal that is stopped
    keeps nothing running.
    """

    def write() -> None:
        with contextlib.suppress(OSError):
            os.write(2, data)

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    writer.join(LAST_LINE_TIMEOUT)


def _options() -> argparse.Namespace:
    """Parse the command line. An error of writing --help is an error of the start."""
    try:
        with streams.written():
            return parse(sys.argv[1:])
    except OSError as error:
        raise Exit(USAGE, f"{error.strerror}.") from None


def main() -> NoReturn:
    """The console script."""
    streams.open_standard(os.O_RDONLY)
    streams.prepare()
    try:
        options = _options()
        from twisted.internet import reactor

        clock.use_monotonic(reactor)
        ending = connect(options, reactor)
    except Exit as early:
        ending = early
    except ClientError as error:
        ending = exit_for(error)
    if ending.text and "--quiet" not in sys.argv[1:]:
        _print_last(f"{PROGRAM}: {names.visible(ending.text)}\n".encode(errors="replace"))
    sys.exit(ending.status)
