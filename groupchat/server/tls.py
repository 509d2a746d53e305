"""
The certificate of the server, and the settings of TLS.

A certificate is made where there is none, and read again when its file changes. A connection keeps
the certificate that it began with.
"""

from __future__ import annotations

import datetime
import os
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLContextFactory
from twisted.internet.ssl import CertificateOptions, TLSVersion
from twisted.logger import Logger
from zope.interface import implementer

from groupchat import atomicfile
from groupchat.errors import CannotStart, CannotStartYet
from groupchat.fingerprints import fingerprint

CERTIFICATE_YEARS = 10  #: the life of a self-signed certificate
#: a clock that shows an earlier time is wrong
EARLIEST = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
HTTP = b"http/1.1"  #: as ALPN calls it
NAME = "groupchat"  #: of a self-signed certificate: clients know it by its fingerprint


class Unusable(Exception):
    """A certificate cannot be used; the text says why."""


@implementer(IOpenSSLContextFactory)
class Certificate:
    """
    :param path: a file in PEM with the certificate, its chain and its key; None: a self-signed
        certificate that lives as long as the process.
    :param own: whether a self-signed certificate is made where the file is missing.
    :ivar fingerprint: of the certificate, as ssh writes it.
    """

    log = Logger()
    fingerprint: str

    def __init__(self, path: str | None, own: bool) -> None:
        self.path = path
        self.own = own
        self._seen: object = None  # what the file looked like when it was last read
        self._context: SSL.Context

    def open(self) -> None:
        """
        Read the certificate, or make it.

        :raises CannotStart: it cannot be used.
        """
        if self.path is None:
            self._use(make())
            return
        try:
            if self.own and not os.path.exists(self.path):
                atomicfile.write_atomic(self.path, make())
            self._read(self.path)
        except OSError as error:
            if atomicfile.is_full(error, self.path):
                raise CannotStartYet(
                    f"the certificate {self.path}: the disk is full. Make room."
                ) from None
            raise CannotStart(
                f"the certificate {self.path}: {error.strerror}. {self._advice()}"
            ) from None
        except Unusable as why:
            raise CannotStart(f"the certificate {self.path}: {why}. {self._advice()}") from None

    def _advice(self) -> str:
        if self.own:
            return "Make it writable, or remove it: then a new one is made."
        return "Name another by --certificate."

    def getContext(self) -> SSL.Context:
        """Return the context for a connection that begins to speak TLS."""
        if self.path is not None and _stat_signature(self.path) != self._seen:
            self.refresh()
        return self._context

    def refresh(self) -> None:
        """Read the file again. A certificate that cannot be used changes nothing but the log."""
        if self.path is None:
            return
        try:
            self._read(self.path)
        except (OSError, Unusable) as error:
            why = getattr(error, "strerror", None) or str(error)
            self.log.warn(
                "The certificate {path} can't be used: {why}. The one before is kept.",
                path=self.path,
                why=why,
            )
        else:
            self.log.info(
                "The certificate {path} is read: {print}", path=self.path, print=self.fingerprint
            )

    def _read(self, path: str) -> None:
        self._seen = _stat_signature(path)  # before it is read: a change meanwhile is seen
        with open(path, "rb") as file:
            self._use(file.read())

    def _use(self, pem: bytes) -> None:
        try:
            certificates = x509.load_pem_x509_certificates(pem)
            key = serialization.load_pem_private_key(pem, None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise Unusable(
                "it does not hold a certificate and its key, without a passphrase, in PEM"
            ) from None
        # Its own certificate comes first.
        chain = sorted(certificates, key=lambda one: one.public_key() != key.public_key())
        if chain[0].public_key() != key.public_key():
            raise Unusable("its key is that of another certificate")
        try:
            self._context = _context(key, chain)
        except SSL.Error as error:
            reasons = "; ".join(reason for _, _, reason in error.args[0])
            raise Unusable(f"OpenSSL does not take it ({reasons})") from None
        self.fingerprint = fingerprint(chain[0].public_bytes(serialization.Encoding.DER))


def make() -> bytes:
    """Return a key and a self-signed certificate, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = max(datetime.datetime.now(datetime.UTC), EARLIEST)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # Clocks differ, and at the first start of a machine this one may be far ahead.
        .not_valid_before(EARLIEST)
        .not_valid_after(
            now + datetime.timedelta(days=365 * CERTIFICATE_YEARS + CERTIFICATE_YEARS // 4)
        )
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    no_passphrase = serialization.NoEncryption()
    return certificate.public_bytes(encoding) + key.private_bytes(
        encoding, serialization.PrivateFormat.PKCS8, no_passphrase
    )


def _stat_signature(path: str) -> object:
    """Return a value that changes when the file does; None where there is no file."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _context(key: Any, chain: list[Any]) -> SSL.Context:
    """Return a context for TLS 1.2 and later with Twisted's ciphers, without renegotiation."""
    own, *others = chain
    options = CertificateOptions(
        privateKey=key, certificate=own, extraCertChain=others, raiseMinimumTo=TLSVersion.TLSv1_2
    )
    context = options.getContext()
    context.set_options(SSL.OP_NO_RENEGOTIATION)
    # Twisted's own answer, where nothing is offered by both, is an error that ends the handshake
    # without a word.
    context.set_alpn_select_callback(_negotiate)
    return context


def _negotiate(connection: SSL.Connection, offered: list[bytes]) -> Any:
    """
    Return what ALPN agrees on.

    That is HTTP, so that a browser can read what this server is; otherwise nothing, which is no
    error.
    """
    return HTTP if HTTP in offered else SSL.NO_OVERLAPPING_PROTOCOLS
