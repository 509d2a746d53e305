"""
TLS on the same port: who speaks it, who has to, who waits for it, and that all else holds within
it, too.
"""

from __future__ import annotations

import socket
import ssl

import pytest

from groupchat.server.heartbeat import WRITE_TIMEOUT
from groupchat.server.outbound import LINGER
from groupchat.server.pool import GRACE_SECONDS
from groupchat.server.protocol import TLS_READ_SIZE
from groupchat.server.sniff import REFUSALS, TLS_HANDSHAKE
from groupchat.server.tls import Certificate
from groupchat.server.writers import HIGH_WATER_MARK
from tests.support import Encrypted, Server, codes

both_encrypted = pytest.mark.parametrize("wire", ["plain, tls", "json, tls", "websocket, tls"])
CERTIFICATE = Certificate(None, own=True)
CERTIFICATE.open()
KIB = "x" * 1024


def serving(**door):
    return Server(certificate=CERTIFICATE, **door)


@pytest.fixture
def server():
    return serving(tls_share=0)


def shaken(server, wire="plain, tls", address="192.0.2.1"):
    """Someone whose handshake is done."""
    client = server.connect(wire, address)
    client.shake()
    return client


def gone(server, client):
    """Whether all of it is."""
    return (
        client.transport.lost
        and client.protocol not in server.factory.connections
        and client.protocol not in server.factory.pending
    )


# Detection of the wire.


@both_encrypted
def test_both_wires_are_spoken_within_tls(server, wire):
    alice, bob = server.join(wire, "alice"), server.json("bob")
    alice.say("hi")
    server.run()
    assert bob.heard() == ["alice: hi"]
    bob.say("hello")
    server.run()
    assert [line for line in alice.heard() if "alice" not in line] == ["bob joined.", "bob: hello"]


def test_its_hello_may_come_byte_by_byte(server):
    alice = server.connect("json, tls")
    hello = bytes(alice.transport.incoming)
    alice.transport.incoming.clear()
    for byte in hello:
        alice.transport.incoming.append(byte)
        server.run()
    alice.hello("alice")
    alice.shake()
    assert alice.events()[0]["type"] == "welcome"


def test_what_comes_with_the_end_of_the_handshake_is_read(server):
    alice = server.connect("json, tls")
    alice.hello("alice")
    server.run()
    alice.turn()
    server.run()
    assert alice.events()[0]["type"] == "welcome"


def test_the_half_second_of_the_greeting_begins_anew_when_the_handshake_is_done(server):
    alice = server.connect("plain, tls")
    server.run(2)
    alice.shake()
    server.run(0.49)
    assert alice.read() == b""
    server.run(0.02)
    assert alice.read() == b"What is your name?\n"
    server.run(5)
    assert alice.read() == b""


def test_where_the_endpoint_is_encrypted_itself_there_is_one_greeting_too(server):
    client = server.connect("plain")
    server.run(0.4)
    client.protocol.handshakeCompleted()
    server.run(0.4)
    assert client.lines() == []
    server.run(1)
    assert client.lines() == ["What is your name?"]


def test_the_greeting_before_does_not_come_any_more(server):
    client = server.connect("plain")
    client.send(TLS_HANDSHAKE)
    server.run(5)
    assert client.transport.taken == b""


@pytest.mark.parametrize("opening", REFUSALS)
def test_other_protocols_are_told_that_they_are_not_here_and_so_is_tls_within_tls(server, opening):
    client = shaken(server)
    client.send(opening, b"/ HTTP/1.0\r\n\r\n")
    server.run()
    client.turn()
    assert client.clear == REFUSALS[opening]
    assert client.ended
    server.run(LINGER + 0.1)
    assert gone(server, client)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize(
    ("offered", "agreed"),
    [
        (["h2", "http/1.1"], "http/1.1"),
        (["http/1.1"], "http/1.1"),
        (["h2"], None),
        (["irc", "x" * 9], None),
    ],
)
def test_a_client_that_offers_alpn_agrees_on_http_1_1_or_on_nothing_and_is_answered(
    server, offered, agreed, version, monkeypatch
):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(offered)
    monkeypatch.setattr(Encrypted, "context", context)
    browser = shaken(server)
    assert browser.tls.selected_alpn_protocol() == agreed
    browser.send(b"GET / HTTP/1.1\r\nHost: chat\r\n\r\n")
    server.run()
    browser.turn()
    assert browser.clear == REFUSALS[b"GET "]
    assert browser.ended
    assert server.join("json, tls", "alice").ask("ping") == [{"type": "pong"}]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_is_older_than_1_2_is_refused(server, version, monkeypatch):
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = old.maximum_version = version
    monkeypatch.setattr(Encrypted, "context", old)
    client = server.connect("plain, tls")
    with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
        client.shake()
    assert gone(server, client)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_what_is_newer_is_taken(server, version, monkeypatch):
    new = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    new.check_hostname, new.verify_mode = False, ssl.CERT_NONE
    new.minimum_version = new.maximum_version = version
    monkeypatch.setattr(Encrypted, "context", new)
    kept = CERTIFICATE.context().session_stats()["number"]
    alice = server.join("json, tls", "alice")
    assert alice.ask("ping") == [{"type": "pong"}]
    if version is ssl.TLSVersion.TLSv1_3:
        assert CERTIFICATE.context().session_stats()["number"] == kept, "to be resumed"


# Handshakes that fail.


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x01\x00\x05hello",
        b"\x03\x40\x00" + b"x" * 20_000,
        b"\x01\x02\x00\x01\x00\x01\xfc" + b"\x00" * 512,
    ],
)
def test_garbage_ends_the_connection_and_nothing_is_logged(server, garbage):
    client = server.connect("plain")
    client.send(TLS_HANDSHAKE, garbage)
    server.run(13)
    assert gone(server, client)
    assert not client.transport.taken or client.transport.taken[:1] == b"\x15", (
        "an alert, if anything"
    )


def test_garbage_after_the_handshake_ends_the_connection_of_a_member_too(server):
    alice, bob = server.join("json, tls", "alice"), server.json("bob")
    alice.transport.incoming += b"hello in plain\n"
    server.run()
    assert gone(server, alice)
    assert bob.heard() == ["alice left."]


@pytest.mark.parametrize("more", [b"", b"\x01", b"\x01\x40\x00"])
def test_so_does_one_who_is_gone_in_the_middle(server, more):
    client = server.connect("plain")
    client.send(TLS_HANDSHAKE, more)
    client.end()
    server.run()
    assert gone(server, client)


@pytest.mark.parametrize("first", [TLS_HANDSHAKE, TLS_HANDSHAKE + b"\x01", None])
def test_one_who_begins_and_says_no_more_is_closed_after_10_s(server, first):
    client = server.connect("plain" if first else "plain, tls")
    client.send(first or b"")
    server.run(9.9)
    assert not client.transport.lost
    server.run(0.2 + LINGER)
    assert gone(server, client)


def test_so_is_one_who_does_not_say_its_name(server):
    client = shaken(server)
    server.run(9.9)
    assert client.lines() == ["What is your name?"]
    server.run(0.2)
    assert client.lines() == ["! Nothing was heard from you for too long."]
    assert client.ended


def test_those_in_a_handshake_are_of_the_pool(server):
    waiting = [server.connect("plain, tls", f"192.0.2.{number}") for number in range(64)]
    server.run()
    server.connect("plain", "192.0.2.200")
    server.run(GRACE_SECONDS + 0.1)
    waiting[0].shake()
    assert waiting[0].lines() == ["! Too many connections come from your address. Try again later."]
    assert not any(client.gone for client in waiting[1:])


# Where TLS is required.


@pytest.fixture
def strict():
    return serving(require_tls=True)


def test_one_who_speaks_plain_has_to_come_back_with_tls(strict):
    client = strict.connect("plain")
    client.hello("alice")
    strict.run()
    assert client.lines() == [
        "! Only TLS is spoken here. Come back with TLS, as groupchat-connect does."
    ]
    assert client.gone


def test_a_program_is_told_so_in_json(strict):
    client = strict.connect("json")
    client.send(b"{")
    strict.run()
    assert codes(client.events()) == ["tls-required"] and client.gone


def test_one_who_says_nothing_is_told_so_in_place_of_the_greeting(strict):
    client = strict.connect("plain")
    strict.run(0.6)
    assert client.lines() == [
        "! Only TLS is spoken here. Come back with TLS, as groupchat-connect does."
    ]


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("wire", ["plain", "json"])
def test_this_machine_may_still_speak_plain(strict, wire, address):
    client = strict.connect(wire, address)
    client.hello("alice")
    strict.run()
    assert client.heard() == [] and not client.gone
    assert [session.name for session in strict.hub.members.sessions] == ["alice"]


@both_encrypted
def test_with_tls_all_come_in(strict, wire):
    strict.join(wire, "alice")
    assert [session.name for session in strict.hub.members.sessions] == ["alice"]


# The time that handshakes take.


class SlowCertificate(Certificate):
    """A certificate with which the first step of a handshake takes some seconds."""

    def __init__(self, seconds):
        super().__init__(None, own=True)
        self.open()
        self.seconds = seconds
        self.reactor = None

    def context(self):
        self.reactor.rightNow += self.seconds
        return super().context()


def slow(seconds, share=0.25, **settings):
    certificate = SlowCertificate(seconds)
    server = Server(certificate=certificate, tls_share=share, **settings)
    certificate.reactor = server.reactor
    return server


def begun(clients):
    return [client.protocol.peer.encrypted for client in clients]


def test_handshakes_take_their_share_of_the_time_and_the_others_wait_for_their_turn():
    server = slow(0.025, share=0.5)
    clients = [server.connect("plain, tls", f"192.0.2.{number}") for number in range(30)]
    server.run()
    assert begun(clients) == [True] + [False] * 29
    assert [client.is_read for client in clients] == begun(clients)
    server.run(1)
    assert 20 <= sum(begun(clients)) <= 22
    server.run(1)
    assert all(begun(clients))
    for number, client in enumerate(clients):
        client.hello(f"n{number}")
        client.shake()
    assert len(server.hub.members.sessions) == 30


def test_fast_ones_are_as_many_as_there_is_time_for():
    server = slow(0.0005)
    clients = [server.connect("plain, tls", f"192.0.2.{number % 250}") for number in range(600)]
    server.run(1)
    assert 450 <= sum(begun(clients)) <= 550


def test_a_crowd_that_waits_for_its_handshakes_is_let_in_as_fast_as_they_are_done():
    server = slow(0.005, max=150)
    crowd = [server.connect("json, tls", "127.0.0.1") for _ in range(150)]
    for number, one in enumerate(crowd):
        one.hello(f"n{number}")
    for _ in range(40):
        server.run(0.1)
        for one in crowd:
            one.turn()
    assert len(server.hub.members.sessions) == 150
    assert not any(one.gone for one in crowd)


def test_for_all_who_wait_there_is_one_timer():
    server = slow(1)
    for _ in range(2):
        server.connect("plain, tls")
    server.run()
    before = len(server.reactor.getDelayedCalls())
    for _ in range(10):
        server.connect("plain, tls")
    server.run()
    assert len(server.reactor.getDelayedCalls()) == before + 10, "their deadlines"


def test_one_who_waits_too_long_gets_an_alert_and_goes():
    server = slow(4)
    for _ in range(2):
        client = server.connect("plain, tls")
        server.run()
    server.run(10.1)
    assert client.transport.taken == REFUSALS[TLS_HANDSHAKE]
    server.run(LINGER)
    assert gone(server, client)


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1", "fe80::1%eth0", "::1"])
def test_one_who_is_gone_has_no_turn(address):
    server = slow(0.5, share=0.5)
    clients = [server.connect("plain, tls", address) for _ in range(3)]
    server.run()
    clients[1].close()
    server.run(1)
    assert begun(clients) == [True, False, True]


def test_a_hello_in_pieces_takes_no_time_that_it_did_not_wait_for():
    # The second piece is as dear as a whole hello.
    server = slow(0.5, share=0.5)
    cut, other = server.connect("plain, tls"), server.connect("plain, tls", "192.0.2.9")
    rest = bytes(cut.transport.incoming[5:])
    del cut.transport.incoming[5:]
    server.run()
    cut.transport.incoming += rest
    server.run()
    assert begun([cut, other]) == [True, False] and cut.transport.taken == b""
    assert not cut.is_read
    server.run(1)
    assert cut.transport.taken and cut.is_read
    server.run(1)
    assert begun([cut, other]) == [True, True]


def test_one_who_is_gone_while_its_next_step_waits_leaves_nothing():
    server = slow(0.5, share=0.5)
    cut = server.connect("plain, tls")
    rest = bytes(cut.transport.incoming[5:])
    del cut.transport.incoming[5:]
    server.run()
    cut.transport.incoming += rest
    server.run()
    cut.close()
    server.run(3)
    assert gone(server, cut)
    server.factory.doStop()
    assert server.reactor.getDelayedCalls() == []


def test_once_all_are_gone_nothing_is_left():
    server = slow(1)
    for _ in range(5):
        server.connect("plain, tls")
    server.run()
    server.factory.abort()
    server.run()
    server.factory.doStop()
    assert server.reactor.getDelayedCalls() == []


# A client that does not read.


@both_encrypted
def test_a_reader_who_is_behind_costs_64_kib_and_loses_nothing(server, wire):
    slow, speaker = server.join(wire, "slow"), server.json("speaker")
    slow.heard()
    slow.stall()
    for _ in range(100):
        speaker.say(KIB * 4)
        server.run()
    assert slow.protocol.peer.full
    assert HIGH_WATER_MARK < slow.transport.waiting < HIGH_WATER_MARK + 8192
    for _ in range(5):  # a little, and then all
        slow.stall(10_000)
        server.run()
    slow.flow()
    server.run()
    assert [line.removeprefix("past ") for line in slow.heard()] == [f"speaker: {KIB * 4}"] * 100
    assert not slow.protocol.peer.waiting


def test_one_who_was_never_behind_is_written_to_at_once(server):
    alice, bob = server.join("json, tls", "alice"), server.json("bob")
    server.run()
    before = alice.transport.calls
    bob.say("hi")
    server.run()
    assert alice.transport.calls == before + 1
    assert alice.heard() == ["bob joined.", "bob: hi"]


def test_one_who_makes_no_progress_for_a_minute_is_dropped(server):
    slow, speaker = server.join("plain, tls", "slow"), server.json("speaker")
    slow.stall()
    speaker.say("hi")
    server.run(WRITE_TIMEOUT - 2)
    assert not slow.transport.lost
    server.run(4)
    assert slow.transport.aborted and gone(server, slow)


def test_of_many_small_records_one_turn_reads_few(server):
    alice = server.join("json, tls", "alice")
    while len(alice.transport.incoming) < 50_000:
        alice.send(b"x")
    before = len(alice.transport.incoming)
    server.reactor.turn()
    assert before - len(alice.transport.incoming) == TLS_READ_SIZE


def test_what_the_kernel_holds_is_seen_beneath_tls(server):
    slow, speaker = server.join("plain, tls", "slow"), server.json("speaker")
    slow.stall()
    speaker.say("hi")
    server.run()
    here, there = socket.socketpair()
    with here, there:
        slow.transport.fileno = here.fileno
        here.send(KIB.encode())
        before = slow.protocol.peer.backlog()
        there.recv(1024)
        assert slow.protocol.peer.backlog() != before


def test_while_lines_wait_their_sender_is_not_read(server):
    fast, slow = server.join("json, tls", "fast"), server.join("json, tls", "slow")
    slow.stall()
    for _ in range(60):
        slow.do("history", room="lobby")
        fast.say(KIB * 4)
    fast.turn()
    server.run()
    for _ in range(60):
        slow.do("history", room="lobby")
    server.run()
    assert slow.protocol.peer.full and not slow.is_read and fast.is_read
    slow.flow()
    server.run()
    assert slow.is_read


# The end.


def test_a_last_word_is_followed_by_the_end_of_tls(server):
    alice = server.join("plain, tls", "alice")
    alice.quit()
    server.run()
    assert alice.lines() == ["-- Bye."] and alice.ended
    assert not alice.transport.lost, "it waits for the answer"
    alice.leave()
    server.run()
    assert gone(server, alice) and not alice.transport.aborted


def test_one_who_does_not_answer_that_is_closed_after_2_s(server):
    alice = server.join("plain, tls", "alice")
    alice.quit()
    server.run(LINGER + 0.1)
    assert alice.transport.aborted and gone(server, alice)


def test_so_is_one_who_takes_nothing(server):
    alice = server.join("plain, tls", "alice")
    alice.stall()
    alice.quit()
    server.run(LINGER + 0.1)
    assert alice.transport.aborted and gone(server, alice)


@both_encrypted
def test_one_who_ends_tls_has_left(server, wire):
    alice, bob = server.join(wire, "alice"), server.json("bob")
    alice.leave()
    server.run()
    assert gone(server, alice) and not alice.transport.aborted
    assert bob.heard() == ["alice left."]


def test_so_has_one_who_shuts_its_side(server):
    alice, bob = server.join("plain, tls", "alice"), server.json("bob")
    alice.end()
    server.run()
    assert gone(server, alice)
    assert bob.heard() == ["alice left."]


def test_one_who_ends_tls_while_much_waits_for_it_is_gone_once_it_has_read_that(server):
    slow, speaker = server.join("plain, tls", "slow"), server.json("speaker")
    slow.stall()
    for _ in range(40):
        speaker.say(KIB * 4)
    server.run()
    slow.leave()
    server.run()
    assert not slow.transport.lost
    slow.flow()
    server.run()
    assert gone(server, slow) and not slow.transport.aborted


def test_one_who_ends_tls_and_reads_nothing_more_is_dropped(server):
    slow, speaker = server.join("plain, tls", "slow"), server.json("speaker")
    slow.stall()
    for _ in range(40):
        speaker.say(KIB * 4)
    server.run()
    slow.leave()
    server.run(WRITE_TIMEOUT + 2)
    assert gone(server, slow)


def test_at_the_end_of_the_server_all_are_told(server):
    alice, bob, carol = (
        server.join("json, tls", "alice"),
        shaken(server),
        server.connect("plain, tls"),
    )
    server.run()
    server.hub.stop()
    emptied = []
    server.factory.emptied().addCallback(emptied.append)
    server.run()
    assert codes(alice.events()) == ["stopping"]
    assert bob.lines() == ["-- The server is stopping. Come back in 2 s."]
    carol.shake()
    assert carol.lines() == ["-- The server is stopping. Come back in 2 s."]
    server.run(LINGER + 0.1)
    assert emptied == [None]
