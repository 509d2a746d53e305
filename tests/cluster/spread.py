"""
The tests of a server, with its clients spread over several nodes: each connection goes to the next
one. They hold word for word.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Collection
from itertools import cycle
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

from groupchat.accounts.store import AccountStore
from groupchat.testing import MemoryClient
from groupchat.testing.server import CLIENTS
from groupchat.testing.transport import ADDRESS
from tests import support
from tests.cluster.shared_order import SharedOrder

__all__ = ["spread"]

CORE = Path(__file__).parents[1] / "core"


class SameAccounts:
    """The accounts of another node, which this one has at once."""

    def __init__(self, store: AccountStore) -> None:
        self._store = store
        self.changed: Callable[[], None] = lambda: None

    def open(self) -> None:
        """Do nothing: they are open."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def spread_over(count: int, shared: Callable[[Any], Any]) -> type[support.Server]:
    """Returns a server that has this many nodes, which share a log."""

    class Spread(support.Server):
        def __init__(
            self, ledger: Any = None, reactor: Any = None, *rest: Any, **more: Any
        ) -> None:
            if ledger is not None:  # one of its own, which no other node has
                super().__init__(ledger, reactor, *rest, **more)
                self.nodes = cycle([self])
                return
            reactor = reactor or support.Reactor()
            order = shared(reactor)
            super().__init__(order.ledger, reactor, *rest, **more)
            rest = (SameAccounts(self.accounts), *rest[1:])
            others = [support.Server(order.ledger, reactor, *rest, **more) for _ in range(1, count)]
            self.nodes = cycle([self, *others])

        def connect(self, wire: str = "json", address: str = ADDRESS) -> MemoryClient:
            return CLIENTS[wire](next(self.nodes), address)

    return Spread


def spread(
    name: str,
    namespace: dict[str, Any],
    nodes: int = 2,
    leave_out: Collection[str] = (),
    shared: Callable[[Any], Any] = SharedOrder,
) -> None:
    """
    Put the tests and fixtures of a module of tests/core into a namespace.

    :param leave_out: tests that look inside the one node, or hold its turns against each other.
    :param shared: makes the log, for a reactor.
    """
    with patch.object(support, "Server", spread_over(nodes, shared)):
        accounts = _load("accounts")
        with patch.dict(sys.modules, {"tests.core.accounts": accounts}):
            module = _load(name)
    found = {key: value for key, value in vars(module).items() if not key.startswith("__")}
    assert {*leave_out} <= found.keys()
    namespace.update({key: value for key, value in found.items() if key not in leave_out})


def _load(name: str) -> ModuleType:
    """Returns a module of tests/core once more, with the server that `tests.support` has now."""
    spec = importlib.util.spec_from_file_location(f"spread_{name}", CORE / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
