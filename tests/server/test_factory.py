"""
The factory: the wire of a connection, the caps, and the end of pending connections.
"""

from __future__ import annotations

import pytest
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import Deferred

from groupchat.accounts.store import AccountStore
from groupchat.accounts.worker import InlineWorker
from groupchat.core.group_entries import LoginEntry
from groupchat.core.permissions import Account
from groupchat.core.ratelimit import client_prefix
from groupchat.server.address import format_address
from groupchat.server.factory import ChatFactory
from groupchat.server.pool import GRACE_SECONDS
from groupchat.server.ports import ACCEPTS_PER_TURN
from groupchat.server.sniff import REFUSALS
from groupchat.server.throttle import BURST_SECONDS
from groupchat.server.turns import LOGIN_LINES_PER_TURN, MAX_ENTERING
from groupchat.wire import plain
from tests.support import Reactor, Server, both_wires, codes, every_wire

HELLO = b'{"type":"hello","name":"alice"}\n'


# Detection of the wire.


def test_after_half_a_second_of_silence_the_server_greets(server):
    client = server.connect()
    server.run(0.49)
    assert client.read() == b""
    server.run(0.02)
    assert client.read() == b"What is your name?\n"
    server.run(5)
    assert client.read() == b""


def test_a_greeted_one_may_still_say_hello_in_json(server):
    client = server.connect()
    server.run(1)
    client.send(HELLO)
    server.run()
    lines = client.read().splitlines()
    assert lines[0] == plain.GREETING.strip()
    assert all(line.startswith(b"{") for line in lines[1:])


@every_wire
def test_one_who_speaks_first_is_not_greeted(server, wire):
    client = server.join(wire, "alice")
    server.run(1)
    assert client.read() == b""


@pytest.mark.parametrize("opening", REFUSALS)
def test_another_protocol_is_told_that_it_is_not_here(server, opening):
    client = server.connect("plain")
    client.send(opening, b"/ HTTP/1.0\r\n\r\n")
    server.run()
    answer = bytes(client.transport.taken)
    assert answer == REFUSALS[opening]
    assert answer.count(b"groupchat-connect") == (opening != b"\x16\x03")
    assert client.gone and not server.hub.members.sessions
    server.run(3)
    assert client.transport.lost


def test_each_is_told_in_its_own_protocol():
    assert REFUSALS[b"GET "].startswith(b"HTTP/1.0 400 ")
    assert REFUSALS[b"NICK "].startswith(b"ERROR :")
    assert REFUSALS[b"SSH-2.0-"].endswith(b"\n")
    assert REFUSALS[b"\x16\x03"][0] == 0x15, "an alert"


@pytest.mark.parametrize(
    ("wire", "first"),
    [("plain", b"GETTY\n"), ("plain", b"SSH-2\n"), ("plain", b"NICKY\r\n"), ("json", HELLO)],
)
def test_the_first_bytes_may_come_one_by_one(server, wire, first):
    client = server.connect(wire)
    for byte in first:
        client.send(bytes([byte]))
        server.run()
    heard = client.read()
    assert (b'"welcome"' if wire != "plain" else b"-- Welcome to lobby, ") in heard


@pytest.mark.parametrize("opening", [b"GET ", b"SSH-2.0-", b"\x16\x03"])
def test_so_may_those_of_another_protocol(server, opening):
    client = server.connect("plain")
    for byte in opening:
        assert not client.gone
        client.send(bytes([byte]))
        server.run()
    assert client.gone


def test_one_who_stops_within_an_opening_is_greeted_all_the_same(server):
    client = server.connect("plain")
    client.send(b"GET")
    server.run(1)
    assert client.read() == plain.GREETING
    client.send(b"\n")
    server.run()
    assert client.lines() == [
        "-- Welcome to lobby, GET. 1 here: GET. /help lists the commands.",
        "-- You are up to date.",
    ]


@pytest.mark.parametrize(
    "negotiation",
    [
        b"\xff\xfb\x1f",
        b"\xff\xfd\x03\xff\xfb\x18",
        b"\xff\xfa\x1f\x00\x50\x00\x18\xff\xf0",
        b"\xff\xf1",
    ],
)
def test_what_telnet_negotiates_is_skipped(server, negotiation):
    client, bob = server.connect("plain"), server.json("bob")
    client.send(negotiation, b"alice\r\n", negotiation, b"hi", negotiation, b"\r\n")
    server.run()
    assert bob.heard() == ["alice joined.", "alice: hi"]


@pytest.mark.parametrize(
    "negotiation",
    [
        b"\xff\xfd\x03",
        b"\xff\xfb\x1f\xff\xfb\x20\xff\xfd\x01",
        b"\xff\xfa\x1f\x00\x0a\x00\x0d\xff\xf0",
    ],
)
def test_one_whose_telnet_negotiates_first_is_greeted_as_silence_is(server, negotiation):
    client = server.connect("plain")
    client.send(negotiation)
    server.run(0.4)
    assert b"What is" not in client.read()
    server.run(0.2)
    assert client.read().endswith(plain.GREETING)
    client.send(negotiation, b"alice\r\n")
    server.run()
    assert client.lines()[0].startswith("-- Welcome to lobby, alice.")


def test_one_whose_telnet_negotiates_and_who_then_types_needs_no_greeting(server):
    client = server.connect("plain")
    client.send(b"\xff\xfb\x03", b"-\r\n")
    server.run(1)
    assert client.read().count(b"\n") == 1


def test_who_presses_ctrl_c_in_telnet_hears_on(server):
    bob, alice = server.plain("bob"), server.plain("alice")
    bob.read(), alice.read()
    for _ in range(2):  # an interrupt, and a mark behind which telnet shows again what comes
        alice.send(b"\xff\xf4\xff\xfd\x06")
        server.run()
        assert bytes(alice.transport.taken) == b"\xff\xfc\x06"
        alice.transport.taken.clear()
    bob.say("hello")
    alice.send(b"\xff\xf3\xff\xf5\xff\xf2hi\r\0")
    server.run()
    assert (alice.heard(), bob.heard()) == (["bob: hello"], ["alice: hi"])


def test_where_tls_is_required_telnet_is_no_way_around_it():
    server = Server()
    server.factory.require_tls = True
    client = server.connect("plain", "192.0.2.9")
    client.send(b"\xff\xfd\x03")
    server.run()
    assert client.lines() == [
        "! Only TLS is spoken here. Come back with TLS, as groupchat-connect does."
    ]
    assert client.gone


def test_a_json_hello_may_stand_behind_a_byte_order_mark(server):
    client = server.connect()
    for byte in b"\xef\xbb\xbf" + HELLO:
        client.send(bytes([byte]))
        server.run()
    assert b'"welcome"' in client.read()


def test_a_ctrl_d_without_a_line_end_ends_the_session_in_a_moment(server):
    bob, alice = server.json("bob"), server.plain("alice")
    bob.heard()
    alice.send(b"\x04")
    server.run(2)
    assert alice.lines() == ["-- Bye."] and alice.gone
    assert bob.heard() == ["alice left."]


def test_in_plain_a_line_that_looks_like_json_is_said(server):
    alice, bob = server.plain("alice"), server.json("bob")
    alice.say('{"type":"quit"}')
    server.run()
    assert bob.heard() == ['alice: {"type":"quit"}']


# The pool.


def test_65_who_are_not_in_are_one_too_many_and_the_oldest_goes(server):
    waiting = [server.connect("plain", f"192.0.2.{number}") for number in range(64)]
    server.run(GRACE_SECONDS + 0.1)
    assert not any(client.gone for client in waiting)
    server.connect("plain", "192.0.2.200")
    server.run(GRACE_SECONDS + 0.1)
    assert [client.gone for client in waiting] == [True] + [False] * 63
    assert waiting[0].lines() == [
        "What is your name?",
        "! Too many connections come from your address. Try again later.",
    ]


def test_the_oldest_of_the_address_with_the_most_goes(server):
    first = server.connect(address="192.0.2.1")
    flood = [server.connect(address="192.0.2.66") for _ in range(63)]
    others = [server.connect(address=f"192.0.2.{number}") for number in range(2, 6)]
    server.run(GRACE_SECONDS + 0.1)
    assert [client.gone for client in flood] == [True] * 4 + [False] * 59
    assert not any(client.gone for client in [first, *others])


def test_in_ipv6_a_network_pushes_out_none_from_elsewhere(server):
    slow = server.connect(address="2001:db8:0:1::1")
    server.run(0.5)
    flood = [server.connect(address=f"2001:db8::{number:x}") for number in range(1, 66)]
    server.run(GRACE_SECONDS + 0.1)
    assert not slow.gone
    assert [client.gone for client in flood] == [True] * 2 + [False] * 63


def test_those_who_are_in_are_not_of_the_pool(server):
    people = [server.json(f"n{number}") for number in range(70)]
    for _ in range(64):
        server.connect()
    assert not any(client.gone for client in people)
    assert len(server.hub.members.sessions) == 70


def test_one_who_is_gone_makes_room(server):
    waiting = [server.connect() for _ in range(64)]
    waiting[5].close()
    server.connect()
    assert not any(client.gone for client in waiting if client is not waiting[5])


def test_one_who_spoke_json_is_told_so_in_json(server):
    waiting = [server.connect() for _ in range(64)]
    waiting[0].do("hello", name="root")
    server.run()
    waiting[0].read()
    server.connect()
    server.run(GRACE_SECONDS + 0.1)
    assert codes(waiting[0].events()) == ["too-many-connections"]


@every_wire
def test_a_thousand_who_come_back_at_once_and_are_slow_to_speak_are_all_let_in(wire):
    server = Server(max=1000)
    crowd = [server.connect(wire, "127.0.0.1") for _ in range(1000)]
    server.run(0.9 * GRACE_SECONDS)
    for number, one in enumerate(crowd):
        one.hello(f"n{number}")
    server.run()
    assert len(server.hub.members.sessions) == 1000
    assert not any(one.gone for one in crowd)


def test_one_whose_password_is_looked_at_makes_no_room():
    looked_at: list[Deferred[None]] = []
    hashing = InlineWorker()
    hashing.do = lambda *_: looked_at.append(Deferred()) or looked_at[-1]
    accounts, reactor = AccountStore(":memory:"), Reactor()
    accounts.use_workers(InlineWorker(), hashing, reactor)
    server = Server(reactor=reactor, accounts=accounts, max_pending=2)
    server.accounts.permissions.add_account(Account("alice", password="x"))
    alice = server.connect()
    alice.hello("alice", password="correct horse")
    silent = [server.connect() for _ in range(3)]
    server.run(3 * GRACE_SECONDS)
    assert [one.gone for one in (alice, *silent)] == [False, True, False, False]
    looked_at[-1].callback(True)
    server.run()
    assert alice.events()[0]["type"] == "welcome"


def test_silent_ones_from_everywhere_push_out_each_other_and_none_from_elsewhere(monkeypatch):
    monkeypatch.setattr("groupchat.server.pool.MAX_IN_GRACE", 100)
    server = Server(connect_rate=0)
    slow = server.connect("plain")
    for _ in range(80):
        for number in range(8):
            server.connect("plain", f"198.51.100.{number}")
        server.run(0.1)
    assert not slow.gone and len(server.factory.pending) <= 64 + 100
    server.run(GRACE_SECONDS + 0.1)
    assert not slow.gone and len(server.factory.pending) == 64
    slow.hello("alice")
    server.run()
    assert [session.name for session in server.hub.members.sessions] == ["alice"]


def test_those_who_have_their_chance_take_up_half_of_what_can_be_open_at_most():
    server = Server(max_pending=4, max_connections=100)
    silent = [server.connect() for _ in range(100)]
    server.run()
    left = [one for one in silent if not one.gone]
    assert silent[-1] in left and len(left) <= 4 + 50
    server.run(GRACE_SECONDS + 0.1)
    assert sum(not one.gone for one in silent) == 4


@both_wires
def test_per_address_only_so_many_may_connect(wire):
    server = Server(per_address=2)
    for name in ("alice", "bob"):
        server.join(wire, name)
    carol = server.connect(wire)
    carol.hello("carol")
    server.run()
    assert carol.heard() == ["refused"] and carol.gone
    dave = server.connect(wire, "192.0.2.2")
    dave.hello("dave")
    server.run()
    assert dave.heard() == []
    assert {session.name for session in server.hub.members.sessions} == {"alice", "bob", "dave"}


def test_one_too_many_is_told_so_instead_of_the_greeting():
    server = Server(per_address=1)
    server.json("alice")
    bob = server.connect("plain")
    server.run(1)
    assert bob.lines() == ["! Too many connections come from your address. Try again later."]
    assert bob.gone


def test_an_address_has_its_place_again_after_a_connection_is_gone():
    server = Server(per_address=1)
    server.json("alice").close()
    assert server.connect().ask("hello", name="bob")[0]["type"] == "welcome"


# Knocks.


def knock(server, count, address="192.0.2.1"):
    """Let this many clients connect and go. Returns how many were accepted."""
    knocking = [server.connect(address=address) for _ in range(count)]
    heard = [client for client in knocking if not client.gone]
    for client in heard:
        client.close()
    return len(heard)


def test_an_address_whose_connections_come_to_nothing_is_closed_at_once(server):
    assert knock(server, 150) == 20 * BURST_SECONDS
    assert server.connect().gone
    server.run(1.0)
    assert knock(server, 150) == 20


def test_meanwhile_someone_from_elsewhere_comes_in(server):
    knock(server, 1000)
    alice = server.connect(address="192.0.2.2")
    assert alice.ask("hello", name="alice")[0]["type"] == "welcome"


def test_who_comes_in_has_not_knocked_in_vain():
    server = Server(max=500)
    people = [server.json(f"n{number}") for number in range(300)]
    assert not any(client.gone for client in people)
    assert not server.connect().gone


def test_who_is_refused_has(server):
    for _ in range(100):
        client = server.connect()
        client.send(b"GET ")
        server.run()
        client.close()
    assert server.connect().gone


def test_knocks_from_everywhere_count_for_more(server):
    for number in range(100):
        knock(server, 10, f"198.51.100.{number}")
    assert knock(server, 50, "192.0.2.1") == 10
    assert not server.connect(address="192.0.2.2").gone


def test_in_ipv6_a_network_has_one_share(server):
    assert client_prefix("192.0.2.1") == "192.0.2.1"
    assert (
        client_prefix("2001:db8::1")
        == client_prefix("2001:db8::ffff:1")
        != client_prefix("2001:db8:0:1::1")
    )
    assert client_prefix("fe80::1%eth0") == "fe80::/64"


def test_knocks_may_be_unlimited():
    assert knock(Server(connect_rate=0), 500) == 500


def test_what_was_closed_at_once_is_in_the_log_in_numbers(server, logged):
    knock(server, 150)
    knock(server, 101, "192.0.2.2")
    server.run(10)
    told = "{} connections from {} were closed at once: too many before them had not logged in."
    assert logged() == [told.format(50, "192.0.2.1"), told.format(1, "192.0.2.2")]
    server.run(10)
    assert len(logged()) == 2


# Deadlines.


@pytest.mark.parametrize("first", [b"", b"GE", b"{", b"ali"])
def test_one_who_does_not_come_in_is_closed_10_s_after_it_opened(server, first):
    client = server.connect()
    client.send(first)
    server.run(9.9)
    assert not client.gone
    server.run(0.2)
    assert client.gone
    last = client.read().splitlines()[-1]
    assert last.startswith(b'{"type":"bye","code":"idle"' if first == b"{" else b"! ")


def test_a_refused_line_gives_10_s_more(server):
    client = server.connect()
    for _ in range(3):
        client.do("hello", name="root")
        server.run(9)
        assert not client.gone
    server.run(2)
    assert client.gone
    assert codes(client.events())[-1] == "idle"


def test_after_60_s_it_is_closed_in_any_case(server):
    client = server.connect()
    for _ in range(12):
        client.send(b"{\n")
        server.run(4.9)
    assert not client.gone
    server.run(1.3)
    assert client.gone
    assert codes(client.events())[-1] == "idle"


def test_one_who_is_in_has_no_deadline(server):
    alice = server.plain("alice")
    server.run(3600)
    assert not alice.gone


def test_one_who_was_turned_away_has_2_s_to_read_that(server):
    client = server.connect()
    server.run(10.1)
    assert client.transport.shut and not client.transport.lost
    server.run(2.1)
    assert client.transport.aborted and client.transport.lost


def test_one_who_closes_in_turn_is_closed_at_once(server):
    client = server.connect()
    server.run(10.1)
    client.end()
    server.run()
    assert client.transport.lost and not client.transport.aborted


# The rest.


def test_at_the_end_those_who_are_not_in_are_told_too(server):
    alice, bob, carol = server.json("alice"), server.connect("plain"), server.connect()
    carol.send(b"{")
    server.run()
    server.hub.stop()
    emptied = []
    server.factory.emptied().addCallback(emptied.append)
    assert bob.lines() == ["-- The server is stopping. Come back in 2 s."]
    assert codes(alice.events()) == codes(carol.events()) == ["stopping"]
    assert not emptied
    for client in (alice, bob, carol):
        client.end()
    server.run()
    assert emptied == [None]


def test_with_nobody_there_it_is_empty_at_once(server):
    emptied = []
    server.factory.emptied().addCallback(emptied.append)
    assert emptied == [None]


def test_an_abort_closes_all_without_a_word(server):
    alice, bob = server.json("alice"), server.connect()
    server.factory.abort()
    server.run()
    assert alice.transport.lost and bob.transport.lost
    assert alice.read() == bob.read() == b""


def test_twisted_takes_only_so_many_in_one_turn(server):
    class Listening:
        numberAccepts = 1000

    listening = Listening()
    server.factory.ports.add(listening)
    server.connect()
    server.run()
    assert listening.numberAccepts == ACCEPTS_PER_TURN


def test_a_crowd_at_the_door_does_not_hold_up_those_who_talk(server):
    alice, bob = server.json("alice"), server.json("bob")
    crowd = [server.connect() for _ in range(5 * LOGIN_LINES_PER_TURN)]
    for number, one in enumerate(crowd):
        one.send(b'{"type":"hello","name":"n%d"}\n' % number)
    alice.send(b'{"type":"say","room":"lobby","text":"hello"}\n')
    turns = 0
    while b"hello" not in bytes(bob.transport.taken):
        server.reactor.turn()
        turns += 1
    assert turns <= 3
    assert (
        LOGIN_LINES_PER_TURN
        <= sum(one.protocol.session.joined for one in crowd)
        <= turns * LOGIN_LINES_PER_TURN
    )
    server.run()
    assert all(one.protocol.session.joined for one in crowd)
    assert (
        list(server.hub.rooms["lobby"].members)[-1].name == f"n{len(crowd) - 1}"
    )  # in the order in which they came


def test_one_who_has_said_its_name_at_a_crowded_door_does_not_make_room_for_others(monkeypatch):
    monkeypatch.setattr("groupchat.server.pool.MAX_IN_GRACE", 2 * LOGIN_LINES_PER_TURN)
    server = Server(max_pending=LOGIN_LINES_PER_TURN)
    crowd = [server.connect() for _ in range(3 * LOGIN_LINES_PER_TURN)]
    for number, one in enumerate(crowd[1:]):
        one.send(b'{"type":"hello","name":"n%d"}\n' % number)
    server.reactor.turn()
    server.reactor.turn()  # two turns' worth have logged in
    more = [server.connect() for _ in range(2 * LOGIN_LINES_PER_TURN + 1)]
    server.run()
    assert [one.gone for one in crowd] == [True] + [False] * (len(crowd) - 1)
    assert not any(one.gone for one in more)


def test_what_one_who_is_gone_had_said_at_a_crowded_door_is_still_said(server):
    bob = server.json("bob")
    crowd = [server.connect() for _ in range(2 * LOGIN_LINES_PER_TURN)]
    for number, one in enumerate(crowd):
        one.send(
            b'{"type":"hello","name":"n%d"}\n{"type":"say","room":"lobby","text":"I am %d"}\n'
            % (number, number)
        )
        one.end()
    server.run()
    assert [event["text"] for event in bob.events() if event["type"] == "message"] == [
        f"I am {n}" for n in range(len(crowd))
    ]
    assert all(one.gone for one in crowd) and len(server.hub.members.sessions) == 1


def test_at_the_limit_of_descriptors_it_takes_no_more_than_there_is_room_for(server):
    class Listening:
        numberAccepts = 1000
        reading = True

        def stopReading(self):
            self.reading = False

        def startReading(self):
            self.reading = True

    listening = Listening()
    server.factory = ChatFactory(server.hub, server.reactor, max_connections=20)
    server.factory.ports.add(listening)
    assert listening.numberAccepts == ACCEPTS_PER_TURN
    people = [server.json(f"n{number}") for number in range(18)]
    assert listening.reading and listening.numberAccepts == 2
    people += [server.json(f"n{number}") for number in range(18, 20)]
    assert not listening.reading and not any(client.gone for client in people)
    people.pop().close()
    assert listening.reading


def test_at_the_end_it_takes_nobody_any_more(server):
    class Listening:
        def stopReading(self):
            pass

    server.factory = ChatFactory(server.hub, server.reactor, max_connections=1)
    server.factory.ports.add(Listening())
    alice = server.json("alice")
    server.hub.stop()
    alice.end()
    server.run()
    assert alice.transport.lost


def test_once_it_does_not_listen_any_more_it_leaves_nothing_in_the_reactor(server):
    server.connect()
    server.factory.abort()
    server.run()
    server.factory.doStop()
    assert server.reactor.getDelayedCalls() == []


@pytest.mark.parametrize(
    ("address", "text"),
    [
        (IPv4Address("TCP", "192.0.2.1", 1), "192.0.2.1"),
        (IPv6Address("TCP", "2001:db8::1", 1), "2001:db8::1"),
        (IPv6Address("TCP", "::ffff:192.0.2.1", 1), "192.0.2.1"),
        (IPv6Address("TCP", "::FFFF:C000:201", 1), "192.0.2.1"),
        (IPv6Address("TCP", "2001:DB8:0::1", 1), "2001:db8::1"),
        (IPv6Address("TCP", "fe80::1%eth0", 1), "fe80::1%eth0"),
        (UNIXAddress(b"/run/chat.sock"), "local"),
    ],
)
def test_addresses_are_written_as_people_write_them(address, text):
    assert format_address(address) == text


def test_the_pool_and_how_long_one_may_take_can_be_chosen():
    server = Server(max_pending=2, login_timeout=3)
    first, second = server.connect("plain"), server.connect("plain")
    server.connect("plain")
    server.run(GRACE_SECONDS + 0.1)
    assert first.gone
    server.run(1.5)
    assert not second.gone
    server.run(1)
    assert second.gone


def test_how_long_one_may_be_silent_can_be_chosen():
    server = Server(idle_timeout=6)
    alice = server.json("alice")
    server.run(4)
    assert [event["type"] for event in alice.events()] == ["ping"]
    server.run(4)
    assert alice.events()[-1]["code"] == "idle"


def test_a_crowd_gives_the_ledger_few_logins_at_a_time(server, monkeypatch):
    waiting = []
    monkeypatch.setattr(server.hub.ledger, "post", waiting.append)
    crowd = [server.connect() for _ in range(2 * MAX_ENTERING)]
    for number, one in enumerate(crowd):
        one.send(b'{"type":"hello","name":"n%d"}\n' % number)
    server.run(1)
    assert sum(isinstance(entry, LoginEntry) for entry in waiting) == MAX_ENTERING
    monkeypatch.undo()
    for entry in waiting:
        server.hub.ledger.post(entry)
    server.run(1)
    assert all(one.protocol.session.joined for one in crowd)
