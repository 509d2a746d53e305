"""
The ledger in PostgreSQL: the reactor's side.

One thread and one connection store batches, a second one follows what other nodes store, a third
one reads, and a fourth one searches.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import psycopg
from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger
from twisted.python.threadpool import ThreadPool
from zope.interface import implementer

from groupchat.core.group_entries import NodeEndsEntry
from groupchat.interfaces import ILedger, ILedgerOwner
from groupchat.ledgers.postgresql.environment import Environment
from groupchat.ledgers.postgresql.following import Following
from groupchat.ledgers.postgresql.membership import Membership
from groupchat.ledgers.postgresql.questions import Questions
from groupchat.ledgers.postgresql.reader import Reader
from groupchat.ledgers.postgresql.replica import Replica
from groupchat.ledgers.postgresql.tail import Tail
from groupchat.ledgers.postgresql.writer import Writer
from groupchat.ledgers.reading import ReadsInThreads
from groupchat.ledgers.retention import RetentionPolicy
from groupchat.ledgers.threads import LowPriorityPool, Runner, WriterThread
from groupchat.postgresql import Database, Link

if TYPE_CHECKING:
    from groupchat.clock import IReactor

__all__ = ["PostgreSQLLedger"]

T = TypeVar("T")


@implementer(ILedger)
class PostgreSQLLedger(ReadsInThreads[Reader]):
    """
    :param uri: of the database, as libpq takes it.
    :param keep: how long messages are kept.
    :param environment: other surroundings than usual.
    :param writing: runs the writer.
    :param reading: runs the reader.
    :param searching: runs the reader that searches.

    :ivar replica: this node's part in the log.
    :ivar tail: follows the other nodes.
    """

    log = Logger()

    def __init__(
        self,
        reactor: IReactor,
        uri: str,
        keep: RetentionPolicy | None = None,
        environment: Environment | None = None,
        writing: Runner | None = None,
        reading: ThreadPool | None = None,
        searching: ThreadPool | None = None,
    ) -> None:
        self._keep = keep or RetentionPolicy()
        self._environment = environment or Environment()
        clock, limits = self._environment.clock, self._environment.limits
        pools = (
            reading or ThreadPool(0, 1, "ledger-reader"),
            searching or LowPriorityPool("ledger-search"),
        )
        super().__init__(reactor, pools, limits.waiting_searches)
        self._database = Database(uri, self._environment.schemas())
        self._membership = Membership(socket.gethostname())
        self._writer_link, self._tail_link = self._link(), self._link()
        self._writer = Writer(
            self._writer_link, self._membership, self._keep, self._environment, self._database.name
        )
        self._writing = writing or WriterThread("ledger-writer")
        self.tail = Tail(self._tail_link, self._membership, clock, limits)
        self.replica = Replica(
            reactor, self._writer, self._writing, self._membership, limits, clock.monotonic,
            self._database.name,
        )  # fmt: skip
        self._other_links: list[Link] = []
        self.following = Following(
            reactor, self.tail, self.replica, self._tail_link.cut, limits.silence, clock.monotonic,
            self._cut_others,
        )  # fmt: skip
        self._questions = Questions(reactor, lambda: self.tail.heard, clock.monotonic)
        self.replica.rejoin = self.following.rejoin
        self.post = self.replica.queue.post
        self._handed_over = -1  # the node that did

    def _link(self) -> Link:
        return Link(self._database, self._membership.beat)

    def link(self) -> Link:
        """Return one more connection to the database, for what else the nodes share."""
        self._other_links.append(Link(self._database, self._membership.greet))
        return self._other_links[-1]

    def _cut_others(self) -> None:
        """
        End all connections that `link` has made: they can lead to a database that counts no more,
        such as an old primary.
        """
        for link in self._other_links:
            link.cut()

    @property
    def name(self) -> str:
        """The database, as the log names it."""
        return self._database.name

    def keep_file(self, name: str, make: Callable[[], bytes]) -> bytes:
        """
        Return the content of a file that all nodes share; the first node makes it.

        :raises CannotStart: the database can't be used.
        """
        try:
            return self.tail.keep_file(name, make)
        except psycopg.Error as error:
            raise self._database.cannot_open(error) from None

    def _open_reader(self) -> Reader:
        clock, limits = self._environment.clock, self._environment.limits
        return Reader(self.link(), self._keep.count, clock, limits.searched_messages)

    @property
    def node(self) -> int:
        return self._membership.node

    @property
    def epoch(self) -> str:
        return self._membership.epoch

    @property
    def trouble(self) -> str:
        return self._writer.trouble

    @property
    def on_commit(self) -> Callable[[float], object]:
        """Called, in the writer's thread, with the seconds that a batch took."""
        return self.replica.on_commit

    @on_commit.setter
    def on_commit(self, call: Callable[[float], object]) -> None:
        self.replica.on_commit = call

    def open(self, owner: ILedgerOwner) -> None:
        self.replica.queue.owner = owner
        self._database.prepare()
        try:
            snapshot = self.tail.join()
            line = self._membership.describe(self.tail.connection())
            self.log.info("{name}: {line}", name=self._database.name.capitalize(), line=line)
            self.replica.begin(snapshot, set(self._membership.others))
            if snapshot.state is not None:
                owner.restore(snapshot.state)
            self._writing.start()
            for bundles in self.tail.look():
                self.replica.came(bundles)
        except psycopg.Error as error:
            raise self._database.cannot_open(error) from None
        self._open_readers(self._open_reader)
        self.following.start()

    def ping(self) -> Deferred[None]:
        answered: Deferred[None] = Deferred()
        self._writing.callInThread(lambda: self._reactor.callFromThread(answered.callback, None))
        return answered

    @property
    def is_alone(self) -> bool:
        return self.replica.is_alone

    def hand_over(self) -> Deferred[None]:
        if not self.is_alone:
            self._handed_over = self.node
            self.post(NodeEndsEntry(self.node))
        return self.replica.queue.idle()

    def close(self) -> Deferred[None]:
        closed = self.replica.queue.idle().addCallback(lambda _: self._leave())
        return closed.addCallback(lambda _: self._shut())

    def _leave(self) -> Deferred[None]:
        if self._handed_over == self.node and not self.is_alone:
            return succeed(None)  # the others free its seats once its lease has ended
        left: Deferred[None] = Deferred()

        def leave() -> None:
            self._writer.leave()
            self._reactor.callFromThread(left.callback, None)

        self._writing.callInThread(leave)
        return left

    def _shut(self) -> None:
        self._questions.stop()
        self.replica.stop()
        self.following.stop()
        self._writing.stop()
        self._close_readers()
        self._writer.close()

    # Reading.

    def _read(self, query: Callable[[Reader], T]) -> Deferred[T]:
        return self._questions.ask(super()._read, query)

    def _search(self, query: Callable[[Reader], T]) -> Deferred[T]:
        return self._questions.ask(super()._search, query)

    def said_by(self, name: str, account: str) -> Deferred[list[tuple[str, int]]]:
        """Return the room and the id of each message of a name, or an account; "": of none."""
        return self._search(lambda reader: reader.said_by(name, account))
