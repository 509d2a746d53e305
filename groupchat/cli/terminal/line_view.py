"""
Shows the line that is being typed: in one to six rows, with the cursor always in sight.
"""

from __future__ import annotations

from typing import NamedTuple

from groupchat.cli.terminal.editor import BREAK
from groupchat.cli.terminal.rows import Row, Segment
from groupchat.cli.terminal.width import clusters, columns, cut
from groupchat.wire.limits import MAX_TEXT

__all__ = ["MAX_ROWS", "LineView", "show_line"]

MAX_ROWS = 6  #: rows of the line, at most
_MASK = "•"
_MAX_SHOWN = 5000  #: characters on each side of the cursor that are laid out


class LineView(NamedTuple):
    """
    The line as it is shown.

    :ivar rows: one to `MAX_ROWS` rows.
    :ivar cursor: column and row of the cursor.
    """

    rows: list[Row]
    cursor: tuple[int, int]


class _Rows:
    """Rows that fill up letter by letter."""

    def __init__(self, width: int, prompt: str) -> None:
        self._width = width
        self._rows: list[list[Segment]] = [[Segment("prompt", prompt)]]
        self._used = columns(prompt)
        self.cursor = (self._used, 0)

    def add(self, text: str, style: str) -> None:
        for cluster in clusters(text):
            if self._used + cluster.columns > self._width:
                self._break()
            self._rows[-1].append(Segment(style, cluster.text))
            self._used += cluster.columns

    def _break(self) -> None:
        self._rows.append([])
        self._used = 0

    def mark_cursor(self) -> None:
        if self._used >= self._width:
            self._break()
        self.cursor = (self._used, len(self._rows) - 1)

    def view(self, limit: int) -> LineView:
        column, row = self.cursor
        top = max(0, min(row - limit + 1, len(self._rows) - limit))
        top = max(top, row - limit + 1)
        rows = [_merge(found) for found in self._rows[top : top + limit]]
        return LineView(rows, (column, row - top))


def show_line(
    prompt: str,
    before: str,
    after: str,
    width: int,
    masked: bool = False,
    limit: int = MAX_ROWS,
    wrong: bool = False,
) -> LineView:
    """
    Returns the rows of a line.

    :param prompt: what stands before it.
    :param before: the text before the cursor.
    :param after: the text after it.
    :param width: columns, at least 2.
    :param masked: whether no letter is shown, as for a password.
    :param limit: rows, at most.
    :param wrong: whether no command begins like this.
    """
    if masked:
        before, after = _MASK * len(before), _MASK * len(after)
    prompt = cut(prompt, max(width // 2, width - 12))
    rows = _Rows(width, prompt)
    style = "error" if wrong else "command" if _is_command(before) else "line"
    fits = 1 << 30 if masked else _first_excess(before + after)
    shown = before[-_MAX_SHOWN:]
    _add(rows, shown, max(0, fits - (len(before) - len(shown))), style)
    rows.mark_cursor()
    _add(rows, after[:_MAX_SHOWN], max(0, fits - len(before)), style)
    return rows.view(limit)


def _is_command(text: str) -> bool:
    return text.startswith("/") and not text.startswith("//")


def _add(rows: _Rows, text: str, fits: int, style: str) -> None:
    rows.add(text[:fits].replace("\n", BREAK), style)
    rows.add(text[fits:].replace("\n", BREAK), "error")


def _first_excess(text: str) -> int:
    """Returns where the first part of a text begins that is too long for a message."""
    start = 0
    for line in text.split("\n"):
        data = line.encode(errors="replace")
        if len(data) > MAX_TEXT:
            return start + len(data[:MAX_TEXT].decode(errors="ignore"))
        start += len(line) + 1
    return start


def _merge(segments: list[Segment]) -> Row:
    merged: list[Segment] = []
    for segment in segments:
        if merged and merged[-1].style == segment.style:
            merged[-1] = Segment(segment.style, merged[-1].text + segment.text)
        else:
            merged.append(segment)
    return tuple(merged)
