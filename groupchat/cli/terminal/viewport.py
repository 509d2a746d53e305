"""
The part of a room that is in sight, and scrolling through it.

The position is kept as a line and not as a row, so that it stays when the terminal's size changes
and when lines arrive. Only lines in sight are laid out.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from groupchat.cli.terminal.rows import Layout, Row, rule, time_columns
from groupchat.cli.terminal.timeline import Kind, Line, Timeline

__all__ = ["Viewport"]

_DAY = "%A, %d %B %Y"


class Viewport:
    """
    A window onto a room.

    :param timeline: the room.
    :param time_format: how times look, in the letters of strftime.
    :param shows: says whether a line is shown at all.

    :ivar time_format: how times look; it can be changed.
    :ivar selected: the position of the selected line; None if none is.
    :ivar pointed: the position of a line that was looked for; None if none was.
    """

    def __init__(
        self,
        timeline: Timeline,
        time_format: str = "%H:%M",
        shows: Callable[[Line], bool] = lambda line: True,
    ) -> None:
        self.selected: int | None = None
        self.pointed: int | None = None
        self._timeline = timeline
        self.time_format = time_format
        self._shows = shows
        self._bottom: int | None = None  # the lowest line in sight; None: the newest, always
        self._hidden = 0  # rows of it that are below the window
        self._layout = Layout(80)
        self._height = 1
        self._seen_end = 0

    # Drawing.

    def resize(self, width: int, height: int) -> None:
        """The window has this size now."""
        times = time_columns(self.time_format)
        if (width, times) != (self._layout.width, self._layout.time_columns):
            self._layout = Layout(width, times)
        self._height = max(1, height)

    def rows(self) -> list[Row]:
        """Returns the rows in sight: exactly as many as the window is high."""
        found, _ = self._collect()
        if self._bottom is None:
            self._seen_end = self._timeline.end
        return [()] * (self._height - len(found)) + found

    def _collect(self) -> tuple[list[Row], int]:
        """Returns the rows in sight, and the position of the uppermost line."""
        position, hidden = self._start()
        found: list[Row] = []
        while position >= self._timeline.first and len(found) < self._height:
            block = self.block(position)
            if hidden:
                block = block[:-hidden] if hidden < len(block) else block[:1]
                hidden = 0
            found = block + found
            position -= 1
        return found[-self._height :], position + 1

    def _start(self) -> tuple[int, int]:
        last = self._timeline.end - 1
        if self._bottom is None or self._bottom >= last:
            return last, self._hidden if self._bottom == last else 0
        return max(self._bottom, self._timeline.first), self._hidden

    def block(self, position: int) -> list[Row]:
        """Returns all rows of a line, with those that stand before it for a new day or for news."""
        line = self._timeline[position]
        if not self._shows(line):
            return []
        before = self._time_before(position)
        block: list[Row] = []
        if line.at is not None and (before is None or before.date() != line.at.date()):
            block.append(rule(line.at.strftime(_DAY), self._layout.width, "day"))
            before = None
        if self._timeline.news == position:
            block.append(rule("new", self._layout.width, "mark"))
        rows = self._layout.rows(line, self._time(line, before))
        if position in (self.selected, self.pointed):
            rows = [tuple(one._replace(style="selected") for one in row) for row in rows]
        return block + rows

    def _time_before(self, position: int) -> datetime | None:
        """Returns the time of the nearest line before that has one."""
        for earlier in range(position - 1, max(self._timeline.first, position - 50) - 1, -1):
            line = self._timeline[earlier]
            if line.at is not None and self._shows(line):
                return line.at
        return None

    def _time(self, line: Line, before: datetime | None) -> str:
        if line.at is None:
            return ""
        time = line.at.strftime(self.time_format)
        same = before is not None and before.strftime(self.time_format) == time
        return "" if same else time

    # Scrolling.

    @property
    def at_end(self) -> bool:
        """Whether the newest line is in sight."""
        return self._bottom is None

    @property
    def below(self) -> int:
        """Lines below those in sight."""
        return 0 if self._bottom is None else max(0, self._timeline.end - 1 - self._bottom)

    @property
    def page(self) -> int:
        """Rows that a page scrolls."""
        return max(1, self._height - 2)

    def scroll(self, rows: int) -> bool:
        """
        Scroll by a number of rows: up if negative.

        Returns whether the oldest line is in sight, so that older ones are wanted.
        """
        return self._up(-rows) if rows < 0 else self._down(rows)

    def _up(self, rows: int) -> bool:
        if self._is_all_in_sight():
            return True
        position, hidden = self._start()
        hidden += rows
        while position > self._timeline.first and hidden >= len(self.block(position)):
            hidden -= len(self.block(position))
            position -= 1
        self._bottom = position
        self._hidden = max(0, min(hidden, len(self.block(position)) - 1))
        self._clamp()
        return self._top() == self._timeline.first

    def _is_all_in_sight(self) -> bool:
        found, top = self._collect()
        return len(found) < self._height and top == self._timeline.first

    def _top(self) -> int:
        return self._collect()[1]

    def _clamp(self) -> None:
        """Don't scroll further than to the oldest line in the first row."""
        found, _ = self._collect()
        missing = self._height - len(found)
        if missing > 0:
            self._down(missing)

    def _down(self, rows: int) -> bool:
        position, hidden = self._start()
        last = self._timeline.end - 1
        hidden -= rows
        while hidden < 0 and position < last:
            position += 1
            hidden += len(self.block(position))
        if hidden <= 0 and position >= last:
            self.to_end()
        else:
            self._bottom, self._hidden = position, max(0, hidden)
        return False

    def to_end(self) -> None:
        """Show the newest line, now and when others arrive."""
        self._bottom, self._hidden = None, 0
        self.selected = self.pointed = None

    def to_start(self) -> None:
        """Show the oldest line."""
        self._bottom, self._hidden = self._timeline.first, 0
        self._clamp()

    def show(self, position: int) -> None:
        """Bring a line into sight, in the middle if it is not there yet."""
        _, top = self._collect()
        bottom, _ = self._start()
        if top < position < bottom or (position == bottom and not self._hidden):
            return
        marks = self.selected, self.pointed
        self._bottom, self._hidden = position, 0
        self._down(self._height // 2)
        self._clamp()
        self.selected, self.pointed = marks  # also if this has led to the end

    # Searching for lines.

    def find(self, wanted: Callable[[Line], bool], step: int) -> int | None:
        """Returns the next wanted position from the selected line, the last find, or the window."""
        start = self.pointed if self.selected is None else self.selected
        if start is None:
            start = self._timeline.end if step < 0 else self._start()[0]
        position = start + step
        while self._timeline.first <= position < self._timeline.end:
            line = self._timeline[position]
            if self._shows(line) and wanted(line):
                return position
            position += step
        return None

    def select(self, step: int) -> Line | None:
        """Select the next message in this direction, and bring it into sight. Returns it."""
        found = self.find(lambda line: line.kind in (Kind.MESSAGE, Kind.ACT), step)
        if found is not None:
            self.selected = found
            self.show(found)
        return None if self.selected is None else self._timeline[self.selected]
