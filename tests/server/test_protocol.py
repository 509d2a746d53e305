"""
Lines as they arrive: in any pieces, too long, too fast, and then an end.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupchat.server import protocol
from groupchat.server.line_input import LINES_PER_TURN
from groupchat.wire.limits import MAX_LINE
from tests.support import Server, both_wires, codes, every_wire

# Framing.


@given(st.lists(st.integers(0, 130), max_size=6), st.sampled_from([b"\n", b"\r\n"]))
def test_lines_may_come_in_any_pieces(cuts, ending):
    server = Server()
    alice, bob = server.plain("alice"), server.json("bob")
    data = ending.join([b"one", "zoë 👋".encode(), b"", b"x" * 50, b"/me waves", b"last", b""])
    start = 0
    for cut in [*sorted(cuts), len(data)]:
        alice.send(data[start:cut])
        server.run()
        start = max(start, cut)
    assert bob.heard() == [
        "alice: one",
        "alice: zoë 👋",
        f"alice: {'x' * 50}",
        "* alice waves",
        "alice: last",
    ]


def test_a_line_may_have_32768_bytes_with_its_end(server):
    alice = server.json("alice")
    ping = b'{"type":"ping","x":"' + b"x" * (MAX_LINE - 23) + b'"}\n'
    assert len(ping) == MAX_LINE
    alice.send(ping)
    server.run()
    assert alice.events() == [{"type": "pong"}]
    alice.send(b" " + ping)
    server.run()
    assert codes(alice.events()) == ["line-too-long"]


@both_wires
@pytest.mark.parametrize("size", [MAX_LINE, MAX_LINE + 1, 65_536, 1_000_000])
@pytest.mark.parametrize("pieces", [1, 1000])
def test_a_line_that_is_too_long_is_skipped_to_its_end(server, wire, size, pieces):
    alice, bob = server.join(wire, "alice"), server.json("bob")
    alice.heard()
    data = b"x" * size + b"\n"
    for start in range(0, len(data), max(1, len(data) // pieces)):
        alice.send(data[start : start + max(1, len(data) // pieces)])
        server.run()
    alice.say("hi")
    server.run()
    assert alice.heard()[:1] == ["refused"]
    assert bob.heard() == ["alice: hi"]


def test_a_line_without_an_end_is_nothing(server):
    alice, bob = server.plain("alice"), server.json("bob")
    alice.send(b"hello")
    server.run()
    assert bob.heard() == []


# Bounded work.


def test_64_kib_of_newlines_are_cheap(server, monkeypatch):
    alice = server.plain("alice")
    handled = []
    monkeypatch.setattr(
        protocol.ChatProtocol, "lineReceived", lambda self, protocol: handled.append(protocol)
    )
    alice.send(b"\n" * 65_536)
    server.run()
    assert handled == []
    assert alice.is_read


def test_at_most_so_many_lines_are_handed_over_in_a_turn(server, monkeypatch):
    alice = server.json("alice")
    handled = []
    monkeypatch.setattr(
        protocol.ChatProtocol, "lineReceived", lambda self, protocol: handled.append(protocol)
    )
    alice.send(b"\n" * 5500)
    turns = []
    advance = server.reactor.callLater

    def count(delay, *call):
        turns.append(len(handled))
        return advance(delay, *call)

    server.reactor.callLater = count
    server.run()
    assert len(handled) == 5500
    steps = [after - before for before, after in zip([0, *turns], [*turns, 5500], strict=True)]
    assert max(steps) <= LINES_PER_TURN


# Too fast.


def test_one_who_talks_too_fast_is_slowed_and_loses_nothing():
    server = Server(rate=10, burst=5)
    alice, bob = server.json("alice"), server.json("bob")
    alice.heard()
    for n in range(1, 26):
        alice.say(str(n), n=n)
    server.run()
    assert len(bob.heard()) == 5
    assert not alice.is_read, "its transport is paused"
    server.run(1)
    assert len(bob.heard()) == 10
    server.run(1)
    assert alice.is_read
    assert bob.heard() == [f"alice: {n}" for n in range(16, 26)]
    assert [event["n"] for event in alice.events() if event["type"] == "ok"] == list(range(1, 26))


@every_wire
def test_a_burst_is_said_at_once(wire):
    server = Server(rate=1, burst=50)
    alice, bob = server.join(wire, "alice"), server.json("bob")
    for n in range(50):
        alice.say(str(n))
    server.run()
    assert len(bob.heard()) == 50


def test_bad_lines_take_tokens_too():
    server = Server(rate=1, burst=5)
    alice = server.json("alice")
    alice.send(b"{\n" * 50)
    server.run()
    assert len(alice.events()) == 5


def test_empty_lines_of_a_person_take_none():
    server = Server(rate=1, burst=5)
    alice, bob = server.plain("alice"), server.json("bob")
    alice.send(b"\n" * 500)
    alice.say("hi")
    server.run()
    assert bob.heard() == ["alice: hi"]


def test_a_pause_ends_when_the_connection_does():
    server = Server(rate=1, burst=1)
    alice, bob = server.json("alice"), server.json("bob")
    alice.say("one")
    alice.say("two")
    server.run()
    alice.close()
    server.run(5)
    assert bob.heard() == ["alice: one", "alice left."]
    server.factory.doStop()
    assert all(call.func.__name__ != "_go_on" for call in server.reactor.getDelayedCalls())


# Not read, not lost.


@both_wires
def test_while_an_answer_is_under_way_the_next_line_waits(server, wire):
    from twisted.internet.defer import Deferred

    alice, bob = server.join(wire, "alice"), server.json("bob")
    answer = Deferred()
    server.ledger.rooms = lambda account: answer
    alice.type("/rooms") if wire == "plain" else alice.do("rooms")
    alice.say("hi")
    server.run()
    assert bob.heard() == [] and not alice.is_read
    answer.callback({})
    server.run()
    assert bob.heard() == ["alice: hi"] and alice.is_read


# The end of the input.


@every_wire
def test_after_an_end_of_input_all_that_was_sent_is_still_said(server, wire):
    bob = server.json("bob")
    alice = server.connect(wire)
    alice.hello("alice")
    for n in range(3):
        alice.say(str(n))
    alice.end()
    server.run()
    assert bob.heard() == ["alice joined.", *(f"alice: {n}" for n in range(3)), "alice left."]
    assert alice.heard()[-1] == "Bye."
    assert alice.gone


@both_wires
def test_even_if_it_talked_too_fast(wire):
    server = Server(rate=10, burst=2)
    bob = server.json("bob")
    alice = server.join(wire, "alice")
    bob.heard()
    for n in range(30):
        alice.say(str(n))
    alice.end()
    server.run(60)
    assert bob.heard() == [*(f"alice: {n}" for n in range(30)), "alice left."]
    assert alice.transport.lost


@every_wire
def test_one_that_has_shut_its_side_still_gets_what_it_asked_for(server, wire):
    bob = server.json("bob")
    for n in range(300):
        bob.say(f"{n} {'x' * 2000}")
    server.run()
    alice = server.connect(wire)
    alice.stall(3000)
    alice.hello("alice")
    alice.type("/history 5", "/who") if wire == "plain" else alice.do(
        "history", room="lobby", limit=5
    )
    alice.end()
    for _ in range(40):
        server.run(0.5)
        alice.stall(5000)
    alice.flow()
    server.run(1)
    got = alice.read().decode()
    assert got.count(f"bob: 299 {'x' * 2000}" if wire == "plain" else f'"299 {"x" * 2000}"') == 2
    assert got.splitlines()[-1] in ("-- Bye.", '{"type":"bye","code":"quit","text":"Bye."}')


def test_one_that_ends_before_it_is_in_is_told_good_bye(server):
    alice = server.connect("plain")
    alice.hello("root")
    alice.end()
    server.run()
    assert alice.lines()[-1] == "-- Bye."
    assert alice.gone


@pytest.mark.parametrize("first", [b"", b"GE"])
def test_one_that_ends_without_a_word_is_closed(server, first):
    client = server.connect()
    client.send(first)
    client.end()
    server.run(0.1)
    assert client.gone or client.transport.lost
    server.run(3)
    assert client.transport.lost
    assert not server.factory.connections


def test_a_name_without_an_end_of_line_is_nobody(server):
    client = server.connect("plain")
    client.send(b"alice")
    client.end()
    server.run(3)
    assert client.transport.lost
    assert not server.hub.members.sessions


# Silence.


def test_after_20_s_of_silence_a_program_is_asked_whether_it_is_there(server):
    alice = server.json("alice")
    alice.ask("say", room="lobby", text="hi")
    server.run(19)
    assert alice.events() == []
    server.run(2)
    assert alice.events() == [{"type": "ping", "heads": {"lobby": 1}}]
    server.run(19)
    assert alice.events() == [], "once"


def test_after_60_s_of_silence_it_is_idle(server):
    alice, bob = server.json("alice"), server.plain("bob")
    server.run(58)
    assert not alice.gone
    server.run(4)
    bye = alice.events()[-1]
    assert (bye["code"], bye["retry"]) == ("idle", 0)
    assert alice.gone
    assert bob.lines() == ["-- alice left."]


def test_one_that_answers_is_not(server):
    alice = server.json("alice")
    for _ in range(10):
        server.run(30)
        assert alice.events()[-1]["type"] == "ping"
        alice.do("pong")
        server.run()
    assert not alice.gone


def test_a_person_is_never_dropped_for_silence(server):
    alice = server.plain("alice")
    server.run(100_000)
    assert not alice.gone
    assert alice.read() == b""


def test_one_that_is_not_read_is_not_idle():
    server = Server(rate=0.01, burst=1)
    alice = server.json("alice")
    alice.say("one")
    alice.say("two")
    server.run(90)
    assert not alice.gone


def test_a_ping_tells_what_was_written_to_this_connection(server):
    slow, alice = server.json("slow"), server.json("alice")
    slow.read()
    slow.stall()
    for _ in range(40):
        alice.say("x" * 4000)
        server.run()
        alice.read()
    slow.do("pong")
    server.run(25)
    slow.flow()
    server.run()
    got = slow.events()
    for place, event in enumerate(got):
        if event["type"] == "ping":
            ids = [one["id"] for one in got[:place] if one["type"] == "message"]
            assert event["heads"] == {"lobby": ids[-1] if ids else 0}


# No progress.


@every_wire
def test_one_that_reads_nothing_for_60_s_is_dropped_at_once(server, wire):
    slow, alice = server.join(wire, "slow"), server.plain("alice")
    slow.stall()
    for _ in range(40):
        alice.say("x" * 4000)
        server.run()
    for _ in range(5):
        server.run(11)
        slow.say("I am here")
        alice.lines()
    assert not slow.transport.lost
    server.run(8)
    assert slow.transport.aborted and slow.transport.lost
    server.run()
    assert "-- slow left." in alice.lines()


@every_wire
def test_what_is_said_to_it_meanwhile_is_no_progress_of_its_own(server, wire):
    slow, alice = server.join(wire, "slow"), server.plain("alice")
    slow.stall()
    for _ in range(7):
        alice.say("are you there?")
        server.run(9)
        slow.say("I am here")
    assert slow.transport.aborted
    server.run()
    assert "-- slow left." in alice.lines()


def test_one_that_reads_a_little_is_not(server):
    slow, alice = server.plain("slow"), server.json("alice")
    slow.stall()
    for minute in range(5):
        for _ in range(20):
            alice.say("x" * 4000)
            server.run()
            alice.read()
        server.run(50)
        assert not slow.transport.lost, minute
        slow.flow()
        server.run()
        slow.stall()


def test_one_that_does_not_read_its_good_bye_is_dropped(server):
    alice = server.json("alice")
    alice.stall()
    alice.quit()
    server.run(3)
    assert alice.transport.aborted and alice.transport.lost
