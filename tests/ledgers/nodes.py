"""Nodes of the ledger in PostgreSQL, without their threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from groupchat.ledgers.postgresql.environment import Environment, Limits
from groupchat.ledgers.postgresql.ledger import PostgreSQLLedger
from groupchat.ledgers.postgresql.membership import Fenced, Rewound
from groupchat.ledgers.retention import RetentionPolicy
from tests.engine import Engine
from tests.ledgers.keeping import Machine, Pool

__all__ = ["Node", "database", "on_postgresql"]

#: deletes every row, once there are tables
CLEAR = """
    DO $$ DECLARE one name; BEGIN
        FOR one IN SELECT relname FROM pg_class
            WHERE relkind = 'r' AND relnamespace = to_regnamespace('groupchat')
            AND relname NOT IN ('version', 'changes')
        LOOP EXECUTE format('DELETE FROM groupchat.%I', one); END LOOP;
    END $$
"""
LIMITS = {"look": 0.0, "retry": (0.0, 0.0)}


def database(engine: Engine) -> str:
    """The address of the tests' database, which is as good as new."""
    uri = engine.uri("ledger")
    if "ledger" not in engine.databases:
        engine.create("ledger")
    else:  # which is quicker than to make it again, or to truncate its tables
        engine.execute(CLEAR, "ledger")
    return uri


class Unfollowed:
    """The tail's thread, whose turns a test takes."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._must_join = False

    def start(self) -> None:
        """There is nothing to start."""

    def stop(self) -> None:
        self._node.tail.close()

    def rejoin(self) -> None:
        self._must_join = True

    def look(self) -> None:
        """Hand up what other nodes have stored."""
        for bundles in self._node.tail.look():
            self._node.replica.came(bundles)

    def turn(self) -> None:
        """Take a turn of the tail."""
        node = self._node
        try:
            if self._must_join:
                snapshot = node.tail.join()
                self._must_join = False
                node.replica.joined(snapshot)
            self.look()
            node.tail.wait(node.tail.connection())
        except (Fenced, Rewound) as why:
            node.replica.lost(why)


class Node(PostgreSQLLedger):
    """A node whose threads are those of the test."""

    def __init__(
        self,
        reactor: Any,
        uri: str,
        keep: RetentionPolicy | None = None,
        machine: Machine | None = None,
    ) -> None:
        machine = machine or Machine()
        pool: Any = Pool()
        limits = Limits(**{**LIMITS, **machine.limits})
        environment = Environment(machine.clock, limits)
        super().__init__(reactor, uri, keep, environment, pool, pool, pool)
        self.following: Any = Unfollowed(self)
        self.replica.rejoin = self.following.rejoin

    def shut(self) -> None:
        """End without waiting for anything."""
        self._shut()


def on_postgresql(uri: str) -> Callable[..., Node]:
    """Makes nodes on one database."""
    return lambda reactor, keep=None, machine=None: Node(reactor, uri, keep, machine)
