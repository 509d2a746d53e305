"""
Protocol detection: the first bytes of a connection decide which protocol it speaks.

An `Opening` says how a protocol begins, and what takes a connection that begins so. A gateway
registers its own in a `Sniffer`; no other part of the server has to know it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

from twisted.internet.interfaces import IProtocol

from groupchat.wire import jsonlines, plain, telnet
from groupchat.wire.interfaces import IWire
from groupchat.wire.names import MARK

if TYPE_CHECKING:
    from groupchat.server.protocol import MakeVisit
    from groupchat.wire.events import Bye

__all__ = [
    "FOREIGN",
    "HTTP_METHODS",
    "LINE_WIRES",
    "REFUSALS",
    "TLS",
    "TLS_ALERT",
    "TLS_HANDSHAKE",
    "Connection",
    "Opening",
    "Sniffer",
    "refuse",
    "speak_plain",
    "without_blank_lines",
]

_BYTE_ORDER_MARK = MARK.encode()

_SORRY = "This is a group chat. Join it with: groupchat-connect NAME HOST PORT"
_HTTP_ANSWER = (
    f"HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n{_SORRY}\n"
).encode()
_IRC_ANSWER = f"ERROR :{_SORRY}\r\n".encode()
_SSH_ANSWER = f"! {_SORRY}\n".encode()
TLS_HANDSHAKE = b"\x16\x03"  #: a record of TLS that is part of a handshake begins so
TLS_ALERT = b"\x15\x03\x01\x00\x02\x02\x28"  # fatal: handshake_failure

MAX_BLANK_LINES = 2  #: before the beginning of a protocol
MAX_FIRST_LINE = 8192  #: bytes of a first line that is waited for
_METHODS = "GET POST PUT HEAD DELETE OPTIONS PATCH CONNECT TRACE PRI"
HTTP_METHODS = tuple(f"{method} ".encode() for method in _METHODS.split())


class Connection(Protocol):
    """
    A connection that has not logged in, as an `Opening` sees it.

    :ivar refusal: why it may not log in, whoever it is; None for most.
    """

    @property
    def refusal(self) -> Bye | None: ...

    def speak(self, wire: IWire, first: bytes, greet: bool = False) -> None:
        """
        Begin a session on a wire of lines.

        :param first: the bytes that have come.
        :param greet: whether the client is greeted all the same, unless it says more.
        """

    def start_tls(self) -> None:
        """Wait for a turn, and do the handshake with what has come; then sniff again."""

    def refuse(self, answer: bytes) -> None:
        """Send these bytes and close."""

    def visit(self, make_visit: MakeVisit, first: bytes) -> None:
        """
        Let a gateway read and write, while the connection stays one of the factory's: a visitor.

        :param first: the bytes that have come.
        """

    def hand_over(self, protocol: IProtocol, first: bytes) -> None:
        """
        Give the connection to another protocol, for good. It stays pending until `logged_in`.

        It is aborted instead where there is a `refusal`.

        :param first: the bytes that have come.
        """

    def logged_in(self, registered: bool = False) -> None:
        """
        Say that the client has logged in on the protocol that the connection was handed over to.

        :param registered: whether it has an account.
        """


def without_blank_lines(first: bytes) -> bytes:
    """Return the bytes without the blank lines before them: `MAX_BLANK_LINES` at most."""
    for _ in range(MAX_BLANK_LINES):
        first = first.removeprefix(b"\r\n")
    return first


class Match(Enum):
    """The relation of first bytes to an opening."""

    YES = auto()
    NO = auto()
    UNDECIDED = auto()  #: more bytes are needed to tell


class Opening(NamedTuple):
    """
    The beginning of a protocol.

    :ivar prefixes: the first bytes; any of these.
    :ivar accept: takes a connection that begins so, with all bytes that have come.
    :ivar alpn: what ALPN calls the protocol: where it has agreed on that, nothing else is taken.
    :ivar first_line: a first line that matches it as a whole is a beginning, too; blank lines may
        stand before it and before a prefix.
    """

    prefixes: tuple[bytes, ...]
    accept: Callable[[Connection, bytes], None]
    alpn: bytes | None = None
    first_line: re.Pattern[bytes] | None = None

    def match(self, first: bytes) -> Match:
        """Compare the first bytes of a connection with this opening."""
        if self.first_line is not None:
            first = without_blank_lines(first)
        if first.startswith(self.prefixes):
            return Match.YES
        if not first or any(prefix.startswith(first) for prefix in self.prefixes):
            return Match.UNDECIDED
        return Match.NO if self.first_line is None else self._match_line(self.first_line, first)

    def _match_line(self, pattern: re.Pattern[bytes], first: bytes) -> Match:
        line, end, _ = first.partition(b"\n")
        if end:
            return Match.YES if pattern.fullmatch(line) else Match.NO
        return Match.UNDECIDED if len(line) <= MAX_FIRST_LINE else Match.NO


class Sniffer:
    """
    A registry of openings: of two that match, the one that was registered later wins.

    :param openings: in the order in which they are registered.
    :param default: takes a connection that begins like none of them.
    """

    def __init__(
        self, openings: Iterable[Opening], default: Callable[[Connection, bytes], None]
    ) -> None:
        self._openings = [*openings]
        self._default = default

    def register(self, opening: Opening) -> None:
        """Add an opening, such as that of a gateway."""
        self._openings.append(opening)

    def agreed(self, alpn: bytes | None) -> Callable[[Connection, bytes], None] | None:
        """Return what takes a connection for which ALPN has agreed on a protocol, or None."""
        for opening in reversed(self._openings):
            if alpn is not None and opening.alpn == alpn:
                return opening.accept
        return None

    def sniff(self, first: bytes) -> tuple[Callable[[Connection, bytes], None], bytes] | None:
        """
        Return what takes a connection that begins with these bytes, and the bytes for it.

        A byte order mark in front of them is dropped. None: more bytes are needed to tell.
        """
        if len(first) < len(_BYTE_ORDER_MARK) and _BYTE_ORDER_MARK.startswith(first):
            return None
        first = first.removeprefix(_BYTE_ORDER_MARK)
        undecided = not first
        for opening in reversed(self._openings):
            match = opening.match(first)
            if match is Match.YES:
                return opening.accept, first
            undecided = undecided or match is Match.UNDECIDED
        return None if undecided else (self._default, first)


def refuse(answer: bytes) -> Callable[[Connection, bytes], None]:
    """Return what refuses a connection with these bytes."""
    return lambda connection, first: connection.refuse(answer)


_PLAIN, _JSON = cast(IWire, plain), cast(IWire, jsonlines)  # mypy knows no module that provides one


def speak_plain(connection: Connection, first: bytes) -> None:
    """Begin a session on the plain wire."""
    connection.speak(_PLAIN, first)


def _speak_json(connection: Connection, first: bytes) -> None:
    connection.speak(_JSON, first)


def _speak_plain_by_telnet(connection: Connection, first: bytes) -> None:
    connection.speak(_PLAIN, first, greet=True)  # what telnet negotiates is no word of a person


def _start_tls(connection: Connection, first: bytes) -> None:
    connection.start_tls()


#: The beginnings of other protocols, each with a refusal in that protocol where this is cheap.
REFUSALS = {
    **dict.fromkeys(HTTP_METHODS, _HTTP_ANSWER),
    **dict.fromkeys((b"CAP ", b"NICK ", b"USER ", b"PASS "), _IRC_ANSWER),
    b"SSH-2.0-": _SSH_ANSWER,
    TLS_HANDSHAKE: TLS_ALERT,
}
FOREIGN = tuple(Opening((first,), refuse(answer)) for first, answer in REFUSALS.items())
#: The openings of the wires of lines, beside the plain wire, which is any other.
LINE_WIRES = (
    Opening((b"{",), _speak_json),
    Opening((telnet.IAC,), _speak_plain_by_telnet),
)
TLS = Opening((TLS_HANDSHAKE,), _start_tls)
