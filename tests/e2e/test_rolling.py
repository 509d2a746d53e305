"""Real nodes that are restarted one after the other, and clients that know all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import pytest_twisted

from groupchat.wire.events import Presence
from tests.e2e.support import Daemon, Sandbox, until
from tests.e2e.talkers import check_promise, talkers
from tests.engine import Engine

NODES = ("one", "two", "three")


@pytest.fixture
def database(engine: Engine) -> Any:
    """The address of a new database."""
    yield engine.create("rolling")
    engine.drop("rolling")


@pytest.mark.slow
@pytest.mark.limit(90)
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

    await check_promise(clients, await sandbox.kept(nodes["one"]))
    watcher = await sandbox.member("zoe", nodes["two"])
    watcher.send({"type": "who", "room": "lobby"})
    members = (await watcher.event("who"))["members"]
    assert sorted(one["name"] for one in members) == ["ann", "ben", "cid", "zoe"]
    for talker in clients:
        assert not talker.presence() & {"ann", "ben", "cid"}, talker.of(Presence)
    for talker in clients:
        await talker.leave()
