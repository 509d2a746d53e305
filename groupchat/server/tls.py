"""
The certificate of the server, and the settings of TLS.

A certificate is made where there is none, and read again when its file changes. A connection keeps
the certificate that it began with.
"""

from __future__ import annotations

import datetime
import os
import ssl
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from twisted.logger import Logger

from groupchat import atomicfile, smallfile
from groupchat.errors import CannotStart, CannotStartYet
from groupchat.fingerprints import fingerprint

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

__all__ = ["HTTP", "Certificate", "make"]

#: of TLS 1.2; those of TLS 1.3 are all good, and in the order of the library
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
CERTIFICATE_YEARS = 10  #: the life of a self-signed certificate
#: a clock that shows an earlier time is wrong
EARLIEST = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
LIMIT = 1 << 20  #: bytes of the file
HTTP = b"http/1.1"  #: as ALPN calls it
NAME = "groupchat"  #: of a self-signed certificate: clients know it by its fingerprint


class Unusable(Exception):
    """A certificate cannot be used; the text says why."""


class Certificate:
    """
    :param path: a file in PEM with the certificate, its chain and its key; None: a self-signed
        certificate that lives as long as the process.
    :param own: whether a self-signed certificate is made where the file is missing.
    :param keep: where there is no file: returns the certificate that is kept elsewhere, or keeps
        the one that it is given a maker of.
    :ivar fingerprint: of the certificate, as ssh writes it.
    :ivar names: the names of hosts that it is for; the first label may be ``*``.
    """

    log = Logger()
    fingerprint: str
    names: list[str]

    def __init__(
        self,
        path: str | None,
        own: bool,
        keep: Callable[[Callable[[], bytes]], bytes] | None = None,
    ) -> None:
        self.path = path
        self.own = own
        self._keep = keep
        self._seen: object = None  # what the file looked like when it was last read
        self._context: ssl.SSLContext

    def open(self) -> None:
        """
        Read the certificate, or make it.

        :raises CannotStart: it cannot be used.
        """
        if self.path is None:
            self._use(self._keep(make) if self._keep else make())
        else:
            self._open(self.path, self.own)

    def check(self) -> None:
        """
        Read the certificate, where there is one or should be one.

        :raises CannotStart: it cannot be used.
        """
        if self.path is not None and (not self.own or os.path.exists(self.path)):
            self._open(self.path, make_missing=False)

    def _open(self, path: str, make_missing: bool) -> None:
        try:
            if make_missing and not os.path.exists(path):
                atomicfile.write_atomic(path, make())
            self._read(path)
        except OSError as error:
            if atomicfile.is_full(error, path):
                raise CannotStartYet(
                    f"the certificate {path}: the disk is full. Make room."
                ) from None
            raise CannotStart(
                f"the certificate {path}: {error.strerror}. {self._advice()}"
            ) from None
        except Unusable as why:
            raise CannotStart(f"the certificate {path}: {why}. {self._advice()}") from None

    def _advice(self) -> str:
        if self.own:
            return "Make it writable, or remove it: then a new one is made."
        return "Name another by --certificate."

    def context(self) -> ssl.SSLContext:
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
        self._use(smallfile.read(path, LIMIT))

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
        except ssl.SSLError as error:
            reason = (error.reason or "no reason given").replace("_", " ").lower()
            raise Unusable(f"OpenSSL does not take it ({reason})") from None
        self.fingerprint = fingerprint(chain[0].public_bytes(serialization.Encoding.DER))
        self.names = _host_names(chain[0])


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


def _host_names(certificate: x509.Certificate) -> list[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        return []
    return found.value.get_values_for_type(x509.DNSName)


def _stat_signature(path: str) -> object:
    """Return a value that changes when the file does; None where there is no file."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _context(key: PrivateKeyTypes, chain: list[x509.Certificate]) -> ssl.SSLContext:
    """
    Return a context for TLS 1.2 and later.

    There are no tickets: a restart would forget their keys, and a handshake without is no dearer.
    Sessions of TLS 1.2 can be resumed by their ids: OpenSSL keeps up to 20,480 of 1 KiB for that,
    which the standard library can't turn off.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_TICKET
    context.num_tickets = 0
    context.set_ciphers(CIPHERS)
    # A browser can read what this server is; where nothing is offered by both, that is no error.
    context.set_alpn_protocols([HTTP.decode()])
    _load(context, _pem(key, chain))
    return context


def _pem(key: PrivateKeyTypes, chain: list[x509.Certificate]) -> bytes:
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(
        encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return b"".join([*(one.public_bytes(encoding) for one in chain), private])


def _load(context: ssl.SSLContext, pem: bytes) -> None:
    """Give a context its certificate and key, which the standard library reads from files only."""
    with _file(pem) as path:
        context.load_cert_chain(path)


@contextmanager
def _file(data: bytes) -> Iterator[str]:
    """Return the path of a file that nobody else can read: in memory where the system has that."""
    if hasattr(os, "memfd_create"):
        with open(os.memfd_create(NAME), "w+b", buffering=0) as memory:
            memory.write(data)
            yield f"/proc/self/fd/{memory.fileno()}"
    else:
        with tempfile.NamedTemporaryFile(buffering=0) as file:
            file.write(data)
            yield file.name
