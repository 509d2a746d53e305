"""
HAProxy's PROXY protocol, versions 1 and 2: the first bytes of a connection tell the client's
address.

Once the address is known, the connection goes on as if the client had connected itself: bans,
limits and the log know nothing of the proxy. Twisted's own wrapper makes a protocol of the proxy's
address first, stays between the protocol and its transport, and accepts texts that are no address.
"""

from __future__ import annotations

import ipaddress
import struct
from typing import Any, Union

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IListeningPort,
    IProtocolFactory,
    IStreamServerEndpoint,
)
from twisted.internet.protocol import Protocol, connectionDone
from twisted.protocols.policies import WrappingFactory
from twisted.python.failure import Failure
from zope.interface import implementer

from groupchat.server.address import format_address
from groupchat.server.factory import ChatFactory

__all__ = ["BadHeader", "ProxyProtocolEndpoint", "ProxyProtocolFactory", "parse"]

#: None: the proxy speaks for itself, or does not know
Source = Union[IPv4Address, IPv6Address, UNIXAddress, None]

MAX_V1_HEADER = 107  #: bytes of a header of version 1 at most
MAX_V2_BLOCK = 4096  #: bytes after the start of a header of version 2; addresses take 216
_WORD = b"PROXY "
_MARK = b"\r\n\r\n\0\r\nQUIT\n"
_START = struct.Struct("!12sBBH")
_BAD = "A connection from {address} was closed: it did not begin with a PROXY header."


class BadHeader(Exception):
    """These bytes are no PROXY header, and no beginning of one."""


def parse(data: bytes) -> tuple[Source, bytes] | None:
    """
    Return the source of a connection that begins with these bytes, and the bytes after the header.

    None: the header is not complete.

    :raises BadHeader: they are no header.
    """
    if data.startswith(_MARK):
        return _parse_block(data)
    if data.startswith(_WORD):
        return _parse_line(data)
    if _MARK.startswith(data) or _WORD.startswith(data):
        return None
    raise BadHeader


def _parse_line(data: bytes) -> tuple[Source, bytes] | None:
    line, end, rest = data.partition(b"\r\n")
    if len(line) + 2 > MAX_V1_HEADER:
        raise BadHeader
    if not end:
        return None
    _, family, *words = line.split(b" ")
    if family == b"UNKNOWN":
        return None, rest
    try:
        source, _, port, _ = (word.decode("ascii") for word in words)
        version = {b"TCP4": 4, b"TCP6": 6}[family]
        address, number = ipaddress.ip_address(source), int(port)
    except (ValueError, KeyError):
        raise BadHeader from None
    if address.version != version or "%" in source or not 0 <= number <= 65_535:
        raise BadHeader
    return _source(address, number), rest


def _parse_block(data: bytes) -> tuple[Source, bytes] | None:
    if len(data) < _START.size:
        return None
    _, command, family, length = _START.unpack_from(data)
    if command not in (0x20, 0x21) or length > MAX_V2_BLOCK:
        raise BadHeader
    end = _START.size + length
    if len(data) < end:
        return None
    return (_block_source(family, data[_START.size : end]) if command == 0x21 else None), data[end:]


def _block_source(family: int, block: bytes) -> Source:
    size, port = {0x11: (4, 8), 0x21: (16, 32)}.get(family, (0, 0))
    if size:
        if len(block) < port + 4:
            raise BadHeader
        return _source(
            ipaddress.ip_address(block[:size]), int.from_bytes(block[port : port + 2], "big")
        )
    return UNIXAddress(b"") if family == 0x31 else None


def _source(address: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int) -> Source:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else address
    return (
        IPv4Address("TCP", str(mapped), port) if mapped else IPv6Address("TCP", str(address), port)
    )


class Introduction(Protocol):
    """
    A connection whose header is not read yet.

    :param factory: the `ProxyProtocolFactory` that it came through.
    :param proxy: the address of the proxy.
    """

    transport: Any  # Twisted's transports have more methods than any one interface

    def __init__(self, factory: ProxyProtocolFactory, proxy: IAddress | None) -> None:
        self.factory = factory
        self._proxy = proxy
        self._data = b""

    def connectionMade(self) -> None:
        self.factory.opened(self)

    def dataReceived(self, data: bytes) -> None:
        self._data += data
        try:
            found = parse(self._data)
        except BadHeader:
            self.factory.misheard(format_address(self._proxy))
            self.close()
            return
        if found is not None:
            source, rest = found
            self._hand_over(self._proxy if source is None else source, rest)

    def _hand_over(self, source: IAddress | None, rest: bytes) -> None:
        """Let the connection go on like any other."""
        self.factory.closed(self)
        protocol = self.factory.port.buildProtocol(source)
        if protocol is None:
            self.transport.abortConnection()
            return
        within = hasattr(self.transport, "wrappedProtocol")  # of a transport that encrypts itself
        setattr(self.transport, "wrappedProtocol" if within else "protocol", protocol)
        protocol.makeConnection(self.transport)
        if rest:
            protocol.dataReceived(rest)

    def close(self) -> None:
        """Close a connection without a header: which protocol it speaks is not known."""
        self.factory.closed(self)
        self.transport.abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.factory.closed(self)


class ProxyProtocolFactory(WrappingFactory):
    """
    Takes the connections of a proxy.

    :param port: the factory that they go to. As many as its pool holds may be without a header,
        each for as long as a login may take.
    """

    noisy = False

    def __init__(self, port: ChatFactory) -> None:
        super().__init__(port)  # type: ignore[no-untyped-call]
        self.port = port
        self._open: dict[
            Introduction, IDelayedCall
        ] = {}  # with the timer that ends it; the oldest first

    def buildProtocol(  # type: ignore[override]  # Twisted's factories may be any
        self, addr: IAddress | None
    ) -> Introduction:
        return Introduction(self, addr)

    def doStop(self) -> None:
        super().doStop()  # type: ignore[no-untyped-call]
        for one in list(self._open):
            one.close()

    def opened(self, one: Introduction) -> None:
        settings = self.port.hub.settings
        if len(self._open) >= settings.max_pending:
            next(iter(self._open)).close()
        self._open[one] = self.port.clock.callLater(settings.login_timeout, one.close)

    def closed(self, one: Introduction) -> None:
        """Forget a connection: its header has been read, or it is gone."""
        timer = self._open.pop(one, None)
        if timer is not None and timer.active():
            timer.cancel()

    def misheard(self, address: str) -> None:
        self.port.hub.throttled_log.info(address, _BAD)


@implementer(IStreamServerEndpoint)
class ProxyProtocolEndpoint:
    """
    :param endpoint: on which a proxy connects.
    """

    def __init__(self, endpoint: IStreamServerEndpoint) -> None:
        self._endpoint = endpoint

    def listen(self, protocolFactory: IProtocolFactory) -> Deferred[IListeningPort]:
        assert isinstance(protocolFactory, ChatFactory)
        return self._endpoint.listen(ProxyProtocolFactory(protocolFactory))
