"""
The cost of a long history: none, if all goes well. Live messages while history is read, and a long
ledger beside a short one.
"""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable, Iterable
from typing import Any

from tests.benchmarks.disk import syncs
from tests.benchmarks.ledger import TEXT
from tests.benchmarks.loads import Bench, Column, Fanout, Metrics
from tests.benchmarks.member import Member
from tests.benchmarks.servers import GroupChat, Running

QUIET, READING = "nobody reads", "one reads all of it"
SHORT, LONG = "short ledger", "long ledger"
DISK_SYNCS = 400  #: before a load, and after it


class History(Fanout):
    """
    Live messages while one member reads the whole history, page after page, as fast as it comes;
    beside it, the time that the disk alone takes to sync messages, just before and just after.
    """

    long_ledger = True

    def cases(self, bench: Bench) -> list[str]:
        return [QUIET, READING] if bench.programs.tls or not self.encrypted else []

    def run(self, bench: Bench, case: str) -> Metrics:
        server = GroupChat(encrypted=self.encrypted, ledger=bench.stored)
        disk = self._disk_alone(bench)
        with (
            server.running(bench.scratch) as running,
            self.begin(bench, running, server) as load,
        ):
            pages = self._read(running, load) if case == READING else 0.0
            metrics = self.end(load)
        disk = sorted(disk + self._disk_alone(bench))
        return {**metrics, "pages_s": pages, "disk_p99_ms": disk[len(disk) * 99 // 100]}

    def _disk_alone(self, bench: Bench) -> list[float]:
        return syncs(bench.scratch, self.rate, max(2, round(DISK_SYNCS * bench.scale)))

    def _read(self, running: Running, load: subprocess.Popen[str]) -> float:
        """Read history until the load ends. Returns the pages read in a second."""
        begin, pages = time.monotonic(), 0
        with Member(running.port, "reader", encrypted=self.encrypted) as reader:
            before = reader.room["head"]
            while load.poll() is None:
                before = reader.history(before)[0]["id"]
                if before <= reader.room["first"]:
                    before = reader.room["head"]
                pages += 1
        return pages / (time.monotonic() - begin)


class Resume:
    """The same acts, one at a time, on a ledger with almost nothing in it and on a long one."""

    name = "resume"
    long_ledger = True
    columns = [
        Column("join ms", "join_ms", 2),
        Column("x short", "join_ms", 2, over=SHORT),
        Column("say ms", "say_ms", 2),
        Column("x short", "say_ms", 2, over=SHORT),
        Column("resume ms", "resume_ms", 2),
        Column("x short", "resume_ms", 2, over=SHORT),
        Column("page ms", "page_ms", 2),
        Column("x short", "page_ms", 2, over=SHORT),
    ]
    title = "joining, saying, coming back after 500 messages, and a page of history, one at a time"

    def cases(self, bench: Bench) -> list[str]:
        return [SHORT, LONG]

    def run(self, bench: Bench, case: str) -> Metrics:
        server = GroupChat(ledger=bench.stored if case == LONG else None)
        with server.running(bench.scratch) as running:
            return _acts(running.port, times=max(3, round(100 * bench.scale)))


def _acts(port: int, times: int) -> Metrics:
    with Member(port, f"speaker-{time.time_ns()}") as speaker:
        speaker.say_many(1000, TEXT)  # so that there is as much to replay in a short ledger
        says = _median(lambda n: speaker.say(1001 + n, TEXT), range(times))
        head = speaker.room["head"] + 1000 + times
        back = {"epoch": speaker.room["epoch"], "after": head - 500}
        pages = range(speaker.room["first"] + 500, head, max(1, (head - 500) // times))
        return {
            "say_ms": says,
            "join_ms": _median(
                lambda n: Member(port, f"joiner{n}").__exit__(None, None, None), range(times)
            ),
            "resume_ms": _median(
                lambda n: Member(port, f"resumer{n}", back).__exit__(None, None, None), range(times)
            ),
            "page_ms": _median(speaker.history, pages),
        }


def _median(act: Callable[[int], Any], numbers: Iterable[int]) -> float:
    """The median of the milliseconds that it takes."""
    took = []
    for number in numbers:
        begin = time.perf_counter()
        act(number)
        took.append(time.perf_counter() - begin)
    return statistics.median(took) * 1000


def _history(encrypted: bool) -> History:
    return History(
        "history-tls" if encrypted else "history",
        "200 members, 200 messages a second, beside a long history"
        + (", over TLS" if encrypted else ""),
        [
            Column("p50 ms", "p50_ms", 2),
            Column("x quiet", "p50_ms", 2, over=QUIET),
            Column("p99 ms", "p99_ms", 2),
            Column("x quiet", "p99_ms", 2, over=QUIET),
            Column("pages/s", "pages_s", 0),
            Column("the disk alone: p99 ms", "disk_p99_ms", 2),
        ],
        members=200,
        speakers=20,
        messages=2_000,
        rate=200,
        encrypted=encrypted,
    )


HISTORY = _history(encrypted=False)
HISTORY_TLS = _history(encrypted=True)
RESUME = Resume()
