"""
An animated SVG of what terminals show: each row that is ever seen stands in it once, and CSS shows
it at its times. It has no script and refers to nothing outside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from xml.sax.saxutils import escape

from tests.recording.cells import Row, Run, Style

__all__ = ["Film", "Frame"]

_CELL, _LINE, _MARGIN = 8, 18, 12  #: pixels
_INK, _PAPER, _RULE = "#d5dae1", "#11161d", "#39424e"
_FONT = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"


@dataclass(frozen=True)
class Frame:
    """
    The rows that are seen for a while.

    :ivar milliseconds: how long.
    :ivar still: whether a viewer without animations shows this one.
    """

    milliseconds: int
    rows: tuple[Row, ...]
    still: bool = False


@dataclass
class Film:
    """
    Frames, one after the other, again and again.

    :ivar columns: of the terminals.
    :ivar titles: of the terminals, by the row above which each stands.
    """

    columns: int
    titles: dict[int, str]
    frames: list[Frame] = field(default_factory=list)

    def svg(self) -> str:
        """Returns the picture."""
        height = self._top(len(self.frames[0].rows)) + _MARGIN
        width = self.columns * _CELL + 2 * _MARGIN
        drawing = _Drawing(sum(frame.milliseconds for frame in self.frames))
        body = [*self._titles(width), *self._rows(drawing)]
        return "\n".join(
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
                f'width="{width}" height="{height}">',
                f"<style>{drawing.css()}</style>",
                f'<rect width="{width}" height="{height}" rx="8" fill="{_PAPER}"/>',
                *body,
                "</svg>\n",
            )
        )

    def _top(self, row: int) -> int:
        """Returns where a row begins: titles stand between rows."""
        return _MARGIN + _LINE * (row + sum(1 for at in self.titles if at <= row))

    def _titles(self, width: int) -> Iterator[str]:
        for row, title in self.titles.items():
            y = self._top(row) - 5
            yield f'<text class="t" x="{_MARGIN}" y="{y}">{escape(title)}</text>'
            if row:
                y -= _LINE - 4
                yield f'<path stroke="{_RULE}" d="M0 {y}H{width}"/>'

    def _rows(self, drawing: _Drawing) -> Iterator[str]:
        for number in range(len(self.frames[0].rows)):
            for row, times, still in self._seen(number):
                if any(run.text.strip() or _fill(run.style) for run in row):
                    y = self._top(number)
                    shown = drawing.shown(times, still)
                    yield f'<g{shown} transform="translate({_MARGIN} {y})">{drawing.row(row)}</g>'

    def _seen(self, number: int) -> Iterator[tuple[Row, list[tuple[int, int]], bool]]:
        """Each content of a row, when it is seen, and whether the still shows it."""
        found: dict[Row, list[tuple[int, int]]] = {}
        stills: set[Row] = set()
        now = 0
        for row, frames in groupby(self.frames, lambda frame: frame.rows[number]):
            begin = now
            for frame in frames:
                now += frame.milliseconds
                if frame.still:
                    stills.add(row)
            found.setdefault(row, []).append((begin, now))
        for row, times in found.items():
            yield row, times, row in stills


class _Drawing:
    """
    The rules of CSS that are needed so far.

    :param length: milliseconds.
    """

    def __init__(self, length: int) -> None:
        self._length = length
        self._styles: dict[Style, str] = {}
        self._times: dict[tuple[tuple[tuple[int, int], ...], bool], str] = {}

    def shown(self, times: Iterable[tuple[int, int]], still: bool) -> str:
        """Returns the attribute of what is seen at these times."""
        key = (tuple(times), still)
        if key[0] == ((0, self._length),):
            return ""
        return f' class="{self._times.setdefault(key, f"k{len(self._times)}")}"'

    def row(self, row: Row) -> str:
        """Returns the elements of a row."""
        return "".join(self._run(run) for run in row)

    def _run(self, run: Run) -> str:
        x, width = run.column * _CELL, run.width * _CELL
        fill = _fill(run.style)
        drawn = f'<rect x="{x}" width="{width}" height="{_LINE}" fill="{fill}"/>' if fill else ""
        if run.text.strip():
            before = len(run.text) - len(run.text.lstrip())
            after = len(run.text) - len(run.text.rstrip())
            place = f'x="{x + before * _CELL}" textLength="{width - (before + after) * _CELL}"'
            text = escape(run.text.strip())
            drawn += f'<text{self._style(run.style)} {place} y="13">{text}</text>'
        return drawn

    def _style(self, style: Style) -> str:
        if style == Style():
            return ""
        return f' class="{self._styles.setdefault(style, f"s{len(self._styles)}")}"'

    def css(self) -> str:
        """Returns all rules."""
        return "".join(self._rules())

    def _rules(self) -> Iterator[str]:
        yield f"text{{font:14px {_FONT};fill:{_INK};white-space:pre}}"
        yield ".t{font-size:11px;fill:#8b97a5}"
        for style, name in self._styles.items():
            yield f".{name}{{{_declarations(style)}}}"
        for (times, still), name in self._times.items():
            seconds = self._length / 1000
            hidden = "" if still else "visibility:hidden;"
            yield f".{name}{{{hidden}animation:{name} {seconds:g}s step-end infinite}}"
            yield f"@keyframes {name}{{{''.join(self._keyframes(times))}}}"
        yield "@media(prefers-reduced-motion:reduce){g{animation:none!important}}"

    def _keyframes(self, times: tuple[tuple[int, int], ...]) -> Iterator[str]:
        if times[0][0]:
            yield "0%{visibility:hidden}"
        for begin, end in times:
            yield f"{100 * begin / self._length:.4g}%{{visibility:visible}}"
            if end < self._length:
                yield f"{100 * end / self._length:.4g}%{{visibility:hidden}}"


def _fill(style: Style) -> str | None:
    """Returns the colour behind text, if it is not the paper."""
    return (style.foreground or _INK) if style.reverse else style.background


def _declarations(style: Style) -> str:
    ink = (style.background or _PAPER) if style.reverse else style.foreground
    parts = [
        f"fill:{ink}" if ink else "",
        "font-weight:700" if style.bold else "",
        "opacity:.55" if style.dim else "",
        "text-decoration:underline" if style.underline else "",
    ]
    return ";".join(filter(None, parts))
