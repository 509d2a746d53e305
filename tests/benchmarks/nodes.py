"""
Our daemon on PostgreSQL: as one node, and as several that have the members between them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tests.benchmarks.loads import Column, Fanout, latency_beside, throughput_beside
from tests.benchmarks.servers import BEFORE, OURS, GroupChat, Running, free_port

if TYPE_CHECKING:
    from tests.engine import Engine

__all__ = ["NODES", "ON_POSTGRESQL", "TWO_NODES", "GroupChatNodes"]

ON_POSTGRESQL, TWO_NODES = f"{OURS}, PostgreSQL", f"{OURS}, two nodes"
#: an engine as Debian sets it up
SETTINGS = {"autovacuum": "on", "shared_buffers": "128MB"}


class GroupChatNodes(GroupChat):
    """
    Our daemon on an engine of its own, which syncs.

    :param count: of nodes.
    :param python: as of `GroupChat`.
    """

    def __init__(self, count: int, python: Path | None = None) -> None:
        super().__init__(python=python)
        self.name = (ON_POSTGRESQL if count == 1 else TWO_NODES) + (BEFORE if python else "")
        self.special = True
        self._count = count
        self._uri = ""

    def missing(self) -> str:
        if not find_spec("psycopg"):
            return "needs psycopg: pip install 'groupchat[postgresql]'"
        from tests.engine import programs

        return "" if programs() else "needs PostgreSQL: install postgresql"

    def ledger(self, folder: Path) -> str:
        return self._uri

    @contextmanager
    def running(self, scratch: Path | None = None) -> Iterator[Running]:
        with _engine(scratch) as engine, ExitStack() as nodes:
            self._uri = engine.create("chat")
            first, *others = (self._node(nodes, scratch) for _ in range(self._count))
            yield first._replace(others=tuple(others), engine=engine.pid)

    def _node(self, ends: ExitStack, scratch: Path | None) -> Running:
        folder = TemporaryDirectory(prefix="groupchat-benchmark-", dir=scratch)
        node = self.started(Path(ends.enter_context(folder)), free_port())
        return ends.enter_context(node)


@contextmanager
def _engine(scratch: Path | None) -> Iterator[Engine]:
    from tests.engine import Engine, programs

    found = programs()
    assert found is not None
    engine = Engine(found, safe=True, place=scratch, **SETTINGS)
    try:
        engine.start()
        yield engine
    finally:
        engine.stop()


THROUGHPUT = [*throughput_beside("SQLite"), Column("engine us", "engine_us", 2)]
LATENCY = [*latency_beside("SQLite"), *THROUGHPUT[-3:]]
_CASES = [name + version for name in (OURS, ON_POSTGRESQL, TWO_NODES) for version in ("", BEFORE)]
#: our daemon on PostgreSQL, beside itself on SQLite
NODES = [
    Fanout(
        "chat-200-nodes",
        "200 members on one or two nodes, 20 of them speak, 64 messages on their way",
        THROUGHPUT,
        members=200,
        speakers=20,
        messages=16_000,
        window=64,
        only=_CASES,
    ),
    Fanout(
        "chat-1000-nodes",
        "1,000 members on one or two nodes, 50 of them speak, 64 messages on their way",
        THROUGHPUT,
        members=1_000,
        speakers=50,
        messages=4_000,
        window=64,
        only=_CASES,
    ),
    Fanout(
        "open-loop-50-nodes",
        "1,000 members on one or two nodes, 50 messages a second",
        LATENCY,
        members=1_000,
        speakers=50,
        messages=1_000,
        rate=50,
        only=_CASES,
    ),
]
