"""
One order for all: answers and messages, presence in its place, and what is stored before it is
shown.
"""

from __future__ import annotations

import pytest
from zope.interface.verify import verifyObject

from groupchat.interfaces import ILedgerOwner
from groupchat.ledgers.memory import MemoryLedger
from groupchat.ledgers.retention import RetentionPolicy
from groupchat.wire import names
from tests.ledgers.keeping import Machine, Unthreaded
from tests.support import Server, codes, every_wire, secret


def test_the_hub_owns_a_ledger(server):
    verifyObject(ILedgerOwner, server.hub)


# Presence.


@every_wire
def test_a_join_is_told_to_the_others_and_not_to_the_member_itself(server, wire):
    alice = server.join(wire, "alice")
    bob = server.connect(wire)
    bob.hello("bob")
    server.run()
    assert alice.heard() == ["bob joined."]
    assert bob.heard() == []


@every_wire
def test_presence_of_one_turn_is_one_line(server, wire):
    alice = server.join(wire, "alice")
    others = [server.connect() for _ in range(2)]
    for number, other in enumerate(others):
        other.hello(f"n{number}")
    server.run()
    assert alice.heard() == ["n0 and n1 joined."]
    last = server.join("json", "n2")
    alice.heard()
    for other in others:
        other.close()
    last.rename("n9")
    server.run()
    assert alice.heard() == ["n0 and n1 left.", "n2 is now n9."]


def test_a_presence_line_is_applied_in_its_order_and_counts(server):
    alice, bob, carol = server.json("alice"), server.json("bob"), server.json("carol")
    alice.heard()
    dave = server.connect()
    bob.reset()
    carol.rename("kate")
    dave.hello("dave")
    server.run()
    assert alice.events() == [
        {
            "type": "presence",
            "room": "lobby",
            "count": 3,
            "left": ["bob"],
            "renamed": {"carol": "kate"},
            "joined": ["dave"],
        }
    ]


def test_no_name_is_twice_in_one_line(server):
    alice, bob = server.json("alice"), server.json("bob")
    alice.heard()
    bob.close()
    carol = server.connect()
    carol.hello("bob")
    server.run()
    carol.close()
    server.run()
    bob = server.connect()
    bob.hello("bob")
    bob.rename("rob")
    bob.rename("bob")
    bob.quit()
    server.run()
    assert alice.heard() == [
        "bob left.",
        "bob joined.",
        "bob left.",
        "bob joined.",
        "bob is now rob.",
        "rob is now bob.",
        "bob left.",
    ]


def test_nobody_speaks_before_they_are_told_to_have_joined(server):
    alice = server.json("alice")
    bob = server.connect()
    bob.hello("bob")
    bob.say("hi")
    alice.say("ho")
    server.run()
    heard = alice.heard()
    assert heard.index("bob joined.") < heard.index("bob: hi")


def test_nobody_leaves_before_their_last_word(server):
    alice, bob = server.json("alice"), server.json("bob")
    alice.heard()
    bob.say("last")
    server.reactor.turn()
    bob.close()
    server.run()
    assert alice.heard() == ["bob: last", "bob left."]


def test_a_member_whose_connection_is_lost_says_nothing_more(server):
    alice, bob = server.json("alice"), server.json("bob")
    alice.heard()
    bob.say("unread")
    bob.close()
    server.run()
    assert alice.heard() == ["bob left."]


def test_a_name_that_was_given_up_may_be_taken_in_the_same_turn(server):
    alice, bob, carol = server.json("alice"), server.json("bob"), server.json("carol")
    alice.heard()
    bob.rename("rob")
    carol.rename("bob")
    server.run()
    assert alice.heard() == ["bob is now rob.", "carol is now bob."]


def test_a_member_gone_before_its_join_was_committed_does_not_stay(server):
    alice = server.json("alice")
    bob = server.connect()
    bob.hello("bob")
    server.reactor.turn()
    bob.close()
    server.run()
    assert alice.heard() in ([], ["bob joined.", "bob left."])
    assert len(server.hub.rooms["lobby"].members) == 1


# Order.


def test_all_see_one_order(server):
    everyone = [server.json(f"n{number}") for number in range(4)]
    for client in everyone:
        client.heard()
    for round in range(5):
        for client in everyone:
            client.say(str(round))
    server.run()
    orders = [client.heard() for client in everyone]
    assert all(order == orders[0] for order in orders)
    assert len(orders[0]) == 20


def test_presence_has_the_same_place_for_all(server):
    alice, bob = server.json("alice"), server.json("bob")
    carol = server.json("carol")
    for client in (alice, bob):
        client.heard()
    alice.say("before")
    server.reactor.turn()
    carol.close()
    server.reactor.turn()
    bob.say("after")
    server.run()
    assert alice.heard() == bob.heard() == ["alice: before", "carol left.", "bob: after"]


# Stored before shown.


class Held(MemoryLedger):
    """A ledger whose disk is slow."""

    def __init__(self, reactor):
        super().__init__(reactor.callLater)
        self.batches = []
        self.slow = False

    def write(self, batch):
        if self.slow:
            self.batches.append(batch)
        else:
            super().write(batch)

    def write_next(self):
        super().write(self.batches.pop(0))


@pytest.fixture
def held():
    return Server(ledger=Held)


def test_nothing_is_shown_before_it_is_stored(held):
    alice, bob = held.json("alice"), held.plain("bob")
    alice.heard()
    held.ledger.slow = True
    alice.say("hi", n=1)
    held.run(1)
    assert alice.read() == bob.read() == b""
    held.ledger.write_next()
    held.run()
    assert alice.heard() == bob.heard() == ["alice: hi"]


def test_messages_posted_while_a_batch_is_stored_are_the_next_batch(held):
    alice, bob = held.json("alice"), held.json("bob")
    held.ledger.slow = True
    for n in range(1, 6):
        alice.say(str(n), n=n)
        bob.say(str(n), n=n)
        held.run()
    assert [len(batch) for batch in held.ledger.batches] == [2]
    held.ledger.write_next()
    held.run()
    assert [len(batch) for batch in held.ledger.batches] == [8]
    calls = bob.transport.calls
    held.ledger.write_next()
    held.run()
    assert bob.transport.calls == calls + 1, "one write for each member"


def test_a_query_may_overtake_messages_being_stored(held):
    alice = held.json("alice")
    held.ledger.slow = True
    alice.say("hi", n=1)
    assert alice.ask("ping", ref="r") == [{"type": "pong", "ref": "r"}]


def finish(held):
    """Let the disk be fast again."""
    held.ledger.slow = False
    while held.ledger.batches:
        held.ledger.write_next()
    held.run()


def test_a_client_that_comes_back_under_another_name_says_no_more_under_the_old_one(held):
    old, bob = held.json("alice"), held.json("bob")
    new = held.connect()
    held.ledger.slow = True
    new.hello("al", client=secret("alice"))
    held.run()
    old.say("late", n=1)
    held.run()
    finish(held)
    assert bob.heard() == ["alice is now al."]
    new.say("late", n=1)
    held.run()
    assert bob.heard() == ["al: late"]


def test_where_the_other_name_is_refused_the_client_goes_on_under_the_old_one(held):
    old, bob = held.json("alice"), held.json("bob")
    carol, new = held.connect(), held.connect()
    held.ledger.slow = True
    carol.hello("carol")
    held.run()
    new.hello("carol", client=secret("alice"))
    held.run()
    old.say("still here", n=1)
    held.run()
    finish(held)
    assert codes(new.events()) == ["name-taken"]
    assert bob.heard() == ["carol joined.", "alice: still here"]


def test_messages_of_a_member_that_is_gone_are_still_shown(held):
    alice, bob = held.json("alice"), held.json("bob")
    alice.heard()
    held.ledger.slow = True
    bob.say("last", n=1)
    held.run()
    bob.close()
    held.ledger.slow = False
    held.ledger.write_next()
    held.run()
    assert alice.heard() == ["bob: last", "bob left."]


def test_a_message_has_the_name_that_its_sender_had_when_it_was_sent(held):
    alice, bob = held.json("alice"), held.json("bob")
    alice.heard()
    held.ledger.slow = True
    bob.say("one")
    bob.rename("rob")
    held.run()
    held.ledger.slow = False
    held.ledger.write_next()
    held.run()
    assert alice.heard() == ["bob: one", "bob is now rob."]


# Where storing fails.


@pytest.fixture
def disk(tmp_path):
    """A server on the disk of `disk.machine`."""
    machine = Machine()
    path = str(tmp_path / "chat.db")
    server = Server(ledger=lambda reactor: Unthreaded(reactor, path, machine=machine))
    server.machine = machine
    yield server
    if machine.writing.fails:
        machine.crash()
        return
    server.ledger.close()
    server.run()


def test_on_a_full_disk_all_is_refused_and_presence_goes_through(disk):
    alice, bob = disk.json("alice"), disk.json("bob")
    alice.ask("say", room="lobby", text="before", n=1)
    disk.machine.fill_disk(True)
    for n in range(2, 12):
        alice.say("x" * 4096, n=n)
    disk.connect("plain").hello("carol")
    disk.run()
    refused = alice.events()
    assert [event["code"] for event in refused if event["type"] == "error"] == ["storage-full"] + [
        "out-of-order"
    ] * 9
    assert [event["want"] for event in refused if "want" in event] == [2] * 9
    assert bob.heard() == ["alice: before", "carol joined."]
    disk.machine.fill_disk(False)
    assert alice.ask("say", room="lobby", text="after", n=2)[0] == {
        "type": "ok",
        "n": 2,
        "room": "lobby",
        "id": 2,
    }
    assert bob.heard() == ["alice: after"]


def test_on_a_full_disk_no_room_becomes_private(disk):
    alice = disk.json("alice", rooms={"den": None})
    alice.ask("register", password="open sesame")
    disk.machine.fill_disk(True)
    for _ in range(10):
        alice.say("x" * 4096, room="den")
    told = alice.ask("private", room="den", private=True)
    assert [event["code"] for event in told] == ["storage-full"] * 11
    disk.machine.fill_disk(False)
    assert alice.ask("private", room="den", private=True)[0]["type"] == "ok"


def test_a_person_is_told_that_the_disk_is_full(disk):
    alice = disk.plain("alice")
    alice.say("before")
    disk.run()
    disk.machine.fill_disk(True)
    for _ in range(10):
        alice.say("x" * 4096)
    disk.run()
    assert (
        alice.lines() == ["! The server's disk is full. It was not stored; try again later."] * 10
    )


def test_after_an_io_error_nothing_is_answered_any_more(disk, expect_logged):
    expect_logged("disk I/O error")
    alice = disk.json("alice")
    disk.machine.writing.fails = ("INSERT INTO messages", "disk I/O error")
    assert alice.ask("say", room="lobby", text="hi", n=1) == []
    assert alice.ask("say", room="lobby", text="ho", n=2) == []


def test_a_restart_goes_on_where_it_was(tmp_path):
    def start():
        return Server(ledger=lambda reactor: Unthreaded(reactor, str(tmp_path / "chat.db")))

    server = start()
    alice = server.json("alice")
    alice.ask("say", room="lobby", text="one", n=1)
    alice.topic("tea")
    server.run()
    epoch = server.ledger.epoch
    server.ledger.close()
    server = start()
    alice = server.connect()
    alice.hello("alice", rooms={"lobby": {"epoch": epoch, "after": 1}})
    alice.say("one", n=1)
    alice.say("two", n=2)
    server.run()
    _, room, catchup, again, ok, message = alice.events()
    assert (room["said"], room["topic"], room["head"], catchup["through"]) == (1, "tea", 1, 1)
    assert room["epoch"] != epoch
    assert (again["id"], ok["id"], message["id"]) == (1, 2, 2)
    server.ledger.close()
    server.run()


# Deleted history.


def test_a_client_that_returns_too_late_is_told_of_the_gap():
    server = Server(
        ledger=lambda reactor: MemoryLedger(reactor.callLater, RetentionPolicy(count=3))
    )
    alice = server.json("alice")
    for n in range(10):
        alice.say(str(n))
    server.run()
    got = server.connect().ask("hello", name="bob", rooms={"lobby": {"after": 2}})
    assert [event["type"] for event in got] == [
        "welcome",
        "room",
        "gap",
        "catchup",
        "message",
        "message",
        "message",
    ]
    assert (got[1]["first"], got[1]["head"]) == (8, 10)
    assert got[2] == {"type": "gap", "room": "lobby", "after": 2, "before": 8}
    assert [event["id"] for event in got[4:]] == [8, 9, 10]


# Stopping.


@every_wire
def test_when_it_stops_all_are_told(server, wire):
    alice = server.join(wire, "alice")
    server.hub.stop()
    server.run()
    assert alice.heard() == ["The server is stopping. Come back in 2 s."]
    assert alice.gone


def test_a_stopping_server_says_when_to_come_back(server):
    alice = server.json("alice")
    server.hub.stop()
    (bye,) = alice.events()
    assert (bye["code"], bye["retry"]) == ("stopping", 2)


# Names in all scripts.


@pytest.fixture
def worldly():
    return Server(names=names.UNICODE)


@every_wire
def test_names_of_all_scripts_are_told_as_they_are(worldly, wire):
    alice = worldly.join(wire, "alice")
    ivan = worldly.connect(wire)
    ivan.hello("Иван", **({"client": "the-client-of-ivan"} if wire != "plain" else {}))
    worldly.run()
    ivan.say("привет")
    worldly.run()
    alice.tell("ИВАН", "psst")
    worldly.run()
    assert alice.heard() == ["Иван joined.", "Иван: привет"]
    assert [note for note in ivan.heard() if "psst" in note] == ["alice (to you): psst"]


def test_nobody_logs_in_under_a_name_that_could_be_read_as_anothers(worldly):
    worldly.json("alice")
    mallory = worldly.connect()
    mallory.hello("аlice", client="the-client-of-mallory")
    mallory.hello("a1ice", client="the-client-of-mallory")
    mallory.hello("Alice", client="the-client-of-mallory")
    worldly.run()
    assert [(told["code"], told["text"]) for told in mallory.events()] == [
        ("name-taken", 'The name "аlice" looks like one that is taken. Choose another.'),
        ("name-taken", 'The name "a1ice" looks like one that is taken. Choose another.'),
        ("name-taken", 'The name "Alice" is taken. Choose another.'),
    ]


def test_a_member_may_take_a_name_that_looks_like_its_own_and_both_are_freed_at_once(worldly):
    alice, bob = worldly.json("alice"), worldly.json("bob")
    alice.heard()
    assert bob.ask("rename", name="ALICE")[0]["code"] == "name-taken"
    assert bob.ask("rename", name="аliсe")[0]["code"] == "name-taken"
    assert alice.ask("rename", name="Alice", ref="1")[0] == {"type": "ok", "ref": "1"}
    assert alice.ask("rename", name="AIice", ref="2")[0] == {"type": "ok", "ref": "2"}
    assert alice.ask("rename", name="carol", ref="3")[0] == {"type": "ok", "ref": "3"}
    bob.heard()
    assert bob.ask("rename", name="аliсe", ref="4")[0] == {"type": "ok", "ref": "4"}
    bob.close()
    alice.close()
    worldly.json("alice")
    worldly.json("bob")
    assert worldly.hub.members.count == 2


def test_a_returning_client_may_have_a_name_that_looks_like_its_old_one(worldly):
    worldly.json("alice", client="the-client-of-alice")
    worldly.json("a1ice", client="the-client-of-alice")
    assert [member.name for member in worldly.hub.members.all()] == ["a1ice"]


def test_a_room_of_any_script_is_written_in_lower_case(worldly):
    alice = worldly.json("alice")
    assert alice.ask("join", room="КУХНЯ")[0]["room"] == "кухня"
    assert alice.ask("say", room="Кухня", text="чай", n=1)[0] == {
        "type": "ok",
        "n": 1,
        "room": "кухня",
        "id": 1,
    }


def test_names_in_ascii_are_told_apart_by_their_letters_alone(server):
    for name in ["u10", "u1O", "ul0"]:
        server.json(name)
    assert len(server.hub.members.sessions) == 3
    assert server.connect().ask("hello", name="аlice")[0]["code"] == "bad-name"
