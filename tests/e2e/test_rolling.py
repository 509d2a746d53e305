"""Real nodes that are restarted one after the other, and clients that know all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred

from groupchat.client import Chat, Policy
from groupchat.wire.events import Message, Presence
from tests.e2e.support import Daemon, Sandbox, until
from tests.engine import Engine

NODES = ("one", "two", "three")


@pytest.fixture
def database(engine: Engine) -> Any:
    """The address of a new database."""
    yield engine.create("rolling")
    engine.drop("rolling")


class Talker:
    """
    A client that says one thing after the other as long as it is not told to stop.

    :ivar said: the id of each message, in the order said.
    :ivar seen: the events that it was shown.
    """

    def __init__(self, name: str, ports: list[int]) -> None:
        self.name = name
        self.said: list[int | None] = []
        self.seen: list[Any] = []
        others = [("127.0.0.1", port) for port in ports[1:]]
        self.chat = Chat(
            reactor,  # type: ignore[arg-type]
            name,
            "127.0.0.1",
            ports[0],
            tls=False,
            secret=name * 8,
            others=others,
            policy=Policy(random=lambda: 0.1),
        )
        self._stopping = False

    async def begin(self) -> None:
        await self.chat.start()
        self._reading = Deferred.fromCoroutine(self._read())
        self._talking = Deferred.fromCoroutine(self._talk())

    async def _read(self) -> None:
        async for received in self.chat.events():
            self.seen.append(received.event)

    async def _talk(self) -> None:
        while not self._stopping:
            self.said.append(await self.chat.say("lobby", f"{self.name} {len(self.said)}"))

    async def goes_on(self, count: int) -> None:
        """Wait until it has said this number of messages more."""
        enough = len(self.said) + count
        await until(lambda: len(self.said) >= enough, f"{self.name} goes on")

    async def stop(self) -> None:
        """Wait for the last answer, which raises what any of them has raised."""
        self._stopping = True
        await self._talking

    async def leave(self) -> None:
        await self.chat.leave_server()
        await self._reading

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.seen if isinstance(event, kind)]

    def presence(self) -> set[str]:
        """Those who it was told have come or gone."""
        return {name for event in self.of(Presence) for name in (*event.left, *event.joined)}


def rotated(items: list[int], by: int) -> list[int]:
    return items[by:] + items[:by]


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_a_rolling_restart_is_seen_by_nobody(sandbox: Sandbox, database: str):
    start: Callable[[str], tuple[str, ...]] = lambda name: (  # noqa: E731
        "--no-tls", "--ledger", database, "--admin-socket", f"{name}.sock"
    )  # fmt: skip
    nodes: dict[str, Daemon] = {name: await sandbox.daemon(*start(name)) for name in NODES}
    ports = [node.port for node in nodes.values()]
    talkers = [Talker(name, rotated(ports, at)) for at, name in enumerate(("ann", "ben", "cid"))]
    for talker in talkers:
        await talker.begin()
    for earlier in talkers[:2]:
        await until(lambda seen=earlier: "cid" in seen.presence(), "cid is seen")
        earlier.seen.clear()
    for name in NODES:
        for talker in talkers:
            await talker.goes_on(20)
        await nodes[name].stop()
        nodes[name] = await sandbox.again(nodes[name], *start(name))
    for talker in talkers:
        await talker.goes_on(20)
        await talker.stop()

    last = max(talker.said[-1] or 0 for talker in talkers)
    for talker in talkers:
        await until(lambda seen=talker: seen.of(Message)[-1].id == last, "it has seen all")
        told = talker.of(Message)
        assert [message.id for message in told] == sorted({message.id for message in told})
    kept = await sandbox.kept(nodes["one"])
    for talker in talkers:
        mine = [text for text in kept if text.startswith(talker.name)]
        assert mine == [f"{talker.name} {number}" for number in range(len(talker.said))]
        assert [kept[(id or 0) - 1] for id in talker.said] == mine
    watcher = await sandbox.member("zoe", nodes["two"])
    watcher.send({"type": "who", "room": "lobby"})
    members = (await watcher.event("who"))["members"]
    assert sorted(one["name"] for one in members) == ["ann", "ben", "cid", "zoe"]
    for talker in talkers:
        assert not talker.presence() & {"ann", "ben", "cid"}, talker.of(Presence)
    for talker in talkers:
        await talker.leave()
