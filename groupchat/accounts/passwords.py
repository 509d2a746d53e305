"""
Passwords: what is kept of them, and whether one is right. Blocking, and slow by intent: `worker.py`
keeps that from the reactor.

argon2id (RFC 9106) with the parameters that OWASP recommends for servers: 19 MiB, two passes, one
lane; some 20 ms.
"""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


@cache
def dummy_hash() -> str:
    """
    What a try is checked against where there is nothing. To be asked for once before it counts how
    long that takes.
    """
    return _hasher.hash("")


def hash_password(password: str) -> str:
    """What is kept of a password."""
    return _hasher.hash(password)


def verify(kept: str, password: str) -> bool:
    """Whether a password is the one of which this is kept. Takes as long where nothing is ("")."""
    try:
        return _hasher.verify(kept or dummy_hash(), password) and bool(kept)
    except (VerificationError, InvalidHashError):
        return False
