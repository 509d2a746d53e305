"""
A log in memory that several nodes share: what `--ledger postgresql://` is to several machines, with
everything in the hands of the test.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from zope.interface import implementer

from groupchat.core.entries import Entry
from groupchat.core.group_entries import NodeEndsEntry, NodeGoneEntry
from groupchat.interfaces import ILedger, ILedgerOwner
from groupchat.ledgers.entry_codec import decode, encode
from groupchat.ledgers.group_commit import GroupCommit
from groupchat.ledgers.memory import MemoryLedger
from groupchat.wire.errors import Unavailable

__all__ = ["SharedLedger", "SharedOrder"]


class Bundle:
    """
    A batch of one node, in its place.

    :ivar batch: the entries as they were posted.
    :ivar data: the same for other nodes.
    """

    def __init__(self, node: int, batch: list[Entry]) -> None:
        self.node = node
        self.batch = batch
        self.data = encode(batch)


class SharedOrder:
    """
    :param reactor: that of all nodes.

    :ivar nodes: those that live, by number.
    :ivar away: whether the log can't be reached.
    :ivar unreadable: whether, besides, nothing is read from it.
    """

    def __init__(self, reactor: Any) -> None:
        self.reactor = reactor
        self.store = MemoryLedger(reactor.callLater)
        self.nodes: dict[int, SharedLedger] = {}
        self.away = self.unreadable = False
        self._numbers = 0
        self._posted: Counter[str] = Counter()
        self._waiting: list[tuple[SharedLedger, list[Entry]]] = []

    def ledger(self, reactor: Any = None) -> SharedLedger:
        """Returns the ledger of a new node."""
        return SharedLedger(self)

    def register(self, ledger: SharedLedger) -> None:
        """Give a node its number, and the state of another."""
        self._numbers += 1
        others = list(self.nodes.values())
        ledger.node = self._numbers
        if others:
            ledger.owner.restore(others[0].owner.snapshot())
            ledger.bundles = deque(others[0].bundles)
        self.nodes[ledger.node] = ledger
        ledger.look()

    def append(self, ledger: SharedLedger, batch: list[Entry]) -> None:
        """Give a batch its place, and each node the news."""
        if self.away:
            self._waiting.append((ledger, batch))
            return
        if self.nodes.get(ledger.node) is not ledger:
            return  # it was taken for dead
        self.store.process(batch)
        self._posted.update(type(entry).__name__ for entry in batch)
        bundle = Bundle(ledger.node, batch)
        for node in self.nodes.values():
            node.bundles.append(bundle)
            node.look()

    def posted(self, kind: str) -> int:
        """Returns how many entries of a class have been posted."""
        return self._posted[kind]

    def leave(self) -> None:
        """Let nobody reach the log."""
        self.away = True
        for node in self.nodes.values():
            node.owner.stalled()

    def come_back(self) -> None:
        """Let everybody reach the log again."""
        self.away = self.unreadable = False
        for node in self.nodes.values():
            node.owner.resumed()
        waiting, self._waiting = self._waiting, []
        for ledger, batch in waiting:
            self.append(ledger, batch)

    def die(self, ledger: SharedLedger) -> None:
        """A node is there no more; the others don't know yet."""
        ledger.dead = True

    def reap(self, node: int, by: int) -> None:
        """Let a node find out that another is dead."""
        del self.nodes[node]
        self.nodes[by].post(NodeGoneEntry(node, by))

    def lapse(self, node: int, by: int) -> None:
        """Let a node free the seats of one that has handed them over."""
        self.nodes[by].post(NodeGoneEntry(node, by))

    def fence(self, ledger: SharedLedger, by: int) -> None:
        """Let a node take another for dead, which comes again as a new one."""
        self.reap(ledger.node, by)
        ledger.owner.fenced()
        ledger.begin_anew()
        self.register(ledger)

    def rewind(self) -> None:
        """Let the log be another one: nothing is in it."""
        self.store = MemoryLedger(self.reactor.callLater)
        nodes, self.nodes = list(self.nodes.values()), {}
        for node in nodes:
            node.owner.rewound()
            node.begin_anew()
        empty = nodes[0].owner.snapshot()
        for node in nodes:
            node.owner.restore(_nobody(empty))
            self.register(node)


def _nobody(state: bytes) -> bytes:
    """Returns the snapshot of an empty group."""
    import msgspec

    maximum, *others, rule = msgspec.msgpack.decode(state)
    return msgspec.msgpack.encode([maximum, *([] for _ in others), rule])


@implementer(ILedger)
class SharedLedger:
    """
    One node's side.

    :ivar slow: whether it looks at nothing new: what all do comes to it late.
    :ivar bundles: those that it has not looked at.
    """

    def __init__(self, order: SharedOrder) -> None:
        self.order = order
        self.node = 0
        self.slow = False
        self.dead = False
        self.handed_over = False
        self.bundles: deque[Bundle] = deque()
        self.owner: ILedgerOwner
        self._lives = 0
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget what was posted."""
        lives = self._lives = self._lives + 1
        self._queue = GroupCommit(
            self.order.reactor.callLater, lambda batch: self._write(batch, lives)
        )
        self.bundles.clear()

    @property
    def epoch(self) -> str:
        return self.order.store.epoch

    @property
    def trouble(self) -> str:
        return ""

    def open(self, owner: ILedgerOwner) -> None:
        self.owner = owner
        self.order.register(self)

    def post(self, entry: Entry) -> None:
        if not self.dead:
            self._queue.owner = self.owner
            self._queue.post(entry)

    def _write(self, batch: list[Entry], life: int) -> None:
        if not self.dead and life == self._lives:
            self.order.append(self, batch)

    def look(self) -> None:
        """Look at what is new, soon."""
        self.order.reactor.callLater(0, self._look)

    def _look(self) -> None:
        while not self.slow and self.look_at_one():
            pass

    def look_at_one(self) -> bool:
        """Look at the next thing, if there is one. Returns whether there was."""
        if not self.bundles or self.dead:
            return False
        bundle = self.bundles.popleft()
        if bundle.node == self.node:
            self._queue.written(bundle.batch)
        else:
            self.owner.appended(decode(bundle.data))
        return True

    @property
    def is_alone(self) -> bool:
        return len(self.order.nodes) == 1

    def hand_over(self) -> Deferred[None]:
        self.handed_over = True
        self.post(NodeEndsEntry(self.node))
        return self._queue.idle()

    def close(self) -> Deferred[None]:
        if self.handed_over:
            del self.order.nodes[self.node]
            return succeed(None)
        self.post(NodeGoneEntry(self.node, self.node))
        return self._queue.idle().addCallback(lambda _: self.order.nodes.pop(self.node, None))

    def ping(self) -> Deferred[None]:
        return succeed(None)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Reading: all nodes read the same."""
        if name not in ("page", "history", "search", "rooms", "direct_rooms"):
            raise AttributeError(name)
        if self.order.unreadable:
            return lambda *asked: fail(Unavailable("The log can't be read."))
        reading: Callable[..., Any] = getattr(self.order.store, name)
        return reading
