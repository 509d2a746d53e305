"""
The port: which wire does a connection speak, and may it come in at all?

The ServerFactory keeps the caps: the hub counts the people that are in; here are those who are not in yet, a small pool in which
nobody can take the places of others. A connection's first bytes decide its wire.
"""

from __future__ import annotations

from collections import Counter
from ipaddress import IPv6Network
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IListeningPort
from twisted.internet.protocol import ServerFactory
from twisted.logger import Logger

from groupchat import errors
from groupchat.doors.line import LineDoor
from groupchat.hub import Hub
from groupchat.limits import Shares, TokenBucket
from groupchat.wire import jsonlines, plain

POOL = 64  #: connections that are not in yet
ACCEPTS = 16  #: connections taken in one turn, so that a hello that came with one is read before more are
GREET = 0.5  #: seconds of silence after which the server speaks first
SLOW = 10.0  #: seconds after its last line in which one has to come in
SAVED = 5.0  #: seconds of its knocks that an address can save up
ALL = 10  #: addresses' worth of knocks that are borne in all
STRAIN = 10  #: knocks that one counts for where there are more
LATE = 60.0  #: seconds after its opening in which one has to come in
CHECK = 1.0  #: seconds in which everyone is looked at once
CHECKED = 500  #: connections that are looked at in one turn

_SORRY = "This is a group chat. Join it with: groupchat-connect NAME HOST PORT"
_HTTP = f"HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n{_SORRY}\n".encode()
_IRC = f"ERROR :{_SORRY}\r\n".encode()
_SSH = f"! {_SORRY}\n".encode()
_TLS = b"\x15\x03\x01\x00\x02\x02\x28"  # a fatal alert: handshake_failure
_KNOCKED = "{more} connections from {address} were closed at once: too many of those before had not come in."

#: How other protocols begin, and what they are told.
OPENINGS = {
    **dict.fromkeys(
        (b"GET ", b"POST ", b"PUT ", b"HEAD ", b"DELETE ", b"OPTIONS ", b"PATCH ", b"CONNECT ", b"TRACE ", b"PRI "), _HTTP
    ),
    **dict.fromkeys((b"CAP ", b"NICK ", b"USER ", b"PASS "), _IRC),
    b"SSH-2.0-": _SSH,
    b"\x16\x03": _TLS,
}


class Port(ServerFactory):
    """
    :param hub: whose door it is.
    :param clock: provides `seconds` and `callLater`.
    :param most: connections that can be open at once; further ones wait until there is room.
    :ivar ports: what listens, so that it can be kept from taking too many at once.
    """

    log = Logger()
    noisy = False

    def __init__(self, hub: Hub, clock: Any, most: int = 1_000_000) -> None:
        self.hub = hub
        self._most = most
        self._sated = False
        self.clock = clock
        self.ports: list[IListeningPort] = []
        self.doors: set[LineDoor] = set()
        self._unchecked: list[LineDoor] = []
        self._waiting: dict[LineDoor, _Waiting] = {}
        self._addresses: Counter[str] = Counter()
        knocks = hub.settings.knocks
        self._knocks = Shares(knocks, knocks * SAVED, clock.seconds)
        self._all_knocks = TokenBucket(knocks * ALL, knocks * ALL * SAVED, clock.seconds)
        self._calming: Any = None
        self._checking: Any = None
        self._emptied: Deferred[None] | None = None

    def doStart(self) -> None:
        super().doStart()  # type: ignore[no-untyped-call]
        if self._checking is None:
            self._checking = self.clock.callLater(CHECK, self._check)

    def doStop(self) -> None:
        super().doStop()  # type: ignore[no-untyped-call]
        if not self.numPorts:
            for call in (self._checking, self._calming):
                if call is not None and call.active():
                    call.cancel()
            self._checking = self._calming = None

    def buildProtocol(self, addr: Any) -> LineDoor | None:
        if self._calming is None:
            self._calming = self.clock.callLater(0, self._calm)
        address = written(addr)
        if not self._heeds(network(address)):
            self.hub.notes.count(address, _KNOCKED)
            return None  # it is closed before anything else is made of it
        door = LineDoor(address)
        door.factory = self
        return door

    def _heeds(self, origin: str) -> bool:
        """
        Whether so few of those who knock from there came to nothing that another may. Where too many do from everywhere, each
        counts for more: who comes from elsewhere, and for the first time, is still let in.
        """
        return self._knocks.take(origin, STRAIN if self._all_knocks.take() else 1)

    def _calm(self) -> None:
        """Twisted takes more and more at once while there are more; and it would take more than there is room for."""
        self._calming = None
        room = (self._most - len(self.doors)) // max(1, len(self.ports))
        for port in self.ports:
            if hasattr(port, "numberAccepts"):
                port.numberAccepts = max(1, min(ACCEPTS, room))

    def _check(self) -> None:
        """Look at the next few connections: is the other side there, does it read?"""
        if not self._unchecked:
            self._unchecked = list(self.doors)
            self._knocks.forget()
            self.hub.notes.forget()
        portions = len(self.doors) // CHECKED + 1
        self._checking = self.clock.callLater(CHECK / portions, self._check)
        now = self.clock.seconds()
        for _ in range(min(CHECKED, len(self._unchecked))):
            door = self._unchecked.pop()
            if door in self.doors:
                door.check(now)

    # What the doors say.

    def opened(self, door: LineDoor) -> None:
        """A connection is there; it has to come in soon."""
        self.doors.add(door)
        self._addresses[door.address] += 1
        most = self.hub.settings.per_address
        crowded = bool(most) and self._addresses[door.address] > most
        if len(self._waiting) >= POOL:
            self._make_room()
        self._waiting[door] = _Waiting(self, door, crowded)
        if len(self.doors) >= self._most and not self._sated:
            self._sated = True
            for port in self.ports:
                port.stopReading()  # type: ignore[attr-defined]
            self.log.warn("{count} connections are open, as many as can be: the next ones wait.", count=len(self.doors))

    def _make_room(self) -> None:
        """The oldest of the address with the most connections in the pool goes."""
        counts = Counter(door.address for door in self._waiting)
        fullest = max(counts.values())
        oldest = next(door for door in self._waiting if counts[door.address] == fullest)
        self._waiting.pop(oldest).stop()
        oldest.turn_away(errors.CROWDED)

    def recognised(self, door: LineDoor, data: bytes) -> bytes | None:
        """
        The first bytes of a connection. Once they tell which wire it is, the door is opened for that, and they are returned to
        be read; until then None.
        """
        waiting = self._waiting.get(door)
        return waiting.recognise(data) if waiting else None

    def entered(self, door: LineDoor) -> None:
        """It is in by name: no longer of the pool."""
        waiting = self._waiting.pop(door, None)
        if waiting is not None:
            waiting.stop()
            if door.session is not None and door.session.inside:
                self._knocks.give(network(door.address))
                self._all_knocks.give()

    def closed(self, door: LineDoor) -> None:
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
        for door in list(self._waiting):
            self.entered(door)
            door.turn_away(errors.STOPPING)
        if not self.doors:
            return succeed(None)
        self._emptied = Deferred()
        return self._emptied

    def abort(self) -> None:
        """Close every connection at once."""
        for door in list(self.doors):
            door.peer.abort()


class _Waiting:
    """One connection that is not in yet: its first bytes, the greeting, and its deadlines."""

    def __init__(self, port: Port, door: LineDoor, crowded: bool) -> None:
        self._port = port
        self._door = door
        self._crowded = crowded
        self._opened = port.clock.seconds()
        self._first = b""
        self._greeting = port.clock.callLater(GREET, self._greet)
        self._deadline = port.clock.callLater(SLOW, self._late)

    def stop(self) -> None:
        for call in (self._greeting, self._deadline):
            if call.active():
                call.cancel()

    def recognise(self, data: bytes) -> bytes | None:
        first = self._first = self._first + data
        for opening, answer in OPENINGS.items():
            if first.startswith(opening):
                self._port.entered(self._door)
                self._door.peer.finish(answer)
                return None
            if opening.startswith(first):
                return None
        if self._greeting.active():
            self._greeting.cancel()
        self._door.open(jsonlines if first.startswith(b"{") else plain)
        if self._crowded:
            self._turn_away(errors.CROWDED)
            return None
        return first

    def _greet(self) -> None:
        if self._crowded:
            self._turn_away(errors.CROWDED)
        else:
            self._door.peer.write(plain.GREETING)

    def _late(self) -> None:
        now = self._port.clock.seconds()
        left = min(self._door.last_line + SLOW, self._opened + LATE) - now
        if left > 0.001:
            self._deadline = self._port.clock.callLater(left, self._late)
        else:
            self._turn_away(errors.IDLE)

    def _turn_away(self, bye: Any) -> None:
        self._port.entered(self._door)
        self._door.turn_away(bye)


def written(address: Any) -> str:
    """An address as people write it; an IPv4 one that came in by an IPv6 port is written as IPv4."""
    if isinstance(address, (IPv4Address, IPv6Address)):
        return str(address.host).removeprefix("::ffff:")
    return "local"


def network(address: str) -> str:
    """Whose address it is: in IPv6 each has 2 ** 64 of them, and can take another for each connection."""
    if ":" not in address:
        return address
    return str(IPv6Network((address.partition("%")[0], 64), strict=False))
