"""
Connects to a server by TLS: an endpoint around an endpoint. Its connections exist once the
handshake is done and the certificate is good; until then nothing that the client has to say goes
out.

`groupchat.client.trust` decides which certificates are good; here OpenSSL is asked whether the
system's authorities verify them.
"""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Callable

from OpenSSL import SSL, crypto
from service_identity import CertificateError, VerificationError
from service_identity.pyopenssl import verify_hostname, verify_ip_address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IAddress,
    IHandshakeListener,
    IOpenSSLClientConnectionCreator,
    IProtocol,
    IProtocolFactory,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.ssl import TLSVersion, optionsForClientTLS, platformTrust
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from groupchat.client.address import DEFAULT_HOST, canonical, socket_path
from groupchat.client.errors import BadTLS, CertificateMissing, NotTLS
from groupchat.fingerprints import fingerprint

__all__ = ["MAX_RETRIES", "Check", "TLSEndpoint"]

MAX_RETRIES = 3  #: retries after the server answered with something other than TLS
#: The first byte of a server's first record: an alert or a handshake (RFC 8446, 5.1).
_RECORDS = b"\x15\x16"
_HANDSHAKE_FAILURE = b"\x02\x28"  #: in such an alert: fatal, handshake_failure (RFC 8446, 6)

#: Checks a certificate: its fingerprint, and whether the system's authorities verify it.
Check = Callable[[str, bool], None]


@implementer(IStreamClientEndpoint)
class TLSEndpoint:
    """
    An endpoint that adds TLS.

    :param endpoint: the server in plain text.
    :param host: its name, which a certificate is verified against.
    :param check: checks its certificate: see `groupchat.client.trust.Trust.check`.
    """

    def __init__(self, endpoint: IStreamClientEndpoint, host: str, check: Check) -> None:
        self._endpoint = endpoint
        name = DEFAULT_HOST if socket_path(host) else host
        # A certificate doesn't name the interface of a link-local address.
        self._host = canonical(name).partition("%")[0]
        self._creator = _ConnectionCreator(self._host)
        self._check = check

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """
        Connect and do the handshake. Fails as the inner endpoint does, or with `NotTLS`, `BadTLS`,
        `CertificateMissing`, or the error of the check.
        """
        return self._attempt(protocolFactory, MAX_RETRIES)

    def _attempt(self, factory: IProtocolFactory, retries: int) -> Deferred[IProtocol]:
        handshakes = Factory.forProtocol(functools.partial(_Handshake, factory, self._examine))
        handshakes.noisy = False
        wrapped = TLSMemoryBIOFactory(self._creator, True, handshakes)
        wrapped.protocol = _TLSProtocol
        wrapped.noisy = False
        connecting: Deferred[IProtocol] = self._endpoint.connect(wrapped)
        handshake: Deferred[IProtocol] = connecting.addCallback(_handshake_of)
        return handshake.addErrback(functools.partial(self._retry, factory, retries))

    def _retry(
        self, factory: IProtocolFactory, retries: int, failure: Failure
    ) -> Deferred[IProtocol]:
        spoke_first = isinstance(failure.value, NotTLS) and failure.value.spoke_first
        if not (spoke_first and retries):
            failure.raiseException()
        return self._attempt(factory, retries - 1)

    def _examine(self, tls: _TLSProtocol) -> None:
        certificate = tls.peer_certificate()
        if certificate is None:
            raise CertificateMissing(self._host)
        shown = fingerprint(crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate))
        self._check(shown, tls.ca_verified and self._belongs(tls.handle()))

    def _belongs(self, connection: SSL.Connection) -> bool:
        """Returns whether the certificate is this host's."""
        try:
            (verify_ip_address if _is_address(self._host) else verify_hostname)(
                connection, self._host
            )
        except (CertificateError, VerificationError, ValueError):
            return False
        return True


def _handshake_of(tls: IProtocol) -> Deferred[IProtocol]:
    assert isinstance(tls, _TLSProtocol)  # the factory builds no other
    return tls.handshake.done


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


@implementer(IOpenSSLClientConnectionCreator)
class _ConnectionCreator:
    """
    Creates OpenSSL's connections. They accept any certificate, but note whether the authorities
    verify it.
    """

    def __init__(self, host: str) -> None:
        self._host = host

    @functools.cached_property
    def _options(self) -> IOpenSSLClientConnectionCreator:
        extra = {"raiseMinimumTo": TLSVersion.TLSv1_2}
        return optionsForClientTLS(self._host, platformTrust(), extraCertificateOptions=extra)

    def clientConnectionForTLS(self, tlsProtocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        assert isinstance(tlsProtocol, _TLSProtocol)  # the factory builds no other
        connection: SSL.Connection = self._options.clientConnectionForTLS(tlsProtocol)
        connection.set_verify(SSL.VERIFY_PEER, tlsProtocol.verified)
        return connection


class _TLSProtocol(TLSMemoryBIOProtocol):
    """
    A TLS connection that remembers its begin.

    :ivar first: the first bytes received, up to the end of an alert.
    :ivar ca_verified: whether the authorities verify the certificate, for whatever host.
    """

    def __init__(self, factory: TLSMemoryBIOFactory, wrappedProtocol: _Handshake) -> None:
        super().__init__(factory, wrappedProtocol)  # type: ignore[no-untyped-call]
        self.handshake = wrappedProtocol
        self.first = b""
        self.ca_verified = False
        self._chain_failed = False

    # Twisted's methods have no types.

    def handle(self) -> SSL.Connection:
        connection: SSL.Connection = self.getHandle()  # type: ignore[no-untyped-call]
        return connection

    def peer_certificate(self) -> crypto.X509 | None:
        return self.handle().get_peer_certificate()

    def peer(self) -> IAddress:
        address: IAddress = self.getPeer()  # type: ignore[no-untyped-call]
        return address

    def abort(self) -> None:
        self.abortConnection()  # type: ignore[no-untyped-call]

    def verified(
        self,
        connection: SSL.Connection,
        certificate: crypto.X509,
        error: int,
        depth: int,
        good: int,
    ) -> bool:
        """
        OpenSSL has looked at a certificate of the chain, the server's own last. Returns True: it
        shall go on in any case.
        """
        self._chain_failed = self._chain_failed or not good
        self.ca_verified = depth == 0 and not self._chain_failed
        return True

    def dataReceived(self, data: bytes) -> None:
        self.first += data[: 7 - len(self.first)]
        if self.first[0] in _RECORDS:
            super().dataReceived(data)  # type: ignore[no-untyped-call]
        else:
            self.abort()


@implementer(IHandshakeListener)
class _Handshake(Protocol):
    """
    Stands in for the factory's protocol until the certificate is checked.

    :ivar done: fires with that protocol.
    """

    transport: _TLSProtocol

    def __init__(self, factory: IProtocolFactory, examine: Callable[[_TLSProtocol], None]) -> None:
        self._factory = factory
        self._examine = examine
        self.done: Deferred[IProtocol] = Deferred(lambda _: self.transport.abort())

    def handshakeCompleted(self) -> None:
        transport = self.transport
        try:
            self._examine(transport)
        except Exception:
            failure = Failure()
            transport.abort()
            self.done.errback(failure)
            return
        protocol = self._factory.buildProtocol(transport.peer())
        assert protocol is not None  # a client's factory builds one
        transport.wrappedProtocol = protocol
        protocol.makeConnection(transport)
        self.done.callback(protocol)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if not self.done.called:
            self.done.errback(_failure(self.transport.first, reason))


def _failure(first: bytes, reason: Failure) -> Exception | Failure:
    """Returns why there was no handshake."""
    if first and first[0] not in _RECORDS:
        return NotTLS(spoke_first=True)
    if first[:1] == b"\x15" and first[5:] == _HANDSHAKE_FAILURE:
        return NotTLS(spoke_first=False)
    if (
        isinstance(reason.value, SSL.Error)
        and reason.value.args
        and isinstance(reason.value.args[0], list)
    ):
        return BadTLS("TLS failed: " + ", ".join(str(entry[-1]) for entry in reason.value.args[0]))
    return reason
