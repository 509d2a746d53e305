"""The rooms at the terminal: their order, the one in view, and which has news."""

from __future__ import annotations

from collections.abc import Iterator

from groupchat.cli.terminal.status import RoomNews
from groupchat.cli.terminal.timeline import Kind, Line, Timeline
from groupchat.cli.terminal.viewport import Viewport
from groupchat.client.corrections import Corrections
from groupchat.wire import names

__all__ = ["RoomList", "RoomView"]


class RoomView:
    """
    A room.

    :param name: as the server writes it.
    :param time_format: see `Viewport`.
    :param presence: whether joins and leaves are shown.

    :ivar topic: its topic.
    :ivar people: its members, those that spoke last first.
    :ivar count: how many there are; more than `people` has in a big room.
    :ivar draft: the line that was begun here.
    :ivar epoch: the log that ids belong to.
    :ivar corrections: what was corrected of the messages here.
    :ivar presence: whether joins and leaves are shown.
    :ivar loading: whether older messages are on their way.
    """

    def __init__(self, name: str, time_format: str = "%H:%M", presence: bool = True) -> None:
        self.name = name
        self.timeline = Timeline()
        self.ignored: set[str] = set()  # keys of names
        self.viewport = Viewport(self.timeline, time_format, self._shows)
        self.topic = ""
        self.people: list[str] = []
        self.count = 0
        self.draft = ""
        self.epoch = ""
        self.loading = False
        self.wanted: int | None = None  # the message to show once it is loaded
        self.wanted_pages = 0  # pages that may still be loaded for it
        self.corrections = Corrections()
        self.presence = presence

    def _shows(self, line: Line) -> bool:
        if line.kind is Kind.PRESENCE and not self.presence:
            return False
        return not (line.sender and names.key(line.sender) in self.ignored)

    def can_copy(self, line: Line) -> bool:
        """Whether a line is a message that is there to be copied, and not hidden."""
        return line.kind in (Kind.MESSAGE, Kind.ACT) and not line.removed and self._shows(line)

    def spoke(self, name: str) -> None:
        """This member has spoken: completion offers it first."""
        if name in self.people:
            self.people.remove(name)
            self.people.insert(0, name)

    def change_people(self, left: list[str], renamed: dict[str, str], joined: list[str]) -> None:
        """Members have come, gone, or have another name."""
        gone = set(left)
        self.people = [renamed.get(name, name) for name in self.people if name not in gone]
        self.people += [name for name in joined if name not in self.people]


class RoomList:
    """
    The rooms, in the order in which they were joined. There is always one in view.

    :param first: the rooms at the start; the first is in view.
    :param time_format: see `Viewport`.
    :param presence: whether joins and leaves are shown.
    :ivar ignored: keys of names whose words are hidden, in every room.
    """

    def __init__(self, first: list[str], time_format: str = "%H:%M", presence: bool = True) -> None:
        self.ignored: set[str] = set()
        self._time_format = time_format
        self._presence = presence
        self._rooms: list[RoomView] = []
        for name in first:
            self.add(name)
        self._current = self._rooms[0]
        self._last: RoomView | None = None
        self._current.timeline.in_view(True)

    def __iter__(self) -> Iterator[RoomView]:
        return iter(list(self._rooms))

    def __len__(self) -> int:
        return len(self._rooms)

    @property
    def current(self) -> RoomView:
        """The room in view."""
        return self._current

    def get(self, name: str) -> RoomView | None:
        """Returns the room with this name; None if there is none."""
        key = names.key(name)
        return next((room for room in self._rooms if names.key(room.name) == key), None)

    def add(self, name: str) -> RoomView:
        """Returns the room with this name, which stands last if it is new."""
        room = self.get(name)
        if room is None:
            room = RoomView(name, self._time_format, self._presence)
            room.ignored = self.ignored
            self._rooms.append(room)
        return room

    def remove(self, room: RoomView) -> None:
        """Forget a room. The last one stays."""
        if len(self._rooms) > 1 and room in self._rooms:
            index = self._rooms.index(room)
            self._rooms.remove(room)
            if self._last is room:
                self._last = None
            if self._current is room:
                self.show(self._last or self._rooms[max(0, index - 1)])
                self._last = None

    def show(self, room: RoomView) -> None:
        """Bring a room into view."""
        if room is self._current:
            return
        before = self._current
        before.timeline.forget_news()
        before.timeline.in_view(False)
        before.viewport.to_end()
        self._last, self._current = before, room
        room.timeline.in_view(True)

    def show_presence(self, shown: bool) -> None:
        """Show joins and leaves from now on, or don't."""
        self._presence = shown
        for room in self._rooms:
            room.presence = shown

    def show_times(self, time_format: str) -> None:
        """Show times in this form, in the letters of strftime."""
        self._time_format = time_format
        for room in self._rooms:
            room.viewport.time_format = time_format

    # The rooms around.

    def numbered(self, index: int) -> RoomView | None:
        """Returns a room by its number, from 0; None if there is none."""
        return self._rooms[index] if 0 <= index < len(self._rooms) else None

    def beside(self, step: int) -> RoomView:
        """Returns the room after the one in view, or before it."""
        index = self._rooms.index(self._current)
        return self._rooms[(index + step) % len(self._rooms)]

    @property
    def last(self) -> RoomView:
        """The room that was in view before."""
        return self._last or self._current

    def next_with_news(self) -> RoomView | None:
        """Returns the next room with news, those with mentions first; None if there is none."""
        start = self._rooms.index(self._current)
        others = self._rooms[start + 1 :] + self._rooms[:start]
        for room in others:
            if room.timeline.mentions:
                return room
        return next((room for room in others if room.timeline.unread), None)

    def news(self) -> list[RoomNews]:
        """Returns the rooms that are not in view, as the bar shows them."""
        return [
            RoomNews(
                number,
                room.name,
                room.timeline.unread,
                room.timeline.mentions,
                bool(room.draft.strip()),
            )
            for number, room in enumerate(self._rooms, 1)
            if room is not self._current
        ]

    @property
    def unread(self) -> int:
        """Messages that were not read, in all rooms."""
        return sum(room.timeline.unread for room in self._rooms)
