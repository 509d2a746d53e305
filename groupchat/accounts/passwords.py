"""
Hashes and verifies passwords. Both are slow on purpose and block: a `worker.Worker` runs them.

argon2id (RFC 9106) with the parameters that OWASP recommends for servers: 19 MiB, two passes, one
lane; about 20 ms.
"""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


@cache
def dummy_hash() -> str:
    """
    Returns the hash that passwords of unregistered names are verified against, so that these take
    as long. The first call computes it: call it once before the first login.
    """
    return _hasher.hash("")


def hash_password(password: str) -> str:
    """Returns the hash to store for a password."""
    return _hasher.hash(password)


def verify(stored: str, password: str) -> bool:
    """
    Whether a password has this stored hash. An empty hash fits no password, and takes as long.
    """
    try:
        return _hasher.verify(stored or dummy_hash(), password) and bool(stored)
    except (VerificationError, InvalidHashError):
        return False
