"""
The cost of a long ledger: none, if all goes well.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from typing import Any

from tests.benchmarks.ledger import TEXT
from tests.benchmarks.loads import Bench, Column, Metrics
from tests.benchmarks.member import Member
from tests.benchmarks.servers import GroupChat

SHORT, LONG = "short ledger", "long ledger"


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


RESUME = Resume()
