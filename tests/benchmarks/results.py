"""
What was measured: for each load and contestant the measures of each round; medians of them, and
ratios.
"""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

from tests.benchmarks.loads import Column, Load, Measures


class Results:
    """
    :ivar machine: on which it was measured.
    :ivar rounds: how many there are.
    :ivar skipped: contestants that could not be measured, and why.
    :ivar failed: loads of contestants that did not deliver everything, and what became of it. One
        failure is enough.
    """

    def __init__(self, machine: dict[str, Any], rounds: int, skipped: dict[str, str]) -> None:
        self.machine = machine
        self.rounds = rounds
        self.skipped = skipped
        self.failed: dict[str, str] = {}
        self._measured: dict[str, dict[str, list[Measures]]] = {}

    def add(self, load: str, contestant: str, measures: Measures) -> None:
        if f"{load}, {contestant}" not in self.failed:
            self._measured.setdefault(load, {}).setdefault(contestant, []).append(measures)

    def fail(self, load: str, contestant: str, why: str) -> None:
        """What does not deliver everything has no measures, those of other rounds included."""
        self.failed[f"{load}, {contestant}"] = why
        self._measured.get(load, {}).pop(contestant, None)

    def contestants(self, load: str) -> list[str]:
        """Those measured, in the order of the table; none where the load was not run."""
        return list(self._measured.get(load, {}))

    def median(self, load: str, contestant: str, measure: str) -> float:
        return statistics.median(round_[measure] for round_ in self._measured[load][contestant])

    def ratio(self, load: str, contestant: str, measure: str, over: str) -> float | None:
        """
        The median of the ratios within each round: a machine that drifts from round to round does
        not change them. None where there is nothing to divide by.
        """
        rounds = self._measured[load]
        if over not in rounds:
            return None
        pairs = zip(rounds[contestant], rounds[over], strict=True)
        return statistics.median(
            one[measure] / other[measure] if other[measure] else 0.0 for one, other in pairs
        )

    def cell(self, load: str, contestant: str, column: Column) -> str:
        """As a table shows it."""
        if not column.over:
            return f"{self.median(load, contestant, column.measure):,.{column.digits}f}"
        ratio = self.ratio(load, contestant, column.measure, column.over)
        return "" if ratio is None else f"{ratio:.{column.digits}f}"

    def table(self, load: Load) -> str:
        """A table in reStructuredText, which a terminal shows as well."""
        head = ["", *(column.heading for column in load.columns)]
        rows = [
            [name, *(self.cell(load.name, name, column) for column in load.columns)] for name in self.contestants(load.name)
        ]  # fmt: skip
        return simple_table([head, *rows])

    # On disk.

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(vars(self), indent=1) + "\n")

    @classmethod
    def read(cls, path: Path) -> Results:
        results = cls({}, 0, {})
        vars(results).update(json.loads(path.read_text()))
        return results


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
