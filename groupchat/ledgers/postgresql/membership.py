"""A node's place among those that share a log: it registers, shows that it lives, and leaves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_urlsafe
from typing import NamedTuple

import psycopg

from groupchat.postgresql import Connection

__all__ = ["Fenced", "Identity", "Membership", "Other", "Rewound", "fencing"]

_NODE_LOCK = 1735550825
_FENCED = "GC001"  #: the error of a function of the schema


class Identity(NamedTuple):
    """
    :ivar node: the number of a node.
    :ivar token: proves that it is the one that registered.
    """

    node: int
    token: str


class Other(NamedTuple):
    """
    Another node.

    :ivar beat: goes up as long as it lives.
    :ivar is_connected: whether its tail has a connection.
    :ivar is_ready: whether it has the state of the others.
    """

    beat: int
    is_connected: bool
    is_ready: bool


class Fenced(Exception):
    """The other nodes have declared this one dead: it may store nothing more."""


class Rewound(Exception):
    """The log is another one than it was."""


@contextmanager
def fencing() -> Iterator[None]:
    """
    Meanwhile, the error of the schema that says that the node is fenced is `Fenced`.

    :raises Fenced: as described.
    """
    try:
        yield
    except psycopg.Error as error:
        if error.sqlstate == _FENCED:
            raise Fenced from None
        raise


class Membership:
    """
    The node as the database knows it. All threads that have a connection use it.

    :param name: of this node, for people.

    :ivar identity: its number and token, which change together.
    :ivar joined: the bundle with which it registered.
    :ivar epoch: the name of the log.
    :ivar others: the numbers of the nodes that were there when it registered.
    :ivar is_held: whether its tail's connection shows that it is connected.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.identity = Identity(0, "")
        self.joined = 0
        self.epoch = ""
        self.others: list[int] = []
        self.is_held = False
        self._reached = 0

    def register(self, connection: Connection) -> None:
        """Take part, as a new node, and no more as the one before."""
        if self.node:
            self.leave(connection)
        token = token_urlsafe(12)
        row = connection.execute(
            "SELECT me, joined, others FROM register_v1(%s, %s)", [token, self.name]
        ).fetchone()
        assert row is not None
        node, self.joined, self.others = row
        self.epoch, self._reached = "", self.joined
        self.identity = Identity(node, token)

    @property
    def node(self) -> int:
        return self.identity.node

    def begin_epoch(self, connection: Connection) -> None:
        """Begin an epoch: the log may be another than it was."""
        with fencing():
            connection.execute("SELECT epoch_v1(%s, %s, %s)", [*self.identity, token_urlsafe(6)])
        self.epoch = ""

    def hold(self, connection: Connection) -> None:
        """
        Be awakened by the others, and show that the node is connected, as long as it is. Until the
        engine has noticed that the connection before is gone, it does not show that: `is_held`.
        """
        connection.execute(f"LISTEN groupchat_{self.node}".encode())
        row = connection.execute(
            "SELECT pg_try_advisory_lock(%s, %s)", [_NODE_LOCK, self.node]
        ).fetchone()
        self.is_held = bool(row and row[0])

    def ready(self, connection: Connection) -> None:
        """The node has the state of the others."""
        connection.execute("UPDATE nodes SET ready = true WHERE no = %s", [self.node])

    def beat(self, connection: Connection) -> dict[int, Other]:
        """
        Say that the node lives. Return the others by their numbers.

        On a new connection this comes before everything else: what is read after it is on the
        standbys, too.

        :raises Fenced: the node was declared dead.
        :raises Rewound: the log is another one.
        """
        known, epoch_known = self._reached, self.epoch  # other threads go on meanwhile
        with fencing():
            row = connection.execute(
                "SELECT reached, epoch, others, beats, held, readies FROM beat_v1(%s, %s, %s)",
                [*self.identity, token_urlsafe(6)],
            ).fetchone()
        assert row is not None
        reached, epoch, others, *facts = row
        if reached < known or epoch_known not in ("", epoch):
            raise Rewound
        self.epoch = epoch or ""  # the first node of all has not begun one yet
        return {node: Other(*of) for node, *of in zip(others, *facts, strict=True)}

    def describe(self, connection: Connection) -> str:
        """Return a line that says which nodes there are, and how safe commits are."""
        others = connection.execute(
            "SELECT no, name FROM nodes WHERE no <> %s ORDER BY no", [self.node]
        ).fetchall()
        names = ", ".join(f"{no} on {name}" for no, name in others)
        row = connection.execute(
            "SELECT current_setting('synchronous_standby_names') <> ''"
            " AND current_setting('synchronous_commit') NOT IN ('off', 'local')"
        ).fetchone()
        safe = (
            "Commits wait for a standby."
            if row and row[0]
            else "Commits wait for no standby: if the database loses its disk, messages are lost."
        )
        there = f"with other nodes: {names}" if names else "and there is no other node"
        return f"This is node {self.node} on {self.name}, {there}. {safe}"

    def saw(self, seq: int) -> None:
        """Take note of a bundle that is stored."""
        self._reached = max(self._reached, seq)

    @property
    def reached(self) -> int:
        """The newest bundle that is known to be stored."""
        return self._reached

    def greet(self, connection: Connection) -> None:
        """
        The first use of a connection that has no part in the node's own: like `beat`.

        :raises psycopg.OperationalError: the node is becoming another one.
        """
        try:
            self.beat(connection)
        except (Fenced, Rewound):
            raise psycopg.OperationalError("this server is joining the others again") from None

    def reap(self, connection: Connection, node: int, beat: int) -> bool:
        """Declare a node dead, unless its beat has gone on. Return whether it is."""
        with fencing():
            row = connection.execute(
                "SELECT reap_v1(%s, %s, %s, %s::bigint)", [*self.identity, node, beat]
            ).fetchone()
        return bool(row and row[0])

    def leave(self, connection: Connection) -> None:
        """Take part no more."""
        connection.execute("SELECT leave_v1(%s, %s)", [*self.identity])
