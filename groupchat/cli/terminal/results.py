"""The results of a search: a list above the bar, from which a message can be shown in its place."""

from __future__ import annotations

from collections.abc import Callable

from groupchat.cli.terminal.room_list import RoomView
from groupchat.cli.terminal.rows import Row, Segment
from groupchat.cli.terminal.timeline import Line
from groupchat.wire import commands

__all__ = ["MAX_SHOWN", "Results"]

MAX_SHOWN = 8  #: results in sight
_TIME = "%Y-%m-%d %H:%M"


class Results:
    """
    The messages that a search has found, the newest first.

    :param go_to: shows a message in its room.
    :param search_on: searches in older messages.
    """

    def __init__(
        self,
        go_to: Callable[[RoomView, int], None],
        search_on: Callable[[commands.Search], None],
    ) -> None:
        self._go_to = go_to
        self._search_on = search_on
        self._room: RoomView | None = None
        self._lines: list[Line] = []
        self._index = 0
        self._next: commands.Search | None = None  # what looks further

    @property
    def active(self) -> bool:
        """Whether there is a list."""
        return self._room is not None

    def add(self, room: RoomView, lines: list[Line], following: commands.Search | None) -> None:
        """
        Add what was found.

        :param lines: the messages, the newest first.
        :param following: the search that looks in older messages; None if there are none.
        """
        if self._room is not room:
            self.close()
        self._room = room
        self._lines += lines
        self._next = following

    def close(self) -> None:
        """Show no list any more."""
        self._room, self._lines, self._index, self._next = None, [], 0, None

    def press(self, key: str) -> bool:
        """Handle a key. Returns False if it ends the list and means something else."""
        if key in ("up", "ctrl p"):
            self._index = max(0, self._index - 1)
        elif key in ("down", "ctrl n"):
            self._down()
        elif key == "enter":
            self._choose()
        elif key in ("esc", "ctrl g", "ctrl c"):
            self.close()
        else:
            if not key.startswith("focus "):
                self.close()
            return False
        return True

    def _down(self) -> None:
        if self._index + 1 < len(self._lines):
            self._index += 1
        elif self._next is not None:
            following, self._next = self._next, None
            self._search_on(following)

    def _choose(self) -> None:
        room = self._room
        chosen = self._lines[self._index] if self._lines else None
        self.close()
        if room is not None and chosen is not None and chosen.id is not None:
            self._go_to(room, chosen.id)

    @property
    def rows(self) -> list[Row]:
        """The rows of the list."""
        first = max(0, self._index - MAX_SHOWN + 1)
        rows: list[Row] = [(Segment("hint strong", f"  {self._title}"),)]
        for number, line in enumerate(self._lines[first : first + MAX_SHOWN], first):
            time = line.at.strftime(_TIME) if line.at is not None else ""
            style = "selected" if number == self._index else "hint"
            rows.append((Segment(style, f"  {time}  {line.sender}: {line.text}"),))
        return rows

    @property
    def _title(self) -> str:
        count = len(self._lines)
        found = "Nothing found" if not count else f"{count} found"
        more = "; ↓ at the end looks further back" if self._next is not None else ""
        return f"{found}{more}. ↑ ↓ choose, Enter shows, Esc closes."
