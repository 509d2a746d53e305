"""
The tail of the log in PostgreSQL: the bundles of the other nodes, and who is among these.

It runs in a thread of its own, with a connection of its own, which is woken by the others and looks
by itself from time to time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from twisted.logger import Logger

from groupchat.core.entries import Entry
from groupchat.core.group_entries import NodeGoneEntry
from groupchat.ledgers import entry_codec
from groupchat.ledgers.clock import Clock
from groupchat.ledgers.postgresql.environment import Limits
from groupchat.ledgers.postgresql.leases import Leases
from groupchat.ledgers.postgresql.membership import Fenced, Membership, Other, Rewound
from groupchat.ledgers.postgresql.verdicts import settle_others
from groupchat.postgresql import Connection, Link

__all__ = ["Bundle", "Snapshot", "Tail"]

JOINED, GONE = 0, -1  #: the batches of bundles that say that a node has joined, and is gone
_MAX_BUNDLES = 200  #: bundles that are read at once
_TRIM_BEATS = 5  #: beats between two times that old bundles are deleted

_READ = """
    SELECT seq, node, batch, entries, verdicts FROM bundles
    WHERE seq > %s::bigint AND (node <> %s OR batch = -1) ORDER BY seq LIMIT %s
"""
_SNAPSHOT = "SELECT seq, state FROM snapshots WHERE seq >= %s::bigint ORDER BY seq DESC LIMIT 1"


class Bundle(NamedTuple):
    """
    A bundle of another node.

    :ivar entries: with their outcomes.
    :ivar joined: whether it says that the node has joined.
    """

    seq: int
    node: int
    entries: list[Entry]
    joined: bool = False


class Snapshot(NamedTuple):
    """
    The state with which a node begins.

    :ivar seq: the newest bundle that is in it.
    :ivar state: of another node; None: there is none.
    """

    seq: int
    state: bytes | None


class Tail:
    """
    Lives in the tail's thread, and before that in the reactor's.

    :ivar others: the other nodes as of the last beat.
    :ivar heard: when the database has answered last, by the monotonic clock.
    """

    log = Logger()

    def __init__(self, link: Link, membership: Membership, clock: Clock, limits: Limits) -> None:
        self._link = link
        self._membership = membership
        self._clock = clock
        self._limits = limits
        self._last = 0
        self._next_beat = 0.0
        self._beats = 0
        self._leases = self._new_leases()
        self.others: dict[int, Other] = {}
        self.heard = clock.monotonic()

    def close(self) -> None:
        self._link.close()

    # Joining.

    def join(self) -> Snapshot:
        """
        Register as a new node. Return the state with which it begins, as soon as another node has
        given it, or no other node has any.

        :raises psycopg.Error: the database can't be used now.
        :raises Fenced: meanwhile the node was declared dead itself.
        """
        connection, membership = self._link.fresh(), self._membership
        known = membership.reached
        membership.register(connection)
        if membership.joined <= known:  # the log is shorter than it was
            membership.begin_epoch(connection)
        membership.hold(connection)
        self._leases = self._new_leases()
        self._beat(connection)
        waits = False
        while (found := self._beginning(connection)) is None:
            if not waits:
                waits = True
                self.log.info("Waiting for another node to tell who is in.")
            self.wait(connection)
        self._beat(connection)
        membership.others = sorted(self.others)  # some that were there before may be gone
        membership.ready(connection)
        self._last = found.seq
        return found

    def _beginning(self, connection: Connection) -> Snapshot | None:
        """Return the state with which the node can begin, if it can."""
        membership = self._membership
        row = connection.execute(_SNAPSHOT, [membership.joined]).fetchone()
        if row is not None:
            return Snapshot(*row)
        others = self.others.items()
        if any(other.is_ready or node < membership.node for node, other in others):
            return None
        membership.begin_epoch(connection)
        self._beat(connection)
        return Snapshot(membership.reached, None)

    def _new_leases(self) -> Leases:
        limits = self._limits
        return Leases(limits.lease, limits.unconnected, limits.inattention)

    def keep_file(self, name: str, make: Callable[[], bytes]) -> bytes:
        """Return the content of a file that all nodes share; the first node makes it."""
        connection = self.connection()
        find = "SELECT content FROM files WHERE name = %s"
        row = connection.execute(find, [name]).fetchone()
        if row is None:
            connection.execute(
                "INSERT INTO files VALUES (%s, %s) ON CONFLICT DO NOTHING", [name, make()]
            )
            row = connection.execute(find, [name]).fetchone()
        assert row is not None
        content: bytes = row[0]
        return content

    # Following.

    def connection(self) -> Connection:
        """Return the connection; a new one is held."""
        if not self._link.is_open:
            self._membership.hold(self._link.connection())
        return self._link.connection()

    def wait(self, connection: Connection) -> None:
        """Wait until another node wakes this one, or for a moment; and say that this one lives."""
        for _ in connection.notifies(timeout=self._limits.look, stop_after=1):
            pass
        if self._clock.monotonic() >= self._next_beat:
            self._beat(connection)

    def _beat(self, connection: Connection) -> None:
        self.others = self._membership.beat(connection)
        now = self.heard = self._clock.monotonic()
        self._next_beat = now + self._limits.beat
        self._beats += 1
        if not self._membership.is_held:
            self._membership.hold(connection)
        for node, beat in self._leases.dead(self.others, now):
            if self._membership.reap(connection, node, beat):
                self.log.warn("Node {node} has not shown itself and counts as gone.", node=node)
                del self.others[node]
        if self._beats % _TRIM_BEATS == 0:
            connection.execute("SELECT trim_v1(%s)", [self._membership.node])

    def look(self) -> Iterator[list[Bundle]]:
        """
        Yield the bundles of other nodes that are new, in their order.

        :raises Fenced: this node was declared dead.
        :raises Rewound: bundles are missing.
        """
        connection = self.connection()
        more = True
        while more:
            rows = connection.execute(
                _READ, [self._last, self._membership.node, _MAX_BUNDLES]
            ).fetchall()
            more = len(rows) == _MAX_BUNDLES
            if rows:
                yield [self._bundle(*row) for row in rows]

    def _bundle(
        self, seq: int, node: int, batch: int, entries: bytes | None, verdicts: str
    ) -> Bundle:
        self._last = seq
        self._membership.saw(seq)
        if batch == GONE:
            if node == self._membership.node:
                raise Fenced
            (by,) = map(int, verdicts.strip("[]").split(","))
            return Bundle(seq, node, [NodeGoneEntry(node, by)])
        if batch == JOINED:
            return Bundle(seq, node, [], True)
        if entries is None:  # it thought that it was alone: this node is not in the log any more
            raise Rewound
        found = entry_codec.decode(entries)
        settle_others(found, verdicts)
        return Bundle(seq, node, found)
