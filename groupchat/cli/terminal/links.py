"""The newest links of a room: a list above the bar, to open one or to copy it."""

from __future__ import annotations

from collections.abc import Callable

from groupchat.cli.terminal.hyperlinks import LINK, without_end
from groupchat.cli.terminal.room_list import RoomView
from groupchat.cli.terminal.rows import Row, Segment

__all__ = ["MAX_LINKS", "Links"]

MAX_LINKS = 9  #: links in the list


class Links:
    """
    The links, the newest first.

    :param open_link: opens a link in the person's browser.
    :param copy: puts a text on the clipboard.
    """

    def __init__(self, open_link: Callable[[str], None], copy: Callable[[str], None]) -> None:
        self._open = open_link
        self._copy = copy
        self._links: list[str] = []
        self._index = 0

    @property
    def active(self) -> bool:
        """Whether there is a list."""
        return bool(self._links)

    def show(self, room: RoomView) -> bool:
        """List the links of a room. Returns whether there are any."""
        self._links, self._index = links_of(room), 0
        return self.active

    def press(self, key: str) -> bool:
        """Handle a key. Returns False if it ends the list and means something else."""
        link = self._links[self._index]
        if key in ("up", "ctrl p", "meta o"):
            self._index = max(0, self._index - 1)
        elif key in ("down", "ctrl n"):
            self._index = min(len(self._links) - 1, self._index + 1)
        elif key.isdigit() and 1 <= int(key) <= len(self._links):
            self._index = int(key) - 1
        elif key in ("enter", "y", "esc", "ctrl g", "ctrl c"):
            self._links = []
            if key == "enter":
                self._open(link)
            elif key == "y":
                self._copy(link)
        elif key.startswith("focus "):
            return False
        else:
            self._links = []
            return False
        return True

    @property
    def rows(self) -> list[Row]:
        """The rows of the list."""
        title = "Links: a digit or ↑ ↓ choose, Enter opens, y copies, Esc closes."
        rows: list[Row] = [(Segment("hint strong", f"  {title}"),)]
        for number, link in enumerate(self._links, 1):
            style = "selected" if number - 1 == self._index else "hint"
            rows.append((Segment(style, f"  {number}  {link}"),))
        return rows


def links_of(room: RoomView) -> list[str]:
    """Returns the newest links in a room, each once."""
    found: list[str] = []
    timeline = room.timeline
    for position in range(timeline.end - 1, timeline.first - 1, -1):
        for link in reversed(LINK.findall(timeline[position].text)):
            clean = without_end(link)
            if clean not in found:
                found.append(clean)
        if len(found) >= MAX_LINKS:
            break
    return found[:MAX_LINKS]
