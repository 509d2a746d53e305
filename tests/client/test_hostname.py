"""The addresses of a host name, which are those of several nodes."""

from __future__ import annotations

import pytest
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.interfaces import IHostnameResolver, IReactorPluggableNameResolver
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactorClock, StringTransport
from zope.interface import implementer

from groupchat.client.access import Access
from groupchat.client.hostname import NodesEndpoint
from groupchat.client.outbox import Outbox
from groupchat.client.parts import Policy, fixed_identity, make_parts
from groupchat.wire import events, jsonlines

NODES = ["192.0.2.1", "192.0.2.2", "192.0.2.3"]


@implementer(IReactorPluggableNameResolver, IHostnameResolver)
class Net(MemoryReactorClock):
    """
    A network in which a name has these addresses.

    :ivar tried: the addresses to which connections were begun.
    """

    def __init__(self, *addresses):
        super().__init__()
        self.nameResolver = self
        self.addresses = addresses
        self.tried = []

    def resolveHostName(self, receiver, host, port, *_):
        receiver.resolutionBegan(None)
        for address in self.addresses:
            kind = IPv6Address if ":" in address else IPv4Address
            receiver.addressResolved(kind("TCP", address, port))
        receiver.resolutionComplete()

    def connectTCP(self, host, port, factory, timeout=30, bindAddress=None):
        self.tried.append(host)
        return super().connectTCP(host, port, factory, timeout, bindAddress)

    def _last(self):
        host, port, factory, *_ = self.tcpClients[-1]
        return IPv4Address("TCP", host, port), factory

    def accept(self):
        """Let the last connection be made. Returns its protocol."""
        address, factory = self._last()
        protocol = factory.buildProtocol(address)
        protocol.makeConnection(StringTransport(peerAddress=address))
        return protocol

    def refuse(self):
        factory = self._last()[1]
        factory.clientConnectionFailed(None, ConnectionRefusedError())
        self.advance(0.3)


def attempts(endpoint, net, count):
    """Make connections one after the other. Returns the addresses."""
    net.tried.clear()
    for _ in range(count):
        endpoint.connect(Factory.forProtocol(Protocol))
        net.accept()
    return net.tried


def test_each_attempt_takes_the_next_address_and_after_the_last_the_first_again():
    net = Net(*NODES)
    endpoint = NodesEndpoint(net, "chat.example", 9000, 10)
    assert endpoint.count == 1
    assert attempts(endpoint, net, 4) == [*NODES, NODES[0]]
    assert endpoint.count == 3


def test_an_address_that_refuses_is_left_for_the_next_in_the_same_attempt():
    net = Net(*NODES)
    endpoint = NodesEndpoint(net, "chat.example", 9000, 10)
    endpoint.connect(Factory.forProtocol(Protocol))
    net.refuse()
    net.accept()
    assert net.tried == NODES[:2]
    assert attempts(endpoint, net, 2) == [NODES[2], NODES[0]]


def test_the_two_addresses_of_one_server_are_tried_in_their_order_each_time():
    net = Net("2001:db8::1", NODES[0])
    endpoint = NodesEndpoint(net, "chat.example", 9000, 10)
    assert attempts(endpoint, net, 2) == ["2001:db8::1"] * 2
    assert endpoint.count == 1


def test_where_none_accepts_a_connection_all_were_tried():
    net = Net(*NODES)
    endpoint = NodesEndpoint(net, "chat.example", 9000, 10)
    failures = []
    endpoint.connect(Factory.forProtocol(Protocol)).addErrback(failures.append)
    for _ in NODES:
        net.refuse()
    assert failures[0].check(ConnectionRefusedError) and endpoint.count == 1


@pytest.mark.parametrize("code", ["stopping", "unavailable"])
def test_a_client_that_a_node_does_not_let_in_goes_on_at_the_next_address(code):
    net = Net(*NODES)
    access = Access("alice", "chat.example", 9000, tls=False)
    parts = make_parts(
        net, access, ["lobby"], Outbox(), fixed_identity(None), policy=Policy(random=lambda: 0.0)
    )
    ended = parts.lifecycle.start()
    for node in NODES:
        protocol = net.accept()
        bye = events.Bye(code=code, text="Not here.", retry=2)
        protocol.dataReceived(jsonlines.encode(bye))
        protocol.connectionLost(None)
        assert net.tried[-1] == node
        if node != NODES[-1]:
            assert not ended.called
            net.advance(2)
    results = []
    ended.addCallback(results.append)
    assert str(results[0]) == "Not here."
