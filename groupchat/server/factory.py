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
    IDelayedCall,
    IListeningPort,
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
from groupchat.server.protocol import ChatProtocol
from groupchat.server.sniff import FOREIGN, LINE_WIRES, TLS, Opening, Sniffer, speak_plain
from groupchat.server.throttle import ConnectionThrottle
from groupchat.server.tls import HTTP, Certificate
from groupchat.server.turns import LOGIN_LINES_PER_TURN, LoginTurns
from groupchat.wire import errors

__all__ = ["ChatFactory"]

#: connections accepted in one turn, so that a hello that came with one is read before more are
ACCEPTS_PER_TURN = LOGIN_LINES_PER_TURN
SWEEP_INTERVAL = 1.0  #: seconds in which every connection is checked once
SWEEP_BATCH = 500  #: connections that are checked in one turn

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
        self.ports: list[IListeningPort] = []
        self.connections: set[ChatProtocol] = set()
        self.pending: dict[ChatProtocol, PendingConnection] = {}
        self._max_connections = max_connections
        self._at_capacity = False
        self._pool = PendingPool(hub.settings.max_pending, clock, self._free)
        self._throttle = ConnectionThrottle(hub.settings.connect_rate, clock.seconds)
        self._addresses: Counter[str] = Counter()
        self._sniffer = Sniffer([*FOREIGN, *LINE_WIRES], speak_plain)
        self._sniffer_before_tls = Sniffer([*FOREIGN, *LINE_WIRES, TLS], speak_plain)
        self._unchecked: list[ChatProtocol] = []
        self._accepting: IDelayedCall | None = None
        self._sweeping: IDelayedCall | None = None
        self._emptied: Deferred[None] | None = None

    # Protocols.

    def register(self, opening: Opening) -> None:
        """Let a gateway take the connections that begin with its opening, within TLS or without."""
        self._sniffer.register(opening)
        self._sniffer_before_tls.register(opening)

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
        if self._sweeping is None:
            self._sweeping = self.clock.callLater(SWEEP_INTERVAL, self._sweep)

    def doStop(self) -> None:
        super().doStop()  # type: ignore[no-untyped-call]
        if not self.numPorts:
            self._pool.stop()
            self.turns.stop()
            self.handshakes.stop()
            for call in (self._sweeping, self._accepting):
                if call is not None and call.active():
                    call.cancel()
            self._sweeping = self._accepting = None

    def buildProtocol(  # type: ignore[override]  # Twisted's factories may be any
        self, addr: IAddress | None
    ) -> ChatProtocol | None:
        if self._accepting is None:
            self._accepting = self.clock.callLater(0, self._cap_accepts)
        address = format_address(addr)
        if not self._throttle.allows(client_prefix(address)):
            self.hub.throttled_log.count(address, _THROTTLED)
            return None  # it is closed before anything else is made of it
        return ChatProtocol(self, address)

    def _cap_accepts(self) -> None:
        """
        Cap the connections that each port accepts in a turn.

        Twisted raises `numberAccepts` while the backlog stays full, and would accept past the
        limit of descriptors.
        """
        self._accepting = None
        share = self._free() // max(1, len(self.ports))
        for port in self.ports:
            if hasattr(port, "numberAccepts"):
                port.numberAccepts = max(1, min(ACCEPTS_PER_TURN, share))

    def _free(self) -> int:
        """Return how many connections more can be open."""
        return self._max_connections - len(self.connections)

    def _sweep(self) -> None:
        """Check the next few connections: is the client there, does it read?"""
        if not self._unchecked:
            self._unchecked = list(self.connections)
            self._throttle.forget()
            self.hub.throttled_log.forget()
        batches = len(self.connections) // SWEEP_BATCH + 1
        self._sweeping = self.clock.callLater(SWEEP_INTERVAL / batches, self._sweep)
        now = self.clock.seconds()
        for _ in range(min(SWEEP_BATCH, len(self._unchecked))):
            protocol = self._unchecked.pop()
            if protocol in self.connections:
                protocol.check(now)

    # The life of a connection.

    def opened(self, protocol: ChatProtocol) -> PendingConnection:
        """Count a new connection. Returns what it is until it has logged in."""
        self.connections.add(protocol)
        self._addresses[protocol.address] += 1
        most = self.hub.settings.per_address
        crowded = bool(most) and self._addresses[protocol.address] > most
        pending = self.pending[protocol] = PendingConnection(
            self,
            protocol,
            errors.TOO_MANY_CONNECTIONS if crowded else None,
            self.hub.access.ban_on_address(protocol.address),
        )
        self._pool.add(pending)
        if self._free() <= 0 and not self._at_capacity:
            self._stop_accepting()
        return pending

    def served(self, pending: PendingConnection) -> None:
        """Give a pending connection time again to log in: it waited for the server."""
        if pending.phase is not Phase.CLOSED:
            self._pool.give_chance(pending)

    def encrypted(self, pending: PendingConnection) -> None:
        """Begin again with a connection within TLS: its handshake is done."""
        self._pool.give_chance(pending)
        pending.encrypted()

    def joined(self, protocol: ChatProtocol) -> None:
        """Count a connection as logged in: its address may open another one instead."""
        if self.no_longer_pending(protocol):
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
        self.connections.discard(protocol)
        self._addresses[protocol.address] -= 1
        if not self._addresses[protocol.address]:
            del self._addresses[protocol.address]
        if self._at_capacity and self._free() > 0 and not self.hub.stopping:
            self._accept_again()
        if self._emptied is not None and not self.connections:
            emptied, self._emptied = self._emptied, None
            emptied.callback(None)

    def _stop_accepting(self) -> None:
        self._at_capacity = True
        for port in self.ports:
            port.stopReading()  # type: ignore[attr-defined]
        self.log.warn(
            "{count} connections are open, as many as can be: the next ones wait.",
            count=len(self.connections),
        )

    def _accept_again(self) -> None:
        self._at_capacity = False
        for port in self.ports:
            port.startReading()  # type: ignore[attr-defined]

    # The service's side.

    def listening(self, port: IListeningPort) -> None:
        """Take connections from this port."""
        self.ports.append(port)
        self._cap_accepts()

    def emptied(self) -> Deferred[None]:
        """
        Reject pending connections, since the server stops.

        Returns a Deferred that fires once no connection is left.
        """
        for pending in list(self.pending.values()):
            pending.reject(errors.STOPPING)
        if not self.connections:
            return succeed(None)
        self._emptied = Deferred()
        return self._emptied

    def abort(self) -> None:
        """Close every connection at once."""
        for protocol in list(self.connections):
            protocol.peer.abort()
