"""
The ways to a server, and who a client is there: its endpoints, the trust in its certificate, the
client secret, and the outbox.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from twisted.internet.endpoints import HostnameEndpoint, UNIXClientEndpoint

from groupchat.client import client_id
from groupchat.client.address import (
    Address,
    format_address,
    host_key,
    is_loopback,
    socket_path,
)
from groupchat.client.client_id import ClientId
from groupchat.client.fallback import PlaintextFallback
from groupchat.client.hostname import NodesEndpoint
from groupchat.client.identity import Identity
from groupchat.client.known_hosts import FILENAME, KnownHosts
from groupchat.client.local_trust import LocalServer, LocalTrust, pinned_server
from groupchat.client.outbox import Outbox
from groupchat.client.route import Way
from groupchat.client.tls import TLSEndpoint
from groupchat.client.trust import PinnedTrust, TofuTrust, Trust, Verdict
from groupchat.wire import names

if TYPE_CHECKING:
    from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint

__all__ = ["Access"]


@dataclass(frozen=True)
class Access:
    """
    A server, or all nodes of a group, and how a client reaches it.

    A client keeps its secret and its positions in a group under the first address. It remembers a
    certificate on another machine for each address.

    :ivar name: the name to join under.
    :ivar host: the host, or ``unix:PATH``.
    :ivar port: the port.
    :ivar tls: True: only by TLS; False: without; None: by TLS, but for a server on this machine
        that never spoke it.
    :ivar fingerprint: the only good certificate, if it is known.
    :ivar strict: whether a server on this machine has to be the one from before this run.
    :ivar announces_changes: whether a person is told that another server is at an address of this
        machine.
    :ivar resumes_reading: whether a person goes on reading where the last run stopped.
    :ivar others: the addresses of the group's other nodes.
    """

    name: str
    host: str
    port: int
    tls: bool | None = None
    fingerprint: str | None = None
    strict: bool = False
    announces_changes: bool = False
    resumes_reading: bool = False
    others: tuple[Address, ...] = ()

    @property
    def addresses(self) -> tuple[Address, ...]:
        """All addresses, in the order in which they are tried."""
        return tuple(dict.fromkeys((Address(self.host, self.port), *self.others)))

    @property
    def _is_local(self) -> bool:
        """Whether all is on this machine."""
        return all(is_loopback(address.host) for address in self.addresses)

    @property
    def _key(self) -> str:
        return host_key(self.host, self.port)

    @property
    def _only_encrypted(self) -> bool:
        return bool(self.tls or self.fingerprint)

    def ways(self, reactor: IReactorTime, identity: Identity, timeout: float) -> list[Way]:
        """
        Returns the way to each address.

        :param timeout: seconds for an attempt to connect.
        """
        # On this machine, the nodes are told from other servers by one certificate.
        shared = self.trust(identity) if self._is_local else None
        return [
            self._way(
                address,
                _plain_endpoint(address, reactor, timeout),
                shared or self._remote_trust(host_key(*address)),
                identity,
            )
            for address in self.addresses
        ]

    def _way(
        self, address: Address, endpoint: IStreamClientEndpoint, trust: Trust, identity: Identity
    ) -> Way:
        where = format_address(*address)
        nodes = endpoint if isinstance(endpoint, NodesEndpoint) else None
        if self.tls is False:
            return Way(where, endpoint, nodes=nodes)
        encrypted = TLSEndpoint(endpoint, address.host, trust.check)
        if self._only_encrypted or not isinstance(trust, LocalTrust):
            return Way(where, encrypted, trust.remember, nodes)
        fallback = PlaintextFallback(endpoint, encrypted, trust, identity.set_unproven)
        return Way(where, fallback, fallback.remember)

    def trust(self, identity: Identity) -> Trust:
        """Returns what decides about the certificate of the server at the first address."""
        if self.fingerprint or not self._is_local:
            return self._remote_trust(self._key)
        path = client_id.directory() / FILENAME
        announced = {Verdict.FIRST} if self.tls else set()
        if self.announces_changes:
            announced |= {Verdict.CHANGED, Verdict.RENEWED}
        return LocalTrust(self._key, path, identity, self.strict, announced)

    def _remote_trust(self, key: str) -> Trust:
        if self.fingerprint:
            return PinnedTrust(key, self.fingerprint)
        return TofuTrust(key, client_id.directory() / FILENAME)

    def outbox(self, path: str | None, lock_timeout: float = 0) -> Outbox:
        """
        Returns the outbox, in a file or in memory.

        :param path: the file.
        :param lock_timeout: seconds to wait while another process uses it.
        :raises OutboxError: the file can't be used.
        """
        if path is None:
            return Outbox()
        host = self.host if socket_path(self.host) else self.host.lower()
        owner = f"{names.key(self.name)}@{host}:{self.port}"
        from groupchat.client.file_outbox import FileOutbox  # most runs need no SQLite

        return FileOutbox(path, owner, lock_timeout=lock_timeout)

    def identity(self, outbox: Outbox) -> Identity:
        """
        Returns the client secret: that of the outbox, that of the address, or, on this machine,
        that of the server which will be there.
        """
        where = client_id.directory()
        local = self.tls is not False and self._is_local
        pinned = self._pinned(where) if local and self.fingerprint else None

        def claim(server: LocalServer | None) -> ClientId:
            known = server or pinned
            bound = outbox.claim(known.certificate if known else "")
            return bound or client_id.claim(self.name, self.host, self.port, where, *(known or ()))

        claimed = claim(None) if outbox.persistent or pinned or not local else None
        drop = partial(client_id.forget, self.host, self.port, where)
        return Identity(claimed, claim, drop, self.resumes_reading)

    def _pinned(self, where: Path) -> LocalServer:
        return pinned_server(KnownHosts(where / FILENAME), self._key, self.fingerprint or "")


def _plain_endpoint(
    address: Address, reactor: IReactorTime, timeout: float
) -> IStreamClientEndpoint:
    path = socket_path(address.host)
    if path is not None:
        return UNIXClientEndpoint(reactor, path, timeout=timeout)
    host = address.host.lower()
    if is_loopback(host):
        return HostnameEndpoint(reactor, host, address.port, timeout=timeout)
    return NodesEndpoint(reactor, host, address.port, timeout)
