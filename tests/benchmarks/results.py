"""
The results: for each load and case the metrics of each round, their medians and ratios.
"""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

from tests.benchmarks.loads import Column, Load, Metrics


class Results:
    """
    :ivar machine: on which it was measured.
    :ivar rounds: how many there are.
    :ivar skipped: cases that could not be measured, and why.
    :ivar failed: loads of cases that did not deliver everything, and what became of it. One
        failure is enough.
    """

    def __init__(self, machine: dict[str, Any], rounds: int, skipped: dict[str, str]) -> None:
        self.machine = machine
        self.rounds = rounds
        self.skipped = skipped
        self.failed: dict[str, str] = {}
        self.measured: dict[str, dict[str, list[Metrics]]] = {}

    def add(self, load: str, case: str, metrics: Metrics) -> None:
        if f"{load}, {case}" not in self.failed:
            self.measured.setdefault(load, {}).setdefault(case, []).append(metrics)

    def fail(self, load: str, case: str, why: str) -> None:
        """Drop the metrics of all rounds: a case that does not deliver everything has none."""
        self.failed[f"{load}, {case}"] = why
        self.measured.get(load, {}).pop(case, None)

    def cases(self, load: str) -> list[str]:
        """Those measured, in the order of the table; none where the load was not run."""
        return list(self.measured.get(load, {}))

    def median(self, load: str, case: str, metric: str) -> float:
        return statistics.median(round_[metric] for round_ in self.measured[load][case])

    def ratio(self, load: str, case: str, metric: str, over: str) -> float | None:
        """
        The median of the ratios within each round: a machine that drifts from round to round does
        not change them. None where there is nothing to divide by.
        """
        return _median(self.ratios(load, case, metric, over))

    def ratios(self, load: str, case: str, metric: str, over: str) -> list[float]:
        """Those of each round; none where there is nothing to divide by."""
        pairs = self._pairs(load, case, metric, over)
        return [one / other if other else 0.0 for one, other in pairs]

    def difference(self, load: str, case: str, metric: str, less: str) -> float | None:
        """The same of the differences."""
        return _median([one - other for one, other in self._pairs(load, case, metric, less)])

    def _pairs(self, load: str, case: str, metric: str, to: str) -> list[tuple[float, float]]:
        rounds = self.measured[load]
        if to not in rounds:
            return []
        return [
            (one[metric], other[metric])
            for one, other in zip(rounds[case], rounds[to], strict=True)
        ]

    def cell(self, load: str, case: str, column: Column) -> str:
        """As a table shows it."""
        if column.less:
            more = self.difference(load, case, column.metric, column.less)
            return "" if more is None else f"{more:,.{column.digits}f}"
        if not column.over:
            return f"{self.median(load, case, column.metric):,.{column.digits}f}"
        ratio = self.ratio(load, case, column.metric, column.over)
        return "" if ratio is None else f"{ratio:.{column.digits}f}"

    def table(self, load: Load) -> str:
        """A table in reStructuredText, which a terminal shows as well."""
        head = ["", *(column.heading for column in load.columns)]
        rows = [
            [name, *(self.cell(load.name, name, column) for column in load.columns)]
            for name in self.cases(load.name)
        ]
        return simple_table([head, *rows])

    # On disk.

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(vars(self), indent=1) + "\n")

    @classmethod
    def read(cls, path: Path) -> Results:
        results = cls({}, 0, {})
        vars(results).update(json.loads(path.read_text()))
        return results


def _median(values: list[float]) -> float | None:
    return statistics.median(values) if values else None


def simple_table(rows: list[list[str]], right: bool = True) -> str:
    """A simple table of reStructuredText, the first row its head; numbers stand to the right."""
    widths = [max(2, *map(len, column)) for column in zip(*rows, strict=True)]
    rule = "  ".join("=" * width for width in widths)

    def line(row: list[str]) -> str:
        others = (
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width in zip(row[1:], widths[1:], strict=True)
        )
        return "  ".join([(row[0] or "..").ljust(widths[0]), *others]).rstrip()

    return "\n".join([rule, line(rows[0]), rule, *map(line, rows[1:]), rule])
