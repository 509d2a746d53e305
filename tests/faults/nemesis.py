"""
What goes wrong: each act is one thing that happens to the server, its disk or its network, and then
is over.
"""

from __future__ import annotations

import errno
import shutil
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random

from twisted.internet import reactor, task
from twisted.internet.defer import Deferred

from tests.faults.checker import Log, read_log
from tests.faults.disk import Disk
from tests.faults.history import History
from tests.faults.members import Member
from tests.faults.proxy import Proxy
from tests.faults.server import UNKNOWN, Server


class Scene:
    """
    All that an act can touch.

    :ivar logs: what the ledger held each time that an older copy was put back.
    """

    def __init__(self, directory: Path, rng: Random, build: str = "") -> None:
        self.rng = rng
        self.history = History(directory / "history.jsonl")
        self.disk = Disk(directory, directory / "groupchat.db")
        self.server = Server(directory, self.disk, build)
        self.proxy = Proxy()
        self.members: list[Member] = []
        self.logs: list[Log] = []

    async def start(self) -> None:
        await self.server.start()
        self.proxy.target = self.server.port

    async def end(self) -> None:
        """End everything, without a warning."""
        for member in self.members:
            member.stop()
        await self.proxy.close()
        if self.server.running:
            await self.server.kill()
        self.history.close()

    def wait(self, least: float, most: float) -> Deferred[None]:
        """Let a fault last for a while: this is the one thing here that is measured in seconds."""
        return task.deferLater(reactor, self.rng.uniform(least, most))  # type: ignore[arg-type]

    def answered(self, count: int) -> Callable[[], bool]:
        """Whether so many more sayings were answered than now."""
        counts = self.history.counts
        enough = counts["ok"] + count
        return lambda: counts["ok"] >= enough


async def kill(scene: Scene) -> None:
    """SIGKILL, and a new start."""
    await _kill_in_a_sync(scene, scene.rng.choice((0, 20)))
    await scene.start()


async def _kill_in_a_sync(scene: Scene, delay: int) -> None:
    """SIGKILL; where syncs take long at that moment, most likely between a write and its sync."""
    scene.disk.switch(delay=delay)
    await scene.wait(0.0, delay * 5 / 1000)
    await scene.server.kill()
    scene.disk.heal()


async def term(scene: Scene) -> None:
    """SIGTERM, and a new start."""
    await scene.server.stop()
    await scene.start()


async def freeze(scene: Scene) -> None:
    """SIGSTOP, and SIGCONT."""
    scene.server.signal(signal.SIGSTOP)
    await scene.wait(0.05, 0.5)
    scene.server.signal(signal.SIGCONT)


async def reset(scene: Scene) -> None:
    """All connections are reset, or some."""
    those = list(scene.proxy.connections)
    for connection in scene.rng.sample(
        those, scene.rng.choice((len(those), len(those), scene.rng.randint(0, len(those))))
    ):
        connection.reset()


async def stall(scene: Scene) -> None:
    """The network lets nothing through for one, and another reads nothing."""
    connections = list(scene.proxy.connections)
    connection = scene.rng.choice(connections) if connections else None
    member = scene.rng.choice(scene.members)
    if connection is not None:
        connection.stall()
    member.stall()
    await scene.wait(0.2, 1.5)
    member.go_on()
    if connection is not None:
        connection.go_on()


async def full(scene: Scene) -> None:
    """The disk is full, until somebody has been told so."""
    refused = scene.history.counts["no"]
    scene.disk.switch(full=1)
    try:
        await scene.history.until(lambda: scene.history.counts["no"] > refused, LONG)
    finally:
        scene.disk.heal()


async def slow(scene: Scene) -> None:
    """Each sync takes long."""
    scene.disk.switch(delay=scene.rng.choice((20, 100, 300)))
    await scene.wait(0.2, 1.0)
    scene.disk.heal()


async def sync_error(scene: Scene) -> None:
    """A sync fails, and what it should have kept is lost or not."""
    await _end_by_itself(scene, sync_error=errno.EIO)


async def write_error(scene: Scene) -> None:
    """A write fails."""
    await _end_by_itself(scene, write_error=errno.EIO)


async def _end_by_itself(scene: Scene, **switches: int) -> None:
    scene.disk.switch(**switches)
    try:
        await scene.server.ended(UNKNOWN)
    finally:
        scene.disk.heal()
    scene.disk.lose_power(scene.rng)
    await scene.start()


async def power_cut(scene: Scene) -> None:
    """The power fails, and comes back."""
    await _kill_in_a_sync(scene, scene.rng.choice((0, 20, 20, 50)))
    unsynced = scene.disk.lose_power(scene.rng)
    scene.history.counts["unsynced"] += unsynced
    scene.history.counts["cut off"] += bool(unsynced)
    await scene.start()


# Only for the test of the test.


async def failing_syncs(scene: Scene) -> None:
    """
    Syncs fail until somebody is refused or the server ends; the kernel keeps what was written, and
    then a SIGKILL.
    """
    refused = scene.history.counts["no"]
    scene.disk.switch(sync_error=errno.EIO)
    try:
        await scene.history.until(
            lambda: scene.history.counts["no"] > refused or not scene.server.running, LONG
        )
        if scene.server.running:
            await scene.server.kill()
        else:
            await scene.server.ended(UNKNOWN)
    finally:
        scene.disk.heal()
    await scene.start()


async def put_back(scene: Scene) -> None:
    """An older copy of the ledger is put back, while somebody does not read."""
    ledger = scene.server.ledger
    await scene.server.stop()
    copy = shutil.copy(ledger, f"{ledger}.copy")
    await scene.start()
    await scene.history.until(scene.answered(300), LONG)
    await scene.server.stop()
    scene.proxy.reset()
    await scene.proxy.emptied()
    scene.logs.append(read_log(ledger))
    shutil.move(copy, ledger)
    scene.history.note("nemesis", "old")
    absent = scene.members[-1]
    absent.stop()
    await scene.start()
    await scene.history.until(scene.answered(600), LONG)
    absent.start()


LONG = 10.0  #: seconds that what must come may take

ACTS: dict[str, Callable[[Scene], Awaitable[None]]] = {
    act.__name__.replace("_", "-"): act
    for act in (
        kill, term, freeze, reset, stall, full, slow, sync_error, write_error, power_cut, failing_syncs, put_back,
    )
}  # fmt: skip
