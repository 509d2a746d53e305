"""
A run: everything compiled, every load given to every contestant, in turn, round after round.

The second round goes backwards, and so on: who comes first while a machine is still cool comes last when it is warm.
"""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks import ledger, machine
from tests.benchmarks.build import build
from tests.benchmarks.loads import Bench, Load
from tests.benchmarks.results import Results
from tests.benchmarks.servers import everyone
from tests.benchmarks.stored import HISTORY, STORE


def run(
    folder: Path, loads: list[Load], rounds: int, scale: float, stored: int, progress: Callable[[str], None],
    only: list[str] | None = None,
) -> Results:  # fmt: skip
    """
    Measure.

    :param folder: for programs, configurations and ledgers.
    :param stored: messages in the long ledger.
    :param only: servers to measure; otherwise all that are here.
    """
    _allow_files()
    programs = build(folder)
    all_ = [server for server in everyone(programs) if only is None or server.name in only]
    skipped = {server.name: server.missing() for server in all_ if server.missing()}
    for name, why in skipped.items():
        progress(f"{name} is skipped: {why}")
    servers = {server.name: server for server in all_ if not server.missing()}
    bench = Bench(programs, servers, folder / "long.db", scale, folder)
    if HISTORY in loads or STORE in loads:
        ledger.build(bench.stored, stored, progress)
    results = Results(machine.facts(folder), rounds, skipped)
    for number, load, contestant in _plan(bench, loads, rounds):
        measures = load.run(bench, contestant)
        results.add(load.name, contestant, measures)
        progress(f"round {number} of {rounds}, {load.name}, {contestant}: {_told(load, measures)}")
    return results


def _plan(bench: Bench, loads: list[Load], rounds: int) -> Iterator[tuple[int, Load, str]]:
    for number in range(1, rounds + 1):
        for load in loads:
            contestants = load.contestants(bench)
            for contestant in contestants if number % 2 else contestants[::-1]:
                yield number, load, contestant


def _told(load: Load, measures: dict[str, Any]) -> str:
    told = {column.heading: f"{measures[column.measure]:,.{column.digits}f}" for column in load.columns if not column.over}
    return ", ".join(f"{heading} {figure}" for heading, figure in told.items())


def _allow_files() -> None:
    """A connection is a file: let what we start open as many as it may."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
