"""
The plot: one picture in SVG, drawn by hand, that can be read on a light page and on a dark one.

At the top a panel of bars for each load that asks how much, in the order of the table, each with
the ratio to the epoll baseline; below one line for each server that asks how long: from p50 to p99.
"""

from __future__ import annotations

from html import escape

from tests.benchmarks.loads import Fanout
from tests.benchmarks.results import Results
from tests.benchmarks.servers import BASELINE, BASELINE_JSON, OURS, TLS

WIDTH, MARGIN, GAP = 920, 32, 40
ROW = 24  #: from one bar to the next
BAR = 14
NAMES = 132  #: for the names of a panel
FIGURES = 104  #: for what stands behind a bar

_STYLE = """
svg { font: 13px system-ui, "Segoe UI", "DejaVu Sans", sans-serif }
.page { fill: #ffffff } .text { fill: #1f2328 } .soft { fill: #656d76 } .grid { stroke: #d8dee4 }
.ours { fill: #0a69da } .also { fill: #7fb3ee } .baseline { fill: #57606a } .peer { fill: #b7bfc8 }
.title { font-size: 17px; font-weight: 600 } .head { font-weight: 600 }
.small { font-size: 11.5px } .right { text-anchor: end }
@media (prefers-color-scheme: dark) {
.page { fill: #0d1117 } .text { fill: #e6edf3 } .soft { fill: #8d96a0 } .grid { stroke: #30363d }
.ours { fill: #4c9bf5 } .also { fill: #2b5c95 } .baseline { fill: #9ea7b3 } .peer { fill: #4a525c }
}
"""


def draw(results: Results, amounts: list[Fanout], times: list[Fanout]) -> str:
    """
    The whole picture.

    :param amounts: loads of which deliveries a second are shown.
    :param times: loads of which latencies are shown.
    """
    amounts = [load for load in amounts if results.cases(load.name)]
    times = [load for load in times if results.cases(load.name)]
    canvas = _Canvas()
    rounds = "one round" if results.rounds == 1 else f"medians of {results.rounds} rounds"
    canvas.text(MARGIN, 40, "Messages delivered in a second", "text title")
    canvas.text(
        MARGIN, 60, f"{rounds}; behind each bar its ratio to the epoll baseline", "soft small"
    )
    wide = (WIDTH - 2 * MARGIN - GAP) // 2
    top = 92
    for pair in (amounts[number : number + 2] for number in range(0, len(amounts), 2)):
        top = max(
            _bars(canvas, results, load, MARGIN + (wide + GAP) * place, top, wide)
            for place, load in enumerate(pair)
        )
    for load in times:
        top = _ranges(canvas, results, load, top + 12)
    machine = results.machine
    canvas.text(
        MARGIN,
        top + 8,
        f"{machine['processor']}; {machine['kernel']}; Python {machine['Python']}",
        "soft small",
    )
    return canvas.svg(top + 30)


def _bars(canvas: _Canvas, results: Results, load: Fanout, x: int, y: int, width: int) -> int:
    """A panel of bars. Returns where it ends."""
    canvas.text(x, y, load.title, "text head small")
    names = results.cases(load.name)
    values = {name: results.median(load.name, name, "deliveries_s") for name in names}
    room = (width - NAMES - FIGURES) / max(values.values())
    y += 14
    for name, value in values.items():
        baseline = BASELINE_JSON + TLS if load.encrypted else BASELINE
        ratio = results.ratio(load.name, name, "deliveries_s", baseline)
        end = x + NAMES + max(2.0, value * room)
        canvas.text(
            x + NAMES - 8,
            y + 12,
            name,
            "text small right" if name == OURS else "soft small right",
        )
        canvas.bar(
            x + NAMES, y + 1, end - x - NAMES, _kind(name), f"{name}: {value:,.0f} deliveries/s"
        )
        canvas.text(
            end + 7, y + 12, short(value) + (f"   × {ratio:.2f}" if ratio else ""), "text small"
        )
        y += ROW
    return y + 30


def _ranges(canvas: _Canvas, results: Results, load: Fanout, y: int) -> int:
    """Latencies: a line from p50 to p99 for each server. Returns where it ends."""
    canvas.text(MARGIN, y, "How long one delivery takes", "text title")
    canvas.text(
        MARGIN,
        y + 20,
        f"{load.title}; from the median to the 99th percentile, in milliseconds",
        "soft small",
    )
    spans = {
        name: (results.median(load.name, name, "p50_ms"), results.median(load.name, name, "p99_ms"))
        for name in results.cases(load.name)
    }
    longest = max(high for _, high in spans.values())
    left, room = MARGIN + NAMES, (WIDTH - 2 * MARGIN - NAMES - FIGURES) / longest
    y += 38
    step = _step(longest)
    for tick in range(int(longest / step) + 1):
        at = left + tick * step * room
        canvas.line(at, y, at, y + ROW * len(spans) + 2)
        canvas.text(at, y + ROW * len(spans) + 17, f"{tick * step:g}", "soft small middle")
    for name, (low, high) in spans.items():
        canvas.text(
            left - 8,
            y + 15,
            name,
            "text small right" if name == OURS else "soft small right",
        )
        canvas.bar(
            left + low * room,
            y + 8,
            max(2.0, (high - low) * room),
            _kind(name),
            f"{name}: {low:.2f} to {high:.2f} ms",
            6,
        )
        canvas.dot(left + low * room, y + 11, _kind(name))
        canvas.text(left + high * room + 9, y + 15, f"{low:.1f} to {high:.1f}", "text small")
        y += ROW
    return y + 44


def _kind(name: str) -> str:
    if name == OURS:
        return "ours"
    return "also" if name.startswith(OURS) else "baseline" if name.startswith(BASELINE) else "peer"


def _step(most: float) -> float:
    """A round distance between ticks, for four to ten of them."""
    step = 0.001
    while True:
        for factor in (1, 2, 5):
            if most / (step * factor) <= 10:
                return step * factor
        step *= 10


def short(value: float) -> str:
    """A large number as people say it."""
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:#.3g}".rstrip(".") + f" {unit}"
    return f"{value:.0f}"


class _Canvas:
    """Shapes, gathered."""

    def __init__(self) -> None:
        self._shapes: list[str] = []

    def text(self, x: float, y: float, words: str, kind: str) -> None:
        self._shapes.append(
            f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" '
            f'xml:space="preserve">{escape(words)}</text>'
        )

    def bar(
        self, x: float, y: float, width: float, kind: str, title: str, height: int = BAR
    ) -> None:
        self._shapes.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height}" '
            f'rx="2.5" class="{kind}">'
            f"<title>{escape(title)}</title></rect>"
        )

    def dot(self, x: float, y: float, kind: str) -> None:
        self._shapes.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5.5" class="{kind}"/>')

    def line(self, x: float, y: float, to_x: float, to_y: float) -> None:
        self._shapes.append(
            f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" class="grid"/>'
        )

    def svg(self, height: float) -> str:
        shapes = "\n".join(self._shapes)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:.0f}" '
            f'viewBox="0 0 {WIDTH} {height:.0f}"'
            f' role="img" aria-label="Deliveries a second and latencies of groupchat and others">\n'
            f"<style>{_STYLE}.middle {{ text-anchor: middle }}\n</style>\n"
            f'<rect width="{WIDTH}" height="{height:.0f}" rx="8" class="page"/>\n{shapes}\n</svg>\n'
        )
