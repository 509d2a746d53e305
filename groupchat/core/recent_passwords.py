"""
Passwords that were right a moment ago: a program that gives its password with each request costs
one slow hash a minute, and not one a request.

Only keyed digests are kept, under a key that nobody learns, and never on disk.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from secrets import token_bytes
from typing import NamedTuple

from groupchat.core.permissions import Account

__all__ = ["RecentPasswords"]

LIFETIME = 60.0  #: seconds for which a password counts as right
MAX_REMEMBERED = 1024  #: passwords


class _Proof(NamedTuple):
    """
    A password that was right.

    :ivar stored: the hash that it had; with another, the password has changed.
    """

    account: str
    stored: str
    until: float


class RecentPasswords:
    """
    :param seconds: a monotonic clock, in seconds.
    """

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._key = token_bytes(32)
        self._proofs: dict[bytes, _Proof] = {}  # the oldest first

    def add(self, account: Account, password: str) -> None:
        """Remember the password of an account, which was right just now."""
        if not account.password:
            return  # it is kept elsewhere: nobody here learns when it changes
        digest = self._digest(account, password)
        self._proofs.pop(digest, None)
        self._proofs[digest] = _Proof(account.id, account.password, self._seconds() + LIFETIME)
        if len(self._proofs) > MAX_REMEMBERED:
            del self._proofs[next(iter(self._proofs))]

    def has(self, account: Account, password: str) -> bool:
        """Return whether this was the password of an account a moment ago, and still is."""
        proof = self._proofs.get(self._digest(account, password))
        return (
            proof is not None
            and (proof.account, proof.stored) == (account.id, account.password)
            and self._seconds() < proof.until
        )

    def _digest(self, account: Account, password: str) -> bytes:
        given = f"{account.id}\0{password}".encode(errors="replace")
        return blake2b(given, digest_size=32, key=self._key).digest()
