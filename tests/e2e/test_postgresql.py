"""
Real servers on a real database: a server alone, whose database comes and goes, and several nodes
that are one group.
"""

from __future__ import annotations

import signal
import time
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor, task

from groupchat.core.outage import MAX_SECONDS_WAITED
from groupchat.ledgers.postgresql.questions import PATIENCE
from tests.e2e.support import Daemon, Sandbox, Socket, numbered
from tests.engine import Engine
from tests.faults.proxy import Proxy

GONE = 12.0  #: seconds after which a node that is dead is no longer there


@pytest.fixture
def database(engine: Engine) -> Any:
    """The address of a new database."""
    yield engine.create("e2e")
    engine.drop("e2e")


async def node(sandbox: Sandbox, database: str, *options: str) -> Daemon:
    return await sandbox.daemon("--no-tls", "--max", "5", "--ledger", database, *options)


async def node_behind_proxy(sandbox: Sandbox, engine: Engine) -> tuple[Proxy, Daemon]:
    """A node, and what stands between it and the database."""
    proxy = Proxy()
    proxy.target = engine.port
    return proxy, await node(sandbox, engine.uri("e2e", "127.0.0.1", proxy.port))


async def names(member: Socket) -> list[str]:
    """The members of the lobby, as one of them is told."""
    member.send({"type": "who", "room": "lobby"})
    who = await member.event("who")
    return sorted(one["name"] for one in who["members"])


async def becomes(member: Socket, expected: list[str], limit: float) -> None:
    """Wait until the members of the lobby are these."""
    end = time.monotonic() + limit
    while (seen := await names(member)) != expected:
        assert time.monotonic() < end, f"after {limit:g} s there are {seen}"
        await task.deferLater(reactor, 0.1)


async def is_in(member: Socket) -> bool:
    """Whether someone is logged in, or sent away."""
    answer = lambda: member.events("catchup") or member.events("bye") or None  # noqa: E731
    await member.received.wait(answer, "catchup or bye")
    return not member.events("bye")


async def comes_back(sandbox: Sandbox, name: str, daemon: Daemon, **hello: Any) -> Socket:
    """Someone logs in as soon as the server lets them."""
    while not await is_in(member := await sandbox.json(name, daemon, **hello)):
        await task.deferLater(reactor, 0.2)
    return member


# A server alone.


@pytest_twisted.ensureDeferred
async def test_messages_accounts_and_the_certificate_survive_a_restart(
    sandbox: Sandbox, database: str
):
    daemon = await sandbox.daemon("--ledger", database)
    alice = await sandbox.nc("alice", daemon)
    alice.send("hello", "/register secret123")
    await alice.says("-- The name alice is yours: from now on it needs your password.")
    shown = next(line for line in daemon.out.lines if "Encrypted with" in line)
    await daemon.kill()
    daemon = await sandbox.again(daemon, "--ledger", database)
    assert await sandbox.kept(daemon) == ["hello"]
    assert any(line.endswith(shown.rpartition(" ")[2]) for line in daemon.out.lines)
    guest = sandbox.start("nc", "localhost", str(daemon.port))
    guest.send("alice")
    await guest.line(r"-- The name alice is registered\..*")
    assert [path.name for path in sandbox.directory.glob("groupchat.*")] == ["groupchat.sock"]


@pytest_twisted.ensureDeferred
async def test_what_is_said_while_the_database_is_gone_waits_and_is_stored_once(
    sandbox: Sandbox, database: str, engine: Engine
):
    daemon = await node(sandbox, database)
    alice = await sandbox.member("alice", daemon, client="a" * 22)
    alice.say(*numbered("before", 5), first=1)
    await alice.event("ok", n=5)
    engine.kill()
    try:
        alice.say(*numbered("while", 5), first=6)
        alice.send({"type": "ping"})
        await alice.event("pong")
    finally:
        engine.start()
    await alice.event("ok", n=10)
    alice.say("after", first=11)
    await alice.event("ok", n=11)
    assert await sandbox.kept(daemon) == [*numbered("before", 5), *numbered("while", 5), "after"]


@pytest_twisted.ensureDeferred
async def test_a_connection_to_the_database_that_is_cut_loses_nothing(
    sandbox: Sandbox, database: str, engine: Engine
):
    proxy, daemon = await node_behind_proxy(sandbox, engine)
    alice = await sandbox.member("alice", daemon)
    for cut in range(10):
        alice.say(*numbered(f"cut {cut}", 20), first=20 * cut + 1)
        await alice.event("ok", n=20 * cut + 1)
        proxy.reset()
    await alice.event("ok", n=200)
    assert await sandbox.kept(daemon) == [
        text for cut in range(10) for text in numbered(f"cut {cut}", 20)
    ]
    await daemon.stop()
    await proxy.close()


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_a_node_that_can_not_reach_the_database_reads_on_waits_and_comes_back(
    sandbox: Sandbox, database: str, engine: Engine
):
    proxy, daemon = await node_behind_proxy(sandbox, engine)
    alice = await sandbox.member("alice", daemon, client="a" * 22)
    bob = await sandbox.member("bob", daemon)
    alice.say("before", first=1)
    await bob.event("message", text="before")
    proxy.target = daemon.port  # which is no database
    proxy.reset()
    cut = time.monotonic()
    alice.say("meanwhile", first=2)
    for ref, patience in (("1", PATIENCE), ("2", 0)):
        began, asked = time.monotonic(), {"room": "lobby", "ref": ref}
        bob.send(*({"type": type, **asked} for type in ("history", "ping", "who")))
        bob.send({"type": "search", "text": "before", **asked})
        history = await bob.event("history", ref=ref)
        assert [message["text"] for message in history["messages"]] == ["before"]
        await bob.event("pong", ref=ref)
        assert len((await bob.event("who", ref=ref))["members"]) == 2
        await bob.event("error", code="unavailable", ref=ref)
        assert time.monotonic() - began < patience + 1
    assert not alice.events("bye") and len(alice.events("ok")) == 1
    for member in (alice, bob):
        bye = await member.event("bye", MAX_SECONDS_WAITED + 5)
        assert (bye["code"], bye["retry"]) == ("unavailable", 5)
    assert time.monotonic() - cut >= MAX_SECONDS_WAITED
    assert not await is_in(await sandbox.json("carol", daemon))
    proxy.target = engine.port
    again = await comes_back(sandbox, "alice", daemon, client="a" * 22)
    again.say("meanwhile", "after", first=2)
    await again.event("ok", n=3)
    assert await sandbox.kept(daemon) == ["before", "meanwhile", "after"]
    await daemon.stop()
    await proxy.close()


# Several nodes.


@pytest_twisted.ensureDeferred
async def test_members_of_two_nodes_are_one_group(sandbox: Sandbox, database: str):
    one = await node(sandbox, database, "--admin-socket", "one.sock")
    alice = await sandbox.member("alice", one)
    two = await node(sandbox, database, "--admin-socket", "two.sock")
    bob = await sandbox.member("bob", two)
    for member in (alice, bob):
        await becomes(member, ["alice", "bob"], 5)
    alice.say("from one", first=1)
    await bob.event("message", from_="alice", text="from one", id=1)
    bob.say("from two", first=1)
    await alice.event("message", from_="bob", text="from two", id=2)
    bob.send({"type": "tell", "to": "alice", "text": "psst"})
    await alice.event("tell", from_="bob", text="psst")
    taken = await sandbox.json("Alice", two)
    await taken.event("error", code="name-taken")
    for name in ("carol", "dave", "erin"):
        await sandbox.member(name, one)
    late = await sandbox.json("frank", two)
    await late.event("bye", code="full")
    await sandbox.run("groupchat-admin", "--admin-socket", "two.sock", "kick", "carol", "enough")
    await becomes(alice, ["alice", "bob", "dave", "erin"], 5)


@pytest_twisted.ensureDeferred
async def test_a_node_that_is_killed_is_gone_and_its_members_come_back_elsewhere(
    sandbox: Sandbox, database: str
):
    one = await node(sandbox, database, "--admin-socket", "one.sock")
    two = await node(sandbox, database, "--admin-socket", "two.sock")
    alice = await sandbox.member("alice", one)
    bob = await sandbox.member("bob", two, client="b" * 22)
    bob.say(*numbered("bob", 3), first=1)
    await bob.event("ok", n=3)
    await becomes(alice, ["alice", "bob"], 5)
    await two.kill()
    await becomes(alice, ["alice"], GONE)
    bob = await sandbox.member("bob", one, client="b" * 22)
    bob.say("bob 3", "bob 4", first=3)
    await bob.event("ok", n=4)
    await alice.event("message", text="bob 4")
    assert await sandbox.kept(one) == numbered("bob", 4)


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_nodes_that_died_while_others_joined_hold_up_no_later_one(
    sandbox: Sandbox, database: str
):
    one = await node(sandbox, database, "--admin-socket", "one.sock")
    two = await node(sandbox, database, "--admin-socket", "two.sock")
    await one.kill()
    await node(sandbox, database, "--admin-socket", "three.sock")  # it joins while one is missed
    await two.kill()
    four = await node(sandbox, database, "--admin-socket", "four.sock")
    await sandbox.member("alice", four)


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_a_node_that_stood_still_sends_its_members_away_and_comes_back(
    sandbox: Sandbox, database: str
):
    one = await node(sandbox, database, "--admin-socket", "one.sock")
    two = await node(sandbox, database, "--admin-socket", "two.sock")
    alice = await sandbox.member("alice", one)
    bob = await sandbox.member("bob", two)
    await becomes(alice, ["alice", "bob"], 5)
    two.signal(signal.SIGSTOP)
    bob.say("into the void", first=1)
    await becomes(alice, ["alice"], GONE)
    two.signal(signal.SIGCONT)
    await bob.event("bye")
    bob = await comes_back(sandbox, "bob", two)
    for member in (alice, bob):
        await becomes(member, ["alice", "bob"], 5)
    bob.say("here again", first=1)
    await alice.event("message", text="here again")


@pytest_twisted.ensureDeferred
async def test_a_node_with_another_rule_for_names_is_refused(sandbox: Sandbox, database: str):
    one = await node(sandbox, database, "--admin-socket", "one.sock", "--names", "unicode")
    other = sandbox.twistd("--port", "0", "--no-tls", "--ledger", database, "--names", "ascii")
    assert await other.ended() == 1
    told = "The other servers of this group have --names unicode, and this one has --names ascii."
    assert told in other.out.text + other.err.text
    assert "Traceback" not in other.out.text + other.err.text
    alice = await sandbox.member("alice", one)
    await becomes(alice, ["alice"], GONE)
    await node(sandbox, database, "--admin-socket", "two.sock", "--names", "unicode")
