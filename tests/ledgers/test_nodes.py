"""
Several nodes on one log in PostgreSQL: all hand up the same entries in one order, and notice which
of them is gone.
"""

from __future__ import annotations

import pytest

from groupchat.core.entries import JoinEntry, LeaveEntry, LookEntry, MessageEntry, QuitEntry
from groupchat.core.group_entries import LogoutEntry, NodeGoneEntry
from groupchat.ledgers.group_commit import MAX_BATCH
from groupchat.ledgers.postgresql.environment import Limits
from groupchat.ledgers.postgresql.gathering import Gathering
from groupchat.ledgers.postgresql.leases import Leases
from groupchat.ledgers.postgresql.membership import Other
from groupchat.ledgers.postgresql.order import Order
from groupchat.ledgers.postgresql.watchdog import Watchdog
from tests.ledgers.keeping import ALICE, Log, Machine, Owner
from tests.ledgers.nodes import database, on_postgresql
from tests.support import Reactor

LEASE = 10.0  #: seconds

pytestmark = pytest.mark.slow  # of a real engine


class Member(Owner):
    """An owner whose state is what it was told."""

    def __init__(self):
        super().__init__()
        self.told = []
        self.state = None

    def snapshot(self):
        return "|".join(map(label, self.drafts)).encode()

    def restore(self, state):
        self.state = state.decode()
        self.told.append("restored")

    def stalled(self):
        self.told.append("stalled")

    def resumed(self):
        self.told.append("resumed")

    def fenced(self):
        self.told.append("fenced")

    def rewound(self):
        self.told.append("rewound")


class Node(Log):
    """A node with its owner, in the turns that a test lets it take."""

    owner_class = Member

    def turn(self):
        """The node's tail and its reactor do what there is to do."""
        self.ledger.following.turn()
        self.run()

    @property
    def order(self):
        """The entries that it was handed, in their order."""
        return [label(entry) for entry in self.owner.drafts]

    @property
    def others(self):
        return set(self.ledger.tail.others)


def label(entry):
    if isinstance(entry, MessageEntry):
        return entry.text
    if isinstance(entry, NodeGoneEntry):
        return f"gone {entry.node}"
    return type(entry).__name__


def settle(*nodes):
    """All nodes take turns until nothing is left to do."""
    for _ in range(3):
        for node in nodes:
            node.turn()


@pytest.fixture
def uri(engine):
    return database(engine)


@pytest.fixture
def start(uri):
    """
    Starts nodes, each on a machine of its own. `helped` gives the others a turn while it waits for
    them.
    """
    nodes = []

    def start(*helping, limits=()):
        machine = Machine()
        machine.limits = dict(limits)

        class Made(Node):
            pass

        def make(reactor):
            ledger = on_postgresql(uri)(reactor, None, machine)
            wait = ledger.tail.wait

            waits = iter(range(500))

            def helped(connection):
                assert next(waits, None) is not None, "it waits for ever"
                for other in helping:
                    other.turn()
                machine.clock.days(1 / 86_400)
                wait(connection)

            ledger.tail.wait = helped
            return ledger

        node = Made(make)
        node.machine = machine
        nodes.append(node)
        return node

    yield start
    for node in nodes:
        node.close()


@pytest.fixture
def pair(start):
    first = start()
    return first, start(first)


# One order.


def test_each_node_hands_up_the_entries_of_all_in_one_order(pair):
    a, b = pair
    a.say("1")
    b.say("2")
    a.run()
    b.run()
    assert b.order == [], "its own is after that of the other"
    settle(a, b)
    assert a.order == b.order == ["1", "2"]
    a.said("3")
    settle(a, b)
    b.said("4")
    settle(a, b)
    assert a.order == b.order == ["1", "2", "3", "4"]
    assert [entry.id for entry in b.owner.drafts] == [1, 2, 3, 4]


def test_own_entries_are_the_objects_that_were_posted_and_others_have_no_session(pair):
    a, b = pair
    posted = a.post(JoinEntry("lobby", ALICE, session="session", ref="1", seat=7))
    settle(a, b)
    (own,), (other,) = a.owner.drafts, b.owner.drafts
    assert own is posted and own.session == "session"
    assert (other.session, other.ref, other.cursor, other.seat) == (None, None, None, 7)
    assert (other.head, other.first, other.known) == (0, 1, True)


def test_an_entry_that_was_refused_is_refused_on_each_node(pair):
    a, b = pair
    a.said("one", n=1)
    a.say("nine", n=9)
    a.say("other", n=1)
    a.say("one", n=1)
    settle(a, b)
    for node in (a, b):
        outcomes = [(type(entry.refusal).__name__, entry.id) for entry in node.owner.drafts]
        assert outcomes == [
            ("NoneType", 1),
            ("OutOfOrder", None),
            ("Conflict", None),
            ("NoneType", 1),
        ]
    assert [entry.fresh for entry in b.owner.drafts] == [True, False, False, False]


def test_an_n_is_counted_across_the_nodes(pair):
    a, b = pair
    a.said("one", n=1)
    settle(a, b)
    b.said("two", n=2)
    b.said("one", n=1)
    settle(a, b)
    assert [entry.id for entry in b.owner.drafts] == [1, 2, 1]


def test_what_waits_and_what_only_looks_stays_at_its_node(pair):
    a, b = pair
    a.say("one")
    look = a.post(LookEntry("lobby", ALICE))
    a.post(QuitEntry(""))
    a.say("two")
    settle(a, b)
    assert look.head == 1
    assert a.order == ["one", "LookEntry", "QuitEntry", "two"] and b.order == ["one", "two"]
    assert [entry.id for entry in b.owner.drafts] == [1, 2]


def test_what_is_stored_nowhere_is_handed_up_everywhere(pair):
    a, b = pair
    a.post(LeaveEntry("lobby", 3))
    a.post(LogoutEntry(3))
    settle(a, b)
    assert b.order == ["LeaveEntry", "LogoutEntry"]
    assert [entry.seat for entry in b.owner.drafts] == [3, 3]


def test_a_correction_and_its_outcome_are_the_same_on_each_node(pair):
    a, b = pair
    a.said("a")
    a.corrected("b", replaces=1)
    a.removed(2)
    settle(a, b)
    for node in (a, b):
        _, replacement, redaction = node.owner.drafts
        assert (replacement.id, replacement.replaces, replacement.refusal) == (2, 1, None)
        assert (redaction.redacts, sorted(redaction.redacted)) == (1, [1, 2])


# Joining.


def test_nodes_have_numbers_and_one_epoch(start):
    first = start()
    second = start(first)
    assert first.ledger.node < second.ledger.node
    assert first.ledger.epoch == second.ledger.epoch
    assert first.owner.state is None, "there was nobody to tell it"


def test_a_new_node_begins_with_the_state_of_another_and_goes_on_from_there(start):
    a = start()
    a.said("1")
    b = start(a)
    assert b.owner.state == "1"
    a.said("2")
    settle(a, b)
    assert b.order == ["2"]
    c = start(a, b)
    assert c.owner.state == "1|2" and c.order == []
    b.said("3")
    settle(a, b, c)
    assert a.order[-1] == b.order[-1] == c.order[-1] == "3"


def test_what_is_said_while_a_node_joins_is_in_its_state_or_comes_after_it(start):
    a = start()
    said, joined = [], []

    class Talking:
        def turn(self):
            if not joined:
                said.append(str(len(said)))
                a.say(said[-1])
                a.turn()

    b = start(Talking())
    joined.append(b)
    settle(a, b)
    assert said and [*filter(None, b.owner.state.split("|")), *b.order] == said


# Nodes that are gone.


def test_a_node_that_closes_is_gone_at_once(pair):
    a, b = pair
    settle(a, b)
    b.close()
    a.turn()
    assert a.order == [f"gone {b.ledger.node}"]


def test_a_node_whose_beat_stands_still_is_gone_and_fenced(pair):
    a, b = pair
    settle(a, b)
    dead = b.ledger.node
    for _ in range(int(LEASE) + 3):
        a.turn()
    assert a.order == [f"gone {dead}"] and a.owner.drafts[0].by == a.ledger.node
    b.say("too late")
    b.run()
    assert b.owner.told == ["restored", "fenced"]
    settle(a)
    assert a.order == [f"gone {dead}"], "nothing of it is stored"


def test_a_node_that_was_fenced_comes_back_as_another(start):
    a = start()
    b = start(a)
    settle(a, b)
    dead = b.ledger.node
    for _ in range(int(LEASE) + 3):
        a.turn()
    b.turn()
    assert b.owner.told == ["restored", "fenced"]
    b.say("while it is away")
    b.turn()
    assert b.owner.told == ["restored", "fenced", "restored"]
    assert b.ledger.node > dead and b.owner.state == f"gone {dead}"
    settle(a, b)
    assert a.order == [f"gone {dead}", "while it is away"]
    assert b.said("and now").id == 2


def test_a_node_that_has_no_connection_is_gone_sooner(pair, engine):
    a, b = pair
    settle(a, b)
    backend = b.ledger.tail.connection().info.backend_pid
    assert engine.execute(f"SELECT pg_terminate_backend({backend}, 5000)") == [(True,)]
    for _ in range(8):
        a.turn()
    assert a.order == [f"gone {b.ledger.node}"]


def test_a_new_node_waits_for_no_dead_one(start):
    a = start()
    a.said("1")
    a.ledger.tail.close()
    b = start()
    assert b.owner.state is None and b.others == set()
    assert b.ledger.epoch != a.ledger.epoch
    a.say("zombie")
    a.run()
    assert a.owner.told == ["fenced"]
    assert [message.text for message in b.page(0, 9)] == ["1"]


def test_of_two_new_nodes_without_an_old_one_the_first_begins(start, engine):
    a = start()
    a.ledger.tail.close()
    b = start()
    c = start(b)
    b.said("1")
    settle(b, c)
    assert c.order == ["1"]


# Another log.


def test_a_log_that_is_shorter_than_it_was_is_another(start, engine):
    a = start()
    epoch = a.ledger.epoch
    a.said("1")
    a.said("2")
    engine.execute("DELETE FROM groupchat.bundles WHERE seq > 2", "ledger")
    a.ledger.tail.close()
    a.turn()
    assert a.owner.told == ["rewound"]
    a.turn()
    assert a.owner.told == ["rewound", "restored"]
    assert a.ledger.epoch != epoch
    assert a.said("3").refusal is None


def test_another_engine_is_another_epoch(start, engine):
    a = start()
    epoch = a.ledger.epoch
    engine.execute("UPDATE groupchat.epochs SET engine = 'another/00000001'", "ledger")
    a.ledger.tail.close()
    a.turn()
    assert a.owner.told == ["rewound"]
    a.turn()
    assert a.ledger.epoch != epoch


# Leases.


def other(beat, is_connected=True):
    return Other(beat, is_connected, True)


def test_a_lease_counts_from_when_its_beat_was_seen_first():
    leases = Leases(10, 3, 4)
    for now in range(0, 10, 2):
        assert leases.dead({1: other(5)}, now) == []
    assert leases.dead({1: other(5)}, 10) == [(1, 5)]
    assert leases.dead({1: other(6)}, 12) == []


def test_time_in_which_a_node_did_not_look_itself_does_not_count():
    leases = Leases(10, 3, 4)
    assert leases.dead({1: other(5)}, 0) == []
    assert leases.dead({1: other(5)}, 60) == []
    assert leases.dead({1: other(5)}, 62) == []


def test_a_node_without_a_connection_has_less_time():
    leases = Leases(10, 3, 4)
    assert leases.dead({1: other(5, False)}, 0) == []
    assert leases.dead({1: other(5, False)}, 2) == []
    assert leases.dead({1: other(5, False), 2: other(5)}, 4) == [(1, 5)]


# Order.


def test_bundles_are_handed_up_without_a_hole():
    order, seen = Order(), []
    order.begin(4)
    for seq in (6, 7, 5, 5, 4, 9):
        order.offer(seq, lambda seq=seq: seen.append(seq))
    assert (seen, order.applied) == ([5, 6, 7], 7)


def gathering():
    """A gathering, its reactor, and what it hands up: texts, and whether it has own ones."""
    reactor, seen = Reactor(), []
    return (
        Gathering(reactor, lambda entries, own: seen.append(([e.text for e in entries], own))),
        reactor,
        seen,
    )


def said(text):
    return MessageEntry("r", "alice", text, 0)


def test_bundles_of_one_turn_are_shown_at_once_in_their_order():
    them, reactor, seen = gathering()
    them.add([said("a"), said("b")])
    them.add([said("c")], own=True)
    them.add([said("d")])
    assert seen == []
    reactor.advance(0)
    them.add([said("e")])
    reactor.advance(0)
    assert seen == [(["a", "b", "c", "d"], True), (["e"], False)]


def test_a_bundle_that_nothing_can_follow_is_shown_with_those_before_it_and_once():
    them, reactor, seen = gathering()
    them.add([said("a")])
    them.add([said("b")], own=True, waits=False)
    assert seen == [(["a", "b"], True)]
    reactor.advance(0)
    assert len(seen) == 1


def test_no_more_bundles_are_gathered_than_a_batch_can_hold():
    them, _, seen = gathering()
    them.add([said("a")] * (MAX_BATCH - 1))
    assert seen == []
    them.add([said("b")])
    assert [len(texts) for texts, _ in seen] == [MAX_BATCH]


def test_a_node_that_stops_shows_nothing_by_itself():
    them, reactor, seen = gathering()
    them.add([said("a")])
    them.stop()
    reactor.advance(0)
    assert seen == []


# A database that does not answer.


def test_a_batch_that_is_not_stored_for_long_is_told_and_its_connection_is_cut():
    reactor, told = Reactor(), []
    dog = Watchdog(
        reactor,
        Limits(),
        lambda: told.append("stalled"),
        lambda: told.append("resumed"),
        lambda: told.append("cut"),
    )
    dog.began()
    dog.ended()
    reactor.run(60)
    assert told == []
    dog.began()
    reactor.run(1)
    assert told == []
    reactor.run(1)
    assert told == ["stalled"]
    reactor.run(9)
    assert told == ["stalled", "cut"]
    dog.ended()
    reactor.run(60)
    assert told == ["stalled", "cut", "resumed"]
