"""
``twistd groupchat``: composes the daemon from its options. Only this module knows all parts.
"""

from __future__ import annotations

import platform
import resource
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, cast

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
from groupchat.interfaces import ILedger, ILedgerOwner
from groupchat.ledgers.authors import said_by
from groupchat.ledgers.memory import MemoryLedger
from groupchat.ledgers.retention import RetentionPolicy
from groupchat.ledgers.sqlite import SQLiteLedger
from groupchat.ops import systemd
from groupchat.ops.admin_acts import Acts
from groupchat.ops.admin_backup import Backups, InThread
from groupchat.ops.admin_compact import Compact, Compacting
from groupchat.ops.admin_database import DATABASE_VERBS
from groupchat.ops.admin_export import Exports
from groupchat.ops.admin_forget import Forgetting
from groupchat.ops.admin_import import Importing
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
from groupchat.options.values import (
    ACCOUNTS_SUFFIX,
    ADMIN_SUFFIX,
    CERTIFICATE_SUFFIX,
    endpoint,
    printable,
    shortened,
)
from groupchat.server.factory import ChatFactory
from groupchat.server.proxy_protocol import ProxyProtocolEndpoint
from groupchat.server.tls import Certificate
from groupchat.service import GroupChat, Part
from groupchat.settings import Settings, is_database

if TYPE_CHECKING:
    from groupchat.ledgers.postgresql.ledger import PostgreSQLLedger

__all__ = ["Options", "makeService"]

#: its name in errors, and the endpoints to try in order
Address = tuple[str, list[IStreamServerEndpoint]]

BACKLOG = 1024  #: connections that can wait to be accepted
DEFAULT_FILE = "groupchat.db"  #: the ledger's file, by default
#: file descriptors for ports, ledger and log, so that these can be opened when the server is full
RESERVED_DESCRIPTORS = 32


def makeService(options: Options, reactor: IReactor | None = None) -> GroupChat:
    """Compose the daemon that these options describe."""
    if reactor is None:
        from twisted.internet import reactor as installed

        clock.use_monotonic(installed)
        reactor = cast("IReactor", installed)
    _log_version()
    ledger = _make_ledger(options, reactor)
    accounts = _make_accounts(options, reactor, ledger)
    certificate = _certificate(options, ledger)
    listen = _listen(options, reactor)
    if options["check"]:
        _metrics_address(options, reactor)
        _check(options, accounts, certificate)
    settings = _settings(options)
    hub = Hub(settings, ledger, accounts, reactor, _now, lambda why: service.broken(why))
    port = _port(options, reactor, hub, certificate)
    parts, bindings, owner = _parts(options, reactor, hub, port)
    parts += _admin(options, reactor, hub, port, lambda: service.reload())
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
    hub: Hub,
    port: ChatFactory,
    reload: Callable[[], Deferred[None]],
) -> list[Part]:
    """Return the admin socket: the one that was chosen, or one beside the ledger."""
    ledger = _ledger_file(options)
    path = options["admin-socket"] or _beside(options, ADMIN_SUFFIX)
    if not path:
        return []
    worker = InThread(reactor)
    verbs = {
        **Reports(hub, port, ledger, _now, _place(options, hub.ledger)).verbs,
        **Acts(hub.moderation, reload).verbs,
        **Backups(ledger, worker, time.monotonic).verbs,
        **Exports(hub.ledger, hub.settings.names).verbs,
        **Compacting(ledger, _compact(hub.ledger)).verbs,
        **Importing(hub, isinstance(hub.ledger, SQLiteLedger), _now).verbs,
        **_forgetting(options, hub, worker).verbs,
        **(DATABASE_VERBS if is_database(options["ledger"]) else {}),
    }
    factory = AdminFactory(verbs, reactor)
    return [
        AdminSocket(path, UNIXServerEndpoint(reactor, path, mode=0o600, wantPID=False), factory)
    ]


def _place(options: Options, ledger: ILedger) -> str:
    """Return where a ledger is that has no file."""
    return cast("PostgreSQLLedger", ledger).name if is_database(options["ledger"]) else "memory"


def _forgetting(options: Options, hub: Hub, worker: InThread) -> Forgetting:
    path = _ledger_file(options)
    if path:
        soon = "Their texts leave the ledger's files within seconds."
        find = lambda *who: worker.run(lambda: said_by(path, *who))  # noqa: E731
        return Forgetting(hub, find, soon, _now)
    if is_database(options["ledger"]):
        soon = "Their texts leave the tables with the next VACUUM."
        return Forgetting(hub, cast("PostgreSQLLedger", hub.ledger).said_by, soon, _now)
    return Forgetting(hub, None, "", _now)


def _compact(ledger: ILedger) -> Compact | None:
    return ledger.compact if isinstance(ledger, SQLiteLedger) else None


def _now() -> int:
    return int(time.time() * 1000)


def _check(options: Options, accounts: AccountStore, certificate: Certificate | None) -> NoReturn:
    """Check the files, and end the process: --check starts nothing."""
    try:
        check_files(_ledger_file(options), accounts.path, certificate)
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


def _certificate(options: Options, ledger: ILedger) -> Certificate | None:
    """The given certificate, or a self-signed one that is stored beside the ledger, or in it."""
    if options["no-tls"]:
        return None
    given = options["certificate"]
    if not given and is_database(options["ledger"]):
        keep = cast("PostgreSQLLedger", ledger).keep_file
        return Certificate(None, own=True, keep=partial(keep, CERTIFICATE_SUFFIX))
    return Certificate(given or _beside(options, CERTIFICATE_SUFFIX) or None, own=not given)


def _connections() -> int:
    """
    Raise the limit of file descriptors as far as allowed. Returns how many connections can be open:
    that limit less what files and the reactor need.
    """
    _, limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    return max(1, limit - RESERVED_DESCRIPTORS)


def _make_ledger(options: Options, reactor: IReactor) -> ILedger:
    ledger, keep = options["ledger"], options["keep"]
    if is_database(ledger):
        return _postgresql(reactor, ledger, keep)
    return SQLiteLedger(reactor, ledger, keep) if ledger else MemoryLedger(reactor.callLater, keep)


def _postgresql(reactor: IReactor, uri: str, keep: RetentionPolicy) -> ILedger:
    """Return the ledger in a database, whose library is not there for everybody."""
    try:
        from groupchat.ledgers.postgresql.ledger import PostgreSQLLedger
    except ImportError:
        raise not_started(
            '--ledger postgresql:// needs psycopg 3.3 or newer: pip install "groupchat[postgresql]"'
        ) from None
    try:
        return PostgreSQLLedger(reactor, uri, keep)
    except CannotStart as why:
        raise not_started(str(why)) from None


def _ledger_file(options: Options) -> str:
    """Return the path of the ledger's file; "" where it is in memory or in a database."""
    ledger: str = options["ledger"]
    return "" if is_database(ledger) else ledger


def _beside(options: Options, suffix: str) -> str:
    """
    Return the path of a file beside that of the ledger; where the ledger is a database, in the
    current folder; "" where it is in memory.
    """
    ledger = options["ledger"] and (_ledger_file(options) or DEFAULT_FILE)
    return ledger and str(Path(ledger).with_suffix(suffix))


def _make_accounts(options: Options, reactor: IReactor, ledger: ILedger) -> AccountStore:
    """The accounts, in the file that --auth names, or in one beside the ledger, or in it."""
    checkers = options.get("credCheckers", [])
    ours = [checker for checker in checkers if isinstance(checker, AccountStore)]
    accounts = ours[0] if ours else _own_accounts(options, ledger)
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


def _own_accounts(options: Options, ledger: ILedger) -> AccountStore:
    if not is_database(options["ledger"]):
        return AccountStore(_beside(options, ACCOUNTS_SUFFIX) or ":memory:")
    from groupchat.accounts.tables import AccountsTables

    database = cast("PostgreSQLLedger", ledger)
    link = database.link()
    return AccountStore(
        ":memory:", storage=AccountsTables(database.name, link.connection, link.close)
    )


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
    return f"metrics {shortened(where)}", [_endpoint("metrics", endpoint(where), reactor)]


def _parts(
    options: Options, reactor: IReactor, hub: Hub, port: ChatFactory
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
    try:
        from groupchat.ops.metrics import Metrics, ObservedOwner
        from groupchat.ops.metrics_http import metrics_site
    except ImportError:
        raise not_started(
            '--metrics needs prometheus_client: pip install "groupchat[metrics]"'
        ) from None
    metrics = Metrics(hub, port, health, _ledger_file(options))
    if not isinstance(hub.ledger, MemoryLedger):
        cast("SQLiteLedger", hub.ledger).on_commit = metrics.commits.observe
    binding = Binding(*address, metrics_site(metrics, health, reactor), lambda port: None)
    return parts or [health], [binding], ObservedOwner(hub, metrics, time.perf_counter)
