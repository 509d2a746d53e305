"""The cells of a terminal, as ``tmux capture-pane -e -N`` prints them: rows of styled runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import wcwidth

__all__ = ["PLAIN", "Row", "Run", "Style", "parse", "with_cursor"]

_PART = re.compile(
    r"\x1b\[([0-9;]*)m|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[\x0e\x0f]|([^\x1b\x0e\x0f]+)"
)
_BASIC = [
    *("#45505e", "#f07178", "#8fce7a", "#e6b450", "#6cb6ff", "#d2a6ff", "#7fd9d0", "#c9d1d9"),
    *("#6b7785", "#ff8f95", "#a9e093", "#ffd173", "#8ecbff", "#e0bfff", "#9cebe3", "#ffffff"),
]
_LEVELS = (0, 95, 135, 175, 215, 255)  #: of the colour cube of xterm


class Style(NamedTuple):
    """The look of text. Colours can be None: the terminal's own."""

    foreground: str | None = None
    background: str | None = None
    bold: bool = False
    dim: bool = False
    underline: bool = False
    reverse: bool = False


class Run(NamedTuple):
    """
    Text of one style.

    :ivar column: where it begins.
    :ivar width: its cells.
    """

    column: int
    width: int
    text: str
    style: Style


Row = tuple[Run, ...]
PLAIN = Style()
_FLAGS = {1: "bold", 2: "dim", 4: "underline", 7: "reverse"}
_ENDS = {22: ("bold", "dim"), 24: ("underline",), 27: ("reverse",)}


def parse(lines: list[str]) -> list[Row]:
    """Returns the rows. A style lasts from one line to the next."""
    style = PLAIN
    rows = []
    for line in lines:
        runs: list[Run] = []
        column = 0
        for codes, text in _PART.findall(line):
            if text:
                runs += _runs(column, text, style)
                column += wcwidth.wcswidth(text)
            elif codes is not None and not text:
                style = _styled(style, codes)
        rows.append(tuple(runs))
    return rows


def with_cursor(row: Row, column: int) -> Row:
    """Returns a row with a cursor in this column."""
    cut = list(_cut(row, column))
    if not any(run.column == column for run in cut):
        cut.append(Run(column, 1, " ", PLAIN))
    return tuple(
        run._replace(style=run.style._replace(reverse=not run.style.reverse))
        if run.column == column
        else run
        for run in cut
    )


def _cut(row: Row, column: int) -> Iterator[Run]:
    """The runs, with one of its own for the cell in this column."""
    for run in row:
        at = column - run.column
        if not 0 <= at < run.width or run.width != len(run.text):
            yield run
            continue
        for begin, end in ((0, at), (at, at + 1), (at + 1, run.width)):
            if begin < end:
                yield Run(run.column + begin, end - begin, run.text[begin:end], run.style)


def _runs(column: int, text: str, style: Style) -> Iterator[Run]:
    """Cut text into runs of narrow letters, and letters that may be wider than a cell."""
    for part in re.findall(r"[\x20-\x7e\u00a0-\u02ff\u2010-\u2026\u2500-\u257f]+|.", text):
        width = wcwidth.wcswidth(part)
        if width > 0:
            yield Run(column, width, part, style)
            column += width


def _styled(style: Style, codes: str) -> Style:
    numbers = iter([int(code or 0) for code in codes.split(";")])
    for number in numbers:
        if number == 0:
            style = PLAIN
        elif number in _FLAGS:
            style = style._replace(**{_FLAGS[number]: True})
        elif number in _ENDS:
            style = style._replace(**dict.fromkeys(_ENDS[number], False))
        else:
            style = _coloured(style, number, numbers)
    return style


def _coloured(style: Style, number: int, rest: Iterator[int]) -> Style:
    tens, ones = divmod(number, 10)
    field = "foreground" if tens in (3, 9) else "background"
    if ones == 8:
        kind = next(rest)
        colour = (
            _of_256(next(rest)) if kind == 5 else "#" + "".join(f"{next(rest):02x}" for _ in "rgb")
        )
    elif ones == 9:
        colour = None
    else:
        colour = _BASIC[ones + (8 if tens >= 9 else 0)]
    return style._replace(**{field: colour})


def _of_256(number: int) -> str:
    if number < 16:
        return _BASIC[number]
    if number >= 232:
        return "#" + f"{8 + 10 * (number - 232):02x}" * 3
    cube = number - 16
    return "#" + "".join(f"{_LEVELS[part % 6]:02x}" for part in (cube // 36, cube // 6, cube))
