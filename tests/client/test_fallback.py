"""
The way to a server on this machine: what it may have in plain, and what it may not.
"""

import re

import pytest
from twisted.protocols.tls import TLSMemoryBIOFactory

from groupchat.cli.exit import TURNED_AWAY, UNREACHABLE
from groupchat.cli.failures import exit_for
from groupchat.cli.input import InputParser
from groupchat.cli.password import PasswordDialog
from groupchat.cli.pipe import Pipe
from groupchat.client.address import host_key
from groupchat.client.client_id import ClientId
from groupchat.client.connector import Connector
from groupchat.client.fallback import PlaintextFallback
from groupchat.client.identity import Identity
from groupchat.client.lifecycle import Lifecycle
from groupchat.client.local_trust import LocalTrust
from groupchat.client.model import Model
from groupchat.client.outbox import Outbox
from groupchat.client.reconnect import Backoff
from groupchat.client.session import Session
from groupchat.client.tls import MAX_RETRIES, TLSEndpoint
from groupchat.client.trust import Verdict
from groupchat.fingerprints import fingerprint
from groupchat.wire import events
from tests.cli.environment import Asker, FakeInput
from tests.client.certificates import Certificate, self_signed
from tests.client.fakes import FakeDisplay
from tests.client.test_tls import Network, says
from tests.support import Server

SECRET, PASSWORD = "s" * 16, "correct horse"


def secret_for(certificate):
    return (
        fingerprint(certificate.encode())
        .removeprefix("SHA256:")
        .replace("/", "_")
        .replace("+", "-")
    )


class Environment:
    """A client on its way to a server on the same machine, and that server."""

    def __init__(self, path, behind=None, host="localhost", asker=None, password=None):
        self.server = Server()
        self.clock, self.display = self.server.reactor, FakeDisplay()
        self.net = Network(behind or self.server.factory)
        self.identity = Identity(None, self.claim, lambda certificate: None, resumes_reading=False)
        told = {Verdict.CHANGED} if asker else ()
        trusted = LocalTrust(host_key(host, 9000), path, self.identity, password is not None, told)
        near = PlaintextFallback(
            self.net,
            TLSEndpoint(self.net, host, trusted.check),
            trusted,
            self.identity.set_unproven,
        )
        session = Session("alice", self.identity.value, password, near.remember)
        self.model = Model(session, ["lobby"], self.display, Outbox(), self.clock)
        self.identity.user = self.model
        connector = Connector(near, self.clock, Backoff(lambda: 0.5))
        self.chat = Lifecycle(connector, lambda: "localhost, port 9000", self.model, self.clock)
        dialog = PasswordDialog(asker, self.chat, self.model) if asker else None
        self.parser = InputParser(self.model, self.display)
        self.pipe = Pipe(self.chat, self.model, self.parser, FakeInput(), self.clock, dialog=dialog)
        self.endings = []

    def claim(self, server):
        return ClientId(SECRET if server is None else secret_for(server.certificate))

    def start(self):
        self.chat.start().addCallback(exit_for).addCallback(self.endings.append)
        return self.run()

    def type(self, line):
        self.parser.type(line.encode())
        self.pipe.check()
        return self.run()

    def encrypt(self, certificate=None):
        options = (certificate or self_signed()).options()
        self.net.behind = TLSMemoryBIOFactory(options, False, self.server.factory, self.clock)
        return self

    def run(self, seconds=0.0):
        end = self.clock.rightNow + seconds
        while True:
            while self.net.carry() or self.clock.turn():
                pass
            if self.clock.rightNow >= end:
                return self
            self.clock.advance(0.25)

    @property
    def gave_a_secret(self):
        """Whether whoever is in between has seen one."""
        return SECRET.encode() in self.net.sent or PASSWORD.encode() in self.net.sent


@pytest.fixture
def path(tmp_path):
    return tmp_path / "known_hosts"


@pytest.mark.parametrize(
    ("host", "place"),
    [("localhost", "localhost:9000"), ("unix:/run/Lifecycle.sock", "unix:/run/Lifecycle.sock")],
)
def test_a_server_on_this_machine_is_spoken_to_by_tls_and_remembered_without_a_word(
    path, host, place
):
    env = Environment(path, host=host).encrypt().start()
    assert env.model.session.logged_in and env.display.told == []
    assert path.read_text() == f"{place} {self_signed().fingerprint}\n"
    assert not env.gave_a_secret


@pytest.mark.parametrize("behind", [None, says(first=b"What is your name?\n"), says(first=b"{")])
def test_who_listens_there_after_the_server_has_gone_gets_nothing_in_plain(path, behind):
    env = Environment(path).encrypt().start()
    env.net.behind = behind or env.server.factory
    env.net.cut()
    env.run(30)
    assert not env.endings and b"hello" not in env.net.sent
    again = Environment(path, behind).start()
    again.run(5)
    assert again.endings[0].status == UNREACHABLE and b"hello" not in again.net.sent


def test_a_server_without_tls_gets_on_in_plain_where_none_was_ever_spoken_but_gets_no_secret(path):
    env = Environment(path).start()
    assert env.model.session.logged_in and not env.gave_a_secret
    env.net.cut()
    env.run(5)
    assert env.model.session.logged_in and not env.gave_a_secret, "and it comes back"
    first, again = re.findall(rb'"client":"(.*?)"', env.net.sent)
    assert first == again, "as the same"
    assert not path.exists()


def test_a_server_whose_greeting_is_faster_than_tls_is_tried_four_times_before_plain_text(
    path,
):
    env = Environment(path, says(first=b"What is your name?\n")).start()
    assert env.net.asked == 1 + MAX_RETRIES + 1


def test_a_server_that_speaks_tls_later_is_not_spoken_to_in_plain_again(path):
    env = Environment(path).start().encrypt()
    env.net.cut()
    env.run(5)
    assert env.model.session.logged_in and path.exists()
    env.net.behind = env.server.factory
    env.net.cut()
    asked = env.net.sent.count(b"hello")
    env.run(30)
    assert not env.model.session.logged_in and env.net.sent.count(b"hello") == asked


@pytest.mark.parametrize(
    "known", [{"asker": Asker()}, {"password": PASSWORD}], ids=["asked", "in a file"]
)
def test_no_password_is_given_to_a_server_that_does_not_show_who_it_is(path, known):
    env = Environment(path, **known)
    env.server.json("alice").ask("register", password=PASSWORD)
    ending = env.start().endings[0]
    assert ending.status == TURNED_AWAY and not env.gave_a_secret
    assert ending.text.endswith(
        "localhost, port 9000 speaks no TLS, so nothing shows that it is the server: it gets no "
        "password. "
        "If you trust it, start again with --no-tls."
    )


def test_an_outbox_is_not_delivered_to_a_server_that_does_not_show_who_it_is(path):
    env = Environment(path)
    env.model.outbox.persistent = True
    assert (
        env.start()
        .endings[0]
        .text.startswith("Nothing shows that this is the server: it gets no client secret, ")
    )
    assert b"hello" not in env.net.sent


def test_a_password_is_not_set_on_a_server_that_does_not_show_who_it_is(path):
    env = Environment(path).start()
    env.type(f"/register {PASSWORD}")
    assert not env.gave_a_secret and env.display.complaints == [
        "/register: Nothing shows that this is the server: it gets no password. "
        "If you trust it, start again with --no-tls."
    ]
    assert env.parser.unsaid == 0 and not env.endings
    assert not env.model.busy and not [
        event for event in env.display.events if isinstance(event, events.Ok)
    ]


def test_another_certificate_is_another_server_which_knows_the_client_by_another_secret(path):
    first = Environment(path).encrypt().start()
    second = Environment(path, asker=Asker()).encrypt(Certificate("groupchat")).start()
    assert first.model.session.logged_in and second.model.session.logged_in
    assert first.model.session.client != second.model.session.client
    assert second.display.told == [
        "localhost:9000 has another certificate than before: taken for another server."
    ]
    again = Environment(path, asker=Asker()).encrypt().start()
    assert again.model.session.client == first.model.session.client and again.display.told == [], (
        "and both are known from then on"
    )


def test_in_one_run_another_certificate_ends_it_and_says_how_to_join_the_other(path):
    env = Environment(path).encrypt().start().encrypt(Certificate("groupchat"))
    env.net.cut()
    env.run(5)
    ending = env.endings[0]
    assert ending.status == TURNED_AWAY and ending.text.startswith(
        "Another server is at localhost:9000 now: its certificate is "
    )
    assert ending.text.endswith(
        "Your input was meant for the server before it. Start groupchat-connect again to join it."
    )


def test_a_password_from_a_file_is_for_servers_that_were_there_before_and_the_first(path):
    def join(certificate, **known):
        env = Environment(path, **known).encrypt(certificate)
        env.server.json("alice").ask("register", password=PASSWORD)
        return env.start().run(1)

    other = Certificate("groupchat")
    assert join(self_signed(), password=PASSWORD).model.session.logged_in
    ending = join(other, password=PASSWORD).endings[0]
    assert (
        ending.status == TURNED_AWAY
        and f"remove line 1 of {path}, or give the fingerprint" in ending.text
    )
    assert join(other).endings[0].text.endswith("Give it with --password-file.")
    assert join(other, password=PASSWORD).model.session.logged_in
