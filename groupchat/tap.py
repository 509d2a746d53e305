"""
``twistd groupchat``: composes the daemon from its options. Only this module knows all parts.
"""

from __future__ import annotations

import platform
import resource
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import NoReturn, cast

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import (
    TCP4ServerEndpoint,
    TCP6ServerEndpoint,
    UNIXServerEndpoint,
    serverFromString,
)
from twisted.internet.interfaces import IStreamServerEndpoint
from twisted.logger import Logger

import groupchat
import twisted
from groupchat import clock
from groupchat.accounts.passwordfile import PasswordFile
from groupchat.accounts.store import AccountStore
from groupchat.accounts.worker import ThreadWorker
from groupchat.clock import IReactor
from groupchat.core.hub import Hub
from groupchat.errors import CannotStart
from groupchat.gateways.table import GATEWAYS
from groupchat.interfaces import ILedgerOwner
from groupchat.ops import systemd
from groupchat.ops.admin_acts import Acts
from groupchat.ops.admin_backup import InThread
from groupchat.ops.admin_export import Exports
from groupchat.ops.admin_protocol import AdminFactory
from groupchat.ops.admin_reports import Reports
from groupchat.ops.admin_socket import AdminSocket
from groupchat.ops.binding import Binding
from groupchat.ops.check import check_files
from groupchat.ops.health import Health
from groupchat.ops.reload import Configuration, Reload
from groupchat.ops.socket_activation import passed_sockets
from groupchat.ops.start_errors import StartErrors
from groupchat.ops.status import Status
from groupchat.options.parser import Options
from groupchat.options.start import not_started
from groupchat.options.values import endpoint, printable, shortened
from groupchat.server.factory import ChatFactory
from groupchat.server.proxy_protocol import ProxyProtocolEndpoint
from groupchat.server.tls import Certificate
from groupchat.service import GroupChat, Part
from groupchat.settings import ADMIN_SUFFIX, Settings
from groupchat.storage import Storage, make_storage

__all__ = ["Options", "makeService"]

#: its name in errors, and the endpoints to try in order
Address = tuple[str, list[IStreamServerEndpoint]]

BACKLOG = 1024  #: connections that can wait to be accepted
#: file descriptors for ports, ledger and log, so that these can be opened when the server is full
RESERVED_DESCRIPTORS = 32


def makeService(options: Options, reactor: IReactor | None = None) -> GroupChat:
    """Compose the daemon that these options describe."""
    if reactor is None:
        from twisted.internet import reactor as installed

        clock.use_monotonic(installed)
        reactor = cast("IReactor", installed)
    _log_version()
    storage = _storage(options, reactor)
    accounts = _accounts(options, reactor, storage)
    certificate = _certificate(options, storage)
    listen = _listen(options, reactor)
    if options["check"]:
        _metrics_address(options, reactor)
        _check(storage, accounts, certificate)
    settings = _settings(options)
    hub = Hub(settings, storage.ledger, accounts, reactor, _now, lambda why: service.broken(why))
    port = _port(options, reactor, hub, certificate)
    parts, bindings, owner = _parts(options, reactor, storage, hub, port)
    parts += _admin(options, reactor, storage, hub, port, lambda: service.reload())
    service = GroupChat(
        reactor,
        [*(Binding(*address, port, port.ports.add) for address in listen), *bindings],
        port,
        hub,
        _start_errors(options),
        options.parent.get("pidfile", "") if options.parent is not None else "",
        reloader=_reloader(options, hub, certificate),
        parts=parts,
        owner=owner,
    )
    return service


def _port(
    options: Options, reactor: IReactor, hub: Hub, certificate: Certificate | None
) -> ChatFactory:
    port = ChatFactory(
        hub,
        reactor,
        _connections(),
        certificate=certificate,
        require_tls=bool(options["require-tls"]),
        tls_share=options["tls-share"] / 100,
    )
    for name in options["gateways"]:
        port.register(GATEWAYS[name](port, options["host"], options["trusted-proxy"]))
    return port


def _admin(
    options: Options,
    reactor: IReactor,
    storage: Storage,
    hub: Hub,
    port: ChatFactory,
    reload: Callable[[], Deferred[None]],
) -> list[Part]:
    """Return the admin socket: the one that was chosen, or one beside the ledger."""
    path = options["admin-socket"] or storage.beside(ADMIN_SUFFIX)
    if not path:
        return []
    verbs = {
        **Reports(hub, port, storage.file, _now, storage.place).verbs,
        **Acts(hub.moderation, reload).verbs,
        **Exports(hub.ledger, hub.settings.names).verbs,
        **storage.verbs(hub, InThread(reactor), time.monotonic, _now),
    }
    factory = AdminFactory(verbs, reactor)
    return [
        AdminSocket(path, UNIXServerEndpoint(reactor, path, mode=0o600, wantPID=False), factory)
    ]


def _now() -> int:
    return int(time.time() * 1000)


def _check(storage: Storage, accounts: AccountStore, certificate: Certificate | None) -> NoReturn:
    """Check the files, and end the process: --check starts nothing."""
    try:
        check_files(storage.file, accounts.path, certificate)
    except CannotStart as why:
        raise not_started(str(why)) from None
    print("groupchat: these options and their files can be used.")
    raise SystemExit(0)


def _reloader(options: Options, hub: Hub, certificate: Certificate | None) -> Reload:
    def read() -> Configuration:
        again = options.read_again()
        return Configuration(_settings(again), again.given)

    running = Configuration(hub.settings, options.given)
    return Reload(running, read, hub.decide_max, hub.accounts, certificate)


def _settings(options: Options) -> Settings:
    """The settings: each has the name of its option."""
    named = {
        field: options[field.replace("_", "-")]
        for field in Settings.__struct_fields__
        if field != "server"
    }
    server = options["server-name"] or f"groupchat {groupchat.__version__}"
    return Settings(server=printable(server), **named)


def _start_errors(options: Options) -> StartErrors:
    return StartErrors(
        background=not options.is_foreground(), logged=not options.logs_to_terminal()
    )


def _log_version() -> None:
    """
    Log the version. This is the log's first line, since twistd writes first what was logged before
    it opened the log.
    """
    Logger().info(
        "groupchat {version} (Twisted {twisted}, Python {python})",
        version=groupchat.__version__,
        twisted=twisted.__version__,
        python=platform.python_version(),
    )


def _certificate(options: Options, storage: Storage) -> Certificate | None:
    """Return the given certificate, or a self-signed one that belongs to the ledger."""
    if options["no-tls"]:
        return None
    given = options["certificate"]
    return Certificate(given, own=False) if given else storage.certificate()


def _connections() -> int:
    """
    Raise the limit of file descriptors as far as allowed. Returns how many connections can be open:
    that limit less what files and the reactor need.
    """
    _, limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    return max(1, limit - RESERVED_DESCRIPTORS)


def _storage(options: Options, reactor: IReactor) -> Storage:
    try:
        return make_storage(reactor, options["ledger"], options["keep"])
    except ImportError:
        raise not_started(
            '--ledger postgresql:// needs psycopg 3.3 or newer: pip install "groupchat[postgresql]"'
        ) from None
    except CannotStart as why:
        raise not_started(str(why)) from None


def _accounts(options: Options, reactor: IReactor, storage: Storage) -> AccountStore:
    """Return the accounts: in the file that --auth names, or those that belong to the ledger."""
    checkers = options.get("credCheckers", [])
    ours = [checker for checker in checkers if isinstance(checker, AccountStore)]
    accounts = ours[0] if ours else storage.accounts()
    accounts.registers = bool(ours) or not checkers
    accounts.others = [checker for checker in checkers if checker is not accounts]
    filing, hashing = (
        ThreadWorker(reactor, "accounts-file"),
        ThreadWorker(reactor, "passwords", limit=200, low_priority=True),
    )
    accounts.use_workers(filing, hashing, reactor)
    for checker in accounts.others:
        if isinstance(checker, PasswordFile):
            checker.worker = hashing
    return accounts


def _endpoint(option: str, description: str, reactor: IReactor) -> IStreamServerEndpoint:
    kind, _, rest = description.partition(":")
    proxied = kind == "haproxy"
    try:
        found: IStreamServerEndpoint = serverFromString(reactor, rest if proxied else description)
    except Exception as error:  # plugins that parse endpoints can raise anything
        why = str(error).splitlines()[0] if str(error) else "it is not an endpoint"
        raise not_started(f'--{option} "{shortened(description)}": {why}') from None
    return ProxyProtocolEndpoint(found) if proxied else found


def _listen(options: Options, reactor: IReactor) -> list[Address]:
    """Return the addresses. A port that systemd has opened is taken from it."""
    number, passed = options["port"], passed_sockets(reactor)
    if "port" not in options.given and not options["listen"] and passed:
        return [(one.name, [one.endpoint]) for one in passed]
    wanted: list[Address] = [
        (one.name, [one.endpoint]) for one in passed if one.port is not None and one.port == number
    ]
    if number is not None and not wanted:
        both = TCP6ServerEndpoint(reactor, number, BACKLOG, "::")
        wanted.append((f"port {number}", [both, TCP4ServerEndpoint(reactor, number, BACKLOG)]))
    for description in options["listen"]:
        endpoint = _endpoint("listen", description, reactor)
        wanted.append((shortened(description), [endpoint]))
    return wanted


def _metrics_address(options: Options, reactor: IReactor) -> Address | None:
    where = options["metrics"]
    if where is None:
        return None
    if find_spec("prometheus_client") is None:
        raise not_started('--metrics needs prometheus_client: pip install "groupchat[metrics]"')
    return f"metrics {shortened(where)}", [_endpoint("metrics", endpoint(where), reactor)]


def _parts(
    options: Options, reactor: IReactor, storage: Storage, hub: Hub, port: ChatFactory
) -> tuple[list[Part], list[Binding], ILedgerOwner]:
    """Return the parts beside the chat, what they listen on, and the owner of the ledger."""
    health = Health(hub.ledger, reactor)
    parts: list[Part] = []
    if systemd.is_manager():
        health.on_beat.append(systemd.alive)
        systemd.show_stacks_when_aborted()
        parts = [health, Status(hub, health, reactor)]
    address = _metrics_address(options, reactor)
    if address is None:
        return parts, [], hub
    # only here: they need a package that is not always there
    from groupchat.ops.metrics import Metrics, ObservedOwner
    from groupchat.ops.metrics_http import metrics_site

    metrics = Metrics(hub, port, health, storage.file)
    storage.observe_commits(metrics.commits.observe)
    binding = Binding(*address, metrics_site(metrics, health, reactor), lambda port: None)
    return parts or [health], [binding], ObservedOwner(hub, metrics, time.perf_counter)
