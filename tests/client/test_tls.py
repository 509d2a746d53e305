"""
The encrypted way to a server: whom it lets in, and what it says of those that it does not.

Both ends are real, the server's door included; only the network between them is in memory.
"""

import re

import pytest
from twisted.internet.defer import succeed
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.test.iosim import FakeTransport, IOPump

from groupchat import fingerprints
from groupchat.cli.exit import DONE, TURNED_AWAY, UNREACHABLE
from groupchat.cli.failures import exit_for
from groupchat.cli.input import InputParser
from groupchat.cli.pipe import Pipe
from groupchat.client.address import canonical, host_key
from groupchat.client.connector import TIMEOUT, Connector
from groupchat.client.lifecycle import Lifecycle
from groupchat.client.model import Model
from groupchat.client.outbox import Outbox
from groupchat.client.reconnect import Backoff
from groupchat.client.session import Session
from groupchat.client.tls import MAX_RETRIES, TLSEndpoint
from groupchat.client.trust import PinnedTrust, TofuTrust
from tests.cli.environment import FakeInput
from tests.client.certificates import Certificate, authority, self_signed
from tests.client.fakes import FakeDisplay
from tests.support import Server

HOST = "chat.example.org"
ALERT = b"\x15\x03\x01\x00\x02\x02\x28"


class Network:
    """
    An endpoint, and what is behind it; carries bytes to and fro.

    :param behind: makes each server.
    :param spoke_first: the number of times that the greeting is faster than the client.
    """

    def __init__(self, behind, spoke_first=0):
        self.behind = behind
        self._overtaken = spoke_first
        self.pumps = []
        self.sent = b""  # by clients, as others on the network see it
        self.asked = 0

    def connect(self, factory):
        self.asked += 1
        behind = (
            says(first=b"What is your name?\n") if self.asked <= self._overtaken else self.behind
        )
        server, client = behind.buildProtocol(None), factory.buildProtocol(None)
        there, near = (
            FakeTransport(server, isServer=True),
            FakeTransport(client, isServer=False),
        )
        near.setTcpNoDelay = there.setTcpNoDelay = lambda _: None
        self.pumps.append((IOPump(client, server, near, there, debug=False), near, there))
        there.protocol.makeConnection(there)
        near.protocol.makeConnection(near)
        return succeed(client)

    def carry(self):
        """Until nothing more is said. Returns whether anything was."""
        any_at_all = False
        for pump, near, _ in list(self.pumps):
            while True:
                self.sent += b"".join(near.stream)
                if not pump.pump():
                    break
                any_at_all = True
        return any_at_all

    def cut(self):
        """Every connection is lost."""
        pumps, self.pumps = self.pumps, []
        for _, near, there in pumps:
            for end in near, there:
                if not end.disconnected:
                    end.reportDisconnect()


class Says(Protocol):
    """
    No server of ours.

    :param first: what it says unasked.
    :param answer: what it says when it has heard something; then it may hang up.
    """

    def __init__(self, first=b"", answer=b"", close=False):
        self._first, self._answer, self._close = first, answer, close
        self.heard = b""

    def connectionMade(self):
        self.transport.write(self._first)

    def dataReceived(self, data):
        self.heard += data
        self.transport.write(self._answer)
        self._answer = b""
        if self._close:
            self.transport.loseConnection()


def says(*arguments, **more):
    return Factory.forProtocol(lambda: Says(*arguments, **more))


def encrypted(certificate, factory, clock=None):
    return TLSMemoryBIOFactory(certificate.options(), False, factory, clock or Clock())


class Environment:
    """A client on its way to a server, and the server."""

    def __init__(self, path, certificate=None, behind=None, host=HOST, told=None, spoke_first=0):
        self.server = Server()
        self.path = path
        self.net = Network(behind, spoke_first)
        key = host_key(host, 9000)
        trusted = PinnedTrust(key, told) if told else TofuTrust(key, path)
        self.clock, self.display, self.input = self.server.reactor, FakeDisplay(), FakeInput()
        if certificate is not None:
            self.show(certificate)
        session = Session("alice", "s" * 16, on_first_event=trusted.remember)
        self.model = Model(session, ["lobby"], self.display, Outbox(), self.clock)
        self.parser = InputParser(self.model, self.display)
        endpoint = TLSEndpoint(self.net, host, trusted.check)
        connector = Connector(endpoint, self.clock, Backoff(lambda: 0.5))
        self.chat = Lifecycle(connector, lambda: f"{host}, port 9000", self.model, self.clock)
        self.pipe = Pipe(self.chat, self.model, self.parser, self.input, self.clock)
        self.endings = []
        self.chat.start().addCallback(exit_for).addCallback(self.endings.append)
        self.run()

    def show(self, certificate):
        """The server shows this certificate from now on."""
        self.net.behind = encrypted(certificate, self.server.factory, self.clock)

    def run(self, seconds=0.0):
        end = self.clock.rightNow + seconds
        while True:
            while self.net.carry() or self.clock.turn():
                pass
            if self.clock.rightNow >= end:
                return self
            self.clock.rightNow = min(end, self.clock.rightNow + 0.1)

    def type(self, *lines, end=False):
        for line in lines:
            self.parser.type(line.encode())
        self.parser.ended = self.parser.ended or end
        self.pipe.check()
        return self.run()

    @property
    def logged_in(self):
        return self.model.session.logged_in

    @property
    def ending(self):
        ((ending),) = self.endings
        return ending.status, ending.text


@pytest.fixture
def path(tmp_path):
    return tmp_path / "known_hosts"


@pytest.fixture
def authorities(tmp_path, monkeypatch):
    """The system's only authority is ours."""
    file = tmp_path / "authorities.pem"
    file.write_bytes(authority().pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))


# Logging in.


def test_a_client_logs_in_by_tls_and_reports_the_certificate_the_first_time(path):
    env = Environment(path, self_signed())
    assert env.logged_in
    shown = self_signed().fingerprint
    assert env.display.told == [
        f"First time at {HOST}:9000. Its certificate is {shown}; it is remembered in {path}."
    ]
    assert path.read_text() == f"{HOST}:9000 {shown}\n"
    assert Environment(path, self_signed()).display.told == []


def test_nobody_on_the_network_reads_along(path):
    env = Environment(path, self_signed()).type("a word")
    bob = env.server.json("bob", rooms={"lobby": {"after": 0}})
    env.type("another word")
    assert [event["text"] for event in bob.events() if event["type"] == "message"] == [
        "another word"
    ]
    assert env.net.sent.startswith(b"\x16\x03")
    for secret in b"hello", b"alice", b"s" * 16, b"word":
        assert secret not in env.net.sent


def test_at_the_end_of_input_it_quits_as_tls_has_no_half_close(path):
    env = Environment(path, self_signed())
    bob = env.server.plain("bob")
    env.type("a last word", end=True)
    assert env.ending == (DONE, "")
    assert bob.heard() == ["alice: a last word", "alice left."]
    env.run(TIMEOUT)
    assert len(env.server.factory.connections) == 1, "and nothing is left of it"


@pytest.mark.parametrize(
    "host", ["chat.example.org", "CHAT.example.org", "bücher.example", "192.0.2.7", "2001:db8::7"]
)
def test_the_authorities_vouch_for_names_and_addresses(path, authorities, host):
    between = Certificate(by=authority(), authority=True)
    certificate = Certificate("other.example.org", canonical(host), by=between)
    env = Environment(path, certificate, host=host)
    assert env.logged_in and env.display.told == []
    assert path.read_text() == f"{host_key(host, 9000)} authorities\n"


@pytest.mark.parametrize(
    "make",
    [
        lambda: Certificate("elsewhere.example.org", by=authority()),
        lambda: Certificate("192.0.2.7", by=authority()),
        lambda: Certificate(by=authority()),
        lambda: Certificate(HOST, by=authority(), days=-1),
        lambda: Certificate(HOST, by=Certificate(authority=True)),
        lambda: Certificate(HOST, by=Certificate(HOST, by=authority())),
        lambda: Certificate(HOST),
    ],
    ids=[
        "another host",
        "an address",
        "no host",
        "too old",
        "another authority",
        "by one that may not",
        "by itself",
    ],
)
def test_what_the_authorities_do_not_vouch_for_is_only_good_the_first_time(path, authorities, make):
    env = Environment(path, make())
    assert env.logged_in and env.display.told[0].startswith("First time at ")
    path.write_text(f"{HOST}:9000 authorities\n")
    assert Environment(path, make()).ending[0] == TURNED_AWAY


def test_a_new_certificate_that_authorities_vouch_for_is_taken(path, authorities):
    Environment(path, self_signed())
    env = Environment(path, Certificate(HOST, by=authority()))
    assert env.logged_in
    assert env.display.told[0].startswith(
        f"{HOST}:9000 has a new certificate, for which the system's authorities vouch; "
    )


# Turning away.


@pytest.mark.parametrize("told", [None, fingerprints.fingerprint(b"another")])
def test_to_a_server_with_another_certificate_nothing_is_said(path, told):
    path.write_text(f"{HOST}:9000 {fingerprints.fingerprint(b'another')}\n")
    before = path.read_text()
    server = Says()
    env = Environment(
        path, behind=encrypted(self_signed(), Factory.forProtocol(lambda: server)), told=told
    )
    status, text = env.ending
    assert (status, self_signed().fingerprint in text) == (TURNED_AWAY, True)
    assert env.run(20).net.asked == 1
    assert server.heard == b""
    assert path.read_text() == before


def test_the_certificate_that_was_told_is_taken_and_not_remembered(path):
    env = Environment(path, self_signed(), told=self_signed().fingerprint)
    assert env.logged_in and env.display.told == [] and not path.exists()


def test_a_certificate_is_not_remembered_before_the_server_has_said_something_sensible(path):
    behind = encrypted(self_signed(), says(answer=b"220 mail.example.org ESMTP\r\n"))
    env = Environment(path, behind=behind).run(TIMEOUT)
    assert env.ending[0] == UNREACHABLE
    assert not path.exists()


# No TLS.


NO_TLS = f"{HOST}, port 9000 does not speak TLS. If you trust the network: --no-tls"


@pytest.mark.parametrize("greeting", [b"What is your name?\n", b"SSH-2.0-x\r\n", b"{", b"\x00"])
def test_a_server_that_sends_something_else_is_tried_again_but_not_for_ever(path, greeting):
    env = Environment(path, behind=says(first=greeting))
    assert env.ending == (UNREACHABLE, NO_TLS)
    assert env.net.asked == 1 + MAX_RETRIES
    assert b"hello" not in env.net.sent


def test_a_server_that_refuses_tls_says_so_by_its_alert(path):
    env = Environment(path, behind=says(answer=ALERT, close=True))
    assert env.ending == (UNREACHABLE, NO_TLS)
    assert env.net.asked == 1


def test_our_own_server_without_tls_says_so(path):
    server = Server()
    env = Environment(path, behind=server.factory)
    server.run()
    assert env.run(1).ending == (UNREACHABLE, NO_TLS)


def test_a_greeting_that_was_faster_than_our_hello_is_no_end(path):
    env = Environment(path, self_signed(), spoke_first=MAX_RETRIES)
    assert env.logged_in and env.net.asked == 1 + MAX_RETRIES


def test_tls_of_another_kind_is_told_apart(path):
    env = Environment(
        path, behind=says(answer=b"\x15\x03\x01\x00\x02\x02\x46", close=True)
    )  # protocol_version
    status, text = env.ending
    assert status == UNREACHABLE
    assert re.fullmatch(f"Cannot reach {HOST}, port 9000: TLS failed: .*protocol version", text)


def test_a_server_that_hangs_up_during_the_handshake(path):
    env = Environment(path, behind=says(close=True))
    assert env.ending == (
        UNREACHABLE,
        f"{HOST}, port 9000 closed the connection without a word. Is that a groupchat server?",
    )


def test_a_handshake_that_never_ends_is_not_waited_for(path):
    env = Environment(path, behind=says()).run(TIMEOUT)
    status, text = env.ending
    assert (status, text[:10]) == (UNREACHABLE, "No answer ")
    assert env.run().net.pumps[0][1].disconnected


def test_a_signal_during_the_handshake_ends_it(path):
    env = Environment(path, behind=says())
    env.pipe.stop()
    assert env.run().ending == (DONE, "")
    assert env.net.pumps[0][1].disconnected


# Coming back.


def test_it_comes_back_by_tls(path):
    env = Environment(path, self_signed())
    env.net.cut()
    env.run(5)
    assert env.logged_in
    assert env.display.told[1:] == ["Connection lost. Trying again …", "Connected again."]
    assert env.net.asked == 2


def test_it_does_not_come_back_to_another_certificate(path):
    env = Environment(path, self_signed())
    env.show(Certificate(HOST))
    env.net.cut()
    assert env.run(5).ending[0] == TURNED_AWAY


def test_it_does_not_come_back_without_tls_but_goes_on_trying(path):
    env = Environment(path, self_signed()).type("a")
    env.net.behind = says(first=b"What is your name?\n")
    env.net.cut()
    env.run(20)
    assert not env.endings and env.net.asked > 5
    assert b"hello" not in env.net.sent
    env.show(self_signed())
    assert env.run(40).logged_in
