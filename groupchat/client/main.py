"""
``groupchat-connect [NAME] [HOST] [PORT]``: the command line, and where the client's objects meet. No more is decided here.
"""

from __future__ import annotations

import argparse
import contextlib
import encodings.idna  # noqa: F401 (the resolver needs it, and after an upgrade it can't be loaded any more)
import os
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from twisted.internet.endpoints import HostnameEndpoint, UNIXClientEndpoint
from twisted.internet.error import ReactorNotRunning
from twisted.internet.stdio import StandardIO
from twisted.internet.task import LoopingCall

from groupchat import __version__, clock, fingerprints, names, streams
from groupchat.client import address, password, secret, trust
from groupchat.client.bridge import Bridge
from groupchat.client.conversation import Conversation, Screen
from groupchat.client.cursors import EVERY
from groupchat.client.endings import DONE, USAGE, Ending
from groupchat.client.keyboard import JsonKeyboard, Keyboard
from groupchat.client.outbox import FileOutbox, Outbox
from groupchat.client.password import Terminal
from groupchat.client.screen import JsonScreen, PlainScreen
from groupchat.client.service import PATIENCE, Client
from groupchat.client.tls import Encrypted
from groupchat.client.way import Near
from groupchat.errors import Refused

PROGRAM = "groupchat-connect"
_DESCRIPTION = (
    "Join a group chat. Each line typed is said; /help, typed there, lists the commands. What is said is encrypted: a server's "
    "certificate has to be one that the system's authorities vouch for, or the one it had the first time."
)
_USAGE = "%(prog)s [NAME] [HOST] [PORT] [options]"
_WHERE = (
    "what you want to be called (default: $USER), where the server is (localhost) and its port (9000). HOST:PORT, "
    "[ADDRESS]:PORT and unix:PATH work, too; a second word of digits only is the port"
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
    parser = _Parser(prog=PROGRAM, usage=_USAGE, description=_DESCRIPTION, epilog=_EPILOG, allow_abbrev=False)
    parser.add_argument("where", metavar="[NAME] [HOST] [PORT]", help=_WHERE, nargs="*")
    parser.add_argument("--room", action="append", type=_room, help="the room to enter (default: lobby)")
    parser.add_argument("--json", action="store_true", help="print the server's lines as they are; for programs")
    parser.add_argument("--stay", action="store_true", help="go on listening when standard input has ended")
    parser.add_argument("--outbox", metavar="FILE", help="keep in FILE what the server has not stored yet")
    parser.add_argument("--password-file", metavar="FILE", help="the password of a registered name is the first line of FILE")
    parser.add_argument("--tls", action="store_true", help="encrypt to this machine in any case, even if its server never did")
    parser.add_argument("--no-tls", action="store_true", help="don't encrypt; for servers and networks that you trust")
    parser.add_argument(
        "--fingerprint", metavar="SHA256:...", type=_fingerprint, help="take the certificate with this fingerprint, and no other"
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    options = parser.parse_intermixed_args(arguments)
    name, options.host, options.port = address.parse(options.where)
    options.name = _own_name() if name is None else _person(name)
    options.room = list(dict.fromkeys(options.room or ["lobby"]))
    if len(options.room) > 1 and not options.json:
        parser.error("--room can be given more than once only with --json")
    if options.no_tls and (options.tls or options.fingerprint):
        parser.error(f"--no-tls and {'--tls' if options.tls else '--fingerprint'} exclude each other")
    options.tls = bool(options.tls or options.fingerprint or not (options.no_tls or trust.is_loopback(options.host)))
    return options


def _own_name() -> str:
    name = os.environ.get("USER") or os.environ.get("LOGNAME")
    if not name:
        raise Ending(USAGE, f"Who are you? There is no $USER: {PROGRAM} NAME [HOST] [PORT].")
    try:
        return names.rule_for(name).person(name)
    except Refused as refused:
        text = f'Without a NAME it is that of $USER, but "{name}" can\'t be yours here: {_clause(refused)}'
        raise Ending(USAGE, f"{text} Try: {PROGRAM} NAME [HOST] [PORT].") from None


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


def _fingerprint(text: str) -> str:
    try:
        return fingerprints.parse_fingerprint(text)
    except ValueError:
        raise Ending(USAGE, f'"{text}" is no fingerprint: one is SHA256: and 43 letters, or 64 digits of hex.') from None


def connect(options: argparse.Namespace, reactor: Any) -> Ending:
    """Chat until it ends, and say why."""
    where = address.written(options.host, options.port)
    known = password.read(options.password_file) if options.password_file is not None else None
    claimed: secret.Secret | FileOutbox
    outbox, value, claimed = _outbox(options)
    bridge = Bridge()
    screen: Screen = JsonScreen(bridge.write, _print_aside) if options.json else PlainScreen(bridge.write)
    cursors = claimed.cursors if not options.json and os.isatty(0) and os.isatty(1) else None
    read = cursors.read() if cursors else None
    conversation = Conversation(options.name, value, options.room, screen, outbox, reactor, read)
    conversation.password = known
    keyboard = (JsonKeyboard if options.json else Keyboard)(conversation, screen)
    endpoint, heard = _way(options, conversation.doubt, reactor)
    asker = None if options.json or not os.isatty(0) else Terminal(bridge, bridge.write if os.isatty(1) else _print_aside)
    client = Client(endpoint, where, conversation, keyboard, bridge, reactor, options.stay, heard=heard, asker=asker)
    bridge.attach(keyboard, client)
    if cursors:
        LoopingCall(lambda: cursors.keep(conversation.places)).start(EVERY, now=False)
    ending = _run(client, bridge, reactor)
    if cursors:
        cursors.keep(conversation.places)
    undelivered = outbox.count
    claimed.close()
    return _with_undelivered(ending, undelivered, options.outbox)


def _way(options: argparse.Namespace, doubt: Callable[[bool], None], reactor: Any) -> tuple[Any, Callable[[], str] | None]:
    """
    The way to the server, and what is to be called once it turns out to be one.

    :param doubt: see `Near`.
    """
    endpoint = _endpoint(options, reactor)
    if options.no_tls:
        return endpoint, None
    trusted = _trust(options)
    encrypted = Encrypted(endpoint, options.host, trusted.check)
    if options.tls or not isinstance(trusted, trust.Seen):
        return encrypted, trusted.keep
    near = Near(endpoint, encrypted, trusted, doubt)
    return near, near.keep


def _endpoint(options: argparse.Namespace, reactor: Any) -> Any:
    path = address.socket_path(options.host)
    if path is not None:
        return UNIXClientEndpoint(reactor, path, timeout=PATIENCE)
    return HostnameEndpoint(reactor, options.host.lower(), options.port, timeout=PATIENCE)


def _trust(options: argparse.Namespace) -> trust.Trust:
    place = trust.place(options.host, options.port)
    if options.fingerprint:
        return trust.Told(place, options.fingerprint)
    return trust.Seen(place, secret.directory() / trust.FILE, quiet=not options.tls)


def _outbox(options: argparse.Namespace) -> tuple[Outbox, str, Any]:
    """The outbox, the client secret that goes with it, and what holds that."""
    if options.outbox is not None:
        host = options.host if address.socket_path(options.host) else options.host.lower()
        kept = FileOutbox(options.outbox, f"{names.key(options.name)}@{host}:{options.port}")
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
