"""
A big room gathers presence for a moment; a slow reader is given all it lacks, and costs nobody else
anything.
"""

from __future__ import annotations

import pytest

from groupchat.core.room import LARGE_ROOM, PRESENCE_DELAY
from groupchat.ledgers.memory import MemoryLedger
from groupchat.ledgers.retention import RetentionPolicy
from tests.support import Server, both_wires, every_wire, kinds


@pytest.fixture
def server():
    return Server(max=2000)


def crowd(server, count):
    """Let this many members join, and everything be told."""
    clients = [server.join("json", f"n{number:04}") for number in range(count)]
    server.run(1)
    return clients


def come(server, *names):
    clients = []
    for name in names:
        clients.append(server.connect())
        clients[-1].hello(name)
    server.run()
    return clients


# A big room.


@pytest.fixture
def big(server):
    """A room in which presence is coalesced, with a member that listens."""
    alice = server.json("alice")
    server.crowd = crowd(server, LARGE_ROOM)
    server.alice = alice
    alice.heard()
    return server


def test_a_big_room_gathers_presence_for_a_moment(big):
    for name in ("bob", "carol", "dave"):
        come(big, name)
        big.run(PRESENCE_DELAY / 4)
    assert big.alice.heard() == []
    big.run(PRESENCE_DELAY / 4)
    assert big.alice.heard() == ["bob, carol and dave joined."]


def test_it_gathers_between_100_and_250_ms():
    assert 0.1 <= PRESENCE_DELAY <= 0.25
    assert LARGE_ROOM == 200


def test_a_small_room_does_not(server):
    alice = server.json("alice")
    crowd(server, LARGE_ROOM - 2)
    alice.heard()
    come(server, "bob")
    assert alice.heard() == ["bob joined."]


def test_one_who_comes_is_told_the_room_when_the_others_are_told_of_it(big):
    (bob,) = come(big, "bob")
    assert kinds(bob.events()) == ["welcome"]
    big.run(PRESENCE_DELAY)
    room, catchup = bob.events()
    assert (room["count"], room["members"][-1]) == (LARGE_ROOM + 2, "bob")
    assert catchup["through"] == 0


def test_a_gathering_is_told_before_one_of_it_speaks(big):
    bob, carol = come(big, "bob", "carol")
    big.crowd[0].say("one of the old")
    big.run()
    assert big.alice.heard() == ["n0000: one of the old"]
    bob.say("hi")
    big.run()
    assert big.alice.heard() == ["bob and carol joined.", "bob: hi"]
    assert carol.heard() == ["past n0000: one of the old", "bob: hi"]


def test_one_who_comes_and_goes_within_a_moment_is_told_as_both(big):
    (bob,) = come(big, "bob")
    bob.quit()
    big.run(1)
    assert big.alice.heard() == ["bob joined.", "bob left."]


def test_a_name_is_not_twice_in_one_gathering(big):
    first = big.crowd[0]
    first.rename("x")
    big.run()
    first.rename("y")
    big.run()
    come(big, "x")
    big.run(1)
    assert big.alice.heard() == ["n0000 is now x.", "x is now y.", "x joined."]


def test_after_its_last_word_one_leaves(big):
    big.crowd[3].say("last")
    big.crowd[3].quit()
    big.run(1)
    assert big.alice.heard() == ["n0003: last", "n0003 left."]


def test_a_line_names_at_most_100_of_a_kind_and_none_is_left_out(big):
    for client in big.crowd[:150]:
        client.reset()
    big.run(1)
    lines = [event for event in big.alice.events() if event["type"] == "presence"]
    assert [len(line["left"]) for line in lines] == [100, 50]
    assert sorted(name for line in lines for name in line["left"]) == [
        f"n{number:04}" for number in range(150)
    ]
    assert lines[-1]["count"] == LARGE_ROOM + 1 - 150


def test_a_person_reads_who_came_and_how_many_more(big):
    bob = big.plain("bob")
    big.run(1)
    bob.lines()
    come(big, *(f"m{number}" for number in range(14)))
    big.run(1)
    assert bob.lines() == ["-- m0, m1 and 12 more joined."]


def test_the_room_line_names_a_thousand_and_counts_all(server):
    crowd(server, 1010)
    (bob,) = come(server, "bob")
    server.run(1)
    room = next(event for event in bob.events() if event["type"] == "room")
    assert (len(room["members"]), room["count"]) == (1000, 1011)


def test_a_room_line_that_is_due_waits_for_nobody_else(big):
    """Take over at once."""
    new = big.connect()
    new.hello("alice")
    big.run()
    assert kinds(new.events()) == ["welcome", "room", "catchup"]


# A slow reader.


def flood(server, speaker, count, size=4000):
    """Say this many messages, each in a turn of its own."""
    start = server.hub.rooms["lobby"].head
    for number in range(start + 1, start + count + 1):
        speaker.say(f"{number} {'x' * size}")
        server.run()
        speaker.read()


def numbers(heard):
    return [
        int(note.split()[1 if note.split()[0] != "past" else 2]) for note in heard if ": " in note
    ]


@every_wire
def test_a_slow_reader_costs_64_kib_and_no_more(server, wire):
    slow, alice = server.join(wire, "slow"), server.json("alice")
    slow.stall()
    flood(server, alice, 200)
    assert 65_536 < slow.transport.waiting < 2 * 65_536


@both_wires
def test_while_its_output_is_full_its_input_is_not_read(server, wire):
    slow, alice = server.join(wire, "slow"), server.json("alice")
    slow.stall()
    flood(server, alice, 30)
    slow.say("hi")
    server.run()
    assert not slow.is_read
    assert alice.heard() == []
    slow.flow()
    server.run()
    assert slow.is_read
    assert alice.heard() == ["slow: hi"]


@every_wire
@pytest.mark.parametrize("count", [10, 40, 60, 300])
def test_when_it_reads_again_it_gets_all_it_lacks(server, wire, count):
    slow, alice = server.join(wire, "slow"), server.json("alice")
    slow.stall()
    flood(server, alice, count)
    slow.flow()
    server.run()
    assert numbers(slow.heard()) == list(range(1, count + 1))
    flood(server, alice, 1)
    assert numbers(slow.heard()) == [count + 1]
    assert slow.is_read


def test_from_the_tail_it_gets_presence_in_its_place(server):
    slow, alice = server.json("slow"), server.json("alice")
    slow.heard()
    slow.stall()
    flood(server, alice, 20)
    (bob,) = come(server, "bob")
    bob.say("hi")
    server.run()
    alice.topic("tea")
    server.run()
    bob.close()
    server.run()
    slow.flow()
    server.run()
    heard = slow.heard()
    assert heard[20:] == ["bob joined.", "bob: hi", "alice set the topic: tea", "bob left."]


def test_one_who_fell_out_of_the_tail_is_told_the_room_anew(server):
    slow, alice = server.json("slow"), server.json("alice")
    slow.heard()
    slow.stall()
    flood(server, alice, 30)
    come(server, "bob")
    alice.topic("tea")
    flood(server, alice, 270)
    slow.flow()
    server.run()
    got = slow.events()
    places = [place for place, event in enumerate(got) if event["type"] == "room"]
    assert len(places) == 1 and got[places[0] + 1] == {
        "type": "catchup",
        "room": "lobby",
        "through": 300,
    }
    room = got[places[0]]
    assert (room["topic"], room["members"], room["head"], "ref" in room) == (
        "tea",
        ["slow", "alice", "bob"],
        300,
        False,
    )
    assert [event["id"] for event in got if event["type"] == "message"] == list(range(1, 301))
    assert not [event for event in got[places[0] :] if event["type"] in ("presence", "topic")]


def test_the_room_told_anew_is_not_ahead_of_what_is_gathered(big):
    slow = big.crowd[0]
    slow.stall()
    flood(big, big.alice, 300)
    big.crowd[1].quit()
    big.crowd[2].rename("x")
    big.run()
    slow.flow()
    big.run(1)
    got = slow.events()
    place = max(place for place, event in enumerate(got) if event["type"] == "room")
    assert "n0001" not in got[place]["members"] and "x" in got[place]["members"]
    assert not [event for event in got[place:] if event["type"] == "presence"]


def test_it_is_given_no_more_than_it_takes(server):
    slow, alice = server.json("slow"), server.json("alice")
    slow.stall()
    flood(server, alice, 300)
    taken = 0
    while taken < 300:
        slow.stall(100_000)
        server.run()
        taken += sum(event["type"] == "message" for event in slow.events())
        assert slow.transport.waiting < 3 * 65_536
    assert taken == 300


def test_one_who_drains_as_it_comes_in_is_told_the_room_at_its_place(server):
    alice = server.json("alice")
    server.json("bob")
    alice.ask("say", room="lobby", text="hi", n=1)
    alice.stall()
    alice.do("leave", room="lobby")
    server.run()
    alice.flow()
    alice.do("join", room="lobby", after=1)
    server.run()
    ok, room, catchup = alice.events()
    assert (ok["type"], room["said"], room["count"], catchup["through"]) == ("ok", 1, 2, 1)


def test_others_do_not_wait_for_it(server):
    slow, alice, bob = server.json("slow"), server.json("alice"), server.json("bob")
    slow.stall()
    flood(server, alice, 100)
    assert numbers(bob.heard()) == list(range(1, 101))


def test_what_is_no_longer_kept_is_named_in_its_place():
    server = Server(
        ledger=lambda reactor: MemoryLedger(reactor.callLater, RetentionPolicy(count=5))
    )
    slow, alice = server.json("slow"), server.json("alice")
    slow.heard()
    slow.stall()
    flood(server, alice, 300)
    slow.flow()
    server.run()
    seen = 0
    gaps = []
    for event in slow.events():
        if event["type"] == "gap":
            assert event["after"] == seen
            gaps.append(event)
            seen = event["before"] - 1
        elif event["type"] == "message":
            assert event["id"] == seen + 1
            seen = event["id"]
    assert (len(gaps), seen) == (1, 300)


def test_a_person_who_was_slow_does_not_get_its_own_lines(server):
    slow, alice = server.plain("slow"), server.json("alice")
    slow.heard()
    for number in range(1, 6):
        slow.say(f"{number} own")
    slow.stall()
    flood(server, alice, 5)
    server.run()
    slow.flow()
    server.run()
    assert [note.split()[0] for note in slow.heard()] == ["alice:"] * 5


def test_a_person_who_fell_far_behind_does_not_get_its_own_lines(server):
    slow, alice = server.plain("slow"), server.json("alice")
    slow.heard()
    slow.stall()
    flood(server, alice, 18)
    slow.end()
    slow.say("own")
    flood(server, alice, 300)
    slow.flow()
    server.run()
    heard = slow.heard()
    assert numbers(heard) == list(range(1, 319))
    assert not any("own" in note for note in heard)
    assert heard[-1] == "Bye."


def test_history_of_several_rooms_comes_complete(server):
    alice = server.json("alice", rooms={"lobby": None, "dev": None})
    for room in ("lobby", "dev"):
        for number in range(1, 101):
            alice.say(f"{number} {'x' * 2000}", room=room)
    server.run()
    bob = server.connect()
    bob.stall(10_000)
    bob.hello("bob", rooms={"lobby": {"after": 0}, "dev": {"after": 0}})
    server.run()
    bob.flow()
    server.run()
    got = [event for event in bob.events() if event["type"] == "message"]
    for room in ("lobby", "dev"):
        assert [event["id"] for event in got if event["room"] == room] == list(range(1, 101))


def test_what_is_said_while_history_is_read_follows_it(server):
    alice = server.json("alice")
    flood(server, alice, 100)
    bob = server.connect()
    bob.stall(50_000)
    bob.hello("bob", rooms={"lobby": {"after": 0}})
    server.run()
    flood(server, alice, 5)
    bob.flow()
    server.run()
    got = bob.events()
    assert [event["id"] for event in got if event["type"] == "message"] == list(range(1, 106))
    assert next(event for event in got if event["type"] == "catchup")["through"] == 100
    assert kinds(got).count("room") == 1


def test_a_batch_is_encoded_once_for_each_wire(server, monkeypatch):
    from groupchat.wire import jsonlines

    clients = [server.json(f"n{number}") for number in range(20)]
    encoded = []
    encode_all = jsonlines.encode_all

    def count(events):
        encoded.extend(events)
        return encode_all(events)

    monkeypatch.setattr(jsonlines, "encode_all", count)
    clients[0].say("hi")
    server.run()
    assert [type(event).__name__ for event in encoded] == ["Message"]
    assert all(client.heard()[-1] == "n0: hi" for client in clients)
