"""The log that several nodes share, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine import Engine
from tests.ledgers.nodes import Node, database

__all__ = ["DatabaseOrder", "one_database"]

_places: list[str] = []  # the address of the database, while a test runs
_nodes: list[Node] = []


class DatabaseOrder:
    """
    :param reactor: that of all nodes.
    """

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor

    def ledger(self, reactor: Any) -> Node:
        """Returns the ledger of a new node, which looks whenever another has stored something."""
        node = Node(self._reactor, _places[-1])
        helping = node.tail.wait

        def wait(connection: Any) -> None:
            for other in _nodes:  # which would do so in a thread of its own
                if other is not node:
                    other.following.look()
            helping(connection)

        node.tail.wait = wait  # type: ignore[method-assign]
        node.replica.on_commit = lambda seconds: self._wake(node)
        _nodes.append(node)
        return node

    def _wake(self, node: Node) -> None:
        for other in _nodes:
            if other is not node:
                self._reactor.callLater(0, other.following.look)


@pytest.fixture(autouse=True)
def one_database(engine: Engine) -> Iterator[None]:
    """The nodes of a test share a database, which is as good as new."""
    _places.append(database(engine))
    yield
    _places.clear()
    nodes = list(_nodes)
    _nodes.clear()
    for node in nodes:
        node.shut()
