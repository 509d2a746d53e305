"""
``groupchat-admin``: asks a running server about itself, and lets it act, over its admin socket.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NoReturn

import msgspec

from groupchat import __version__, streams
from groupchat.admin import show
from groupchat.admin.checking import check
from groupchat.admin.connection import LOST, CannotAsk, ask
from groupchat.admin.export import Export
from groupchat.admin.importing import CannotImport, Import
from groupchat.admin.messages import (
    Done,
    Facts,
    Failed,
    Page,
    Progress,
    Reply,
    Rows,
    decode_reply,
    encode_request,
)
from groupchat.admin.meter import Meter
from groupchat.admin.moving import move
from groupchat.admin.verbs import VERBS, Argument
from groupchat.wire import names

__all__ = ["REFUSED", "main", "make_parser"]

REFUSED = 1  #: the exit status if the server refuses
USAGE = 2  #: the exit status if the command line makes no sense
SOCKET = "groupchat.sock"  #: the socket beside the ledger groupchat.db
_PROGRAM = "groupchat-admin"

Ask = Callable[[str, bytes, Callable[[], bytes]], Iterator[bytes]]

#: what the tool does by itself, by the verb
_LOCAL: dict[str, Callable[[dict[str, str]], Iterable[Reply]]] = {
    "check": lambda given: [check(given["file"])],
    "move": lambda given: move(given["source"], given["target"]),
}


def main(arguments: Sequence[str] | None = None, ask: Ask = ask) -> None:
    """
    Run the tool. Ends the process: with 0, 1 (the server refused), 2 (wrong usage), 3 (no server),
    4 (no right to ask it) or 5 (the connection is lost).
    """
    streams.prepare()
    try:
        with streams.written():
            _run(make_parser().parse_args(arguments), ask)
    except CannotAsk as error:
        _fail(error.status, str(error))
    except CannotImport as error:
        _fail(REFUSED, str(error))
    except BrokenPipeError:
        sys.exit(1)  # the reader closed the pipe on purpose
    except OSError as error:
        _fail(1, str(error.strerror or error))
    except KeyboardInterrupt:
        sys.exit(130)


def _fail(status: int, text: str) -> NoReturn:
    print(f"{_PROGRAM}: {names.visible(text)}", file=sys.stderr)
    sys.exit(status)


def _run(wanted: argparse.Namespace, ask: Ask) -> None:
    given = {
        argument.name: _value(argument, getattr(wanted, argument.name))
        for argument in VERBS[wanted.verb].arguments
    }
    if VERBS[wanted.verb].asks and not wanted.yes:
        _confirm(VERBS[wanted.verb].asks)
    form = "json" if wanted.json or wanted.verb != "export" else given["form"] or "text"
    export = Export(form, given.get("room", ""), print)
    _show(_replies(wanted, given, ask), wanted.json, export)


def _replies(wanted: argparse.Namespace, given: dict[str, str], ask: Ask) -> Iterable[Reply]:
    if wanted.verb in _LOCAL:
        return _LOCAL[wanted.verb](given)
    request = encode_request(wanted.verb, {name: text for name, text in given.items() if text})

    def asked(more: bytes, go_on: Callable[[], bytes]) -> Iterator[Reply]:
        return map(_decoded, ask(wanted.admin_socket, request + more, go_on))

    if wanted.verb == "import":
        return Import(given["file"], given["form"]).replies(asked)
    return asked(b"", lambda: b"")


def _confirm(question: str) -> None:
    """Ask the person at the terminal. Ends the process unless the answer is yes."""
    if sys.stdin is None or not sys.stdin.isatty():
        _fail(USAGE, "without a terminal, this needs --yes.")
    try:
        answer = input(f"{question} [y/N] ")
    except EOFError:
        answer = ""
    if answer.strip().lower() not in ("y", "yes"):
        _fail(REFUSED, "nothing was changed.")


def _show(replies: Iterable[Reply], as_json: bool, export: Export) -> None:
    meter = Meter(sys.stderr, not as_json)
    try:
        _show_all(meter, replies, as_json, export)
    finally:
        meter.clear()


def _show_all(meter: Meter, replies: Iterable[Reply], as_json: bool, export: Export) -> None:
    for reply in replies:
        if isinstance(reply, Progress):
            meter.show(reply)
            continue
        if isinstance(reply, Page):
            export.page(reply)
            continue
        meter.clear()
        if isinstance(reply, Failed):
            _fail(REFUSED, reply.text)
        if export.begun:
            export.end()
        else:
            _print(reply, as_json)
        return
    raise CannotAsk(LOST, "the server ended the connection without an answer. Its log may say why.")


def _value(argument: Argument, given: str | list[str] | None) -> str:
    text = _text(given)
    return os.path.abspath(text) if argument.path and text else text


def _text(given: str | list[str] | None) -> str:
    """Return the value of an argument; bytes that are not UTF-8 are replaced."""
    text = " ".join(given) if isinstance(given, list) else given or ""
    return text.encode(errors="surrogateescape").decode(errors="replace")


def _decoded(line: bytes) -> Reply:
    try:
        return decode_reply(line)
    except ValueError:
        raise CannotAsk(LOST, "this is no admin socket, or that of a newer server.") from None


def _print(reply: Reply, as_json: bool) -> None:
    if as_json:
        print(json.dumps(_plain(reply)))
    elif isinstance(reply, Facts):
        print(*show.facts(reply), sep="\n")
    elif isinstance(reply, Rows):
        print(*show.rows(reply), sep="\n")
    elif isinstance(reply, Done):
        print(names.visible(reply.text))


def _plain(reply: Reply) -> object:
    """Return what --json prints: a list, or an object."""
    if isinstance(reply, Facts):
        return reply.facts
    return reply.rows if isinstance(reply, Rows) else msgspec.structs.asdict(reply)


class _Parser(argparse.ArgumentParser):
    """Reports an error in one line."""

    def error(self, message: str) -> NoReturn:
        _fail(USAGE, f"{message}. See {self.prog} --help")


def make_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = _Parser(
        prog=_PROGRAM,
        description="Ask a running server about itself, or let it act. Run this in the directory of"
        " the ledger, as root or as the user of the server.",
        epilog=f"{_PROGRAM} VERB --help explains one verb.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--admin-socket",
        default=SOCKET,
        metavar="PATH",
        help=f"the socket, as in the server's --admin-socket (default: {SOCKET})",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for scripts")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True, title="verbs")
    for verb in VERBS.values():
        one = verbs.add_parser(verb.name, help=verb.help, description=_sentence(verb.help))
        one.add_argument(
            "--json", action="store_true", default=argparse.SUPPRESS, help="print JSON, for scripts"
        )
        if verb.asks:
            one.add_argument("--yes", action="store_true", help="ask nothing")
        for argument in verb.arguments:
            _add(one, argument)
    return parser


def _sentence(help: str) -> str:
    return f"{help[0].upper()}{help[1:]}."


def _add(parser: argparse.ArgumentParser, argument: Argument) -> None:
    name = argument.name
    if argument.rest:
        # with a default, "*" is not named among the arguments that are missing
        default: list[str] | None = [] if argument.optional else None
        count = "*" if argument.optional else "+"
        parser.add_argument(
            name, nargs=count, default=default, help=argument.help, metavar=name.upper()
        )
    elif argument.optional:
        parser.add_argument(
            name,
            nargs="?",
            choices=argument.choices or None,
            help=argument.help,
            metavar=name.upper(),
        )
    else:
        parser.add_argument(name, help=argument.help, metavar=name.upper())
