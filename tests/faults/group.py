"""
Several nodes on one PostgreSQL, with a proxy before all of them and one between each and each
engine.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Any

import psycopg
from twisted.internet import reactor
from twisted.internet.defer import Deferred, TimeoutError, gatherResults
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.error import ConnectError
from twisted.internet.threads import deferToThread
from twisted.protocols.basic import LineOnlyReceiver

from groupchat.accounts.tables import open_tables
from tests.engine import Engine, programs
from tests.faults.checker import Findings
from tests.faults.ledger import Log, read_database
from tests.faults.nemesis import REGISTERED, Scene
from tests.faults.proxy import Connection, Proxy
from tests.faults.server import Server, register
from tests.faults.twins import Twin
from tests.standby import Pair

DATABASE = "faults"
TWINS = 2
WATCHER = "watcher"  #: the name of a client that only asks for the members
ANSWER = 10.0  #: seconds for an answer of a node that runs
#: The processes of an engine, what each of them waits for, and its standbys.
_DOING = """
    SELECT concat_ws(
        ' ', pid, backend_type, state, wait_event, pg_blocking_pids(pid),
        left(regexp_replace(query, '\\s+', ' ', 'g'), 60)
    ) FROM pg_stat_activity
    UNION ALL
    SELECT concat_ws(' ', application_name, state, sync_state, sent_lsn, flush_lsn)
    FROM pg_stat_replication
"""
PATIENCE = 60.0  #: seconds until something is answered after a fault: leases are of 10


class RoamingProxy(Proxy):
    """
    A balancer: each connection leads to any node.

    :ivar targets: the ports of the nodes that take connections.
    """

    def __init__(self, rng: Random) -> None:
        super().__init__()
        self.targets: list[int] = []
        self._rng = rng

    def choose(self) -> int:
        return self._rng.choice(self.targets) if self.targets else 0


class Node(Server):
    """
    A node, with the proxies between it and the engines.

    :param engines: the ports of these.
    """

    def __init__(self, directory: Path, engines: Iterable[int], build: str) -> None:
        directory.mkdir()
        self.proxies = [Proxy(port) for port in engines]
        super().__init__(directory, _address(proxy.port for proxy in self.proxies), build)

    @property
    def links(self) -> list[Connection]:
        """Its connections to the engines."""
        return [link for proxy in self.proxies for link in proxy.connections]


def _address(ports: Iterable[int]) -> str:
    """Returns that of the database, wherever its primary is."""
    ports = [str(port) for port in ports]
    hosts = ",".join("127.0.0.1" for _ in ports)
    return f"postgresql:///{DATABASE}?host={hosts}&port={','.join(ports)}&user=chat"


class Group(Scene):
    """
    :param build: which broken build; "": the real one.
    :param count: the number of nodes.
    :param standby: whether the engine has one.

    :ivar pair: the engine, and its standby.
    """

    def __init__(
        self, directory: Path, rng: Random, build: str = "", count: int = 3, standby: bool = True
    ) -> None:
        self.balancer = RoamingProxy(rng)
        super().__init__(directory, rng, self.balancer)
        found = programs()
        assert found is not None
        self.pair = Pair(found)
        self._standby = standby
        ports = [engine.port for engine in self.pair.engines]
        self.nodes = [
            Node(directory / f"node-{number}", ports, build) for number in range(1, count + 1)
        ]
        self._twins: list[Twin] = []
        self._log: Log | None = None  # once the engine has ended

    @property
    def engine(self) -> Engine:
        """The primary."""
        return self.pair.primary

    @property
    def wrong(self) -> list[str]:
        return [line for node in self.nodes for line in node.wrong]

    async def start(self) -> None:
        await deferToThread(self.pair.start if self._standby else self.engine.start)
        self.engine.create(DATABASE)
        register(REGISTERED, "", open_tables(self.engine.uri(DATABASE)))
        await gatherResults([Deferred.fromCoroutine(self.start_node(node)) for node in self.nodes])

    async def start_node(self, node: Node) -> None:
        """Start a node, and let connections lead to it."""
        await node.start()
        self.balancer.targets.append(node.port)

    def describe(self) -> str:
        lines = [f"\n{node.log}" for node in self.nodes]
        for engine in self.pair.engines:
            role = "primary" if engine is self.engine else "standby"
            try:
                doing = [str(line) for (line,) in engine.execute(_DOING)]
            except psycopg.Error as error:
                doing = [str(error)]
            lines += [f"The {role}:", *doing]
        return "\n".join(lines)

    def withdraw(self, node: Node) -> None:
        """Let no new connections lead to a node."""
        if node.port in self.balancer.targets:
            self.balancer.targets.remove(node.port)

    def twin_of(self, node: Node) -> Twin | None:
        """Returns the program that has the contended name on a node, and will say more there."""
        for twin in self._twins:
            if any(link.comes_from(twin.port) for link in self.balancer.to(node.port)):
                return twin
        return None

    def count_nodes(self) -> int:
        """Returns how many nodes take part, as the database has it."""
        return len(self.engine.execute("SELECT no FROM groupchat.nodes", DATABASE))

    async def start_engine(self) -> None:
        await deferToThread(self.engine.start)

    def begin(self) -> None:
        self._twins = [
            Twin(number, self.history, self.proxy.port, self.rng)
            for number in range(1, TWINS + 1)
        ]  # fmt: skip

    async def end_servers(self) -> None:
        for twin in self._twins:
            twin.stop()
        for node in self.nodes:
            if node.is_awaited:
                await node.kill()
            for proxy in node.proxies:
                await proxy.close()
        try:
            self._log = read_database(self.engine.uri(DATABASE))
        finally:
            self.pair.stop()

    def read_log(self, in_use: bool = False) -> Log:
        return self._log if self._log is not None else read_database(self.engine.uri(DATABASE))

    # The members, as each node tells them.

    async def rest(self, findings: Findings, patience: float) -> None:
        for twin in self._twins:
            twin.stop()
        begun = reactor.seconds()  # type: ignore[attr-defined]
        while found := self._different(await self._ask_all()):
            if reactor.seconds() > begun + patience:  # type: ignore[attr-defined]
                findings.add("presence differs", found)
                return
            await self.wait(0.2, 0.5)

    async def _ask_all(self) -> list[list[str]]:
        return [await _ask(node.port) for node in self.nodes]

    def _different(self, lists: list[list[str]]) -> str:
        """Returns how the lists differ from one another, or from who must be there."""
        there = {member.name for member in self.members if "lobby" in member.rooms}
        for names in lists:
            people = {name for name in names if not name.startswith("observer-")}
            twice = [name for name, count in Counter(names).items() if count > 1]
            if people != there or len(names) != len(there) + 1 or twice or names != lists[0]:
                return f"those in the lobby should be {sorted(there)} and an observer: {lists}"
        return ""


async def _ask(port: int) -> list[str]:
    """Returns the names of those in the lobby, as a node tells them; of none if it can't."""
    question = _Question()
    try:
        await connectProtocol(TCP4ClientEndpoint(reactor, "127.0.0.1", port), question)
        names = await question.answered.addTimeout(ANSWER, reactor)  # type: ignore[arg-type]
    except (ConnectError, TimeoutError):
        return []
    finally:
        if question.transport is not None:
            question.transport.abortConnection()
    return sorted(name for name in names if not name.startswith(WATCHER))


class _Question(LineOnlyReceiver):
    """A connection that asks once who is there."""

    delimiter = b"\n"
    MAX_LENGTH = 1 << 20

    def __init__(self) -> None:
        self.answered: Deferred[list[str]] = Deferred()

    def connectionMade(self) -> None:
        port = self.transport.getPeer().port  # type: ignore[union-attr]
        self._send(type="hello", name=f"{WATCHER}-{port}", rooms={"lobby": None})

    def _send(self, **fields: Any) -> None:
        self.sendLine(json.dumps(fields).encode())

    def lineReceived(self, line: bytes) -> None:
        event = json.loads(line)
        if event["type"] == "catchup":
            self._send(type="who", room="lobby")
        elif event["type"] == "who":
            self._answer([member["name"] for member in event["members"]])
        elif event["type"] in ("error", "bye"):
            self._answer([])

    def _answer(self, names: list[str]) -> None:
        if not self.answered.called:
            self.answered.callback(names)

    def connectionLost(self, reason: Any = None) -> None:
        self._answer([])
