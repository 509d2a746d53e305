"""
Hashes and verifies passwords. Both are slow on purpose and block: a worker runs them.

argon2id (RFC 9106) with the parameters that OWASP recommends for servers: 19 MiB, two passes, one
lane; about 20 ms.
"""

from __future__ import annotations

from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

__all__ = ["CHEAP", "OWASP", "Passwords"]

OWASP = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  #: for tests only: takes no time


class Passwords:
    """
    :param hasher: the parameters of argon2.
    """

    def __init__(self, hasher: PasswordHasher = OWASP) -> None:
        self._hasher = hasher

    @cached_property
    def dummy_hash(self) -> str:
        """
        The hash that passwords of unregistered names are verified against, so that these take as
        long. The first use computes it: use it once before the first login.
        """
        return self._hasher.hash("")

    def prepare(self) -> None:
        """Compute the dummy hash."""
        _ = self.dummy_hash

    def hash(self, password: str) -> str:
        """Return the hash to store for a password."""
        return self._hasher.hash(password)

    def verify(self, stored: str, password: str) -> bool:
        """
        Return whether a password has this stored hash. An empty hash fits no password, and takes as
        long.
        """
        try:
            return self._hasher.verify(stored or self.dummy_hash, password) and bool(stored)
        except (VerificationError, InvalidHashError):
            return False
