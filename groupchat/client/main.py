"""
``groupchat-connect NAME HOST PORT``: the command line, and where the client's objects meet. No more is decided here.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.error import ReactorNotRunning
from twisted.internet.stdio import StandardIO

from groupchat import __version__, clock, fingerprints, names, streams
from groupchat.client import password, secret, trust
from groupchat.client.bridge import Bridge
from groupchat.client.conversation import Conversation, Screen
from groupchat.client.endings import DONE, USAGE, Ending
from groupchat.client.keyboard import JsonKeyboard, Keyboard
from groupchat.client.outbox import FileOutbox, Outbox
from groupchat.client.password import Terminal
from groupchat.client.screen import JsonScreen, PlainScreen
from groupchat.client.service import PATIENCE, Client
from groupchat.client.tls import Encrypted
from groupchat.errors import Refused

PROGRAM = "groupchat-connect"
_DESCRIPTION = (
    "Join a group chat. Each line typed is said; /help, typed there, lists the commands. What is said to another machine is "
    "encrypted: a server's certificate has to be one that the system's authorities vouch for, or the one it had the first time."
)
_EPILOG = (
    "exit status: 0 all went well; 2 wrong usage; 3 the server can't be reached; 4 the server turned you away, or has not the "
    "certificate that it should have; 5 the connection is lost and does not come back"
)


class _Parser(argparse.ArgumentParser):
    """One whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        raise Ending(USAGE, f"{message}. See {PROGRAM} --help")


def parse(arguments: list[str]) -> argparse.Namespace:
    """
    What the command line asks for.

    :raises Ending: it makes no sense.
    """
    parser = _Parser(prog=PROGRAM, description=_DESCRIPTION, epilog=_EPILOG, allow_abbrev=False)
    parser.add_argument("name", metavar="NAME", help="what you want to be called", type=_person)
    parser.add_argument("host", metavar="HOST", help="where the server is")
    parser.add_argument("port", metavar="PORT", help="its port", type=_port)
    parser.add_argument("--room", action="append", type=_room, help="the room to enter (default: lobby)")
    parser.add_argument("--json", action="store_true", help="print the server's lines as they are; for programs")
    parser.add_argument("--stay", action="store_true", help="go on listening when standard input has ended")
    parser.add_argument("--outbox", metavar="FILE", help="keep in FILE what the server has not stored yet")
    parser.add_argument("--password-file", metavar="FILE", help="the password of a registered name is the first line of FILE")
    parser.add_argument("--tls", action="store_true", help="encrypt to this machine, too")
    parser.add_argument("--no-tls", action="store_true", help="don't encrypt; for networks that you trust")
    parser.add_argument(
        "--fingerprint", metavar="SHA256:...", type=_fingerprint, help="take the certificate with this fingerprint, and no other"
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    options = parser.parse_args(arguments)
    options.room = list(dict.fromkeys(options.room or ["lobby"]))
    if len(options.room) > 1 and not options.json:
        parser.error("--room can be given more than once only with --json")
    if options.no_tls and (options.tls or options.fingerprint):
        parser.error(f"--no-tls and {'--tls' if options.tls else '--fingerprint'} exclude each other")
    options.tls = not options.no_tls and bool(options.tls or options.fingerprint or not trust.is_loopback(options.host))
    return options


def _person(name: str) -> str:
    try:
        return names.rule_for(name).person(name)
    except Refused as refused:
        raise Ending(USAGE, f'"{name}" can\'t be your name: {_clause(refused)}') from None


def _room(name: str) -> str:
    try:
        return names.rule_for(name).room(name)
    except Refused as refused:
        raise Ending(USAGE, f'"{name}" is no room: {_clause(refused)}') from None


def _clause(refused: Refused) -> str:
    return refused.text[:1].lower() + refused.text[1:]


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= 65535:
        raise Ending(USAGE, f'"{text}" is no port: a port is a number from 1 to 65535.')
    return int(text)


def _fingerprint(text: str) -> str:
    try:
        return fingerprints.parse_fingerprint(text)
    except ValueError:
        raise Ending(USAGE, f'"{text}" is no fingerprint: one is SHA256: and 43 letters, or 64 digits of hex.') from None


def connect(options: argparse.Namespace, reactor: Any) -> Ending:
    """Chat until it ends, and say why."""
    where = f"{options.host}, port {options.port}"
    known = password.read(options.password_file) if options.password_file is not None else None
    claimed: secret.Secret | FileOutbox
    outbox, value, claimed = _outbox(options)
    bridge = Bridge()
    screen: Screen = JsonScreen(bridge.write, _print_aside) if options.json else PlainScreen(bridge.write)
    conversation = Conversation(options.name, value, options.room, screen, outbox, reactor)
    conversation.password = known
    keyboard = (JsonKeyboard if options.json else Keyboard)(conversation, screen)
    endpoint, heard = _way(options, reactor)
    asker = None if options.json or not os.isatty(0) else Terminal(bridge, bridge.write if os.isatty(1) else _print_aside)
    client = Client(endpoint, where, conversation, keyboard, bridge, reactor, options.stay, heard=heard, asker=asker)
    bridge.attach(keyboard, client)
    ending = _run(client, bridge, reactor)
    undelivered = outbox.count
    claimed.close()
    return _with_undelivered(ending, undelivered, options.outbox)


def _way(options: argparse.Namespace, reactor: Any) -> tuple[Any, Callable[[], str] | None]:
    """The way to the server, and what is to be called once it turns out to be one."""
    endpoint = HostnameEndpoint(reactor, options.host.lower(), options.port, timeout=PATIENCE)
    if not options.tls:
        return endpoint, None
    trusted = _trust(options)
    return Encrypted(endpoint, options.host, trusted.check), trusted.keep


def _trust(options: argparse.Namespace) -> trust.Trust:
    place = trust.place(options.host, options.port)
    if options.fingerprint:
        return trust.Told(place, options.fingerprint)
    return trust.Seen(place, secret.directory() / trust.FILE)


def _outbox(options: argparse.Namespace) -> tuple[Outbox, str, Any]:
    """The outbox, the client secret that goes with it, and what holds that."""
    if options.outbox is not None:
        kept = FileOutbox(options.outbox, f"{names.key(options.name)}@{options.host.lower()}:{options.port}")
        return kept, kept.secret, kept
    claimed = secret.claim(options.name, options.host, options.port, secret.directory())
    return Outbox(), claimed.value, claimed


def _run(client: Client, bridge: Bridge, reactor: Any) -> Ending:
    endings: list[Ending] = []

    def start() -> None:
        StandardIO(bridge, reactor=reactor)
        client.start().addCallback(ended)

    def ended(ending: Ending) -> None:
        endings.append(ending)
        bridge.close().addCallback(stop)

    def stop(_: None) -> None:
        with contextlib.suppress(ReactorNotRunning):
            reactor.stop()

    reactor.callWhenRunning(start)
    reactor.addSystemEventTrigger("before", "shutdown", client.stop)
    with _blocking_restored():
        reactor.run()
    return endings[0]


def _with_undelivered(ending: Ending, count: int, path: str | None) -> Ending:
    if not count or ending.status == DONE:  # it was asked to stop
        return ending
    lines = "1 line was" if count == 1 else f"{count} lines were"
    kept = f" They are kept in {path}." if path else ""
    return Ending(ending.status, f"{ending.text} {lines} not delivered.{kept}".strip())


@contextlib.contextmanager
def _blocking_restored() -> Any:
    """Twisted makes these non-blocking, and they may be shared with the shell that we return to."""
    before = [os.get_blocking(descriptor) for descriptor in (0, 1, 2)]
    try:
        yield
    finally:
        for descriptor, blocking in enumerate(before):
            with contextlib.suppress(OSError):
                os.set_blocking(descriptor, blocking)


def _print_aside(data: bytes) -> None:
    with contextlib.suppress(OSError):
        os.write(2, data)


def _options() -> argparse.Namespace:
    """What the command line asks for; --help is written, or it is told why it can't be."""
    try:
        with streams.written():
            return parse(sys.argv[1:])
    except OSError as error:
        raise Ending(USAGE, f"{error.strerror}.") from None


def main() -> NoReturn:
    """The console script."""
    streams.open_standard()
    streams.prepare()
    try:
        options = _options()
        from twisted.internet import reactor

        clock.use_monotonic(reactor)
        ending = connect(options, reactor)
    except Ending as early:
        ending = early
    if ending.text:
        _print_aside(f"{PROGRAM}: {names.visible(ending.text)}\n".encode(errors="replace"))
    sys.exit(ending.status)
