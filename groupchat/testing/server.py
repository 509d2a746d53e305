"""A whole server in memory."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import closing
from functools import cache
from typing import Any

from twisted.logger import Logger

from groupchat.accounts.database import AccountsDatabase
from groupchat.accounts.passwords import CHEAP, Passwords
from groupchat.accounts.store import AccountStore
from groupchat.core.hub import Hub
from groupchat.gateways.table import web
from groupchat.interfaces import ILedger
from groupchat.ledgers.memory import MemoryLedger
from groupchat.server.factory import ChatFactory
from groupchat.server.proxy_protocol import ProxyProtocolFactory
from groupchat.server.tls import Certificate
from groupchat.settings import Settings
from groupchat.testing.clients import JsonClient, MemoryClient, PlainClient
from groupchat.testing.event_stream import EventStreamClient
from groupchat.testing.reactor import MemoryReactor
from groupchat.testing.tls import EncryptedClient, EncryptedJsonClient, EncryptedPlainClient
from groupchat.testing.transport import ADDRESS
from groupchat.testing.websocket import EncryptedWebSocketClient, WebSocketClient

__all__ = ["CLIENTS", "START", "MemoryServer"]

START = 1_795_356_180_000  #: the system's time at the start, in ms: 2026-11-22 14:03 UTC

#: The clients by the names under which `MemoryServer.connect` knows them.
CLIENTS: dict[str, type[MemoryClient]] = {
    "plain": PlainClient,
    "json": JsonClient,
    "plain, tls": EncryptedPlainClient,
    "json, tls": EncryptedJsonClient,
    "websocket": WebSocketClient,
    "event stream": EventStreamClient,
    "websocket, tls": EncryptedWebSocketClient,
}


class MemoryServer:
    """
    A whole server without a socket, on a ledger in memory unless another is given.

    :param ledger: makes an `ILedger` from the reactor.
    :param reactor: where several servers share one.
    :param accounts: not open yet; in memory and with cheap passwords unless given.
    :param certificate: lets clients speak TLS; this and the next three are `ChatFactory`'s.
    :param settings: fields of `Settings`; without `rate` nobody is slowed down.
    :ivar proxied: set it to let connections pass through a `ProxyProtocolFactory`.
    """

    log = Logger()

    def __init__(
        self,
        ledger: Callable[[MemoryReactor], ILedger] | None = None,
        reactor: MemoryReactor | None = None,
        accounts: AccountStore | None = None,
        *,
        certificate: Certificate | None = None,
        require_tls: bool = False,
        tls_share: float = 0.25,
        max_connections: int = 1_000_000,
        **settings: Any,  # `Settings` has their types
    ) -> None:
        self.reactor = reactor or MemoryReactor()
        self.ledger: ILedger = (
            ledger(self.reactor) if ledger else MemoryLedger(self.reactor.callLater)
        )
        self.accounts = accounts or AccountStore(
            ":memory:", Passwords(CHEAP), _accounts_in_memory()
        )
        self.accounts.open()
        self.hub = self._make_hub(Settings(**{"rate": 0, **settings}))
        self.ledger.open(self.hub)
        self.factory = ChatFactory(
            self.hub,
            self.reactor,
            max_connections,
            certificate=certificate,
            require_tls=require_tls,
            tls_share=tls_share,
            processor_time=self.reactor.seconds,
        )
        self.factory.doStart()
        self.proxied: ProxyProtocolFactory | None = None
        self._serves_web = False

    def _make_hub(self, settings: Settings) -> Hub:
        return Hub(settings, self.ledger, self.accounts, self.reactor, self.now, self._broken)

    def serve_web(self, *names: str, proxies: Collection[str] = ()) -> None:
        """
        Answer HTTP from now on; else it is refused.

        :param names: the values of ``--host``.
        :param proxies: the values of ``--trusted-proxy``.
        """
        if not self._serves_web:
            self._serves_web = True
            self.factory.register(web(self.factory, names, proxies))

    def now(self) -> int:
        """Returns the system's time, in ms; it passes with the reactor's."""
        return START + round(self.reactor.seconds() * 1000)

    def _broken(self, reason: str) -> None:
        self.log.critical("{reason}", reason=reason)

    def run(self, seconds: float = 0.0) -> None:
        """Let `seconds` pass, and do everything that is due until then."""
        self.reactor.run(seconds)

    def connect(self, wire: str = "json", address: str = ADDRESS) -> MemoryClient:
        """Returns a client that has connected and sent nothing, for a wire of `CLIENTS`."""
        return CLIENTS[wire](self, address)

    def join(self, wire: str, name: str, **fields: object) -> MemoryClient:
        """Returns a client that has joined the lobby and read everything that it was told."""
        client = self.connect(wire)
        client.hello(name, **fields)
        if isinstance(client, EncryptedClient):
            client.shake()
        self.run()
        client.heard()
        return client

    def json(self, name: str, **fields: object) -> JsonClient:
        client = self.join("json", name, **fields)
        assert isinstance(client, JsonClient)
        return client

    def plain(self, name: str) -> PlainClient:
        client = self.join("plain", name)
        assert isinstance(client, PlainClient)
        return client


def _accounts_in_memory() -> AccountsDatabase:
    return AccountsDatabase(":memory:", _no_accounts())


@cache
def _no_accounts() -> bytes:
    """The file before its first account: to create it each time takes longer than many tests."""
    database = AccountsDatabase(":memory:")
    database.open()
    with closing(database):
        return database.content()
