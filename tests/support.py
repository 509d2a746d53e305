"""
Shared by many tests: the server in memory (`groupchat.testing`) by its short names, and small
helpers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sized
from typing import Any

import hypothesis
import pytest

from groupchat.testing import EncryptedClient as Encrypted
from groupchat.testing import JsonClient, PlainClient, secret
from groupchat.testing import MemoryClient as Client
from groupchat.testing import MemoryReactor as Reactor
from groupchat.testing import MemoryServer as Server
from groupchat.testing import MemoryTransport as Transport

__all__ = [
    "Client",
    "Encrypted",
    "JsonClient",
    "PlainClient",
    "Reactor",
    "Server",
    "Transport",
    "apply_presence",
    "both_wires",
    "codes",
    "collections",
    "every_wire",
    "examples",
    "kinds",
    "secret",
]

#: runs a test once on each wire of lines
both_wires = pytest.mark.parametrize("wire", ["plain", "json"])
#: runs a test once through each protocol
every_wire = pytest.mark.parametrize("wire", ["plain", "json", "websocket", "event stream"])


def kinds(events: list[dict[str, Any]]) -> list[str]:
    """Returns the type of each event."""
    return [event["type"] for event in events]


def examples(times: float) -> hypothesis.settings:
    """
    Returns settings that try a multiple of the examples that Hypothesis tries in other tests, which
    are fewer in the fast tests.
    """
    return hypothesis.settings(max_examples=round(times * hypothesis.settings().max_examples))


def codes(events: list[dict[str, Any]]) -> list[str]:
    """Returns the code of each error and each bye among these events."""
    return [event["code"] for event in events if "code" in event]


def collections(server: Server, budgets: bool = False) -> dict[str, int]:
    """
    Returns the size of each collection in the hub and the factory of a server, and in the objects
    that these consist of, by its name: what is left of a connection shows as a difference.

    :param budgets: whether to include those of rates and log lines, which remember an address for
        a while.
    """
    sizes: dict[str, int] = {}
    seen: set[int] = set()

    def look(name: str, owner: Any) -> None:
        module = type(owner).__module__
        if isinstance(owner, Counter):
            sizes[name] = owner.total()
        if id(owner) in seen or not module.startswith(("groupchat.core", "groupchat.server")):
            return
        seen.add(id(owner))
        if module.endswith((".attempt_limits", ".ratelimit", ".throttledlog")) and not budgets:
            return
        for key, value in vars(owner).items():
            if hasattr(value, "__dict__"):
                look(f"{name}.{key}", value)
            elif isinstance(value, Sized) and not isinstance(value, (str, bytes)):
                sizes[f"{name}.{key}"] = len(value)

    look("factory", server.factory)
    look("hub", server.hub)
    return sizes


def apply_presence(members, event):
    """Apply a presence line to the names that its reader knew, and check it against them."""
    assert members.issuperset(event.get("left", []))
    members -= set(event.get("left", []))
    for old, new in event.get("renamed", {}).items():
        members.remove(old)
        members.add(new)
    assert members.isdisjoint(event.get("joined", []))
    members |= set(event.get("joined", []))
    assert event["count"] == len(members)
