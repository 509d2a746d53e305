"""Builds the parts of groupchat-connect that depend on its options."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from functools import partial

from twisted.internet.endpoints import HostnameEndpoint, UNIXClientEndpoint
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint

from groupchat.cli.display import JsonDisplay, PipeDisplay, PlainDisplay
from groupchat.cli.input import InputParser, JsonInputParser, PipeInputParser
from groupchat.cli.interfaces import IClientReactor
from groupchat.cli.password import PasswordDialog, Terminal
from groupchat.cli.pipe import Source
from groupchat.cli.stdio import StdioProtocol
from groupchat.cli.stdio_transport import Aside
from groupchat.client import client_id
from groupchat.client.address import format_address, host_key, is_loopback, socket_path
from groupchat.client.chat import Chat
from groupchat.client.connector import Connector
from groupchat.client.fallback import PlaintextFallback
from groupchat.client.identity import Identity
from groupchat.client.interfaces import Display
from groupchat.client.known_hosts import FILENAME, KnownHosts
from groupchat.client.local_trust import LocalServer, LocalTrust, pinned_server
from groupchat.client.model import Model
from groupchat.client.outbox import FileOutbox, Outbox
from groupchat.client.reconnect import NAME_TIMEOUT, NameRetry
from groupchat.client.tls import TLSEndpoint
from groupchat.client.trust import PinnedTrust, TofuTrust, Trust, Verdict
from groupchat.wire import names

__all__ = [
    "make_chat",
    "make_dialog",
    "make_display",
    "make_endpoint",
    "make_identity",
    "make_outbox",
    "make_trust",
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


def make_endpoint(
    options: argparse.Namespace,
    source: Source,
    identity: Identity,
    reactor: IClientReactor,
    timeout: float,
) -> tuple[IStreamClientEndpoint, Callable[[], str] | None]:
    """
    Returns the way to the server, and what to call on its first event.

    :param timeout: seconds for an attempt to connect.
    """
    endpoint = _plain_endpoint(options, reactor, timeout)
    if options.no_tls:
        return endpoint, None
    trust = make_trust(options, source, identity)
    encrypted = TLSEndpoint(endpoint, options.host, trust.check)
    if options.tls or not isinstance(trust, LocalTrust):
        return encrypted, trust.remember
    fallback = PlaintextFallback(endpoint, encrypted, trust, identity.set_unproven)
    return fallback, fallback.remember


def _plain_endpoint(
    options: argparse.Namespace, reactor: IClientReactor, timeout: float
) -> IStreamClientEndpoint:
    path = socket_path(options.host)
    if path is not None:
        return UNIXClientEndpoint(reactor, path, timeout=timeout)
    return HostnameEndpoint(reactor, options.host.lower(), options.port, timeout=timeout)


def make_trust(options: argparse.Namespace, source: Source, identity: Identity) -> Trust:
    """Returns what decides about the server's certificate."""
    key = host_key(options.host, options.port)
    path = client_id.directory() / FILENAME
    if options.fingerprint:
        return PinnedTrust(key, options.fingerprint)
    if not is_loopback(options.host):
        return TofuTrust(key, path)
    announced = {Verdict.FIRST} if options.tls else set()
    if source is Source.PERSON:
        announced |= {Verdict.CHANGED, Verdict.RENEWED}
    strict = options.outbox is not None or options.password_file is not None
    return LocalTrust(key, path, identity, strict, announced)


def make_outbox(options: argparse.Namespace, source: Source) -> Outbox:
    """
    Returns the outbox, in a file or in memory.

    :raises OutboxError: the file can't be used.
    """
    if options.outbox is None:
        return Outbox()
    host = options.host if socket_path(options.host) else options.host.lower()
    owner = f"{names.key(options.name)}@{host}:{options.port}"
    return FileOutbox(
        options.outbox, owner, lock_timeout=NAME_TIMEOUT if source is Source.SCRIPT else 0
    )


def make_identity(options: argparse.Namespace, outbox: Outbox, source: Source) -> Identity:
    """
    Returns the client secret: that of the outbox, that of the address, or, on this machine, that
    of the server which will be there.
    """
    where = client_id.directory()
    local = not options.no_tls and is_loopback(options.host)
    pinned = None
    if local and options.fingerprint:
        pinned = pinned_server(
            KnownHosts(where / FILENAME),
            host_key(options.host, options.port),
            options.fingerprint,
        )

    def claim(server: LocalServer | None) -> client_id.ClientId:
        if isinstance(outbox, FileOutbox):
            return _bound_id(outbox, server or pinned)
        return client_id.claim(
            options.name, options.host, options.port, where, *(server or pinned or ())
        )

    claimed = claim(None) if outbox.persistent or pinned or not local else None
    drop = partial(client_id.forget, options.host, options.port, where)
    return Identity(
        claimed, claim, drop, source is Source.PERSON and os.isatty(1) and not options.quiet
    )


def _bound_id(outbox: FileOutbox, server: LocalServer | None) -> client_id.ClientId:
    if server is not None:
        outbox.bind(server.certificate)
    return client_id.ClientId(outbox.client_id, cursors=outbox.cursors)


def make_chat(
    options: argparse.Namespace,
    source: Source,
    identity: Identity,
    connector: Connector,
    model: Model,
    clock: IReactorTime,
) -> Chat:
    """Returns the chat. Only scripts wait for a name that is taken."""
    names = None
    if source is Source.SCRIPT:
        names = NameRetry(clock, None if model.outbox.persistent else identity)
    return Chat(connector, format_address(options.host, options.port), model, clock, names)


def make_dialog(
    options: argparse.Namespace,
    source: Source,
    stdio: StdioProtocol,
    aside: Aside,
    chat: Chat,
    model: Model,
) -> PasswordDialog | None:
    """Returns what asks for a password; None if nobody is to be asked."""
    if source is not Source.PERSON or options.quiet:
        return None
    terminal = Terminal(stdio, stdio.write if os.isatty(1) else aside.write)
    return PasswordDialog(terminal, chat, model)


def _print_nothing(data: bytes) -> None:
    """Takes the output of --quiet."""
