"""
The ServerFactory: it accepts connections, keeps the caps, and knows which have not logged in.

The hub counts members; here are the connections, and the pool of those that are still pending, in
which nobody can take the places of others.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import (
    IAddress,
    IProtocolNegotiationFactory,
    IReactorTime,
)
from twisted.internet.protocol import ServerFactory
from twisted.logger import Logger
from zope.interface import implementer

from groupchat.core.hub import Hub
from groupchat.core.ratelimit import client_prefix
from groupchat.server.address import format_address
from groupchat.server.handshakes import HandshakeQueue
from groupchat.server.outbound import Outbound
from groupchat.server.pending import PendingConnection, Phase
from groupchat.server.pool import PendingPool
from groupchat.server.ports import Ports
from groupchat.server.protocol import ChatProtocol
from groupchat.server.sniff import FOREIGN, LINE_WIRES, TLS, Opening, Sniffer, speak_plain
from groupchat.server.sweeper import Sweeper
from groupchat.server.throttle import ConnectionThrottle
from groupchat.server.tls import HTTP, Certificate
from groupchat.server.turns import LoginTurns
from groupchat.server.visitors import Visitors
from groupchat.wire import errors

__all__ = ["ChatFactory"]

_THROTTLED = (
    "{more} connections from {address} were closed at once: too many before them had not logged in."
)


@implementer(IProtocolNegotiationFactory)
class ChatFactory(ServerFactory):
    """
    :param hub: the node that the connections join.
    :param clock: provides `seconds` and `callLater`.
    :param max_connections: connections that can be open at once; further ones wait.
    :param certificate: a `groupchat.server.tls.Certificate`; without one, TLS is not spoken.
    :param require_tls: whether clients of other machines have to speak TLS.
    :param tls_share: of the time that TLS handshakes may take, from 0 to 1. 0 means no limit.
    :param processor_time: the seconds that the processor has worked for this thread.

    :ivar ports: the ports that listen.
    :ivar connections: all that are open.
    :ivar pending: those that have not logged in.
    :ivar visitors: those that a gateway serves, and that have no session.
    """

    log = Logger()
    noisy = False

    def __init__(
        self,
        hub: Hub,
        clock: IReactorTime,
        max_connections: int = 1_000_000,
        *,
        certificate: Certificate | None = None,
        require_tls: bool = False,
        tls_share: float = 0.25,
        processor_time: Callable[[], float] = time.thread_time,
    ) -> None:
        self.hub = hub
        self.clock = clock
        self.certificate = certificate
        self.require_tls = require_tls
        self.handshakes = HandshakeQueue(tls_share, clock, processor_time)
        self.turns = LoginTurns(clock.callLater)
        self.connections: set[ChatProtocol] = set()
        self.pending: dict[ChatProtocol, PendingConnection] = {}
        self._max_connections = max_connections
        self.ports = Ports(clock, self._free)
        self._sweeper = Sweeper(self.connections, clock, self._forget)
        self._pool = PendingPool(hub.settings.max_pending, clock, self._free)
        self._throttle = ConnectionThrottle(hub.settings.connect_rate, clock.seconds)
        self.visitors = Visitors(
            lambda: hub.settings.max_visitors,
            lambda: hub.settings.max,
            clock.seconds,
            self._throttle.give_back,
        )
        self._addresses: Counter[str] = Counter()
        self._sniffer = Sniffer([*FOREIGN, *LINE_WIRES], speak_plain)
        self._sniffer_before_tls = Sniffer([*FOREIGN, *LINE_WIRES, TLS], speak_plain)
        self._emptied: Deferred[None] | None = None

    # Protocols.

    def register(self, opening: Opening) -> None:
        """Let a gateway take the connections that begin with its opening, within TLS or without."""
        self._sniffer.register(opening)
        self._sniffer_before_tls.register(opening)

    def speaks(self, alpn: bytes) -> bool:
        """Return whether a gateway has registered a protocol, by its name in ALPN."""
        return self._sniffer.agreed(alpn) is not None

    def sniffer_for(self, outbound: Outbound) -> Sniffer:
        """Return what detects the protocol of a connection: TLS only once."""
        may_encrypt = self.certificate is not None and outbound.may_encrypt
        return self._sniffer_before_tls if may_encrypt else self._sniffer

    def acceptableProtocols(self) -> list[bytes]:
        """Return what ALPN may agree on where the endpoint speaks TLS itself (``ssl:``)."""
        return [HTTP]

    # Twisted's side.

    def doStart(self) -> None:
        super().doStart()  # type: ignore[no-untyped-call]
        self._sweeper.start()

    def doStop(self) -> None:
        super().doStop()  # type: ignore[no-untyped-call]
        if not self.numPorts:
            self._pool.stop()
            self.turns.stop()
            self.handshakes.stop()
            self._sweeper.stop()
            self.ports.stop()

    def buildProtocol(  # type: ignore[override]  # Twisted's factories may be any
        self, addr: IAddress | None
    ) -> ChatProtocol | None:
        self.ports.accepted()
        address = format_address(addr)
        if not self._throttle.allows(client_prefix(address)):
            self.hub.throttled_log.count(address, _THROTTLED)
            self.hub.counters.connections["unknown", False, "throttled"] += 1
            return None  # it is closed before anything else is made of it
        return ChatProtocol(self, address)

    def _free(self) -> int:
        """Return how many connections more can be open."""
        return self._max_connections - len(self.connections)

    def _forget(self) -> None:
        """Forget the addresses of long ago."""
        self._throttle.forget()
        self.visitors.forget()
        self.hub.throttled_log.forget()

    # The life of a connection.

    def opened(self, protocol: ChatProtocol) -> PendingConnection:
        """Count a new connection. Returns what it is until it has logged in."""
        self.connections.add(protocol)
        self._addresses[protocol.address] += 1
        pending = self._pend(protocol)
        self.ports.opened(len(self.connections))
        return pending

    def visited(self, protocol: ChatProtocol) -> PendingConnection:
        """Count a visitor as a connection that is about to log in. Returns what it is now."""
        return self._pend(protocol)

    def readdress(self, protocol: ChatProtocol, address: str) -> None:
        """Count a connection as one from this address: a proxy has made it for somebody there."""
        self._uncount(protocol.address)
        protocol.address = protocol.peer.address = address
        self._addresses[address] += 1

    def _uncount(self, address: str) -> None:
        self._addresses[address] -= 1
        if not self._addresses[address]:
            del self._addresses[address]

    def _pend(self, protocol: ChatProtocol) -> PendingConnection:
        most = self.hub.settings.per_address
        crowded = bool(most) and self._addresses[protocol.address] > most
        pending = self.pending[protocol] = PendingConnection(
            self,
            protocol,
            errors.TOO_MANY_CONNECTIONS if crowded else None,
            self.hub.access.ban_on_address(protocol.address),
        )
        self._pool.add(pending)
        return pending

    def served(self, pending: PendingConnection) -> None:
        """Give a pending connection time again to log in: it waited for the server."""
        if pending.phase is not Phase.CLOSED:
            self._pool.give_chance(pending)

    def encrypted(self, pending: PendingConnection) -> None:
        """Begin again with a connection within TLS: its handshake is done."""
        self.hub.counters.handshakes += 1
        self._pool.give_chance(pending)
        pending.encrypted()

    def joined(self, protocol: ChatProtocol, registered: bool) -> None:
        """
        Count a connection as logged in: its address may open another one instead.

        :param registered: whether it has an account.
        """
        if self.no_longer_pending(protocol):
            if protocol.other is not None:
                protocol.other.joined = True
            self.hub.counters.logins["account" if registered else "guest"] += 1
            self._throttle.give_back(client_prefix(protocol.address))

    def no_longer_pending(self, protocol: ChatProtocol) -> bool:
        """Take a connection out of the pool. Returns whether it was in it."""
        pending = self.pending.pop(protocol, None)
        if pending is None:
            return False
        protocol.pending = None
        self._pool.remove(pending)
        pending.stop()
        return True

    def closed(self, protocol: ChatProtocol) -> None:
        """Forget a connection: it is gone."""
        self.no_longer_pending(protocol)
        self._count(protocol)
        self.connections.discard(protocol)
        self._uncount(protocol.address)
        if not self.hub.stopping:
            self.ports.closed()
        if self._emptied is not None and not self.connections:
            emptied, self._emptied = self._emptied, None
            emptied.callback(None)

    def _count(self, protocol: ChatProtocol) -> None:
        """Count a connection that is over, by its protocol and what became of it."""
        session, other = protocol.session, protocol.other
        if other is not None:
            wire, outcome = "other", "joined" if other.joined else "no_login"
        elif session is None:
            wire, outcome = ("http", "visited") if protocol.visits else ("unknown", "no_login")
        else:
            wire, outcome = session.wire.name, "joined" if session.joined else "no_login"
        self.hub.counters.connections[wire, protocol.peer.encrypted, outcome] += 1

    # The service's side.

    def emptied(self) -> Deferred[None]:
        """
        Reject pending connections, since the server stops.

        Returns a Deferred that fires once no connection is left.
        """
        for pending in list(self.pending.values()):
            pending.reject(errors.STOPPING)
        for protocol in list(self.connections):
            if protocol.other is not None:
                protocol.peer.finish(b"")  # the other protocol has had its last word
        self.visitors.stop()
        if not self.connections:
            return succeed(None)
        self._emptied = Deferred()
        return self._emptied

    def abort(self) -> None:
        """Close every connection at once."""
        for protocol in list(self.connections):
            protocol.peer.abort()
