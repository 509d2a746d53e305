"""Several whole servers in memory that are one group."""

from __future__ import annotations

from typing import Any

from groupchat.accounts.passwords import CHEAP, Passwords
from groupchat.accounts.store import AccountStore
from groupchat.core.permissions import Account, AuditEntry
from tests.cluster.shared_order import SharedLedger, SharedOrder
from tests.core.accounts import PASSWORD
from tests.support import Reactor, Server

__all__ = ["Group"]


class Group:
    """
    :param accounts: the path of the accounts file that all share; "": each has its own in memory.
    :param nodes: how many.
    :param settings: of all of them.

    :ivar nodes: the servers.
    """

    def __init__(self, nodes: int = 2, accounts: str = "", **settings: Any) -> None:
        self.reactor = Reactor()
        self.order = SharedOrder(self.reactor)
        self.nodes: list[Server] = []
        self._accounts = accounts
        self._settings = settings
        for _ in range(nodes):
            self.add()

    def add(self) -> Server:
        """Returns a new node, which knows what the others know."""
        accounts = AccountStore(self._accounts or ":memory:", Passwords(CHEAP))
        self.nodes.append(Server(self.order.ledger, self.reactor, accounts, **self._settings))
        return self.nodes[-1]

    def register(self, *names: str, operators: tuple[str, ...] = ()) -> None:
        """Make accounts, which have one password."""
        for name in (*names, *operators):
            account = Account(name, operator=name in operators)
            self.nodes[0].accounts.register(account, PASSWORD, AuditEntry(0, "!root", "password"))
        self.run()

    def run(self, seconds: float = 0.0) -> None:
        self.reactor.run(seconds)

    def ledger(self, node: int) -> SharedLedger:
        ledger = self.nodes[node].ledger
        assert isinstance(ledger, SharedLedger)
        return ledger

    def states(self) -> list[bytes]:
        """Returns what each living node knows of the group."""
        return [node.hub.snapshot() for node in self.living]

    @property
    def living(self) -> list[Server]:
        return [node for node in self.nodes if node.ledger.node in self.order.nodes]

    def check(self) -> None:
        """All nodes know the same, and nothing that contradicts itself."""
        assert len({*self.states()}) == 1
        for node in self.living:
            assert node.hub.members.is_consistent()
            for name, room in node.hub.rooms.items():
                here = {seat for seats in room.members.values() for seat in seats}
                assert here == {seat for seat in node.hub.members.seats() if name in seat.rooms}
                assert all(room.members.values())
