"""
Certificates, made here.
"""

from __future__ import annotations

import datetime
import functools
import ipaddress
import secrets

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL.crypto import X509, PKey
from twisted.internet.ssl import CertificateOptions

from groupchat import fingerprints

_DAY = datetime.timedelta(days=1)


class Certificate:
    """
    One that belongs to these hosts, signed by another, or by itself.

    :param days: how long it is still good.
    """

    def __init__(self, *hosts, by=None, days=30, authority=False):
        self.by = by
        self.key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name(
            [
                x509.NameAttribute(
                    x509.NameOID.COMMON_NAME, hosts[0] if hosts else secrets.token_hex(8)
                )
            ]
        )
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(by.certificate.subject if by else name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 60 * _DAY)
            .not_valid_after(now + days * _DAY)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False
            )
        )
        if by:
            issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(by.key.public_key())
            builder = builder.add_extension(issuer, critical=False)
        if hosts:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_general(host) for host in hosts]), critical=False
            )
        self.certificate = builder.sign((by or self).key, hashes.SHA256())

    @property
    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def fingerprint(self):
        return fingerprints.fingerprint(self.certificate.public_bytes(serialization.Encoding.DER))

    def options(self):
        """Returns what a server needs to show it, with those that it is signed by."""
        chain, by = [], self.by
        while by is not None:
            chain.append(X509.from_cryptography(by.certificate))
            by = by.by
        key, certificate = (
            PKey.from_cryptography_key(self.key),
            X509.from_cryptography(self.certificate),
        )
        return CertificateOptions(key, certificate, extraCertChain=chain)


def _general(host):
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


@functools.cache
def self_signed():
    """The same one each time."""
    return Certificate("groupchat")


@functools.cache
def authority():
    return Certificate(authority=True)
