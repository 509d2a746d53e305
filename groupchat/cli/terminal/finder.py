"""Finds a room by a part of its name: a list above the bar, those with news first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from groupchat.cli import naming
from groupchat.cli.terminal.room_list import RoomList, RoomView
from groupchat.cli.terminal.rows import Row, Segment
from groupchat.wire import names
from groupchat.wire.errors import Refused
from groupchat.wire.events import RoomEntry

__all__ = ["MAX_FOUND", "Finder"]

MAX_FOUND = 8  #: rooms in sight
_MAX_PART = 64  #: letters of the part


class _Found(NamedTuple):
    """
    A room that can be chosen.

    :ivar about: what the list says about it.
    """

    name: str
    about: str


class Finder:
    """
    The list of rooms: those that the person is in, and others of the server.

    :param rooms: the rooms that the person is in.
    :param show: brings one of them into view.
    :param join: joins another room.
    """

    def __init__(
        self, rooms: RoomList, show: Callable[[RoomView], None], join: Callable[[str], None]
    ) -> None:
        self._active = False
        self._rooms = rooms
        self._show = show
        self._join = join
        self._part = ""
        self._index = 0
        self._others: list[_Found] = []

    @property
    def active(self) -> bool:
        """Whether there is a list."""
        return self._active

    def open(self) -> None:
        """List all rooms that are known."""
        self._active = True
        self._part, self._index = "", 0

    def offer(self, entries: Sequence[RoomEntry]) -> None:
        """The server has these rooms."""
        largest_first = sorted(entries, key=lambda entry: -entry.count)
        self._others = [_Found(entry.room, _people(entry.count)) for entry in largest_first]

    def press(self, key: str) -> bool:
        """Handle a key. Returns False if it ends the list and means something else."""
        if key in ("up", "ctrl p"):
            self._index = max(0, self._index - 1)
        elif key in ("down", "ctrl n", "tab"):
            self._index = max(0, min(len(self._found()) - 1, self._index + 1))
        elif key == "backspace":
            self._part, self._index = self._part[:-1], 0
        elif len(key) == 1 and key.isprintable():
            self._part, self._index = (self._part + key)[:_MAX_PART], 0
        elif key.startswith("focus "):
            return False
        else:
            self._active = False
            if key == "enter":
                self._choose()
            return key in ("enter", "esc", "ctrl g", "ctrl c", "meta j")
        return True

    def _choose(self) -> None:
        found = self._found()
        if not found:
            return
        name = found[self._index].name
        room = self._rooms.get(name)
        if room is not None:
            self._show(room)
        else:
            self._join(name)

    @property
    def rows(self) -> list[Row]:
        """The rows of the list."""
        title = f"  Room: {self._part}▏ ↑ ↓ choose, Enter goes there, Esc closes."
        rows: list[Row] = [(Segment("hint strong", title),)]
        found = self._found()
        first = max(0, self._index - MAX_FOUND + 1)
        for number, room in enumerate(found[first : first + MAX_FOUND], first):
            style = "selected" if number == self._index else "hint"
            rows.append((Segment(style, f"  {room.name}  {room.about}".rstrip()),))
        if not found:
            rows.append((Segment("hint", "  No room can have this name."),))
        return rows

    # Finding.

    def _found(self) -> list[_Found]:
        """Returns the rooms with this part in their names; those that begin with it are first."""
        own = [
            _Found(room.name, _news(room))
            for room in sorted(self._rooms, key=_urgency)
            if room is not self._rooms.current or self._part
        ]
        others = [one for one in self._others if self._rooms.get(one.name) is None]
        part = names.key(self._part.lstrip("#"))
        fitting = [one for one in own + others if part in names.key(one.name)]
        fitting.sort(key=lambda one: not names.key(one.name).startswith(part))
        return fitting + self._new(fitting)

    def _new(self, fitting: list[_Found]) -> list[_Found]:
        """Returns the room that does not exist yet, if it can have this name."""
        try:
            name = naming.room_name(self._part.lstrip("#"))
        except Refused:
            return []
        known = any(names.key(one.name) == names.key(name) for one in fitting)
        return [] if known else [_Found(name, "(a new room)")]


def _urgency(room: RoomView) -> tuple[bool, bool]:
    """Rooms with messages that name the person are first, then those with others."""
    return not room.timeline.mentions, not room.timeline.unread


def _news(room: RoomView) -> str:
    unread, mentions = room.timeline.unread, room.timeline.mentions
    return (f"{unread} new" if unread else "") + (f", {mentions} for you" if mentions else "")


def _people(count: int) -> str:
    return "1 member" if count == 1 else f"{count} members"
