"""
``groupchat-connect [NAME] [HOST] [PORT]``: the command line, and where the client's objects meet.
No more is decided here.
"""

from __future__ import annotations

import argparse
import contextlib
import encodings.idna  # noqa: F401 (the resolver needs it, and after an upgrade it can't be loaded any more)
import os
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn

from twisted.internet.endpoints import HostnameEndpoint, UNIXClientEndpoint
from twisted.internet.error import ReactorNotRunning
from twisted.internet.task import LoopingCall

from groupchat import __version__, clock, fingerprints, prompt, streams
from groupchat.cli import naming, password
from groupchat.cli.display import JsonDisplay, PipeDisplay, PlainDisplay
from groupchat.cli.exit import DONE, USAGE, Exit
from groupchat.cli.input import InputParser, JsonInputParser, PipeInputParser
from groupchat.cli.outcome import Outcome
from groupchat.cli.password import Terminal
from groupchat.cli.stdio import StdioProtocol
from groupchat.cli.stdio_transport import Aside, Stdio
from groupchat.client import address, client_id, trust
from groupchat.client.cursors import SAVE_INTERVAL
from groupchat.client.fallback import PlaintextFallback
from groupchat.client.identity import Identity
from groupchat.client.model import Display, Model
from groupchat.client.outbox import FileOutbox, Outbox
from groupchat.client.reconnect import NAME_TIMEOUT, TIMEOUT, Client, Source
from groupchat.client.tls import TLSEndpoint
from groupchat.wire import names
from groupchat.wire.errors import Refused

PROGRAM = "groupchat-connect"
LAST_LINE_TIMEOUT = 3.0  #: seconds to wait until the last line is printed
DRAIN_TIMEOUT = (
    1.0  #: seconds for which input that can't be said is read, for the outbox or to count it
)
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
    "certificate that it should have; 5 the connection is lost and does not come back; 6 some lines were not said; 7 the server is "
    "away, and the outbox keeps what was to be said; 8 some of the output could not be printed"
)


class _Parser(argparse.ArgumentParser):
    """One whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        raise Exit(USAGE, f"{message}. See {PROGRAM} --help")


def parse(arguments: list[str]) -> argparse.Namespace:
    """
    What the command line asks for.

    :raises Ending: it makes no sense.
    """
    parser = _Parser(
        prog=PROGRAM, usage=_USAGE, description=_DESCRIPTION, epilog=_EPILOG, allow_abbrev=False
    )
    parser.add_argument("where", metavar="[NAME] [HOST] [PORT]", help=_WHERE, nargs="*")
    parser.add_argument(
        "--room", action="append", type=_room, help="the room to enter (default: lobby)"
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
        "--outbox",
        metavar="FILE",
        help="keep in FILE what the server has not stored yet, for the next run",
    )
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
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    options = parser.parse_intermixed_args(arguments)
    name, options.host, options.port = address.parse(options.where)
    options.room = list(dict.fromkeys(options.room or ["lobby"]))
    if len(options.room) > 1 and not options.json:
        parser.error("--room can be given more than once only with --json")
    if options.quiet and (options.show or options.json):
        parser.error(f"--quiet and {'--show' if options.show else '--json'} exclude each other")
    if options.no_tls and (options.tls or options.fingerprint):
        parser.error(
            f"--no-tls and {'--tls' if options.tls else '--fingerprint'} exclude each other"
        )
    options.name = naming.own(PROGRAM, asks=_asks(options)) if name is None else naming.person(name)
    options.tls = bool(
        options.tls
        or options.fingerprint
        or not (options.no_tls or trust.is_loopback(options.host))
    )
    return options


def _asks(options: argparse.Namespace) -> bool:
    return not (options.json or options.quiet) and prompt.is_possible()


def _room(name: str) -> str:
    try:
        return names.rule_for(name).room(name)
    except Refused as refused:
        raise Exit(USAGE, f'"{name}" is no room: {naming.clause(refused)}') from None


def _fingerprint(text: str) -> str:
    try:
        return fingerprints.parse_fingerprint(text)
    except ValueError:
        raise Exit(
            USAGE,
            f'"{text}" is no fingerprint: one is SHA256: and 43 letters, or 64 digits of hex.',
        ) from None


def connect(options: argparse.Namespace, reactor: Any) -> Exit:
    """Chat until it ends, and say why."""
    where = address.format_address(options.host, options.port)
    known = password.read(options.password_file) if options.password_file is not None else None
    source = _source(options)
    outbox = _outbox(options, source)
    identity = _identity(options, outbox, source)
    bridge, aside = StdioProtocol(), Aside(reactor)
    display = _display(options, source, bridge, aside, reactor)
    model = Model(
        options.name, identity.value, options.room, display, outbox, reactor, identity.read()
    )
    model.password = known
    identity.user = model
    parser = _parser(options, source)(model, display)
    endpoint, heard = _way(options, identity, reactor)
    asks = source is Source.PERSON and not options.quiet
    asker = Terminal(bridge, bridge.write if os.isatty(1) else aside.write) if asks else None
    turn = identity if source is Source.SCRIPT and not outbox.persistent else None
    client = Client(
        endpoint,
        where,
        model,
        parser,
        bridge,
        reactor,
        options.stay,
        heard=heard,
        asker=asker,
        source=source,
        turn=turn,
    )
    bridge.attach(parser, client)
    run = _Run(client, model, parser, bridge, source, reactor)
    LoopingCall(lambda: identity.keep(model.positions)).start(SAVE_INTERVAL, now=False)
    ending = run.run()
    identity.keep(model.positions)
    outcome = run.outcome(
        options.outbox, display.reason if isinstance(display, PipeDisplay) else ""
    )
    identity.close()
    outbox.close()
    aside.close()
    return outcome.judge(ending)


def _source(options: argparse.Namespace) -> Source:
    if options.json:
        return Source.PROGRAM
    return Source.PERSON if os.isatty(0) else Source.SCRIPT


def _display(
    options: argparse.Namespace, source: Source, bridge: StdioProtocol, aside: Aside, reactor: Any
) -> Display:
    if options.quiet:
        return PipeDisplay(_print_nothing, _print_nothing, reactor)
    if options.json:
        return JsonDisplay(bridge.write, aside.write)
    if source is Source.PERSON or options.show or options.stay:
        return PlainDisplay(bridge.write)
    return PipeDisplay(bridge.write, aside.write, reactor)


def _parser(options: argparse.Namespace, source: Source) -> type[InputParser]:
    if options.json:
        return JsonInputParser
    return InputParser if source is Source.PERSON or options.commands else PipeInputParser


def _way(
    options: argparse.Namespace, identity: Identity, reactor: Any
) -> tuple[Any, Callable[[], str] | None]:
    """The way to the server, and what is to be called once it turns out to be one."""
    endpoint = _endpoint(options, reactor)
    if options.no_tls:
        return endpoint, None
    trusted = _trust(options, identity)
    encrypted = TLSEndpoint(endpoint, options.host, trusted.check)
    if options.tls or not isinstance(trusted, trust.Local):
        return encrypted, trusted.keep
    near = PlaintextFallback(endpoint, encrypted, trusted, identity.set_unproven)
    return near, near.keep


def _endpoint(options: argparse.Namespace, reactor: Any) -> Any:
    path = address.socket_path(options.host)
    if path is not None:
        return UNIXClientEndpoint(reactor, path, timeout=TIMEOUT)
    return HostnameEndpoint(reactor, options.host.lower(), options.port, timeout=TIMEOUT)


def _trust(options: argparse.Namespace, identity: Identity) -> trust.Trust:
    place = trust.host_key(options.host, options.port)
    path = client_id.directory() / trust.FILE
    if options.fingerprint:
        return trust.PinnedTrust(place, options.fingerprint)
    if not trust.is_loopback(options.host):
        return trust.TofuTrust(place, path)
    told = {trust.Verdict.FIRST} if options.tls else set()
    if _source(options) is Source.PERSON:
        told |= {trust.Verdict.CHANGED, trust.Verdict.RENEWED}
    strict = options.outbox is not None or options.password_file is not None
    return trust.Local(place, path, identity, strict, told)


def _outbox(options: argparse.Namespace, source: Source) -> Outbox:
    if options.outbox is None:
        return Outbox()
    host = options.host if address.socket_path(options.host) else options.host.lower()
    owner = f"{names.key(options.name)}@{host}:{options.port}"
    return FileOutbox(
        options.outbox, owner, lock_timeout=NAME_TIMEOUT if source is Source.SCRIPT else 0
    )


def _identity(options: argparse.Namespace, outbox: Outbox, source: Source) -> Identity:
    """
    The client secret: that of the outbox, of the place, or, on this machine, of the server that
    will be there.
    """
    where = client_id.directory()
    local = not options.no_tls and trust.is_loopback(options.host)
    told = None
    if local and options.fingerprint:
        told = trust.pinned_server(
            trust.KnownHosts(where / trust.FILE),
            trust.host_key(options.host, options.port),
            options.fingerprint,
        )

    def claim(server: trust.Server | None) -> client_id.ClientId:
        if isinstance(outbox, FileOutbox):
            return _bound(outbox, server or told)
        return client_id.claim(
            options.name, options.host, options.port, where, *(server or told or ())
        )

    claimed = claim(None) if outbox.persistent or told or not local else None
    drop = partial(client_id.forget, options.host, options.port, where)
    return Identity(
        claimed, claim, drop, source is Source.PERSON and os.isatty(1) and not options.quiet
    )


def _bound(outbox: FileOutbox, server: trust.Server | None) -> client_id.ClientId:
    if server is not None:
        outbox.bind(server.certificate)
    return client_id.ClientId(outbox.client_id, cursors=outbox.cursors)


class _Run:
    """The client in its reactor, from start to end."""

    def __init__(
        self,
        client: Client,
        model: Model,
        parser: InputParser,
        bridge: StdioProtocol,
        source: Source,
        reactor: Any,
    ) -> None:
        self._client = client
        self._model = model
        self._parser = parser
        self._bridge = bridge
        self._source = source
        self._reactor = reactor
        self._ending = Exit()
        self._stdio: Stdio | None = None

    def run(self) -> Exit:
        """Run it, and say how it ended."""
        self._reactor.callWhenRunning(self._start)
        self._reactor.addSystemEventTrigger("before", "shutdown", self._client.stop)
        self._reactor.run()
        if self._stdio is not None:
            self._stdio.finish()
        return self._ending

    def _start(self) -> None:
        self._stdio = Stdio(self._bridge, self._reactor)
        self._client.start().addCallback(self._ended)

    def _ended(self, ending: Exit) -> None:
        self._ending = ending
        if self._source is not Source.SCRIPT or ending.status == DONE:
            self._bridge.close().addCallback(self._stop)
            return
        if not self._keeps:
            self._parser.give_up()
        self._bridge.drain(DRAIN_TIMEOUT, self._reactor).addCallback(self._drained)

    @property
    def _keeps(self) -> bool:
        """Whether what is still typed can be kept for the next run."""
        return self._model.outbox.persistent and self._ending.status != USAGE

    def _drained(self, _: None) -> None:
        if self._keeps:
            try:
                self._parser.work()
                self._model.flush()
            except Exit as broken:
                self._ending = broken
        self._bridge.close().addCallback(self._stop)

    def _stop(self, _: None) -> None:
        if isinstance(self._model.display, PipeDisplay):
            self._model.display.close()
        with contextlib.suppress(ReactorNotRunning):
            self._reactor.stop()

    def outcome(self, outbox: str | None, reason: str) -> Outcome:
        """
        What is to be told about it. A person has seen already which lines were refused, and a
        program reads it.
        """
        stdio, parser, model = self._stdio, self._parser, self._model
        unsaid = {Source.PERSON: 0, Source.PROGRAM: parser.unsaid}.get(
            self._source, parser.unsaid + model.unsaid
        )
        asked_to_end = self._ending.status == DONE and self._source is not Source.SCRIPT
        return Outcome(
            unsaid=unsaid + (0 if asked_to_end else parser.waiting),
            undelivered=0 if asked_to_end else model.outbox.count,
            outbox=outbox,
            more=self._source is Source.SCRIPT and not (parser.ended or parser.quitting),
            reason=reason,
            unread=stdio.read_error if stdio else None,
            unprinted=stdio.write_error if stdio and stdio.unprinted else None,
        )


def _print_nothing(data: bytes) -> None:
    """For --quiet."""


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
    """What the command line asks for; --help is written, or it is told why it can't be."""
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
    if ending.text and "--quiet" not in sys.argv[1:]:
        _print_last(f"{PROGRAM}: {names.visible(ending.text)}\n".encode(errors="replace"))
    sys.exit(ending.status)
