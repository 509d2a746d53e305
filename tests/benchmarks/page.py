"""
The results as people read them: the tables, the plot, and the part of docs/performance.rst that the
command writes itself.
"""

from __future__ import annotations

import statistics
from pathlib import Path

from tests.benchmarks import plot
from tests.benchmarks.beside import HISTORY, HISTORY_TLS, SEARCH
from tests.benchmarks.devices import DEVICES
from tests.benchmarks.flood import GARBAGE_INPUT
from tests.benchmarks.loads import FANOUT, FANOUT_TLS, SIZE, WEB, Load, OpenLoop
from tests.benchmarks.nodes import NODES
from tests.benchmarks.restart import RESTART
from tests.benchmarks.results import Results, simple_table
from tests.benchmarks.retention import RETENTION
from tests.benchmarks.servers import BEFORE
from tests.benchmarks.stored import RESUME

LOADS: list[Load] = [
    *FANOUT,
    *FANOUT_TLS,
    *WEB,
    *NODES,
    *SIZE,
    RESTART,
    HISTORY,
    HISTORY_TLS,
    SEARCH,
    RETENTION,
    DEVICES,
    RESUME,
    GARBAGE_INPUT,
]
_COMPARED = {
    "deliveries/s": "deliveries_s",
    "CPU a delivery": "cpu_us",
    "user CPU a delivery": "user_us",
    "p99": "p99_ms",
}
PAGE = Path(__file__).parents[2] / "docs" / "performance.rst"
BEGIN, END = ".. begin of the results\n", ".. end of the results\n"


def report(results: Results) -> str:
    """All tables, in reStructuredText."""
    parts = [_machine(results)]
    for load in LOADS:
        if results.cases(load.name):
            parts.append(f"**{load.name}**: {load.title}\n\n{results.table(load)}")
    if against := _against(results):
        parts.append(f"**Against the version before**: ratios within each round\n\n{against}")
    parts += [f"Not measured: {name} ({why})." for name, why in results.skipped.items()]
    parts += [f"Failed: {what}." for what in results.failed]
    return "\n\n".join(parts) + "\n"


def _against(results: Results) -> str:
    """A table of this version's ratios to another one; "" where there was none."""
    rows = [
        [f"{load.name}, {case}", *(_ratios(results, load.name, case))]
        for load in LOADS
        for case in results.cases(load.name)
        if case + BEFORE in results.cases(load.name)
    ]
    return simple_table([["", *_COMPARED], *rows]) if rows else ""


def _ratios(results: Results, load: str, case: str) -> list[str]:
    """The median of each ratio, and its range over the rounds."""
    cells = []
    for metric in _COMPARED.values():
        ratios = results.ratios(load, case, metric, case + BEFORE)
        cells.append(f"{statistics.median(ratios):.3f} ({min(ratios):.2f} to {max(ratios):.2f})")
    return cells


def _machine(results: Results) -> str:
    rows = [["Measured on", ""], *([name, fact] for name, fact in results.machine.items())]
    return simple_table([*rows, ["rounds", str(results.rounds)]], right=False)


def write(results: Results, folder: Path) -> list[Path]:
    """Write the results, the tables and the plot into a folder. Returns what was written."""
    folder.mkdir(parents=True, exist_ok=True)
    data, tables, picture = (folder / f"performance.{kind}" for kind in ("json", "txt", "svg"))
    results.save(data)
    tables.write_text(report(results))
    picture.write_text(_picture(results))
    return [data, tables, picture]


def _picture(results: Results) -> str:
    loads = [*FANOUT, *FANOUT_TLS]
    amounts = [load for load in loads if not isinstance(load, OpenLoop)]
    return plot.draw(results, amounts, [load for load in loads if isinstance(load, OpenLoop)])


def renew(results: Results, page: Path = PAGE) -> list[Path]:
    """
    Put the tables into the page, between its two marks, and the results and the plot beside it.
    """
    before, begin, rest = page.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    assert begin and end, f"{page} has lost its marks"
    data, picture = page.with_suffix(".json"), page.with_suffix(".svg")
    plot = (
        f".. image:: {picture.name}\n"
        "   :alt: Deliveries a second, and latencies, of groupchat and of others\n"
    )
    page.write_text(f"{before}{begin}\n{plot}\n{report(results)}\n{end}{after}")
    results.save(data)
    picture.write_text(_picture(results))
    return [page, data, picture]
