"""
Live messages while old ones are deleted, and while the space of deleted ones is given back to the
file system.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.benchmarks.disk import p99, syncs_now
from tests.benchmarks.loads import Bench, Column, Fanout, Metrics
from tests.benchmarks.servers import GroupChat

QUIET, DELETING = "nothing is old", "old messages are deleted"
GIVING_BACK = "their space is given back"


def _expire(db: sqlite3.Connection) -> None:
    """Let all but the last messages of each room have expired, as --keep would."""
    db.execute("UPDATE rooms SET first = max(first, head - 1000)")


def _delete(db: sqlite3.Connection) -> None:
    """Delete the older half of all messages."""
    (middle,) = db.execute("SELECT (min(key) + max(key)) / 2 FROM messages").fetchone()
    db.execute("DELETE FROM messages WHERE key < ?", (middle,))
    db.execute("UPDATE rooms SET first = ? & 1099511627775", (middle,))


_CASES: dict[str, Callable[[sqlite3.Connection], None]] = {
    QUIET: lambda db: None,
    DELETING: _expire,
    GIVING_BACK: _delete,
}


class Retention(Fanout):
    """Each case runs on a copy of the long ledger."""

    long_ledger = True

    def __init__(self) -> None:
        super().__init__(
            "retention",
            "200 members, 200 messages a second, while a long ledger gets shorter",
            [
                Column("p50 ms", "p50_ms", 2),
                Column("x quiet", "p50_ms", 2, over=QUIET),
                Column("p99 ms", "p99_ms", 2),
                Column("x quiet", "p99_ms", 2, over=QUIET),
                Column("deleted", "deleted", 0),
                Column("given back, MiB", "given_back_mib", 1),
                Column("the disk alone: p99 ms", "disk_p99_ms", 2),
            ],
            members=200,
            speakers=20,
            messages=2_000,
            rate=200,
        )

    def cases(self, bench: Bench) -> list[str]:
        return list(_CASES)

    def run(self, bench: Bench, case: str) -> Metrics:
        with tempfile.TemporaryDirectory(prefix="groupchat-benchmark-", dir=bench.scratch) as place:
            ledger = Path(place) / "ledger.db"
            shutil.copy(bench.stored, ledger)
            _change(ledger, _CASES[case])
            size, messages = ledger.stat().st_size, _oldest(ledger)
            disk = syncs_now(bench.scratch, bench.scale)
            server = GroupChat(ledger=ledger)
            with (
                server.running(bench.scratch) as running,
                self.begin(bench, running, server) as load,
            ):
                metrics = self.end(load)
            disk += syncs_now(bench.scratch, bench.scale)
            return {
                **metrics,
                "deleted": float(_oldest(ledger) - messages),
                "given_back_mib": max(0, size - ledger.stat().st_size) / 2**20,
                "disk_p99_ms": p99(disk),
            }


def _change(ledger: Path, change: Callable[[sqlite3.Connection], None]) -> None:
    with closing(sqlite3.connect(ledger, isolation_level=None)) as db:
        change(db)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _oldest(ledger: Path) -> int:
    """Return the id of the oldest message: all ids after it are taken."""
    with closing(sqlite3.connect(ledger)) as db:
        (key,) = db.execute("SELECT min(key) FROM messages").fetchone()
        return int(key) & 0xFFFFFFFFFF


RETENTION = Retention()
