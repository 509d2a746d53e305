"""
A restart: thousands of members lose their server and come back, while those who are back already
talk.
"""

from __future__ import annotations

import math
import subprocess
import tempfile
from pathlib import Path
from typing import IO, NamedTuple

from tests.benchmarks.disk import p99, syncs_now
from tests.benchmarks.loads import Bench, Column, Metrics, NotDelivered, outcome
from tests.benchmarks.servers import GroupChat, free_port

MEMBERS = 2_000
JITTER = 2.0  #: seconds within which all connect again, as groupchat-connect does


class Case(NamedTuple):
    """
    :ivar rooms: that the members are in, each in one.
    :ivar rate: live messages a second, in all rooms together.
    """

    encrypted: bool
    rooms: int = 40
    rate: int = 50
    jitter: float = JITTER


WITHOUT_TLS, WITH_TLS = "without TLS", "TLS"
CASES = {
    WITHOUT_TLS: Case(False),
    WITH_TLS: Case(True),
    "TLS, all at once": Case(True, jitter=0),
    "TLS, one room": Case(True, rooms=1, rate=5),
}


class Restart:
    """
    All members come back, with what they know, to a server with the default limits.

    :param cases: only these.
    """

    name = "restart-tls"
    title = f"{MEMBERS:,} members come back after a restart, and messages are live meanwhile"
    long_ledger = False
    columns = [
        Column("all back, s", "back_s", 2),
        Column("live p50 ms", "live_p50_ms", 2),
        Column("live p99 ms", "live_p99_ms", 2),
        Column("longest ms", "live_longest_ms", 1),
        Column("connections", "tries", 0),
        Column("server CPU", "server_cpu", 2),
        Column("the disk alone: p99 ms", "disk_p99_ms", 2),
    ]

    def __init__(self, cases: list[str] | None = None) -> None:
        self._cases = cases or list(CASES)

    def cases(self, bench: Bench) -> list[str]:
        return [name for name in self._cases if bench.programs.tls or not CASES[name].encrypted]

    def run(self, bench: Bench, case: str) -> Metrics:
        server = GroupChat(encrypted=CASES[case].encrypted, options={"tls-share": ""})
        disk = syncs_now(bench.scratch, bench.scale)
        with tempfile.TemporaryDirectory(prefix="groupchat-benchmark-", dir=bench.scratch) as place:
            metrics = _measure(bench, case, server, Path(place))
        disk += syncs_now(bench.scratch, bench.scale)
        return {**metrics, "disk_p99_ms": p99(disk)}


def _measure(bench: Bench, case: str, server: GroupChat, folder: Path) -> Metrics:
    port = free_port()
    with server.started(folder, port):
        load = _begin(bench, CASES[case], port)
        _wait_until_all_are_in(load)
    with server.started(folder, port) as again:
        _pipe(load.stdin).write(f"{again.pid}\n")
        return outcome(load)


def _begin(bench: Bench, case: Case, port: int) -> subprocess.Popen[str]:
    rooms = max(1, round(case.rooms * math.sqrt(bench.scale)))
    members = max(2 * rooms, round(MEMBERS * math.sqrt(bench.scale)))
    sizes = {"-p": port, "-n": members, "-r": rooms, "-R": case.rate, "-j": case.jitter}
    words = [str(word) for option in sizes.items() for word in option]
    return subprocess.Popen(
        [str(bench.programs.restart), *words, *(["-e"] if case.encrypted else [])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _wait_until_all_are_in(load: subprocess.Popen[str]) -> None:
    if _pipe(load.stdout).readline() != "in\n":
        raise NotDelivered(f"not all came in: {_pipe(load.stderr).read()}")


def _pipe(end: IO[str] | None) -> IO[str]:
    assert end is not None
    return end


RESTART = Restart()
