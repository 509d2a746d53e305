"""
The end, asked for or sudden: acknowledged messages are there afterwards.
"""

from __future__ import annotations

import signal
from typing import Any

import pytest
import pytest_twisted

from tests.e2e.support import Sandbox, Socket, numbered

SECRET = "a-secret-of-more-than-16"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
@pytest_twisted.ensureDeferred
async def test_everyone_is_told_and_it_ends_well(sandbox: Sandbox, number: int):
    daemon = await sandbox.daemon()
    person, guest = [await sandbox.socket(daemon.port) for _ in range(2)]
    person.send("alice")
    await person.says("-- You are up to date.")
    program = await sandbox.member("bot", daemon)
    await guest.says("What is your name?")
    daemon.signal(number)
    await person.says("-- The server is stopping. Come back in 2 s.")
    await program.event("bye", code="stopping", retry=2)
    await guest.says("-- The server is stopping. Come back in 2 s.")
    assert await daemon.ended(5) == 0


@pytest_twisted.ensureDeferred
async def test_ctrl_c_at_the_terminal_ends_it_well(sandbox: Sandbox):
    daemon = sandbox.twistd("--port", "0", "--max", "5", terminal=True)
    await daemon.listens()
    alice = await sandbox.member("alice", daemon)
    daemon.press("\x03")
    await alice.event("bye", code="stopping")
    assert await daemon.ended(5) == 0


@pytest_twisted.ensureDeferred
async def test_a_stop_at_once_is_a_good_end(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    await daemon.stop()
    assert sorted(path.name for path in sandbox.directory.iterdir()) == [
        "groupchat.accounts",
        "groupchat.db",
        "groupchat.db-lock",
        "groupchat.pem",
        "home",
    ]


@pytest_twisted.ensureDeferred
async def test_asking_again_does_no_harm(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    nc = await sandbox.nc(
        "alice", daemon
    )  # which does not hang up by itself, so that the end takes a while
    daemon.signal(signal.SIGTERM)
    await nc.says("-- The server is stopping. Come back in 2 s.")
    daemon.signal(signal.SIGTERM)
    daemon.signal(signal.SIGINT)
    assert await daemon.ended(5) == 0
    assert await sandbox.kept(await sandbox.again(daemon)) == []


@pytest_twisted.ensureDeferred
async def test_a_terminal_that_closes_ends_it_well(sandbox: Sandbox):
    daemon = sandbox.twistd("--port", "0", "--max", "5", terminal=True)
    await daemon.listens()
    alice = await sandbox.member("alice", daemon)
    daemon.transport.loseConnection()
    await alice.event("bye", code="stopping")
    assert await daemon.ended(5) == 0


@pytest.mark.parametrize("kept_from_it", [("setsid",), ("nohup",)], ids=" ".join)
@pytest_twisted.ensureDeferred
async def test_a_hang_up_ends_no_daemon_that_was_kept_from_the_terminal(
    sandbox: Sandbox, kept_from_it: tuple[str, ...]
):
    daemon = await sandbox.daemon(through=kept_from_it)
    alice = await sandbox.nc("alice", daemon)
    bob = await sandbox.nc("bob", daemon)
    daemon.signal(signal.SIGHUP)
    alice.send("still there?")
    await bob.says("alice: still there?")
    assert daemon.status is None


@pytest_twisted.ensureDeferred
async def test_one_who_does_not_read_does_not_delay_the_end(sandbox: Sandbox):
    daemon = await sandbox.daemon("--rate", "0")
    (await sandbox.member("stalled", daemon)).stall()
    alice = await sandbox.member("alice", daemon)
    alice.say(*["x" * 4000] * 2000)
    await alice.event("message", id=2000)
    await daemon.stop()


# Earlier messages.


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["SIGTERM", "SIGKILL"])
@pytest_twisted.ensureDeferred
async def test_what_was_acknowledged_or_shown_is_there_after_a_restart(
    sandbox: Sandbox, number: int
):
    daemon = await sandbox.daemon("--rate", "0")
    bob = await sandbox.member("bob", daemon)
    alice = await sandbox.member("alice", daemon)
    texts = numbered("line", 5000)
    alice.say(*texts, first=1)
    await alice.event("ok", n=300)
    daemon.signal(number)
    await daemon.ended(5)
    for one in (alice, bob):
        await one.ended()
    acknowledged, shown = alice.events("ok"), bob.events("message")
    assert [ok["id"] for ok in acknowledged] == list(range(1, len(acknowledged) + 1))
    kept = await sandbox.kept(await sandbox.again(daemon))
    assert len(kept) >= max(len(acknowledged), len(shown))
    assert kept == texts[: len(kept)]
    assert [message["text"] for message in shown] == kept[: len(shown)]


async def room_of(person: Socket) -> dict[str, Any]:
    room: dict[str, Any] = await person.event("room")
    await person.event("catchup")
    return room


@pytest_twisted.ensureDeferred
async def test_one_who_comes_back_gets_exactly_what_was_missed(sandbox: Sandbox):
    daemon = await sandbox.daemon("--rate", "0")
    bob = await sandbox.json("bob", daemon)
    epoch = (await room_of(bob))["epoch"]
    alice = await sandbox.member("alice", daemon)
    alice.say(*numbered("before", 150))
    await bob.event("message", id=40)
    await alice.event("message", id=150)
    await daemon.kill()
    daemon = await sandbox.again(daemon, "--rate", "0")
    alice = await sandbox.member("alice", daemon)
    alice.say(*numbered("after", 50))
    await alice.event("message", id=200)
    bob = await sandbox.json("bob", daemon, rooms={"lobby": {"epoch": epoch, "after": 40}})
    assert (await room_of(bob))["head"] == 200
    await bob.event("message", id=200)
    missed = [(message["id"], message["text"]) for message in bob.events("message")]
    assert missed == list(enumerate([*numbered("before", 150), *numbered("after", 50)], 1))[40:]
    assert bob.events("gap") == bob.events("reset") == []


@pytest_twisted.ensureDeferred
async def test_what_is_said_again_after_a_restart_is_not_said_twice(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    alice = await sandbox.member("alice", daemon, client=SECRET)
    alice.say("one", "two", first=1)
    await alice.event("ok", n=2, id=2)
    await daemon.kill()
    daemon = await sandbox.again(daemon)
    alice = await sandbox.json("alice", daemon, client=SECRET)
    assert (await room_of(alice))["said"] == 2
    alice.say("one", "two", "three", first=1)
    for number in (1, 2, 3):
        await alice.event("ok", n=number, id=number)
    alice.say("something else", first=2)
    await alice.event("error", code="conflict", n=2)
    assert await sandbox.kept(daemon) == ["one", "two", "three"]


@pytest_twisted.ensureDeferred
async def test_a_restored_backup_is_not_taken_for_the_log_one_knew(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    ledger = sandbox.directory / "groupchat.db"
    await daemon.stop()
    backup = ledger.read_bytes()
    daemon = await sandbox.again(daemon)
    bob = await sandbox.json("bob", daemon)
    epoch = (await room_of(bob))["epoch"]
    bob.say("lost", "with the disk")
    await bob.event("message", id=2)
    await daemon.stop()
    ledger.write_bytes(backup)
    daemon = await sandbox.again(daemon)
    bob = await sandbox.json("bob", daemon, rooms={"lobby": {"epoch": epoch, "after": 2}})
    await bob.event("reset", room="lobby", head=0)
