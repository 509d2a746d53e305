"""The command line of groupchat-connect: ``[NAME] [HOST] [PORT]`` and the options."""

from __future__ import annotations

import argparse
from typing import NoReturn

from groupchat import __version__, fingerprints, prompt
from groupchat.cli import naming, target
from groupchat.cli.choice import wants_screen
from groupchat.cli.exit import USAGE, Exit
from groupchat.client.address import is_loopback

__all__ = ["PROGRAM", "make_parser", "parse", "settle_security"]

PROGRAM = "groupchat-connect"
_DESCRIPTION = (
    "Join a group chat: groupchat-connect alice chat.example.org. Without arguments it asks for "
    "your name and the server. Each line that you type is said; /help lists the commands, and F1 "
    "the keys. In a pipe, each line of the input is said. "
    "The connection is encrypted: the server's certificate has to be one that the system's "
    "authorities vouch for, or the one that the server had the first time."
)
_USAGE = "%(prog)s [NAME] [HOST] [PORT] [options]"
_WHERE = (
    "your name (default: $GROUPCHAT_NAME or $USER), the server's host (localhost) and port (9000). "
    "HOST:PORT, [ADDRESS]:PORT and unix:PATH work, too; a second word of digits only is the port. "
    "More hosts and ports, or HOST:PORT,HOST:PORT, name further nodes of one group: if one is "
    "lost, the next is tried"
)
_EPILOG = (
    "exit status: 0 all went well; 2 wrong usage; 3 the server can't be reached; 4 the server "
    "turned you away, or does not have the certificate that it should have; 5 the connection is "
    "lost and does not come back; 6 some lines were not said; 7 the server is away, and the outbox "
    "keeps what was to be said; 8 some of the output could not be printed; 70 an "
    "error of the program itself, whose report is in a file"
)


class _Settings(argparse.Action):
    """Prints the settings with their defaults, and ends."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from groupchat.cli.terminal.preferences import EXAMPLE, config_path

        print(f"# {config_path()}\n{EXAMPLE}", end="")
        parser.exit()


class _Parser(argparse.ArgumentParser):
    """Reports an error in one line."""

    def error(self, message: str) -> NoReturn:
        raise Exit(USAGE, f"{message}. See {PROGRAM} --help")


def make_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = _Parser(
        prog=PROGRAM, usage=_USAGE, description=_DESCRIPTION, epilog=_EPILOG, allow_abbrev=False
    )
    _add_chat_options(parser)
    _add_security_options(parser)
    parser.add_argument(
        "--settings", action=_Settings, nargs=0, help="print the settings file, with the defaults"
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    return parser


def parse(arguments: list[str]) -> argparse.Namespace:
    """
    Parse the command line.

    :return: the options. `screen` says whether the full-screen client is wanted, and `alone`
        whether it has to ask for the name and the server.
    :raises Exit: it makes no sense.
    """
    parser = make_parser()
    options = parser.parse_intermixed_args(arguments)
    options.screen = wants_screen(options)
    options.alone = options.screen and not options.where
    options.newcomer = False
    name, options.host, options.port, options.others = target.parse(options.where)
    options.named, options.roomed = name is not None, options.room is not None
    options.room = list(dict.fromkeys(options.room or ["lobby"]))
    _check_combinations(parser, options)
    if options.alone:
        options.name = ""  # asked for, as the server is
        return options
    if name is None:
        options.name = naming.default_name(PROGRAM, asks=_asks(options))
    else:
        options.name = naming.parse_name(name)
    settle_security(options)
    return options


def settle_security(options: argparse.Namespace) -> None:
    """Decide whether the connection has to be encrypted, once the host is known."""
    hosts = [options.host, *(other.host for other in options.others)]
    may_be_plain = options.no_tls or all(map(is_loopback, hosts))
    options.tls = bool(options.tls or options.fingerprint or not may_be_plain)


def _add_chat_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("where", metavar="[NAME] [HOST] [PORT]", help=_WHERE, nargs="*")
    parser.add_argument(
        "--room", action="append", type=naming.parse_room, help="the room to join (default: lobby)"
    )
    parser.add_argument(
        "--json", action="store_true", help="print the server's lines as they are; for programs"
    )
    parser.add_argument(
        "--stay", action="store_true", help="go on listening when standard input has ended"
    )
    parser.add_argument(
        "--show", action="store_true", help="in a pipe: print what the room says, as at a terminal"
    )
    parser.add_argument(
        "--commands",
        action="store_true",
        help="in a pipe: lines that begin with / are commands, as at a terminal",
    )
    parser.add_argument(
        "--quiet", action="store_true", help="print nothing at all, not even errors"
    )
    parser.add_argument(
        "--line",
        action="store_true",
        help="at a terminal: show lines one after the other, in place of a whole screen",
    )
    parser.add_argument(
        "--no-color", action="store_true", help="use no colours on the screen, as with $NO_COLOR"
    )
    parser.add_argument(
        "--outbox",
        metavar="FILE",
        help="keep in FILE what the server has not stored yet, for the next run",
    )


def _add_security_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--password-file",
        metavar="FILE",
        help="the password of a registered name is the first line of FILE",
    )
    parser.add_argument(
        "--tls",
        action="store_true",
        help="encrypt to this machine in any case, even if its server never did",
    )
    parser.add_argument(
        "--no-tls",
        action="store_true",
        help="don't encrypt; for servers and networks that you trust",
    )
    parser.add_argument(
        "--fingerprint",
        metavar="SHA256:...",
        type=_fingerprint,
        help="take the certificate with this fingerprint, and no other",
    )


def _check_combinations(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    if len(options.room) > 1 and not (options.json or options.screen):
        parser.error("--room can be given more than once only with --json, or at a terminal")
    if options.quiet and (options.show or options.json):
        parser.error(f"--quiet and {'--show' if options.show else '--json'} exclude each other")
    if options.no_tls and (options.tls or options.fingerprint):
        other = "--tls" if options.tls else "--fingerprint"
        parser.error(f"--no-tls and {other} exclude each other")


def _asks(options: argparse.Namespace) -> bool:
    return not (options.json or options.quiet) and prompt.is_possible()


def _fingerprint(text: str) -> str:
    try:
        return fingerprints.parse_fingerprint(text)
    except ValueError:
        raise Exit(
            USAGE,
            f'"{text}" is no fingerprint: one is SHA256: and 43 letters, or 64 digits of hex.',
        ) from None
