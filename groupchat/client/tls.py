"""
The encrypted way to a server: an endpoint around an endpoint. Its connections are there once TLS
is, with a good certificate.

Until then nothing of what the client says goes out. What makes a certificate good is in `trust.py`;
here OpenSSL is asked whether the system's authorities vouch for it.
"""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Callable
from typing import Any

from OpenSSL import SSL, crypto
from service_identity import CertificateError, VerificationError
from service_identity.pyopenssl import verify_hostname, verify_ip_address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IHandshakeListener,
    IOpenSSLClientConnectionCreator,
    IProtocolFactory,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.ssl import TLSVersion, optionsForClientTLS, platformTrust
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from groupchat.cli.exit import TURNED_AWAY, Exit
from groupchat.client.address import HOST, socket_path
from groupchat.client.trust import canonical
from groupchat.fingerprints import fingerprint

MAX_RETRIES = (
    3  #: times that is connected again to one that was heard to say something else than TLS
)
_RECORDS = (
    b"\x15\x16"  #: what the first record of a server can be: an alert, a handshake (RFC 8446, 5.1)
)
_REFUSAL = b"\x02\x28"  #: in such an alert: fatal, handshake_failure (RFC 8446, 6)

Check = Callable[[str, bool], None]


class NotTLS(Exception):
    """
    The other side does not speak TLS.

    :ivar spoke_first: whether it said something else: that may be its greeting, which was faster than
        our hello.
    """

    def __init__(self, spoke_first: bool) -> None:
        super().__init__("it does not speak TLS")
        self.spoke_first = spoke_first


class BadTLS(Exception):
    """The other side speaks TLS, but not as we do."""


@implementer(IStreamClientEndpoint)
class TLSEndpoint:
    """
    :param endpoint: where the server is.
    :param host: its name, which the authorities vouch for.
    :param check: looks at its certificate: see `groupchat.client.trust.Trust`.
    """

    def __init__(self, endpoint: IStreamClientEndpoint, host: str, check: Check) -> None:
        self._endpoint = endpoint
        name = HOST if socket_path(host) else host
        self._host = canonical(name).partition("%")[
            0
        ]  # without the interface of a link-local address
        self._creator = _Creator(self._host)
        self._check = check

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[Any]:
        """
        Connect, and shake hands. Fails as the endpoint does, or with `NotTLS`, `BadTLS`, or the
        `Exit` of the check.
        """
        return self._try(protocolFactory, MAX_RETRIES)

    def _try(self, factory: IProtocolFactory, left: int) -> Deferred[Any]:
        handshakes = Factory.forProtocol(functools.partial(_Handshake, factory, self._examine))
        handshakes.noisy = False
        wrapped = TLSMemoryBIOFactory(self._creator, True, handshakes)
        wrapped.protocol = _Watched
        wrapped.noisy = False
        connecting: Deferred[Any] = self._endpoint.connect(wrapped)
        connecting.addCallback(lambda watched: watched.handshake.done)
        connecting.addErrback(self._again, factory, left)
        return connecting

    def _again(self, failure: Failure, factory: IProtocolFactory, left: int) -> Any:
        spoke_first = isinstance(failure.value, NotTLS) and failure.value.spoke_first
        return self._try(factory, left - 1) if spoke_first and left else failure

    def _examine(self, watched: Any) -> None:
        certificate = watched.getPeerCertificate()
        if certificate is None:
            raise Exit(TURNED_AWAY, f"{self._host} shows no certificate.")
        shown = fingerprint(crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate))
        self._check(shown, watched.ca_verified and self._belongs(watched.getHandle()))

    def _belongs(self, connection: SSL.Connection) -> bool:
        """Whether the certificate is this host's."""
        try:
            (verify_ip_address if _is_address(self._host) else verify_hostname)(
                connection, self._host
            )
        except (CertificateError, VerificationError, ValueError):
            return False
        return True


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


@implementer(IOpenSSLClientConnectionCreator)
class _Creator:
    """
    Makes the connections of OpenSSL. They take any certificate, but note whether it is vouched for.
    """

    def __init__(self, host: str) -> None:
        self._host = host

    @functools.cached_property
    def _options(self) -> Any:
        more = {"raiseMinimumTo": TLSVersion.TLSv1_2}
        return optionsForClientTLS(self._host, platformTrust(), extraCertificateOptions=more)

    def clientConnectionForTLS(self, tlsProtocol: Any) -> SSL.Connection:
        connection: SSL.Connection = self._options.clientConnectionForTLS(tlsProtocol)
        connection.set_verify(SSL.VERIFY_PEER, tlsProtocol.verified)
        return connection


class _Watched(TLSMemoryBIOProtocol):
    """
    A TLS connection that remembers how it began.

    :ivar first: the first bytes that came, up to the end of an alert.
    :ivar ca_verified: whether the authorities vouch for the certificate, for whatever host.
    """

    def __init__(self, factory: Any, wrappedProtocol: _Handshake) -> None:
        super().__init__(factory, wrappedProtocol)  # type: ignore[no-untyped-call]
        self.handshake = wrappedProtocol
        self.first = b""
        self.ca_verified = False
        self._doubted = False

    def verified(
        self, connection: Any, certificate: Any, error: int, depth: int, good: int
    ) -> bool:
        """
        OpenSSL has looked at a certificate of the chain, the server's own last. Whether it shall go
        on.
        """
        self._doubted = self._doubted or not good
        self.ca_verified = depth == 0 and not self._doubted
        return True

    def dataReceived(self, data: bytes) -> None:
        self.first += data[: 7 - len(self.first)]
        if self.first[0] in _RECORDS:
            super().dataReceived(data)  # type: ignore[no-untyped-call]
        else:
            self.abortConnection()  # type: ignore[no-untyped-call]


@implementer(IHandshakeListener)
class _Handshake(Protocol):
    """
    Stands in the place of the factory's protocol until it is known who is on the other side.

    :ivar done: fires with that protocol.
    """

    transport: Any

    def __init__(self, factory: IProtocolFactory, examine: Callable[[Any], None]) -> None:
        self._factory = factory
        self._examine = examine
        self.done: Deferred[Any] = Deferred(lambda _: self.transport.abortConnection())

    def handshakeCompleted(self) -> None:
        transport = self.transport
        try:
            self._examine(transport)
        except Exception:
            failure = Failure()
            transport.abortConnection()
            self.done.errback(failure)
            return
        protocol: Any = self._factory.buildProtocol(transport.getPeer())
        transport.wrappedProtocol = protocol
        protocol.makeConnection(transport)
        self.done.callback(protocol)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if not self.done.called:
            self.done.errback(_why(self.transport.first, reason))


def _why(first: bytes, reason: Failure) -> Exception | Failure:
    """Why there was no handshake."""
    if first and first[0] not in _RECORDS:
        return NotTLS(spoke_first=True)
    if first[:1] == b"\x15" and first[5:] == _REFUSAL:
        return NotTLS(spoke_first=False)
    if (
        isinstance(reason.value, SSL.Error)
        and reason.value.args
        and isinstance(reason.value.args[0], list)
    ):
        return BadTLS("TLS failed: " + ", ".join(str(entry[-1]) for entry in reason.value.args[0]))
    return reason
