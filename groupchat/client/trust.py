"""
Decides whether a server's certificate is good: by the system's authorities, by what the server
showed before (trust on first use, as ssh does it), or by a given fingerprint.

The law: a server on another machine that once had a good certificate is never accepted with one
that is neither the same nor verified by the authorities. For servers on this machine see
`groupchat.client.local_trust`. There is no socket and no OpenSSL here: the input is a fingerprint,
and whether the authorities verify the certificate.
"""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Protocol

from groupchat.client.errors import CertificateChanged, CertificateMismatch
from groupchat.client.known_hosts import KnownHosts

__all__ = [
    "AUTHORITIES",
    "PinnedTrust",
    "TofuTrust",
    "Trust",
    "Verdict",
    "certificate_changed",
    "classify",
    "first_time_notice",
]

#: Stands in known_hosts in place of a fingerprint: any certificate that the system's authorities
#: verify.
AUTHORITIES = "authorities"


class Trust(Protocol):
    """Decides about the certificates of one server."""

    def check(self, shown: str, ca_verified: bool) -> None:
        """
        Check a certificate, before anything is sent to its server.

        :param shown: its fingerprint.
        :param ca_verified: whether the system's authorities verify that it belongs to the host.
        :raises CertificateError: it is not good.
        """

    def remember(self) -> str:
        """
        Remember the certificate checked last: its server has answered as a chat server does.

        Returns what a person should be told about it; "" for nothing.

        :raises CertificateError: it is no longer good.
        """


class Verdict(enum.Enum):
    """A certificate, compared with what the server showed before."""

    KNOWN = enum.auto()  #: as before
    CA_VERIFIED = enum.auto()  #: the first one seen, and the authorities verify it
    FIRST = enum.auto()  #: the first one seen, and the authorities do not verify it
    RENEWED = enum.auto()  #: not the one seen before, but the authorities verify it
    CHANGED = enum.auto()  #: not the one seen before, and the authorities do not verify it


def classify(known: list[str], shown: str, ca_verified: bool) -> Verdict:
    """
    Compare a certificate with what is known of its server.

    :param known: the values in known_hosts: fingerprints, or `AUTHORITIES`.
    """
    if shown in known or (ca_verified and AUTHORITIES in known):
        return Verdict.KNOWN
    if ca_verified:
        return Verdict.RENEWED if known else Verdict.CA_VERIFIED
    return Verdict.CHANGED if known else Verdict.FIRST


def first_time_notice(host_key: str, shown: str, kept: str) -> str:
    """
    Returns what a person is told about a server that was never seen before.

    :param kept: whether and where its certificate is remembered.
    """
    return f"First time at {host_key}. Its certificate is {shown}; {kept}"


def certificate_changed(
    host_key: str, shown: str, known: list[str], lines: list[int], path: Path
) -> CertificateChanged:
    """
    Returns the error for a certificate that is not as before.

    :param known: what is known of the server.
    :param lines: where in known_hosts.
    :param path: that file.
    """
    by_authorities = "one that the system's authorities vouch for"
    expected = by_authorities if AUTHORITIES in known else "the one it had before"
    return CertificateChanged(host_key, shown, expected, lines, path)


class PinnedTrust:
    """
    Accepts exactly the certificate with a given fingerprint; remembers nothing.

    :param host_key: the server, as known_hosts writes it.
    :param pin: the fingerprint.
    """

    def __init__(self, host_key: str, pin: str) -> None:
        self._host_key = host_key
        self._pin = pin

    def check(self, shown: str, ca_verified: bool) -> None:
        if shown != self._pin:
            raise CertificateMismatch(self._host_key, shown)

    def remember(self) -> str:
        return ""


class TofuTrust:
    """
    Accepts what the authorities verify, and what the server showed the first time.

    :param host_key: the server, as known_hosts writes it.
    :param path: the file that remembers.
    """

    def __init__(self, host_key: str, path: Path) -> None:
        self._host_key = host_key
        self._known_hosts = KnownHosts(path)
        self._shown = ""
        self._ca_verified = False
        self._unwritten: list[str] = []  # known in this run only: the file can't be written

    def check(self, shown: str, ca_verified: bool) -> None:
        self._shown, self._ca_verified = shown, ca_verified
        self._judge()

    def remember(self) -> str:
        verdict = self._judge()
        if verdict is Verdict.KNOWN:
            return ""
        value = AUTHORITIES if self._ca_verified else self._shown
        path = self._known_hosts.path
        try:
            with self._known_hosts.locked():
                verdict = self._judge()  # again, as another client may have been faster
                if verdict is not Verdict.KNOWN:
                    self._known_hosts.put(self._host_key, value)
        except OSError as error:
            self._unwritten = [value]
            return self._notice(verdict, f"it can't be remembered in {path}: {error.strerror}.")
        return self._notice(verdict, f"it is remembered in {path}.")

    def _judge(self) -> Verdict:
        found = self._known_hosts.find(self._host_key)
        known = [value for _, value in found] + self._unwritten
        verdict = classify(known, self._shown, self._ca_verified)
        if verdict is Verdict.CHANGED:
            lines = [number for number, _ in found]
            raise certificate_changed(
                self._host_key, self._shown, known, lines, self._known_hosts.path
            )
        return verdict

    def _notice(self, verdict: Verdict, kept: str) -> str:
        if verdict is Verdict.FIRST:
            return first_time_notice(self._host_key, self._shown, kept)
        if verdict is Verdict.RENEWED:
            return (
                f"{self._host_key} has a new certificate, "
                f"for which the system's authorities vouch; {kept}"
            )
        return ""
