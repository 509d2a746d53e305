"""
Puts the screen together: the topic, the room, the bar, and the line. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from groupchat.cli.terminal.line_view import MAX_ROWS, show_line
from groupchat.cli.terminal.rows import Row, Segment, fit
from groupchat.cli.terminal.status import Bar, bar_row
from groupchat.cli.terminal.viewport import Viewport
from groupchat.wire.plain.words import CommandHelp

__all__ = ["MIN_COLUMNS", "MIN_ROWS", "Page", "TypedLine", "compose", "compose_hints"]

MIN_COLUMNS = 20  #: columns of the smallest window that anything is shown in
MIN_ROWS = 5  #: its rows
_TOO_SMALL = "Make the window larger."


@dataclass(frozen=True)
class TypedLine:
    """
    The line that is being typed, and what stands above it.

    :ivar prompt: what stands before it.
    :ivar before: the text before the cursor.
    :ivar after: the text after it.
    :ivar masked: whether it is a password.
    :ivar hints: rows above the bar.
    :ivar wrong: whether no command begins like this.
    """

    prompt: str
    before: str = ""
    after: str = ""
    masked: bool = False
    hints: Sequence[Row] = ()
    wrong: bool = False


class Page(NamedTuple):
    """
    A whole screen.

    :ivar rows: as many as the window has; each as wide as the window.
    :ivar cursor: column and row of the cursor; None to hide it.
    """

    rows: list[Row]
    cursor: tuple[int, int] | None


def compose(
    width: int, height: int, topic: Row, viewport: Viewport, bar: Bar, line: TypedLine
) -> Page:
    """Returns the screen of a window of this size."""
    if width < MIN_COLUMNS or height < MIN_ROWS:
        return _too_small(width, height)
    limit = min(MAX_ROWS, height - MIN_ROWS + 1)
    # A column stays free: some terminals move on when the last cell of the screen is filled.
    shown = show_line(
        line.prompt, line.before, line.after, width - 1, line.masked, limit, line.wrong
    )
    hints = list(line.hints)[: max(0, height - len(shown.rows) - MIN_ROWS + 1)]
    viewport.resize(width, height - 2 - len(shown.rows) - len(hints))
    above = [topic, *viewport.rows(), *hints]
    rows = [fit(row, width) for row in above]
    rows.append(bar_row(bar, width))
    column, row = shown.cursor
    cursor = (column, len(rows) + row)
    rows += [fit(row, width) for row in shown.rows]
    return Page(rows, cursor)


def _too_small(width: int, height: int) -> Page:
    first = fit([Segment("text", _TOO_SMALL)], width)
    return Page([first] + [fit((), width)] * (height - 1), None)


def compose_hints(
    commands: Sequence[CommandHelp], candidates: Sequence[str], index: int
) -> list[Row]:
    """
    Returns the rows above the bar while something is completed.

    :param commands: the commands that are being typed.
    :param candidates: what Tab goes through.
    :param index: the candidate that the line has now.
    """
    if candidates:
        row = []
        for number, candidate in enumerate(candidates[max(0, index - 5) :], max(0, index - 5)):
            style = "selected" if number == index else "hint"
            row += [Segment(style, candidate.strip()), Segment("hint", "  ")]
        return [tuple(row)]
    rows: list[Row] = []
    for command in commands:
        usage = f"{command.word} {command.arguments}".strip()
        rows.append((Segment("hint strong", f"  {usage}  "), Segment("hint", command.help)))
    return rows
