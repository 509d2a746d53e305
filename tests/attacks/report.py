"""
The outcome of each attack, as a line of a table.
"""

from __future__ import annotations

from typing import Any

from tests.attacks.run import Memory, Outcome

_COLUMNS = (
    "attack",
    "quiet p99",
    "p50",
    "p99",
    "max",
    "newcomer",
    "CPU %",
    "RSS KiB",
    "what it did",
)
_FORM = "{:<15} {:>9} {:>7} {:>7} {:>7} {:>8} {:>6} {:>8}  {}"
HEAD = "All times in milliseconds.\n\n" + _FORM.format(*_COLUMNS)


def row(outcome: Outcome) -> str:
    """One line, and one more for each bound that is not met."""
    name = outcome.attack.name
    if outcome.skipped:
        return f"{name:<15} skipped: {outcome.skipped}"
    lines = []
    if outcome.quiet and outcome.under:
        under = outcome.under
        times = [
            outcome.quiet.quantile(0.99),
            *(under.quantile(share) for share in (0.5, 0.99, 1.0)),
            under.join,
        ]
        figures = [f"{time:.1f}" for time in times]
        lines.append(
            _FORM.format(
                name,
                *figures,
                f"{outcome.cpu:.0%}"[:-1],
                f"{outcome.grown:+}",
                _done(outcome.report),
            )
        )
    return "\n".join(lines + [f"{name:<15} NOT MET: {fault}" for fault in outcome.faults])


def _done(report: dict[str, Any]) -> str:
    if "opened" in report:
        return f"{report['opened'] / report['seconds']:,.0f} connections/s"
    return ", ".join(f"{value:,} {what}" for what, value in report.items())


def told(memory: Memory) -> str:
    """Returns a report on what many connections have left behind."""
    before, after = memory.before, memory.after
    lines = [
        f"{'memory':<15} {memory.count:,} connections: "
        f"{before.memory:,} KiB before, {after.memory:,} after; descriptors "
        f"{before.descriptors}, {after.descriptors}; threads {before.threads}, {after.threads}",
        *(
            f"{'memory':<15} {what}: {count} before, {after.counts[what]} after"
            for what, count in before.counts.items()
        ),
    ]
    return "\n".join(lines + [f"{'memory':<15} NOT MET: {fault}" for fault in memory.faults])
