"""
A run: everything compiled, every load given to every case, in turn, round after round.

The second round goes backwards, and so on: who comes first while a machine is still cool comes last
when it is warm.
"""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks import ledger, machine
from tests.benchmarks.build import Programs, build
from tests.benchmarks.irc import Inspircd, Ngircd
from tests.benchmarks.loads import Bench, Load, Metrics, NotDelivered
from tests.benchmarks.member import NotAnswered
from tests.benchmarks.nodes import GroupChatNodes
from tests.benchmarks.results import Results
from tests.benchmarks.servers import (
    BASELINE,
    BASELINE_JSON,
    THREAD_PER_CLIENT,
    TLS,
    DidNotStart,
    GroupChat,
    Program,
    Server,
)


def run(
    folder: Path,
    loads: list[Load],
    rounds: int,
    scale: float,
    stored: int,
    progress: Callable[[str], None],
    only: list[str] | None = None,
    before: Path | None = None,
) -> Results:
    """
    Measure.

    :param folder: for programs, configurations and ledgers.
    :param stored: messages in the long ledger.
    :param only: cases to measure; otherwise all that can be measured here.
    :param before: the Python of an environment with another version of ours.
    """
    programs = build(folder)
    all_ = all_servers(programs, before)
    skipped = {
        server.name: why
        for server in all_
        if only is None or server.name in only
        if (why := _missing(server, programs))
    }
    for name, why in skipped.items():
        progress(f"{name} is skipped: {why}")
    servers = {server.name: server for server in all_ if not _missing(server, programs)}
    bench = Bench(programs, servers, folder / "long.db", scale, folder)
    if any(load.long_ledger for load in loads):
        ledger.build(bench.stored, stored, progress)
    results = Results(machine.facts(folder), rounds, skipped)
    with _many_files():
        for number, load, case in _plan(bench, loads, rounds, only):
            try:
                metrics = load.run(bench, case)
            except (NotDelivered, DidNotStart, NotAnswered) as why:
                results.fail(load.name, case, str(why))
                told = f"FAILED: {why}"
            else:
                results.add(load.name, case, metrics)
                told = _told(load, metrics)
            progress(f"round {number} of {rounds}, {load.name}, {case}: {told}")
    return results


def all_servers(programs: Programs, before: Path | None = None) -> list[Server]:
    """
    Returns all that there are, those that can't be measured here included.

    :param before: the Python of an environment with another version of ours, which is measured in
        turn with this one.
    """

    pythons = [None, before] if before else [None]

    def ours(wire: str = "json", encrypted: bool = False) -> list[Server]:
        return [GroupChat(wire, encrypted, python=python) for python in pythons]

    return [
        *ours(),
        *ours("plain"),
        *ours("websocket"),
        *ours("event-stream"),
        *(GroupChatNodes(count, python) for count in (1, 2) for python in pythons),
        Program(BASELINE, programs.baseline, "baseline"),
        Program(BASELINE_JSON, programs.baseline, "json"),
        Ngircd(),
        Inspircd(),
        Program(THREAD_PER_CLIENT, programs.thread_per_client, "threads"),
        *ours(encrypted=True),
        Program(BASELINE_JSON + TLS, programs.baseline, "json", encrypted=True),
        Ngircd(encrypted=True),
        Inspircd(encrypted=True),
    ]


def _missing(server: Server, programs: Programs) -> str:
    """Returns why a server can't be measured on this machine; "" where it can."""
    if server.encrypted and not programs.tls:
        return "needs OpenSSL's headers: install libssl-dev"
    return server.missing()


def _plan(
    bench: Bench, loads: list[Load], rounds: int, only: list[str] | None
) -> Iterator[tuple[int, Load, str]]:
    for number in range(1, rounds + 1):
        for load in loads:
            cases = [case for case in load.cases(bench) if only is None or case in only]
            for case in cases if number % 2 else cases[::-1]:
                yield number, load, case


def _told(load: Load, metrics: Metrics) -> str:
    columns = [column for column in load.columns if not column.over + column.less]
    return ", ".join(
        f"{column.heading} {metrics[column.metric]:,.{column.digits}f}" for column in columns
    )


@contextmanager
def _many_files() -> Iterator[None]:
    """A connection is a file: what is started meanwhile may open as many as it ever may."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
