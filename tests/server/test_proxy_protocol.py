"""
The PROXY protocol: a connection is from where its header says, and one without a header is
no client's.
"""

from __future__ import annotations

import ipaddress
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress

from groupchat.core.permissions import BAN, AuditEntry, Restriction
from groupchat.server.proxy_protocol import (
    MAX_V1_HEADER,
    MAX_V2_BLOCK,
    BadHeader,
    ProxyProtocolFactory,
    parse,
)
from tests.support import Server

MARK = b"\r\n\r\n\0\r\nQUIT\n"
PROXY = "10.0.0.1"
GOOD = b"PROXY TCP4 198.51.100.7 203.0.113.1 56324 9000\r\n"
FROM = IPv4Address("TCP", "198.51.100.7", 56_324)
FROM6 = IPv6Address("TCP", "2001:db8::7", 56_324)


def block(family=0x11, *addresses, command=0x21, more=b""):
    packed = b"".join(ipaddress.ip_address(address).packed for address in addresses)
    body = (packed + struct.pack("!HH", 56_324, 9000) if addresses else b"") + more
    return MARK + struct.pack("!BBH", command, family, len(body)) + body


BLOCKED = block(0x11, "198.51.100.7", "203.0.113.1")
HEADERS = [
    (GOOD, FROM),
    (b"PROXY TCP6 2001:DB8:0:0::7 2001:db8::1 56324 9000\r\n", FROM6),
    (b"PROXY TCP6 ::ffff:198.51.100.7 ::1 56324 9000\r\n", FROM),
    (b"PROXY UNKNOWN\r\n", None),
    (b"PROXY UNKNOWN ffff:f::1 ffff:f::2 65535 65535\r\n", None),
    (BLOCKED, FROM),
    (block(0x11, "198.51.100.7", "203.0.113.1", more=b"\x03\0\x04abcd"), FROM),
    (block(0x21, "2001:db8::7", "2001:db8::1"), FROM6),
    (block(0x21, "::ffff:198.51.100.7", "::1"), FROM),
    (block(0x31, more=b"/run/x.sock".ljust(216, b"\0")), UNIXAddress(b"")),
    (block(0x00), None),
    (block(0x12, "198.51.100.7", "203.0.113.1"), None),
    (block(0x00, command=0x20), None),
    (block(0x11, "198.51.100.7", "203.0.113.1", command=0x20), None),
]
BAD = [
    b"alice\n",
    b"GET / HTTP/1.0\r\n\r\n",
    b'{"type":"hello"}\n',
    b"\x16\x03\x01",
    b"PROXY\r\n",
    b"\r\n\r\nhello",
    b"PROXY TCP4 198.51.100.7 203.0.113.1 56324\r\n",
    b"PROXY TCP4 198.51.100.7 203.0.113.1 x 9000\r\n",
    b"PROXY TCP4 198.51.100.7 203.0.113.1 65536 9000\r\n",
    b"PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n",
    b"PROXY TCP6 198.51.100.7 203.0.113.1 1 2\r\n",
    b"PROXY TCP6 fe80::1%\x1b[2J fe80::2 1 2\r\n",
    b"PROXY TCP4 \x1b[2J\xff 203.0.113.1 1 2\r\n",
    b"PROXY UDP4 198.51.100.7 203.0.113.1 1 2\r\n",
    b"PROXY TCP4 " + b"1" * MAX_V1_HEADER,
    b"PROXY TCP4 " + b"1" * MAX_V1_HEADER + b"\r\n",
    block(command=0x11),
    block(command=0x22),
    block(0x11, more=b"short"),
    block(0x21, "198.51.100.7", "203.0.113.1"),
    block(0x00, more=b"x" * (MAX_V2_BLOCK + 1)),
]


@pytest.fixture
def server():
    server = Server()
    server.proxied = ProxyProtocolFactory(server.factory)
    return server


def seen(server):
    """The addresses of those who are in."""
    return [session.peer.address for session in server.hub.members.sessions]


@pytest.mark.parametrize(("header", "source"), HEADERS)
def test_a_header_tells_from_where_a_connection_comes_and_what_follows_it_is_left(header, source):
    assert parse(header + b"alice\n") == (source, b"alice\n")
    assert all(parse(header[:end]) is None for end in range(len(header)))


@pytest.mark.parametrize("bad", BAD)
def test_what_is_no_header_is_told_apart(bad):
    with pytest.raises(BadHeader):
        parse(bad)


@given(
    st.sampled_from([b"", b"PROXY ", b"PROXY TCP4 ", b"PROXY TCP6 ::1 ", MARK, MARK + b"\x21"]),
    st.binary(max_size=60),
)
def test_whatever_comes_it_is_a_header_or_none_or_not_complete(start, more):
    try:
        found = parse(start + more)
    except BadHeader:
        return
    assert found is None or str(ipaddress.ip_address(getattr(found[0], "host", "::")))


@pytest.mark.parametrize("wire", ["plain", "json"])
@pytest.mark.parametrize("header", [GOOD, BLOCKED])
@pytest.mark.parametrize("at_once", [True, False])
def test_a_member_has_the_address_that_the_header_tells(server, wire, header, at_once):
    alice = server.connect(wire, PROXY)
    if at_once:
        alice.send(header)
    for byte in b"" if at_once else header:
        alice.send(bytes([byte]))
        server.run()
    alice.hello("alice")
    server.run()
    assert seen(server) == ["198.51.100.7"]
    alice.say("hello")
    alice.end()
    server.run()
    assert server.connect("plain", PROXY).gone is False
    assert server.hub.rooms == {} and alice.transport.lost, (
        "what it said before its end of input was said, and it has left"
    )


def test_a_silent_one_is_greeted_half_a_second_after_its_header(server):
    alice = server.connect("plain", PROXY)
    server.run(3)
    assert alice.read() == b""
    alice.send(GOOD)
    server.run(0.4)
    assert alice.read() == b""
    server.run(0.2)
    assert alice.read() == b"What is your name?\n"


@pytest.mark.parametrize("header", [b"PROXY UNKNOWN\r\n", block(0x00, command=0x20)])
def test_where_the_proxy_does_not_say_it_is_the_proxy_s_own_address(server, header):
    alice = server.connect("json", PROXY)
    alice.send(header)
    alice.hello("alice")
    server.run()
    assert seen(server) == [PROXY]


def test_a_check_of_the_proxy_that_says_nothing_leaves_nothing(server, logged):
    for _ in range(5):
        check = server.connect("plain", PROXY)
        check.send(block(0x00, command=0x20))
        check.end()
        server.run()
        assert check.transport.lost
    assert not server.factory.connections and logged() == []


def test_bans_hold_for_the_address_that_the_header_tells(server):
    server.accounts.save(Restriction(BAN, "198.51.100.0/24", "root"), AuditEntry(0, "root", "ban"))
    mallory, bob = server.connect("json", PROXY), server.connect("json", PROXY)
    mallory.send(GOOD)
    mallory.hello("mallory")
    bob.send(GOOD.replace(b"198.51.100.7", b"192.0.2.7"))
    bob.hello("bob")
    server.run()
    assert [event["code"] for event in mallory.events() if event["type"] == "bye"] == ["banned"]
    assert seen(server) == ["192.0.2.7"]


def test_limits_hold_for_the_address_that_the_header_tells(server):
    flood = [server.connect("plain", PROXY) for _ in range(50)]
    for one in flood:
        one.send(GOOD)
    server.run()
    for one in flood:
        one.close()
    for _ in range(60):
        server.connect("plain", PROXY).send(GOOD)
    server.run()
    late, other = server.connect("json", PROXY), server.connect("json", PROXY)
    late.send(GOOD)
    other.send(GOOD.replace(b"198.51.100.7", b"192.0.2.7"))
    other.hello("bob")
    server.run()
    assert late.transport.lost and not other.gone
    assert seen(server) == ["192.0.2.7"]


@pytest.mark.parametrize("bad", BAD)
def test_one_without_a_header_is_closed_and_is_one_line_of_the_log(server, logged, bad):
    client = server.connect("plain", PROXY)
    client.send(bad)
    server.run()
    assert client.transport.lost and client.read() == b""
    assert logged() == [
        f"A connection from {PROXY} was closed: it did not begin with a PROXY header."
    ]
    assert not server.factory.connections


@pytest.mark.parametrize("part", [b"", b"PROXY TCP4", MARK[:5]])
def test_one_whose_header_does_not_come_in_10_s_is_closed(server, part):
    client = server.connect("plain", PROXY)
    client.send(part)
    server.run(9.9)
    assert not client.gone
    server.run(0.2)
    assert client.transport.lost


def test_without_a_header_there_are_as_many_as_the_pool_holds_and_the_oldest_goes(server):
    waiting = [server.connect("plain", PROXY) for _ in range(66)]
    server.run()
    assert [one.gone for one in waiting] == [True] * 2 + [False] * 64


def test_at_the_end_those_without_a_header_are_gone_and_nothing_is_left(server):
    server.proxied.numPorts = 1
    client = server.connect("plain", PROXY)
    server.proxied.doStop()
    server.run()
    server.factory.numPorts = 0
    server.factory.doStop()
    assert client.transport.lost
    assert server.reactor.getDelayedCalls() == []
