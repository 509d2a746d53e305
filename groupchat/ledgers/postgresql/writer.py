"""
The writer of the ledger in PostgreSQL: one call of a function stores a batch.

It runs in a thread of its own. Where an answer is lost, it asks again on a new connection, with
the same number of the batch, until it has an answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import psycopg
from psycopg import errors
from psycopg.pq import Format
from twisted.logger import Logger

from groupchat.core.entries import Entry
from groupchat.ledgers import entry_codec
from groupchat.ledgers.postgresql.environment import Environment
from groupchat.ledgers.postgresql.membership import Fenced, Identity, Membership, Rewound, fencing
from groupchat.ledgers.postgresql.retention import Retention
from groupchat.ledgers.postgresql.verdicts import requests, settle
from groupchat.ledgers.retention import RetentionPolicy
from groupchat.postgresql import Connection, Link
from groupchat.primary import check

__all__ = ["Closed", "Writer", "can_pass"]

T = TypeVar("T")

_NAME = b"append"  #: of the prepared statement
_APPEND = b"SELECT new_seq, new_verdicts FROM append_v1($1, $2, $3, $4, $5, $6, $7)"
_FORMATS = [Format.TEXT] * 6 + [Format.BINARY]


class Closed(Exception):
    """The ledger closes: nothing is asked again."""


class Request(NamedTuple):
    """
    A batch as `append_v1` takes it.

    :ivar entries: for other nodes, or None where there are none.
    """

    me: Identity
    number: int
    kinds: str
    asked: str
    entries: bytes | None


class Writer:
    """
    Stores batches. Once open, it is used only in the writer's thread, but for `cut`.

    :ivar trouble: the reason why nothing is stored now; "" for none.
    :ivar closing: whether to give up instead of asking again.
    """

    log = Logger()

    def __init__(
        self,
        link: Link,
        membership: Membership,
        keep: RetentionPolicy,
        environment: Environment,
        name: str,
    ) -> None:
        self._link = link
        self._membership = membership
        self._keep = keep
        self._clock = environment.clock
        self._limits = environment.limits
        self._retention = Retention(membership, keep, self._clock, self._limits)
        self._name = name
        self._number = 0
        self._prepared: Connection | None = None  # the one that has the statement
        self._shares = False  # whether other nodes need the entries
        self.trouble = ""
        self.closing = False

    def begin(self) -> None:
        """The node has registered: count its batches from 1 on."""
        self._number = 0
        self._shares = bool(self._membership.others)

    def cut(self) -> None:
        """End what waits on the connection. Called from any thread."""
        self._link.cut()

    def close(self) -> None:
        self._link.close()

    def leave(self) -> None:
        """Take part no more, if the database can be reached."""
        try:
            if not self.trouble:
                self._membership.leave(self._link.connection())
        except (psycopg.Error, Fenced, Rewound) as error:
            self.log.warn("The other nodes were not told that this one ends: {why}", why=error)

    def commit(self, batch: list[Entry]) -> int:
        """
        Write the outcome on each entry of a batch, and make the batch durable. Return the number of
        its bundle.

        :raises Fenced: nothing of it is stored, or will be, but what other nodes have seen of it.
        :raises Rewound: likewise.
        :raises Closed: it is unknown whether it is stored.
        :raises psycopg.Error: the database can't be used.
        """
        self._number += 1
        me = self._membership.identity  # nothing is asked again as another node
        seq, answer = self._insist(lambda connection: self._append(connection, me, batch))
        self._membership.saw(seq)
        settle(batch, answer)
        return seq

    def give_snapshot(self, seq: int, state: bytes) -> None:
        """Keep a snapshot for a node that joins. Raises like `commit`."""
        values = [*self._membership.identity, seq, state]
        self._insist(
            lambda connection: connection.execute(
                "SELECT snapshot_v1(%s, %s, %s::bigint, %s::bytea)", values
            )
        )

    def _insist(self, ask: Callable[[Connection], T]) -> T:
        """Ask, and ask again on a new connection, until there is an answer."""
        pause, longest = self._limits.retry
        while True:
            try:
                with fencing():
                    answer = ask(self._link.connection())
            except psycopg.Error as error:
                if not can_pass(error):
                    raise
                self._failed(error)
                self._clock.sleep(pause)
                pause = min(2 * pause, longest)
            else:
                self._answered()
                return answer

    def _append(self, connection: Connection, me: Identity, batch: list[Entry]) -> tuple[int, str]:
        self._retention.run_if_due(connection)
        self._retention.watch(connection)
        now = int(self._clock.time() * 1000)
        kinds, asked = requests(batch, now, self._retention.received)
        entries = entry_codec.encode(batch) if self._shares else None
        request = Request(me, self._number, kinds, asked, entries)
        seq, answer = self._ask(connection, request)
        if seq is None:  # another node has joined meanwhile
            self._shares = True
            request = request._replace(entries=entry_codec.encode(batch))
            seq, answer = self._ask(connection, request)
        assert seq is not None and answer is not None
        return seq, answer

    def _ask(self, connection: Connection, request: Request) -> tuple[int | None, str | None]:
        """
        Call `append_v1`, past the layers of psycopg: these take longer than everything else here.
        """
        wire = connection.pgconn
        if self._prepared is not connection:
            check(wire, wire.prepare(_NAME, _APPEND))
            self._prepared = connection
        keep = self._keep.count
        values: list[bytes | None] = [
            b"%d" % request.me.node,
            request.me.token.encode(),
            b"%d" % request.number,
            request.kinds.encode(),
            request.asked.encode(),
            None if keep is None else b"%d" % keep,
            request.entries,
        ]
        answer = wire.exec_prepared(_NAME, values, _FORMATS)  # type: ignore[arg-type]  # NULLs
        check(wire, answer)
        seq, verdicts = answer.get_value(0, 0), answer.get_value(0, 1)
        if seq is None or verdicts is None:
            return None, None
        return int(seq), verdicts.decode()

    def _answered(self) -> None:
        if self.trouble:
            self.trouble = ""
            self.log.info("{name} stores messages again.", name=self._name)

    def _failed(self, error: psycopg.Error) -> None:
        self._link.close()
        if self.closing:
            raise Closed
        if not self.trouble:
            self.trouble = "the database can't be reached"
            if isinstance(error, errors.DiskFull):
                self.trouble = "the disk of the database is full"
            self.log.warn(
                "{name} stores nothing now, and messages wait: {why}",
                name=self._name,
                why=str(error).strip().partition("\n")[0],
            )


def can_pass(error: psycopg.Error) -> bool:
    """Return whether what is in the way can pass by itself."""
    if isinstance(error, psycopg.OperationalError):
        return True  # the connection is lost, the engine starts, or has no room
    return isinstance(
        error,
        (errors.ReadOnlySqlTransaction, errors.AdminShutdown, errors.SerializationFailure),
    )
