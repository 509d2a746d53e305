"""
A connection before login: its first bytes, its turn for a TLS handshake, the greeting, its
deadlines, and why it may be rejected.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from groupchat.core.ratelimit import client_prefix
from groupchat.server.address import is_loopback
from groupchat.server.sniff import TLS_ALERT
from groupchat.wire import errors, plain
from groupchat.wire.events import Bye
from groupchat.wire.interfaces import IWire

if TYPE_CHECKING:
    from twisted.internet.interfaces import IProtocol

    from groupchat.server.factory import ChatFactory
    from groupchat.server.protocol import ChatProtocol, MakeVisit

__all__ = ["GREETING_DELAY", "LOGIN_DEADLINE", "PendingConnection", "Phase"]

GREETING_DELAY = 0.5  #: seconds of silence after which the server speaks first
LOGIN_DEADLINE = 60.0  #: seconds from the opening of a connection to its login, at most


class Phase(Enum):
    """Where a connection stands before login."""

    SNIFFING = auto()  #: its first bytes do not tell yet which protocol it speaks
    QUEUED = auto()  #: it waits for its turn for a TLS handshake
    HANDSHAKING = auto()
    LOGGING_IN = auto()  #: it has a session
    HANDED_OVER = auto()  #: another protocol logs it in
    CLOSED = auto()  #: it has joined, or is rejected or gone


class PendingConnection:
    """
    One connection that has not logged in.

    :param factory: where the connection came from.
    :param protocol: the connection.
    :param refusal: why it is rejected as soon as its wire is known, whoever it is; or None.
    :param ban: the ban of its address, or None: its name is still to be known, since an operator
        may log in all the same.

    :ivar address: the prefix of its address that limits are counted by.
    :ivar phase: where it stands.
    """

    def __init__(
        self, factory: ChatFactory, protocol: ChatProtocol, refusal: Bye | None, ban: Bye | None
    ) -> None:
        clock = factory.clock
        self.address = client_prefix(protocol.address)
        self.phase = Phase.SNIFFING
        self._factory = factory
        self._protocol = protocol
        self._refusal = refusal
        self._ban = ban
        self._opened = self._last_line = clock.seconds()
        self._first = b""
        self._timeout = factory.hub.settings.login_timeout
        self._greeting = clock.callLater(GREETING_DELAY, self._greet)
        self._deadline = clock.callLater(self._timeout, self._check_deadline)

    @property
    def served(self) -> bool:
        """Whether it waits for the server, and not the server for it."""
        session = self._protocol.session
        return (
            self.phase is Phase.QUEUED
            or self._factory.turns.is_due(self)
            or (session is not None and session.awaits_reply)
        )

    @property
    def entering(self) -> bool:
        """Whether its login waits for the ledger."""
        session = self._protocol.session
        return self.phase is Phase.LOGGING_IN and session is not None and session.entering

    # The first bytes.

    def receive(self, data: bytes) -> None:
        """Take first bytes. Once they tell the protocol, the connection goes on with that."""
        self._first += data
        if self.phase is not Phase.SNIFFING:
            return
        found = self._factory.sniffer_for(self._protocol.peer).sniff(self._first)
        if found is not None:
            accept, first = found
            accept(self, first)

    def speak(self, wire: IWire, first: bytes, greet: bool = False) -> None:
        if not greet:
            self.cancel_greeting()
        self.phase = Phase.LOGGING_IN
        self._protocol.open(wire)
        if not self._reject_if_unwanted():
            self._protocol.dataReceived(first)

    def take_turn(self) -> bool:
        """
        Take a turn for a line: connections before login have a few in a turn of the reactor.

        Returns whether the line can be handled now; else it is handled when it can.
        """
        self._last_line = self._factory.clock.seconds()
        if self._factory.turns.take(self):
            return True
        self._factory.served(self)
        return False

    def go_on(self) -> None:
        self._protocol.resume()

    def refuse(self, answer: bytes) -> None:
        self._factory.no_longer_pending(self._protocol)
        self._protocol.peer.finish(answer)

    def visit(self, make_visit: MakeVisit, first: bytes) -> None:
        self._factory.no_longer_pending(self._protocol)
        self._protocol.visit(make_visit, first, self.refusal)

    def log_in(self) -> None:
        """Go on with a connection that was a gateway's visitor, and has a session now."""
        self.cancel_greeting()
        self.phase = Phase.LOGGING_IN
        if self._refusal is not None:  # it comes through a proxy, from an address with too many
            self.reject(self._refusal)

    def hand_over(self, protocol: IProtocol, first: bytes) -> None:
        self.cancel_greeting()
        self.phase = Phase.HANDED_OVER
        if not self._reject_if_unwanted():
            self._protocol.hand_over(protocol, first)

    def heard(self) -> None:
        """Count silence from now on: the client has sent something to another protocol."""
        self._last_line = self._factory.clock.seconds()

    def logged_in(self, registered: bool = False) -> None:
        self._factory.joined(self._protocol, registered)

    # TLS.

    def start_tls(self) -> None:
        self.cancel_greeting()
        self.phase = Phase.QUEUED
        self._factory.handshakes.request(self._encrypt, self.address)
        if self.phase is Phase.QUEUED:
            self._protocol.transport.pauseProducing()

    def _encrypt(self) -> None:
        first, self._first = self._first, b""
        self.phase = Phase.HANDSHAKING
        self._last_line = self._factory.clock.seconds()  # its wait was not its fault
        self._factory.served(self)
        self._protocol.transport.resumeProducing()
        assert self._factory.certificate is not None
        self._protocol.encrypt(self._factory.certificate.context(), first)

    def encrypted(self) -> None:
        """Begin again within TLS: the handshake is done."""
        self.phase = Phase.SNIFFING
        self.cancel_greeting()
        accept = self._factory.sniffer_for(self._protocol.peer).agreed(self._protocol.negotiated)
        if accept is not None:
            accept(self, b"")
            return
        self._greeting = self._factory.clock.callLater(GREETING_DELAY, self._greet)

    # The greeting and the deadlines.

    def cancel_greeting(self) -> None:
        """Don't speak first: the client has spoken."""
        if self._greeting.active():
            self._greeting.cancel()

    def _greet(self) -> None:
        if self._factory.visitors.visited(self.address) and not self._protocol.peer.encrypted:
            return  # a browser opens connections that it may need: it could not read a greeting
        if not self._reject_if_unwanted():
            greeting = plain.encode(self._ban) if self._ban else plain.GREETING
            self._protocol.peer.write(greeting)

    def _check_deadline(self) -> None:
        now = self._factory.clock.seconds()
        session = self._protocol.session
        waits = session is not None and session.awaits_reply  # for us, and not we for it
        last = now if waits else self._last_line
        end = min(last + self._timeout, self._opened + LOGIN_DEADLINE)
        if end - now > 0.001:
            self._deadline = self._factory.clock.callLater(end - now, self._check_deadline)
        else:
            self.reject(errors.IDLE)

    # The end.

    @property
    def refusal(self) -> Bye | None:
        """The reason why the connection may not log in, whoever it is; None for most."""
        protocol = self._protocol
        if self._refusal is None and self._factory.require_tls and not protocol.peer.encrypted:
            return None if is_loopback(protocol.address) else errors.TLS_REQUIRED
        return self._refusal

    def _reject_if_unwanted(self) -> bool:
        """Reject a connection that may not log in, whoever it is. Returns whether it is one."""
        bye = self.refusal
        if bye is None:
            return False
        self.reject(bye)
        return True

    def make_room(self) -> None:
        """Go: other connections take its place."""
        self.reject(errors.TOO_MANY_CONNECTIONS)

    def reject(self, bye: Bye) -> None:
        """End the connection, with a last line where it could read one."""
        phase = self.phase
        self._factory.no_longer_pending(self._protocol)
        if phase is Phase.QUEUED:
            self._protocol.peer.finish(TLS_ALERT)  # it waits for TLS, and would read nothing else
        elif phase is Phase.HANDED_OVER:
            self._protocol.drop(bye)
        else:
            self._protocol.reject(bye)

    def stop(self) -> None:
        """Stop all timers: the connection is no longer pending."""
        self.cancel_greeting()
        if self._deadline.active():
            self._deadline.cancel()
        if self.phase is Phase.QUEUED:
            self._factory.handshakes.cancel(self._encrypt, self.address)
        self.phase = Phase.CLOSED
