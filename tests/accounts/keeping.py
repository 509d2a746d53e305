"""Stores of accounts, and what tests save in them."""

from __future__ import annotations

from typing import Any

from groupchat.accounts.passwords import CHEAP, Passwords
from groupchat.core.permissions import BAN, Account, AuditEntry, Restriction, Token

PASSWORDS = Passwords(CHEAP)
ENTRY = AuditEntry(1, "op", "test", "bob", 2, "why")
BAN_ON_BOB = Restriction(BAN, "bob", "op", b"c" * 16, 5, "spam")


def answer(deferred: Any) -> Any:
    """Returns the result of a Deferred that has fired: nothing here waits."""
    results: list[Any] = []
    deferred.addBoth(results.append)
    (result,) = results
    return result


def token(account: Account, name: str = "backup", digest: bytes = b"1" * 32) -> Token:
    return Token(account.id, name, digest, 7)
