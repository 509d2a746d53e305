"""
A node's part in the order: what it stores, and what the others store, is handed up in one order;
and it begins again as another node where it must.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import psycopg
from twisted.logger import Logger

from groupchat.core.entries import Entry, QuitEntry, TopicQuery
from groupchat.core.group_entries import NodeEndsEntry, NodeGoneEntry
from groupchat.interfaces import ILedgerOwner
from groupchat.ledgers.entry_codec import UnknownKind
from groupchat.ledgers.group_commit import GroupCommit
from groupchat.ledgers.postgresql.environment import Limits
from groupchat.ledgers.postgresql.gathering import Gathering
from groupchat.ledgers.postgresql.membership import Fenced, Membership, Rewound
from groupchat.ledgers.postgresql.order import Order
from groupchat.ledgers.postgresql.tail import Bundle, Snapshot
from groupchat.ledgers.postgresql.watchdog import Watchdog
from groupchat.ledgers.postgresql.writer import Closed, Writer
from groupchat.ledgers.threads import Runner

if TYPE_CHECKING:
    from groupchat.clock import IReactor

__all__ = ["Replica"]

_LOCAL = (QuitEntry, TopicQuery)  #: entries of which the database need not know


class Replica:
    """
    Lives in the reactor's thread.

    :param writing: runs the writer.

    :ivar queue: gathers what is posted.
    :ivar rejoin: makes this a new node; `joined` answers.
    :ivar on_commit: called, in the writer's thread, with the seconds that a batch took.
    """

    log = Logger()

    def __init__(
        self,
        reactor: IReactor,
        writer: Writer,
        writing: Runner,
        membership: Membership,
        limits: Limits,
        monotonic: Callable[[], float],
        name: str,
    ) -> None:
        self._reactor = reactor
        self._writer = writer
        self._writing = writing
        self._membership = membership
        self._monotonic = monotonic
        self._name = name
        self._order = Order()
        self._gathering = Gathering(reactor, self._show)
        self._others: set[int] = set()
        self._life = 0  # goes up each time that this becomes another node
        self.queue = GroupCommit(reactor.callLater, self._write)
        self._watchdog = Watchdog(
            reactor,
            limits,
            lambda: self.owner.stalled(),
            lambda: self.owner.resumed(),
            writer.cut,
        )
        self.rejoin: Callable[[], None]
        self.on_commit: Callable[[float], object] = lambda seconds: None

    @property
    def owner(self) -> ILedgerOwner:
        """The object that gets the entries."""
        return self.queue.owner

    @property
    def is_alone(self) -> bool:
        """Whether no other node is there, but such as end."""
        return not self._others - {0}

    # Bundles of this node.

    def _write(self, batch: list[Entry]) -> None:
        if all(type(entry) in _LOCAL for entry in batch):
            self.queue.written(batch)
            return
        self._watchdog.began()
        self._writing.callInThread(partial(self._commit, self._life, batch))

    def _commit(self, life: int, batch: list[Entry]) -> None:
        began = self._monotonic()
        with self._reporting(life):
            seq = self._writer.commit(batch)
            self.on_commit(self._monotonic() - began)
            self._reactor.callFromThread(self._written, life, seq, batch)

    @contextmanager
    def _reporting(self, life: int) -> Iterator[None]:
        """In the writer's thread: tell the reactor's side why something could not be stored."""
        try:
            yield
        except Closed:
            pass
        except (Fenced, Rewound) as why:
            self._reactor.callFromThread(self._lost, life, why)
        except Exception as error:
            self._reactor.callFromThread(self.broken, error)

    def _written(self, life: int, seq: int, batch: list[Entry]) -> None:
        if life == self._life:
            self._order.offer(seq, partial(self._hand_up_own, batch))

    def _hand_up_own(self, batch: list[Entry]) -> None:
        self._watchdog.ended()
        self._gathering.add(batch, own=True, waits=bool(self._others))

    def _show(self, entries: list[Entry], has_own: bool) -> None:
        if has_own:
            self.queue.written(entries)
        else:
            self.queue.show(entries)

    # Bundles of other nodes.

    def came(self, bundles: list[Bundle]) -> None:
        for bundle in bundles:
            self._order.offer(bundle.seq, partial(self._hand_up, bundle))

    def _hand_up(self, bundle: Bundle) -> None:
        if bundle.entries:
            self._gathering.add(bundle.entries)
        if bundle.joined:
            self._others.add(bundle.node)
            self._give_snapshot()
        elif bundle.entries and isinstance(bundle.entries[-1], (NodeEndsEntry, NodeGoneEntry)):
            self._others.discard(bundle.node)
            self._give_snapshot()

    def _give_snapshot(self) -> None:
        """Let a node begin that has joined: the node that has the lowest number does that."""
        if self._others and self._membership.node < min(self._others - {0}, default=0):
            self.give_snapshot()

    def give_snapshot(self) -> None:
        """Keep the state as it is now for nodes that join."""
        self._gathering.flush()
        seq, state = self._order.applied, self.owner.snapshot()
        self._writing.callInThread(partial(self._keep_snapshot, self._life, seq, state))

    def _keep_snapshot(self, life: int, seq: int, state: bytes) -> None:
        with self._reporting(life):
            self._writer.give_snapshot(seq, state)

    # The node itself.

    def stop(self) -> None:
        """Wait for nothing any more."""
        self._gathering.stop()
        self._watchdog.stop()

    def begin(self, snapshot: Snapshot, others: set[int]) -> None:
        """Be the node that has registered."""
        self._others = set(others)
        self._order.begin(snapshot.seq)
        self._writing.callInThread(self._writer.begin)

    def joined(self, snapshot: Snapshot) -> None:
        """After `lost`: be the new node."""
        self.begin(snapshot, set(self._membership.others))
        self.owner.restore(snapshot.state or b"")
        self.queue.release()

    def lost(self, why: Fenced | Rewound) -> None:
        self._lost(self._life, why)

    def _lost(self, life: int, why: Fenced | Rewound) -> None:
        if life != self._life:
            return
        self._life += 1
        self._gathering.flush()
        self.queue.hold()
        self._watchdog.ended()
        if isinstance(why, Fenced):
            self.log.warn(
                "Node {node} was taken for dead by the others: its clients have to come again.",
                node=self._membership.node,
            )
            self.owner.fenced()
        else:
            self.log.warn(
                "{name} is not the log that it was: the clients have to come again.",
                name=self._name,
            )
            self.owner.rewound()
        self.rejoin()

    def broken(self, error: Exception) -> None:
        known = isinstance(error, (psycopg.Error, UnknownKind))
        what = str(error) if known else repr(error)
        line = what.strip().partition("\n")[0]
        self.owner.failed(f"{self._name}: {line}")
