"""
The surroundings of the ledger on disk, and its limits: everything that a test may want otherwise.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from importlib import resources
from typing import NamedTuple
from urllib.parse import quote

from groupchat.ledgers.clock import Clock, SystemClock

__all__ = ["Environment", "Limits", "connect", "schemas"]


class Limits(NamedTuple):
    """
    The amounts that the ledger on disk does at once, and the times that it waits.

    :ivar checked_bytes: size of the file up to which it is checked for damage at the start (half a
        second for the default).
    :ivar open_timeout: seconds that another program may hold a lock on a file that is to be opened.
    :ivar lock_timeout: seconds that another program may hold a lock on the open ledger.
    :ivar lock_poll: seconds between two attempts while the ledger is locked.
    :ivar checkpoint_bytes: bytes after which the WAL is written back.
    :ivar cached_clients: clients in the cache.
    :ivar prune_interval: seconds between two looks for what has expired.
    :ivar pruned_rooms: rooms of which messages expire, or are found to have expired, in one look.
    :ivar pruned_messages: messages that are deleted in one step.
    :ivar pruning_seconds: seconds after which no further step follows for now.
    :ivar vacuumed_pages: free pages that are given back at once.
    :ivar pruned_clients: clients that are forgotten in one pruning.
    :ivar searched_messages: messages that one search looks at; fewer where its words are not ASCII.
    :ivar waiting_searches: searches that can wait; further ones are refused.
    :ivar aged_messages: messages of a room whose age is looked at first.
    """

    checked_bytes: int = 256 << 20
    open_timeout: float = 5.0
    lock_timeout: float = 10.0
    lock_poll: float = 0.02
    checkpoint_bytes: int = 4 << 20
    cached_clients: int = 50_000
    prune_interval: float = 60.0
    pruned_rooms: int = 100
    pruned_messages: int = 100
    pruning_seconds: float = 0.001
    vacuumed_pages: int = 64
    pruned_clients: int = 100
    aged_messages: int = 100_000
    searched_messages: int = 200_000
    waiting_searches: int = 100


def connect(path: str, read_only: bool = False) -> sqlite3.Connection:
    """
    Open a database.

    :param path: absolute, so that SQLite takes it for nothing but a path.
    """
    name = f"file:{quote(path)}?mode=ro" if read_only else path
    return sqlite3.connect(
        name, uri=read_only, isolation_level=None, check_same_thread=False, timeout=0
    )


def schemas() -> dict[int, str]:
    """Return the schema files by their number: each leads from the version before it."""
    folder = resources.files("groupchat.ledgers") / "schema"
    return {
        int(file.name[:-4]): file.read_text()
        for file in folder.iterdir()
        if file.name.endswith(".sql")
    }


class Environment(NamedTuple):
    """
    :ivar connect: opens a database, for reading only if the second argument is True.
    :ivar schemas: returns the schema files by their number.
    """

    clock: Clock = SystemClock()
    limits: Limits = Limits()
    connect: Callable[[str, bool], sqlite3.Connection] = connect
    schemas: Callable[[], Mapping[int, str]] = schemas
