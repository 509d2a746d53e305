"""Real nodes that are restarted one after the other, and clients that know all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import pytest_twisted

from groupchat.wire.events import Message, Presence
from tests.e2e.support import Daemon, Sandbox, until
from tests.e2e.talkers import talkers
from tests.engine import Engine

NODES = ("one", "two", "three")


@pytest.fixture
def database(engine: Engine) -> Any:
    """The address of a new database."""
    yield engine.create("rolling")
    engine.drop("rolling")


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_a_rolling_restart_is_seen_by_nobody(sandbox: Sandbox, database: str):
    start: Callable[[str], tuple[str, ...]] = lambda name: (  # noqa: E731
        "--no-tls", "--ledger", database, "--admin-socket", f"{name}.sock"
    )  # fmt: skip
    nodes: dict[str, Daemon] = {name: await sandbox.daemon(*start(name)) for name in NODES}
    ports = [node.port for node in nodes.values()]
    clients = talkers(ports)
    for talker in clients:
        await talker.begin()
    for earlier in clients[:2]:
        await until(lambda seen=earlier: "cid" in seen.presence(), "cid is seen")
        earlier.seen.clear()
    for name in NODES:
        for talker in clients:
            await talker.goes_on(20)
        await nodes[name].stop()
        nodes[name] = await sandbox.again(nodes[name], *start(name))
    for talker in clients:
        await talker.goes_on(20)
        await talker.stop()

    last = max(talker.said[-1] or 0 for talker in clients)
    for talker in clients:
        await until(lambda seen=talker: seen.of(Message)[-1].id == last, "it has seen all")
        told = talker.of(Message)
        assert [message.id for message in told] == sorted({message.id for message in told})
    kept = await sandbox.kept(nodes["one"])
    for talker in clients:
        mine = [text for text in kept if text.startswith(talker.name)]
        assert mine == [f"{talker.name} {number}" for number in range(len(talker.said))]
        assert [kept[(id or 0) - 1] for id in talker.said] == mine
    watcher = await sandbox.member("zoe", nodes["two"])
    watcher.send({"type": "who", "room": "lobby"})
    members = (await watcher.event("who"))["members"]
    assert sorted(one["name"] for one in members) == ["ann", "ben", "cid", "zoe"]
    for talker in clients:
        assert not talker.presence() & {"ann", "ben", "cid"}, talker.of(Presence)
    for talker in clients:
        await talker.leave()
