"""
The addresses of a host name. They can be those of several nodes, of which each attempt to connect
takes another.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.interfaces import (
    IAddress,
    IHostnameResolver,
    IHostResolution,
    IReactorPluggableNameResolver,
    IResolutionReceiver,
)
from zope.interface import implementer

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred
    from twisted.internet.interfaces import IProtocol, IProtocolFactory, IReactorTime
    from twisted.python.failure import Failure

__all__ = ["NodesEndpoint"]


class NodesEndpoint(HostnameEndpoint):
    """
    Connects to a host, at each attempt by another of its addresses: of each family, the one that it
    had last comes last. If one does not answer, the next follows soon, as usual.
    """

    def __init__(self, reactor: IReactorTime, host: str, port: int, timeout: float) -> None:
        self._resolver = _Resolver(IReactorPluggableNameResolver(reactor))
        super().__init__(self._resolver, host, port, timeout=timeout)

    @property
    def count(self) -> int:
        """
        The number of nodes that can be behind the name, as far as is known. One where none accepts
        connections: an attempt has tried all of them then.
        """
        return self._resolver.count

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        return super().connect(protocolFactory).addCallbacks(self._connected, self._failed)

    def _failed(self, failure: Failure) -> Failure:
        self._resolver.count = 1
        return failure

    def _connected(self, protocol: IProtocol) -> IProtocol:
        self._resolver.last = protocol.transport.getPeer().host  # type: ignore[attr-defined]
        return protocol


@implementer(IReactorPluggableNameResolver, IHostnameResolver)
class _Resolver:
    """
    A reactor whose resolver puts the addresses of a name into another order.

    :ivar last: the address that was connected to last.
    :ivar count: addresses of the last name, of the family that has more.
    """

    def __init__(self, reactor: IReactorPluggableNameResolver) -> None:
        self._reactor = reactor
        self.last = ""
        self.count = 1

    def __getattr__(self, name: str) -> object:
        return getattr(self._reactor, name)

    @property
    def nameResolver(self) -> _Resolver:
        return self

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[IAddress]] | None = None,
        transportSemantics: str = "TCP",
    ) -> IHostResolution:
        receiver = _Receiver(self, resolutionReceiver)
        resolution: IHostResolution = self._reactor.nameResolver.resolveHostName(
            receiver, hostName, portNumber, addressTypes, transportSemantics
        )
        return resolution

    def put_in_order(self, addresses: Sequence[IAddress]) -> list[IAddress]:
        """Return the addresses, those of a family together."""
        families: dict[type[IAddress], list[IAddress]] = {}
        for address in addresses:
            families.setdefault(type(address), []).append(address)
        self.count = max(map(len, families.values()), default=1)
        return [address for family in families.values() for address in self._turn(family)]

    def _turn(self, family: list[IAddress]) -> list[IAddress]:
        hosts = [address.host for address in family]  # type: ignore[attr-defined]
        begin = hosts.index(self.last) + 1 if self.last in hosts else 0
        return family[begin:] + family[:begin]


@implementer(IResolutionReceiver)
class _Receiver:
    """Takes the addresses of a name, and hands them on in their order."""

    def __init__(self, resolver: _Resolver, receiver: IResolutionReceiver) -> None:
        self._resolver = resolver
        self._receiver = receiver
        self._addresses: list[IAddress] = []

    def resolutionBegan(self, resolutionInProgress: IHostResolution) -> None:
        self._receiver.resolutionBegan(resolutionInProgress)

    def addressResolved(self, address: IAddress) -> None:
        self._addresses.append(address)

    def resolutionComplete(self) -> None:
        for address in self._resolver.put_in_order(self._addresses):
            self._receiver.addressResolved(address)
        self._receiver.resolutionComplete()
