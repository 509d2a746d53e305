"""
Acts that go wrong: each happens to the server, its disk or its network, and then is over.
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

from tests.faults.checker import Findings
from tests.faults.disk import Disk
from tests.faults.history import History
from tests.faults.ledger import Log, read_log
from tests.faults.members import Member
from tests.faults.poster import Poster
from tests.faults.proxy import Proxy
from tests.faults.server import UNKNOWN, Server, register

REGISTERED = ("w1", "w3", "h2")  #: people with an account


class Scene:
    """
    All that an act can touch, wherever the messages are stored.

    :param proxy: between the clients and the server.
    :ivar logs: what the ledger held each time that an older copy was put back.
    :ivar wrong: what a server told, or did, that must not be.
    """

    def __init__(self, directory: Path, rng: Random, proxy: Proxy) -> None:
        self.rng = rng
        self.history = History(directory / "history.jsonl")
        self.proxy = proxy
        self.members: list[Member] = []
        self.posters: list[Poster] = []
        self.logs: list[Log] = []

    @property
    def wrong(self) -> list[str]:
        raise NotImplementedError

    async def start(self) -> None:
        """Start what the clients talk to."""
        raise NotImplementedError

    def begin(self) -> None:
        """The members are there: begin with what only this scene has."""

    async def rest(self, findings: Findings, patience: float) -> None:
        """
        Nobody says anything any more, and all is shown: judge what can be judged only then.

        :param patience: seconds that it may take until it is so.
        """

    async def end_servers(self) -> None:
        raise NotImplementedError

    def describe(self) -> str:
        """Returns what goes on, for a person who has to find out why nothing does."""
        return ""

    def read_log(self, in_use: bool = False) -> Log:
        """
        Returns what is stored.

        :raises Exception: it can't be read.
        """
        raise NotImplementedError

    async def end(self) -> None:
        """End everything, without a warning."""
        for talker in (*self.members, *self.posters):
            talker.stop()
        await self.proxy.close()
        await self.end_servers()
        self.history.close()

    def wait(self, least: float, most: float) -> Deferred[None]:
        """Let a fault last for a while: this is the one thing here that is measured in seconds."""
        return task.deferLater(reactor, self.rng.uniform(least, most))  # type: ignore[arg-type]

    def answered(self, count: int) -> Callable[[], bool]:
        """Returns whether `count` more messages have been answered since this call."""
        counts = self.history.counts
        enough = counts["ok"] + count
        return lambda: counts["ok"] >= enough


class Environment(Scene):
    """One server, with a ledger in a file."""

    def __init__(self, directory: Path, rng: Random, build: str = "") -> None:
        super().__init__(directory, rng, Proxy())
        self.ledger = directory / "groupchat.db"
        self.accounts = self.ledger.with_suffix(".accounts")
        self.disk = Disk(directory, self.ledger)
        self.server = Server(directory, f"sqlite:{self.ledger}", build, self.disk.environment)

    @property
    def wrong(self) -> list[str]:
        return self.server.wrong

    async def start(self) -> None:
        if not self.accounts.exists():
            register(REGISTERED, str(self.accounts))
        await self.server.start()
        self.proxy.target = self.server.port

    async def end_servers(self) -> None:
        if self.server.running:
            await self.server.kill()

    def read_log(self, in_use: bool = False) -> Log:
        return read_log(self.ledger, in_use)


async def kill(environment: Environment) -> None:
    """SIGKILL, and a new start."""
    await _kill_in_a_sync(environment, environment.rng.choice((0, 20)))
    await environment.start()


async def _kill_in_a_sync(environment: Environment, delay: int) -> None:
    """SIGKILL; where syncs take long at that moment, most likely between a write and its sync."""
    environment.disk.switch(delay=delay)
    await environment.wait(0.0, delay * 5 / 1000)
    await environment.server.kill()
    environment.disk.heal()


async def term(environment: Environment) -> None:
    """SIGTERM, and a new start."""
    await environment.server.stop()
    await environment.start()


async def freeze(environment: Environment) -> None:
    """SIGSTOP, and SIGCONT."""
    environment.server.signal(signal.SIGSTOP)
    await environment.wait(0.05, 0.5)
    environment.server.signal(signal.SIGCONT)


async def reset(environment: Scene) -> None:
    """All connections are reset, or some."""
    those = list(environment.proxy.connections)
    for connection in environment.rng.sample(
        those,
        environment.rng.choice((len(those), len(those), environment.rng.randint(0, len(those)))),
    ):
        connection.reset()


async def stall(environment: Scene) -> None:
    """The network lets nothing through for one, and another reads nothing."""
    connections = list(environment.proxy.connections)
    connection = environment.rng.choice(connections) if connections else None
    member = environment.rng.choice(environment.members)
    if connection is not None:
        connection.stall()
    member.stall()
    await environment.wait(0.2, 1.5)
    member.go_on()
    if connection is not None:
        connection.go_on()


async def full(environment: Environment) -> None:
    """The disk is full, until somebody has been told so."""
    refused = environment.history.counts["no"]
    environment.disk.switch(full=1)
    try:
        await environment.history.until(lambda: environment.history.counts["no"] > refused, LONG)
    finally:
        environment.disk.heal()


async def slow(environment: Environment) -> None:
    """Each sync takes long."""
    environment.disk.switch(delay=environment.rng.choice((20, 100, 300)))
    await environment.wait(0.2, 1.0)
    environment.disk.heal()


async def sync_error(environment: Environment) -> None:
    """A sync fails, and what it should have kept is lost or not."""
    await _end_by_itself(environment, sync_error=errno.EIO)


async def write_error(environment: Environment) -> None:
    """A write fails."""
    await _end_by_itself(environment, write_error=errno.EIO)


async def _end_by_itself(environment: Environment, **switches: int) -> None:
    environment.disk.switch(**switches)
    try:
        await environment.server.ended(UNKNOWN)
    finally:
        environment.disk.heal()
    environment.disk.lose_power(environment.rng)
    await environment.start()


async def power_cut(environment: Environment) -> None:
    """The power fails, and comes back."""
    await _kill_in_a_sync(environment, environment.rng.choice((0, 20, 20, 50)))
    unsynced = environment.disk.lose_power(environment.rng)
    environment.history.counts["unsynced"] += unsynced
    environment.history.counts["cut off"] += bool(unsynced)
    await environment.start()


# Only for the test of the test.


async def failing_syncs(environment: Environment) -> None:
    """
    Syncs fail until somebody is refused or the server ends; the kernel keeps what was written, and
    then a SIGKILL.
    """
    refused = environment.history.counts["no"]
    environment.disk.switch(sync_error=errno.EIO)
    try:
        await environment.history.until(
            lambda: environment.history.counts["no"] > refused or not environment.server.running,
            LONG,
        )
        if environment.server.running:
            await environment.server.kill()
        else:
            await environment.server.ended(UNKNOWN)
    finally:
        environment.disk.heal()
    await environment.start()


async def put_back(environment: Environment) -> None:
    """An older copy of the ledger is put back, while somebody does not read."""
    ledger = environment.ledger
    await environment.server.stop()
    copy = shutil.copy(ledger, f"{ledger}.copy")
    await environment.start()
    await environment.history.until(environment.answered(300), LONG)
    await environment.server.stop()
    environment.proxy.reset()
    await environment.proxy.emptied()
    environment.logs.append(read_log(ledger))
    shutil.move(copy, ledger)
    environment.history.note("nemesis", "old")
    absent = environment.members[-1]
    absent.stop()
    await environment.start()
    await environment.history.until(environment.answered(600), LONG)
    absent.start()


LONG = 10.0  #: seconds that what must come may take

ACTS: dict[str, Callable[[Environment], Awaitable[None]]] = {
    act.__name__.replace("_", "-"): act
    for act in (
        kill,
        term,
        freeze,
        reset,
        stall,
        full,
        slow,
        sync_error,
        write_error,
        power_cut,
        failing_syncs,
        put_back,
    )
}
