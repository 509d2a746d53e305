"""
Live messages while one member asks for old ones, as fast as answers come: whole pages of history,
or a search.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from typing import NamedTuple

from tests.benchmarks.disk import p99, syncs_now
from tests.benchmarks.loads import Bench, Column, Fanout, Metrics
from tests.benchmarks.member import Member
from tests.benchmarks.servers import GroupChat, Running

READING = "one reads all of it"
SEARCHING, SEARCHING_UNICODE = "one searches all of it", "one searches in another script"

Ask = Callable[
    [Member, int | None], int | None
]  #: asks for what is before, and returns what is next


class Beside(NamedTuple):
    """
    :ivar quiet: the case in which nobody asks.
    :ivar asking: for each other case, how one question is asked, again and again.
    """

    quiet: str
    asking: dict[str, Ask]


class BesideOne(Fanout):
    """
    Live messages beside one member who asks; with them, the time that the disk alone takes to sync
    messages, just before and just after.
    """

    long_ledger = True

    def __init__(self, name: str, title: str, beside: Beside, *, encrypted: bool = False) -> None:
        super().__init__(
            name,
            title,
            [
                Column("p50 ms", "p50_ms", 2),
                Column("x quiet", "p50_ms", 2, over=beside.quiet),
                Column("p99 ms", "p99_ms", 2),
                Column("x quiet", "p99_ms", 2, over=beside.quiet),
                Column("answers/s", "answers_s", 0),
                Column("the disk alone: p99 ms", "disk_p99_ms", 2),
            ],
            members=200,
            speakers=20,
            messages=2_000,
            rate=200,
            encrypted=encrypted,
        )
        self._beside = beside

    def cases(self, bench: Bench) -> list[str]:
        can = bench.programs.tls or not self.encrypted
        return [self._beside.quiet, *self._beside.asking] if can else []

    def run(self, bench: Bench, case: str) -> Metrics:
        server = GroupChat(encrypted=self.encrypted, ledger=bench.stored)
        ask = self._beside.asking.get(case)
        disk = syncs_now(bench.scratch, bench.scale)
        with (
            server.running(bench.scratch) as running,
            self.begin(bench, running, server) as load,
        ):
            answers = self._ask(running, load, ask) if ask else 0.0
            metrics = self.end(load)
        disk += syncs_now(bench.scratch, bench.scale)
        return {**metrics, "answers_s": answers, "disk_p99_ms": p99(disk)}

    def _ask(self, running: Running, load: subprocess.Popen[str], ask: Ask) -> float:
        """Ask until the load ends. Returns the answers in a second."""
        begin, answers = time.monotonic(), 0
        before: int | None = None
        with Member(running.port, "asker", encrypted=self.encrypted) as asker:
            while load.poll() is None:
                before = ask(asker, before)
                answers += 1
        return answers / (time.monotonic() - begin)


def _page(member: Member, before: int | None) -> int | None:
    first: int = member.history(before or member.room["head"])[0]["id"]
    return first if first > member.room["first"] else None


def _searches(text: str) -> Ask:
    return lambda member, before: member.search(text, before)


_HISTORY = Beside("nobody reads", {READING: _page})
_SEARCH = Beside(
    "nobody searches", {SEARCHING: _searches("zebra"), SEARCHING_UNICODE: _searches("жираф")}
)
_LIVE = "200 members, 200 messages a second"
HISTORY = BesideOne("history", f"{_LIVE}, beside a long history", _HISTORY)
HISTORY_TLS = BesideOne(
    "history-tls", f"{_LIVE}, beside a long history, over TLS", _HISTORY, encrypted=True
)
SEARCH = BesideOne("search", f"{_LIVE}, beside a search that finds nothing", _SEARCH)
