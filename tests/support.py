"""
What several of our tests share: the server in memory (`groupchat.testing`) by its short names,
cheap passwords, and small helpers.
"""

from __future__ import annotations

from typing import Any

import pytest
from argon2 import PasswordHasher

from groupchat.accounts import passwords
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
    "both_wires",
    "codes",
    "kinds",
    "secret",
]

# Hashing takes no time in memory; tests/e2e checks the real cost.
passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)

both_wires = pytest.mark.parametrize("wire", ["plain", "json"])  #: runs a test once on each wire


def kinds(events: list[dict[str, Any]]) -> list[str]:
    """Returns the type of each event."""
    return [event["type"] for event in events]


def codes(events: list[dict[str, Any]]) -> list[str]:
    """Returns the code of each error and each bye among these events."""
    return [event["code"] for event in events if "code" in event]
