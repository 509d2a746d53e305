"""
Tells servers on this machine apart by their certificates.

Nobody is in between on this machine, so any certificate is good: another one means another server,
and that gets nothing that was meant for the first.
"""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path
from typing import NamedTuple, Protocol

from groupchat.client.errors import KnownHostsUnreadable, ServerReplaced
from groupchat.client.known_hosts import KnownHosts
from groupchat.client.trust import (
    AUTHORITIES,
    Verdict,
    certificate_changed,
    classify,
    first_time_notice,
)

__all__ = [
    "MAX_CERTIFICATES",
    "LocalServer",
    "LocalTrust",
    "ServerObserver",
    "pinned_server",
]

MAX_CERTIFICATES = 8  #: certificates remembered of one local address, at most


class LocalServer(NamedTuple):
    """
    One of the servers that were at an address of this machine.

    :ivar certificate: its fingerprint, or `AUTHORITIES`.
    :ivar inherits: whether it was the first one there, so that it gets a client secret that older
        versions kept for the address alone.
    """

    certificate: str
    inherits: bool


def pinned_server(known_hosts: KnownHosts, host_key: str, pin: str) -> LocalServer:
    """
    Returns the server at an address of this machine whose fingerprint was given. If known_hosts
    can't be read, it inherits nothing.
    """
    try:
        known = [value for _, value in known_hosts.find(host_key)]
    except KnownHostsUnreadable:
        return LocalServer(pin, inherits=False)
    return LocalServer(pin, inherits=_inherits(pin, known) or not known)


def _inherits(certificate: str, known: list[str]) -> bool:
    # In a full list the oldest may be gone, so its first entry need not be the first server.
    return known[:1] == [certificate] and len(known) < MAX_CERTIFICATES


class ServerObserver(Protocol):
    """Is told which servers there are on this machine."""

    def on_server(self, server: LocalServer) -> None:
        """This is the server; nothing was sent to it yet."""

    def forget(self, certificate: str) -> None:
        """The server with this certificate is no longer remembered."""


class LocalTrust:
    """
    Accepts any certificate, and takes another one for another server.

    During one run the server has to stay the same, as the user's input is meant for that server.

    :param host_key: the server's address, as known_hosts writes it.
    :param path: the file that remembers.
    :param observer: is told which server it is before anything is sent to it.
    :param strict: whether only a server from before this run will do, or the first one of all:
        there is something to send that was not typed for the server that is there now.
    :param announced: the verdicts that a person should be told of.
    """

    def __init__(
        self,
        host_key: str,
        path: Path,
        observer: ServerObserver,
        strict: bool = False,
        announced: Container[Verdict] = (),
    ) -> None:
        self._host_key = host_key
        self._known_hosts = KnownHosts(path)
        self._observer = observer
        self._strict = strict
        self._announced = announced
        self._shown = ""
        self._server = ""  # its certificate, once it is known
        self._remembered = False

    @property
    def is_known(self) -> bool:
        """Whether a server with a certificate was ever there."""
        return self._remembered or bool(self._known_hosts.find(self._host_key))

    def check(self, shown: str, ca_verified: bool) -> None:
        found = self._known_hosts.find(self._host_key)
        known = [value for _, value in found]
        certificate = AUTHORITIES if ca_verified and shown not in known else shown
        if self._server:
            if self._server not in (certificate, shown):
                raise ServerReplaced(self._host_key, shown)
            return
        if self._strict and known and certificate not in known:
            lines = [number for number, _ in found]
            raise certificate_changed(self._host_key, shown, known, lines, self._known_hosts.path)
        self._shown, self._server = shown, certificate
        self._observer.on_server(LocalServer(certificate, _inherits(certificate, known)))

    def remember(self) -> str:
        if self._remembered:
            return ""
        self._remembered = True
        verdict, kept = self._write()
        if verdict not in self._announced:
            return ""
        if verdict is Verdict.FIRST:
            return first_time_notice(self._host_key, self._shown, kept)
        return f"{self._host_key} has another certificate than before: taken for another server."

    def _write(self) -> tuple[Verdict, str]:
        known: list[str] = []
        kept = f"it is remembered in {self._known_hosts.path}."
        try:
            with self._known_hosts.locked():
                known = [value for _, value in self._known_hosts.find(self._host_key)]
                if self._server not in known:
                    self._add()
        except OSError as error:
            kept = f"it can't be remembered in {self._known_hosts.path}: {error.strerror}."
        return classify(known, self._server, False), kept

    def _add(self) -> None:
        for certificate in self._known_hosts.add(self._host_key, self._server, MAX_CERTIFICATES):
            self._observer.forget(certificate)
