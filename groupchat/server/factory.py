"""
The port: which wire does a connection speak, and may it come in at all?

The ServerFactory keeps the caps: the hub counts the people that are in; here are those who are not
in yet, a small pool in which nobody can take the places of others. A connection's first bytes
decide its wire, and whether it speaks that within TLS.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IListeningPort, IProtocolNegotiationFactory
from twisted.internet.protocol import ServerFactory
from twisted.logger import Logger
from zope.interface import implementer

from groupchat.core.hub import Hub
from groupchat.core.ratelimit import KeyedTokenBuckets, TokenBucket, client_prefix
from groupchat.server.handshakes import HandshakeQueue
from groupchat.server.pending import PendingPool
from groupchat.server.protocol import ChatProtocol
from groupchat.server.tls import HTTP
from groupchat.wire import addresses, errors, jsonlines, plain, telnet
from groupchat.wire.events import Bye
from groupchat.wire.names import MARK

#: lines of those who are not in yet in one turn: a crowd at the door does not hold up those who
#: talk
LOGIN_LINES_PER_TURN = 8
#: connections taken in one turn, so that a hello that came with one is read before more are
ACCEPTS_PER_TURN = LOGIN_LINES_PER_TURN
GREETING_DELAY = 0.5  #: seconds of silence after which the server speaks first
BURST_SECONDS = 5.0  #: seconds of its knocks that an address can save up
GLOBAL_FACTOR = 10  #: addresses' worth of knocks that are borne in all
UNTHROTTLED = frozenset(
    {"local", "127.0.0.1", "::1"}
)  #: from where proxies and tunnels bring all kinds of people: it has no share
OVERLOAD_COST = 10  #: knocks that one counts for where there are more
LOGIN_TIMEOUT = 60.0  #: seconds after its opening in which one has to come in
SWEEP_INTERVAL = 1.0  #: seconds in which everyone is looked at once
SWEEP_BATCH = 500  #: connections that are looked at in one turn

_SORRY = "This is a group chat. Join it with: groupchat-connect NAME HOST PORT"
_HTTP = f"HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n{_SORRY}\n".encode()
_IRC = f"ERROR :{_SORRY}\r\n".encode()
_SSH = f"! {_SORRY}\n".encode()
_ALERT = b"\x15\x03\x01\x00\x02\x02\x28"  # fatal: handshake_failure
TLS = b"\x16\x03"  #: how TLS begins: with a handshake
_MARK = MARK.encode()
_KNOCKED = "{more} connections from {address} were closed at once: too many of those before had not come in."

#: How other protocols begin, and what they are told.
OPENINGS = {
    **dict.fromkeys(
        (
            b"GET ",
            b"POST ",
            b"PUT ",
            b"HEAD ",
            b"DELETE ",
            b"OPTIONS ",
            b"PATCH ",
            b"CONNECT ",
            b"TRACE ",
            b"PRI ",
        ),
        _HTTP,
    ),
    **dict.fromkeys((b"CAP ", b"NICK ", b"USER ", b"PASS "), _IRC),
    b"SSH-2.0-": _SSH,
    TLS: _ALERT,
}


@implementer(IProtocolNegotiationFactory)
class ChatFactory(ServerFactory):
    """
    :param hub: whose door it is.
    :param clock: provides `seconds` and `callLater`.
    :param most: connections that can be open at once; further ones wait until there is room.
    :param certificate: a `groupchat.server.tls.Certificate`; without one, TLS is not spoken.
    :param require_tls: whether nothing else is spoken with those who are not on this machine.
    :param tls_rate: TLS handshakes a second; further ones wait. 0: no limit.
    :ivar ports: what listens, so that it can be kept from taking too many at once.
    """

    log = Logger()
    noisy = False

    def __init__(
        self, hub: Hub, clock: Any, most: int = 1_000_000, *,
        certificate: Any = None, require_tls: bool = False, tls_rate: float = 100,
    ) -> None:  # fmt: skip
        self.hub = hub
        self._most = most
        self.certificate = certificate
        self.require_tls = require_tls
        self.handshakes = HandshakeQueue(tls_rate, clock)
        self._sated = False
        self.clock = clock
        self.ports: list[IListeningPort] = []
        self.doors: set[ChatProtocol] = set()
        self._unchecked: list[ChatProtocol] = []
        self._waiting: dict[ChatProtocol, PendingConnection] = {}
        self._pool = PendingPool(hub.settings.max_pending, clock, lambda: most - len(self.doors))
        self._addresses: Counter[str] = Counter()
        knocks = hub.settings.connect_rate
        self._knocks = KeyedTokenBuckets(knocks, knocks * BURST_SECONDS, clock.seconds)
        self._all_knocks = TokenBucket(
            knocks * GLOBAL_FACTOR, knocks * GLOBAL_FACTOR * BURST_SECONDS, clock.seconds
        )
        self._calming: Any = None
        self._hellos = LOGIN_LINES_PER_TURN  # that this turn still has time for
        self._later: dict[ChatProtocol, None] = {}  # who has said more than this turn had time for
        self._turning: Any = None
        self._checking: Any = None
        self._emptied: Deferred[None] | None = None

    def acceptableProtocols(self) -> list[bytes]:
        """What ALPN may agree on where the endpoint speaks TLS itself (``ssl:``)."""
        return [HTTP]

    def doStart(self) -> None:
        super().doStart()  # type: ignore[no-untyped-call]
        if self._checking is None:
            self._checking = self.clock.callLater(SWEEP_INTERVAL, self._check)

    def doStop(self) -> None:
        super().doStop()  # type: ignore[no-untyped-call]
        if not self.numPorts:
            self._pool.stop()
            for call in (self._checking, self._calming, self._turning):
                if call is not None and call.active():
                    call.cancel()
            self._checking = self._calming = self._turning = None

    def buildProtocol(self, addr: Any) -> ChatProtocol | None:
        if self._calming is None:
            self._calming = self.clock.callLater(0, self._calm)
        address = format_address(addr)
        if not self._heeds(client_prefix(address)):
            self.hub.notes.count(address, _KNOCKED)
            return None  # it is closed before anything else is made of it
        door = ChatProtocol(address)
        door.factory = self
        return door

    def _heeds(self, whence: str) -> bool:
        """
        Whether so few of those who knock from there came to nothing that another may. Where too
        many do from everywhere, each counts for more: who comes from elsewhere, and for the first
        time, is still let in.
        """
        return whence in UNTHROTTLED or not self._knocks.take(
            whence, OVERLOAD_COST if self._all_knocks.take() else 1
        )

    def _calm(self) -> None:
        """
        Twisted takes more and more at once while there are more; and it would take more than there
        is room for.
        """
        self._calming = None
        room = (self._most - len(self.doors)) // max(1, len(self.ports))
        for port in self.ports:
            if hasattr(port, "numberAccepts"):
                port.numberAccepts = max(1, min(ACCEPTS_PER_TURN, room))

    def _check(self) -> None:
        """Look at the next few connections: is the other side there, does it read?"""
        if not self._unchecked:
            self._unchecked = list(self.doors)
            self._knocks.forget()
            self.hub.notes.forget()
        portions = len(self.doors) // SWEEP_BATCH + 1
        self._checking = self.clock.callLater(SWEEP_INTERVAL / portions, self._check)
        now = self.clock.seconds()
        for _ in range(min(SWEEP_BATCH, len(self._unchecked))):
            door = self._unchecked.pop()
            if door in self.doors:
                door.check(now)

    # What the doors say.

    def opened(self, door: ChatProtocol) -> None:
        """A connection is there; it has to come in soon."""
        self.doors.add(door)
        self._addresses[door.address] += 1
        most = self.hub.settings.per_address
        crowded = bool(most) and self._addresses[door.address] > most
        ban = self.hub.access.ban_on_address(door.address)
        waiting = self._waiting[door] = PendingConnection(
            self, door, errors.TOO_MANY_CONNECTIONS if crowded else None, ban
        )
        self._pool.add(waiting)
        if len(self.doors) >= self._most and not self._sated:
            self._sated = True
            for port in self.ports:
                port.stopReading()  # type: ignore[attr-defined]
            self.log.warn(
                "{count} connections are open, as many as can be: the next ones wait.",
                count=len(self.doors),
            )

    def recognised(self, door: ChatProtocol, data: bytes) -> bytes | None:
        """
        The first bytes of a connection. Once they tell which wire it is, the door is opened for
        that, and they are returned to be read; until then None.
        """
        waiting = self._waiting.get(door)
        return waiting.recognise(data) if waiting else None

    def spoke(self, door: ChatProtocol) -> None:
        """One who is not in yet has said something, or begun to."""
        waiting = self._waiting.get(door)
        if waiting is not None:
            waiting.spoke()

    def has_time_for(self, door: ChatProtocol) -> bool:
        """
        Whether the next line of one who is not in yet can be looked at now; else its door is told
        to go on when it can.
        """
        if self._turning is None:
            self._turning = self.clock.callLater(0, self._turn)
        if self._hellos and door not in self._later:
            self._hellos -= 1
            return True
        self._later[door] = None
        self.served(door)
        return False

    def served(self, door: ChatProtocol) -> None:
        """It waits for us, not we for it: it has its chance to say who it is again."""
        waiting = self._waiting.get(door)
        if waiting is not None:
            self._pool.give_chance(waiting)

    def is_due(self, door: ChatProtocol) -> bool:
        """Whether it has said more than there was time for."""
        return door in self._later

    def _turn(self) -> None:
        self._turning, self._hellos = None, LOGIN_LINES_PER_TURN
        for door in list(self._later):
            if not self._hellos:
                break
            del self._later[door]
            door.go_on()
        if self._later and self._turning is None:
            self._turning = self.clock.callLater(0, self._turn)

    def encrypted(self, door: ChatProtocol) -> None:
        """The handshake is done, and within TLS all begins anew."""
        waiting = self._waiting.get(door)
        if waiting is not None:
            self._pool.give_chance(waiting)
            waiting.greet()

    def entered(self, door: ChatProtocol) -> None:
        """It is in by name: no longer of the pool."""
        waiting = self._waiting.pop(door, None)
        if waiting is not None:
            self._pool.remove(waiting)
            waiting.stop()
            if door.session is not None and door.session.joined:
                self._knocks.give(client_prefix(door.address))
                self._all_knocks.give()

    def closed(self, door: ChatProtocol) -> None:
        """The connection is gone."""
        self.entered(door)
        self.doors.discard(door)
        self._addresses[door.address] -= 1
        if not self._addresses[door.address]:
            del self._addresses[door.address]
        if self._sated and len(self.doors) < self._most and not self.hub.stopping:
            self._sated = False
            for port in self.ports:
                port.startReading()  # type: ignore[attr-defined]
        if self._emptied is not None and not self.doors:
            emptied, self._emptied = self._emptied, None
            emptied.callback(None)

    # What the service says.

    def listening(self, port: IListeningPort) -> None:
        """This port leads to this door."""
        self.ports.append(port)
        self._calm()

    def emptied(self) -> Deferred[None]:
        """Fires once no connection is left. Those not in yet are told that the server stops."""
        for waiting in list(self._waiting.values()):
            waiting.turn_away(errors.STOPPING)
        if not self.doors:
            return succeed(None)
        self._emptied = Deferred()
        return self._emptied

    def abort(self) -> None:
        """Close every connection at once."""
        for door in list(self.doors):
            door.peer.abort()


class PendingConnection:
    """
    One connection that is not in yet: its first bytes, its turn for a handshake, the greeting, and
    its deadlines.
    """

    def __init__(
        self, port: ChatFactory, door: ChatProtocol, refusal: Bye | None, ban: Bye | None
    ) -> None:
        self._port = port
        self._door = door
        self.address = client_prefix(door.address)
        self._refusal = refusal
        # of its address: its name is still to be known, as an operator comes in all the same
        self._ban = ban
        self._opened = port.clock.seconds()
        self._first = b""
        self._in_line = False  # for a handshake
        self._greeting = port.clock.callLater(GREETING_DELAY, self._greet)
        self._within = port.hub.settings.login_timeout
        self._deadline = port.clock.callLater(self._within, self._late)

    @property
    def served(self) -> bool:
        session = self._door.session
        return (
            self._in_line
            or self._port.is_due(self._door)
            or (session is not None and session.awaits_reply)
        )

    def make_room(self) -> None:
        self.turn_away(errors.TOO_MANY_CONNECTIONS)

    def spoke(self) -> None:
        """The other side has spoken, so it needs no greeting."""
        if self._greeting.active():
            self._greeting.cancel()

    def greet(self) -> None:
        """Speak first, unless the other side does so in half a second from now."""
        self.spoke()
        self._greeting = self._port.clock.callLater(GREETING_DELAY, self._greet)

    def stop(self) -> None:
        self.spoke()
        if self._deadline.active():
            self._deadline.cancel()
        if self._in_line:
            self._port.handshakes.leave(self._encrypt, self.address)

    def recognise(self, data: bytes) -> bytes | None:
        first = self._first = self._first + data
        if self._in_line or (len(first) < len(_MARK) and _MARK.startswith(first)):
            return None
        if first.startswith(
            telnet.IAC
        ):  # only telnet begins so; what it negotiates is no word, and it is greeted like silence
            self._door.open(plain)
            return None if self._is_unwanted() else first
        first = first.removeprefix(_MARK)
        if (
            first.startswith(TLS)
            and self._port.certificate is not None
            and not self._door.peer.encrypted
        ):
            self._ask_for_tls()
            return None
        if not first:
            return None
        for opening, answer in OPENINGS.items():
            if first.startswith(opening):
                self._port.entered(self._door)
                self._door.peer.finish(answer)
                return None
            if opening.startswith(first):
                return None
        self.spoke()
        self._door.open(jsonlines if first.startswith(b"{") else plain)
        return None if self._is_unwanted() else first

    def _ask_for_tls(self) -> None:
        self.spoke()
        self._in_line = True
        self._port.handshakes.ask(self._encrypt, self.address)
        if self._in_line:
            self._door.transport.pauseProducing()

    def _encrypt(self) -> None:
        first, self._first, self._in_line = self._first, b"", False
        self._door.last_line = self._port.clock.seconds()  # what it waited here is not its fault
        self._port.served(self._door)
        self._door.transport.resumeProducing()
        self._door.encrypt(self._port.certificate, first)

    def _is_unwanted(self) -> bool:
        """Turn away one who may not come in, whoever it is."""
        if self._refusal:
            self.turn_away(self._refusal)
        elif (
            self._port.require_tls
            and not self._door.peer.encrypted
            and not is_loopback(self._door.address)
        ):
            self.turn_away(errors.TLS_REQUIRED)
        else:
            return False
        return True

    def _greet(self) -> None:
        if not self._is_unwanted():
            self._door.peer.write(plain.encode(self._ban) if self._ban else plain.GREETING)

    def _late(self) -> None:
        now = self._port.clock.seconds()
        left = min(self._door.last_line + self._within, self._opened + LOGIN_TIMEOUT) - now
        if left > 0.001:
            self._deadline = self._port.clock.callLater(left, self._late)
        else:
            self.turn_away(errors.IDLE)

    def turn_away(self, bye: Any) -> None:
        """It does not come in."""
        self._port.entered(self._door)
        if self._in_line:
            self._door.peer.finish(_ALERT)  # it waits for TLS, and would read nothing else
        else:
            self._door.turn_away(bye)


def format_address(address: Any) -> str:
    """
    An address as people write it, in one form; an IPv4 one that came in by an IPv6 port is written
    as IPv4.
    """
    if not isinstance(address, (IPv4Address, IPv6Address)):
        return "local"
    host = str(address.host)
    return str(addresses.ip(host)) if ":" in host and "%" not in host else host


def is_loopback(address: str) -> bool:
    """Whether an address, as `written`, is on this machine."""
    return address == "local" or ipaddress.ip_address(address).is_loopback
