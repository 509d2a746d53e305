"""
Registered names for tests of the core: a server on which some are, and clients that log in to them.
"""

from __future__ import annotations

from typing import Any

from groupchat.core.permissions import Account, AuditEntry
from tests.support import Server, secret

__all__ = ["PASSWORD", "joined", "logged_in", "made", "types"]

PASSWORD = "correct horse"


def made(*others: str, **options: Any) -> Server:
    """Returns a server on which alice, bob, others and the operator op are registered."""
    server = Server(**options)
    for name in ("alice", "bob", "op", *others):
        account = Account(name, operator=name == "op")
        server.accounts.register(account, PASSWORD, AuditEntry(0, "!root", "password"))
    return server


def logged_in(
    server: Server, name: str, device: str = "", wire: str = "json", **fields: Any
) -> Any:
    """Returns a client that has logged in to an account, and has read nothing."""
    client = server.connect(wire)
    if wire != "plain":
        client.hello(name, client=secret(device or name), password=PASSWORD, **fields)
    else:
        client.type(name, PASSWORD)
    server.run()
    return client


def joined(server: Server, name: str, device: str = "", wire: str = "json", **fields: Any) -> Any:
    """Returns a client that has logged in to an account, and has read everything."""
    client = logged_in(server, name, device, wire, **fields)
    assert not client.gone
    client.heard()
    return client


def types(events: list[dict[str, Any]], *wanted: str) -> list[dict[str, Any]]:
    """Returns the events of these types."""
    return [event for event in events if event["type"] in wanted]
