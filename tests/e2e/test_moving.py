"""
A server moves from a file into PostgreSQL and back by groupchat-admin, and its clients go on.
"""

from __future__ import annotations

from typing import Any

import pytest
import pytest_twisted

from tests.e2e.support import Daemon, Sandbox

CLIENT = "a" * 22


@pytest.fixture
def database(engine: Any) -> Any:
    """The address of a new database."""
    yield engine.create("moved")
    engine.drop("moved")


async def serve(sandbox: Sandbox, ledger: str) -> Daemon:
    return await sandbox.daemon("--no-tls", "--ledger", ledger)


async def goes_on(sandbox: Sandbox, daemon: Daemon, said: int) -> None:
    """A member comes back, says its last message again and another one, and corrects its first."""
    alice = await sandbox.member("alice", daemon, client=CLIENT)
    alice.say(*[f"message {n}" for n in range(said, said + 2)], first=said)
    await alice.event("ok", n=said, id=said)
    await alice.event("ok", n=said + 1, id=said + 1)
    alice.send({"type": "quit"})
    await alice.event("bye")
    assert await sandbox.kept(daemon) == [f"message {n}" for n in range(1, said + 2)]


async def moves(sandbox: Sandbox, source: str, target: str) -> None:
    moving = sandbox.start("groupchat-admin", "move", source, target)
    assert await moving.ended() == 0


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_a_client_goes_on_after_its_server_has_moved(sandbox: Sandbox, database: str):
    daemon = await serve(sandbox, "sqlite:old.db")
    alice = await sandbox.member("alice", daemon, client=CLIENT)
    alice.say("message 1", first=1)
    await alice.event("ok", n=1)
    alice.send({"type": "topic", "room": "lobby", "text": "moving"})
    await alice.event("topic")
    alice.send({"type": "register", "password": "correct horse", "ref": "r"})
    await alice.event("ok", ref="r")
    await daemon.stop()
    await moves(sandbox, "sqlite:old.db", database)

    daemon = await serve(sandbox, database)
    await goes_on(sandbox, daemon, 1)
    running = sandbox.start("groupchat-admin", "move", database, "early.db")
    assert await running.ended() == 1
    assert "is in use by a server on" in running.err.text
    await daemon.stop()
    await moves(sandbox, database, "sqlite:new.db")

    daemon = await serve(sandbox, "sqlite:new.db")
    await goes_on(sandbox, daemon, 2)
    bob = await sandbox.json("bob", daemon)
    assert (await bob.event("room"))["topic"] == "moving"
    stranger = await sandbox.json("alice", daemon)
    assert (await stranger.event("error"))["code"] == "bad-password"
    await daemon.stop()
