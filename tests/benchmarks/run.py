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
from tests.benchmarks.build import build
from tests.benchmarks.loads import Bench, Load, Metrics, NotDelivered
from tests.benchmarks.results import Results
from tests.benchmarks.servers import DidNotStart, all_servers
from tests.benchmarks.stored import HISTORY, RESUME


def run(
    folder: Path,
    loads: list[Load],
    rounds: int,
    scale: float,
    stored: int,
    progress: Callable[[str], None],
    only: list[str] | None = None,
) -> Results:
    """
    Measure.

    :param folder: for programs, configurations and ledgers.
    :param stored: messages in the long ledger.
    :param only: servers to measure; otherwise all that are here.
    """
    programs = build(folder)
    all_ = [server for server in all_servers(programs) if only is None or server.name in only]
    skipped = {server.name: server.missing() for server in all_ if server.missing()}
    for name, why in skipped.items():
        progress(f"{name} is skipped: {why}")
    servers = {server.name: server for server in all_ if not server.missing()}
    bench = Bench(programs, servers, folder / "long.db", scale, folder)
    if HISTORY in loads or RESUME in loads:
        ledger.build(bench.stored, stored, progress)
    results = Results(machine.facts(folder), rounds, skipped)
    with _many_files():
        for number, load, case in _plan(bench, loads, rounds):
            try:
                metrics = load.run(bench, case)
            except (NotDelivered, DidNotStart) as why:
                results.fail(load.name, case, str(why))
                told = f"FAILED: {why}"
            else:
                results.add(load.name, case, metrics)
                told = _told(load, metrics)
            progress(f"round {number} of {rounds}, {load.name}, {case}: {told}")
    return results


def _plan(bench: Bench, loads: list[Load], rounds: int) -> Iterator[tuple[int, Load, str]]:
    for number in range(1, rounds + 1):
        for load in loads:
            cases = load.cases(bench)
            for case in cases if number % 2 else cases[::-1]:
                yield number, load, case


def _told(load: Load, metrics: Metrics) -> str:
    columns = [column for column in load.columns if not column.over]
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
