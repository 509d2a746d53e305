"""
Two nodes with all their threads, whose connections to PostgreSQL are cut again and again: what they
post is stored once, in the order posted, and both hand it up in one order.
"""

from __future__ import annotations

import msgspec
import pytest
import pytest_twisted
from twisted.internet import reactor, task, threads

from groupchat.core.entries import MessageEntry
from groupchat.ledgers import entry_codec
from groupchat.ledgers.postgresql.environment import Environment, Limits
from groupchat.ledgers.postgresql.ledger import PostgreSQLLedger
from tests.e2e.support import until
from tests.faults.proxy import Proxy
from tests.ledgers.keeping import now
from tests.ledgers.nodes import database
from tests.ledgers.test_nodes import Member

CUTS = 10
CUT = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = 'ledger' AND pid <> pg_backend_pid()
"""


class Node:
    """
    A node, and what it posts.

    :ivar posted: the messages so far.
    """

    def __init__(self, uri, name):
        environment = Environment(limits=Limits(stall=0.3, silence=1.0))
        self.ledger = PostgreSQLLedger(reactor, uri, environment=environment)
        self.owner = Member()
        self.name = name
        self.posted = []

    async def open(self):
        """Open the ledger; the nodes that are there go on meanwhile."""
        await threads.deferToThread(self.ledger.open, self.owner)

    def post(self):
        """Post some messages: one node counts them, the other does not."""
        for _ in range(5):
            number = len(self.posted) + 1
            text, n = f"{self.name} {number}", number if self.name == "alice" else None
            client = self.name.encode().ljust(16)
            self.posted.append(text)
            self.ledger.post(MessageEntry("lobby", self.name, text, now(), client=client, n=n))

    @property
    def texts(self):
        return [entry.text for entry in self.owner.drafts]


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_nothing_is_lost_or_stored_twice_whatever_is_cut(engine):
    uri = database(engine)
    alice, bob = Node(uri, "alice"), Node(uri, "bob")
    await alice.open()
    await bob.open()
    posting = [task.LoopingCall(node.post) for node in (alice, bob)]
    for call in posting:
        call.start(0.01)
    for _ in range(CUTS):
        await task.deferLater(reactor, 0.2)
        await threads.deferToThread(engine.execute, CUT, "ledger")
    for call in posting:
        call.stop()
    count = len(alice.posted) + len(bob.posted)
    for node in (alice, bob):
        await until(lambda node=node: len(node.texts) >= count, f"everything at {node.name}")
    assert alice.texts == bob.texts and len(alice.texts) == count
    for node in (alice, bob):
        assert [text for text in alice.texts if text in node.posted] == node.posted
        assert [entry.id for entry in node.owner.drafts] == list(range(1, count + 1))
        assert node.owner.reasons == [] and "fenced" not in node.owner.told
    for node in (alice, bob):  # each is told when the other is gone
        await node.ledger.close()


#: the backend of a node's tail, which holds the lock that shows that the node is connected
TAIL = """
    SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND granted AND database =
        (SELECT oid FROM pg_database WHERE datname = 'ledger')
"""
BACKENDS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'groupchat'"


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_a_node_reads_no_more_from_where_its_tail_has_lost_its_connection(engine):
    node = Node(database(engine), "alice")
    await node.open()
    node.post()
    await until(lambda: node.texts == node.posted, "what it has posted")
    before = engine.execute(BACKENDS)
    assert len(await node.ledger.page("lobby", 0, 5)) == 5
    (reader,) = {*engine.execute(BACKENDS)} - {*before}
    ((tail,),) = engine.execute(TAIL)
    engine.execute(f"SELECT pg_terminate_backend({tail})")
    await until(lambda: reader not in engine.execute(BACKENDS), "the reader's connection is gone")
    assert len(await node.ledger.page("lobby", 0, 5)) == 5
    await node.ledger.close()


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_a_node_whose_connections_have_gone_silent_makes_new_ones(engine):
    database(engine)
    proxy = Proxy()
    proxy.target = engine.port
    alice = Node(engine.uri("ledger"), "alice")
    bob = Node(engine.uri("ledger", "127.0.0.1", proxy.port), "bob")
    await alice.open()
    await bob.open()
    bob.post()
    await until(lambda: bob.texts == alice.texts == bob.posted, "what bob said")
    for connection in list(proxy.connections):
        connection.stall()
    alice.post()
    bob.post()
    await until(lambda: len(bob.texts) == 15, "everything at bob")
    await until(lambda: bob.texts == alice.texts, "everything at alice")
    assert bob.owner.told == ["restored", "stalled", "resumed"] and alice.owner.told == []
    for node in (alice, bob):
        await node.ledger.close()
    await proxy.close()


async def beside_a_newer_one(engine, monkeypatch, kind):
    """Returns a node to which a newer one has given an entry of a kind that it doesn't know."""
    uri, encode = database(engine), entry_codec.encode
    newer, older = Node(uri, "alice"), Node(uri, "bob")
    await newer.open()
    await older.open()

    def with_news(batch):
        known = msgspec.msgpack.decode(encode(batch))
        return msgspec.msgpack.encode([[kind, {"room": ""}], *known])

    monkeypatch.setattr(entry_codec, "encode", with_news)
    newer.post()
    await until(lambda: newer.texts == newer.posted, "what the newer one said")
    await until(lambda: older.texts or older.owner.reasons, "something at the older one")
    monkeypatch.undo()
    for node in (older, newer):
        await node.ledger.close()
    return older


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_what_is_new_and_optional_is_passed_over(engine, monkeypatch):
    older = await beside_a_newer_one(engine, monkeypatch, "+colour")
    assert len(older.texts) == 5 and older.owner.reasons == []


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_what_is_new_and_needed_ends_the_node(engine, monkeypatch):
    older = await beside_a_newer_one(engine, monkeypatch, "colour")
    (reason,) = older.owner.reasons
    assert older.texts == []
    assert reason.startswith("the database ledger at ") and "Install the newer groupchat" in reason
