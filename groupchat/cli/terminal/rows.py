"""
Lays lines out in rows: the time, the name and the text in columns, with a hanging indent.

Pure. A row never takes more columns than there are, whatever is in it: each row is made of whole
clusters, and each cluster is counted as the terminal counts it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from groupchat.cli.terminal.colours import colour_of
from groupchat.cli.terminal.hyperlinks import LINK, LinkRows
from groupchat.cli.terminal.timeline import Kind, Line
from groupchat.cli.terminal.width import Cluster, clusters, columns, cut, pad_left, printable, shown

__all__ = ["NARROW", "Layout", "Row", "Segment", "fit", "rule", "time_columns", "wrap"]

NARROW = 50  #: columns under which there are no columns for times and names
_TIME_COLUMNS, _MAX_TIME_COLUMNS = 5, 20
_NAME_COLUMNS = 12
_GAP = "  "
_NARROW_INDENT = 2
_WAITING = "…"
_REMOVED = "(removed)"
_EDITED = " (edited)"
_WORD = re.compile(rf" +|{LINK.pattern}|[^ ]+")


class Segment(NamedTuple):
    """
    A part of a row in one style.

    :ivar link: where it leads; "" if it is no link.
    """

    style: str
    text: str
    link: str = ""


Row = tuple[Segment, ...]

#: The style of texts of each kind.
_STYLES = {
    Kind.MESSAGE: "text",
    Kind.ACT: "text",
    Kind.TELL: "text",
    Kind.PRESENCE: "dim",
    Kind.NOTICE: "notice",
    Kind.ANSWER: "notice",
    Kind.ERROR: "error",
}


def wrap(text: str, width: int, first: int | None = None) -> list[str]:
    """
    Returns a text in rows, broken at spaces. A link is never broken at a hyphen:
    it begins in a row of its own if it has to. A word that is wider than a row is cut.

    :param width: columns of a row, at least 1. In rows of one column, a wide letter becomes an
        ellipsis.
    :param first: columns of the first row, which may be 0; None if it is like the others.
    """
    first = width if first is None else first
    if text.isascii() and text.isprintable() and len(text) <= first:  # most texts
        return [text.rstrip(" ")]
    wrapper = _Wrapper(width, first)
    for word in _WORD.findall(printable(text)):
        wrapper.add([_narrow(cluster, width) for cluster in clusters(word)], word.isspace())
    return wrapper.finish()


def _narrow(cluster: Cluster, width: int) -> Cluster:
    return cluster if cluster.columns <= width else Cluster("…", 1)


class _Wrapper:
    """Fills one row after the other with words and the white space between them."""

    def __init__(self, width: int, first: int) -> None:
        self._width = width
        self._left = first  # columns of the row that are free
        self._full = first
        self._row: list[str] = []
        self._rows: list[str] = []

    def add(self, word: list[Cluster], space: bool) -> None:
        size = sum(cluster.columns for cluster in word)
        if space and size > self._left:
            self._break()
            return
        wide = any(cluster.columns > 1 for cluster in word)  # may be broken between any two letters
        if size > self._left and not wide and (self._row or self._full < self._width):
            self._break()
        for cluster in word:
            if cluster.columns > self._left:
                self._break()
            self._row.append(cluster.text)
            self._left -= cluster.columns

    def _break(self) -> None:
        self._rows.append("".join(self._row).rstrip(" "))
        self._row = []
        self._left = self._full = self._width

    def finish(self) -> list[str]:
        if self._row or not self._rows:
            self._break()
        return self._rows


def time_columns(time_format: str) -> int:
    """Returns the columns of times in this form, in the letters of strftime."""
    sample = datetime(2000, 12, 31, 23, 59, 59).strftime(time_format)
    return min(_MAX_TIME_COLUMNS, max(_TIME_COLUMNS, columns(sample)))


class Layout:
    """
    Rows of a certain width.

    :param width: columns, at least 1.
    :param time_columns: columns of times.
    """

    def __init__(self, width: int, time_columns: int = _TIME_COLUMNS) -> None:
        self.width = width
        self.time_columns = time_columns
        self.narrow = width < NARROW

    def rows(self, line: Line, time: str = "") -> list[Row]:
        """
        Returns the rows of a line.

        :param time: the time to show; "" for none.
        """
        head = self._narrow_head(line) if self.narrow else self._head(line, time)
        taken = sum(columns(segment.text) for segment in head)
        indent = min(_NARROW_INDENT, self.width - 1) if self.narrow else taken
        found = wrap(_text(line), self.width - indent, self.width - taken)
        space = Segment("text", " " * indent)
        links = LinkRows(printable(_text(line)))
        return [
            (*((space,) if number else head), *_styled(text, line, links))
            for number, text in enumerate(found)
        ]

    def _head(self, line: Line, time: str) -> Row:
        left = _WAITING if line.waiting else time
        name, style = _name(line)
        return (
            Segment("time", f" {pad_left(left, self.time_columns)} "),
            Segment(style, pad_left(name, _NAME_COLUMNS)),
            Segment("text", _GAP),
        )

    def _narrow_head(self, line: Line) -> Row:
        name, style = _name(line)
        waiting = f"{_WAITING} " if line.waiting else ""
        return (Segment(style, cut(f"{waiting}{name} ", self.width)),)


def _name(line: Line) -> tuple[str, str]:
    """Returns what stands in the column of names, and its style."""
    if line.kind is Kind.PRESENCE or line.kind in (Kind.NOTICE, Kind.ANSWER):
        return "--", "dim"
    if line.kind is Kind.ERROR:
        return "!", "error"
    prefix = {Kind.ACT: "* ", Kind.TELL: "→ "}.get(line.kind, "")
    style = "dim" if line.waiting else f"name {colour_of(line.sender)}"
    return prefix + line.sender, style


def _text(line: Line) -> str:
    if line.removed:
        return _REMOVED
    return line.text + _EDITED * line.edited


def _styled(text: str, line: Line, links: LinkRows) -> Iterator[Segment]:
    """Cut a row of a text into segments: links look like links."""
    style = _style(line)
    if style != "text":
        yield Segment(style, text)
        return
    for part, target in links.parts(text):
        yield Segment(style, part) if target is None else Segment("link", part, target)


def _style(line: Line) -> str:
    if line.waiting or line.removed:
        return "dim"
    if line.mention and not line.own:
        return "mention"
    return _STYLES[line.kind]


def rule(text: str, width: int, style: str) -> Row:
    """Returns a row with a text in the middle of a line across it."""
    label = cut(f" {text} ", width)
    left = (width - columns(label)) // 2
    right = width - columns(label) - left
    return (Segment(style, "─" * left + label + "─" * right),)


def fit(segments: Iterable[Segment], width: int) -> Row:
    """Returns a row that takes exactly `width` columns: cut, or filled with spaces."""
    row: list[Segment] = []
    style = "text"
    for style, text, link in segments:
        size = columns(text)
        if size > width:
            fitting = cut(text, width)
            row.append(Segment(style, fitting, link))
            width -= columns(fitting)
            break
        row.append(Segment(style, shown(text), link))
        width -= size
    if width:
        row.append(Segment(style, " " * width))
    return tuple(row)
