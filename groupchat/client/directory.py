"""The rooms of a chat as an application sees them: topic, members, and the newest message."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from groupchat.client.displays import BlankDisplay
from groupchat.wire import events
from groupchat.wire.events import Event

__all__ = ["ChatRoom", "Directory"]


class ChatRoom:
    """
    A room that we are in.

    :ivar name: the room, as the server writes it.
    :ivar topic: its topic; "" for none.
    :ivar count: the members.
    :ivar head: the id of its newest message; 0 for none.
    :ivar epoch: the log that the ids belong to.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.topic = ""
        self.count = 0
        self.head = 0
        self.epoch = ""
        self._members: dict[str, None] = {}

    def __repr__(self) -> str:
        return f"<ChatRoom {self.name}>"

    @property
    def members(self) -> list[str]:
        """The names of the members, as far as the server names them: in a big room, not all."""
        return list(self._members)

    def update(self, event: Event) -> None:
        """Something happened in the room."""
        if isinstance(event, events.Message):
            self.head = max(self.head, event.id)
        elif isinstance(event, events.Presence):
            self._change_members(event)
        elif isinstance(event, events.Topic):
            self.topic = event.text
        elif isinstance(event, events.RoomState):
            self.topic, self.count = event.topic, event.count
            self._members = dict.fromkeys(event.members)
            self.head, self.epoch = event.head, event.epoch
        elif isinstance(event, events.Reset):
            self.head, self.epoch = event.head, event.epoch

    def _change_members(self, event: events.Presence) -> None:
        for name in event.left:
            self._members.pop(name, None)
        for old, new in event.renamed.items():
            if old in self._members:
                del self._members[old]
                self._members[new] = None
        self._members.update(dict.fromkeys(event.joined))
        self.count = event.count


class Directory(BlankDisplay):
    """
    Keeps the rooms up to date, and knows which of their messages were said before we joined.

    :param resumed: the rooms that are read on from a position: nothing in them is history.

    :ivar limits: the limits of the server, as it named them at the login.
    """

    def __init__(self, resumed: Iterable[str] = ()) -> None:
        self.limits: Mapping[str, int] = {}
        self._rooms: dict[str, ChatRoom] = {}
        self._history_ends = dict.fromkeys(resumed, 0)  # the last id of history, once it is known

    def __getitem__(self, name: str) -> ChatRoom:
        return self._rooms[name]

    def __contains__(self, name: str) -> bool:
        return name in self._rooms

    def resume(self, name: str) -> None:
        """This room is going to be joined at a position."""
        self._history_ends[name] = 0

    def remove(self, name: str) -> None:
        """We have left this room."""
        self._rooms.pop(name, None)
        self._history_ends.pop(name, None)

    def is_history(self, message: events.Message) -> bool:
        """Returns whether a message was said before we joined its room."""
        return message.id <= self._history_ends.get(message.room, 0)

    def show(
        self, event: Event | None, line: bytes, me: str, past: bool = False, mine: bool = False
    ) -> None:
        if isinstance(event, events.Catchup):
            self._history_ends.setdefault(event.room, event.through)
        elif isinstance(event, events.Reset):  # nothing of the new log was read
            self._history_ends[event.room] = 0
        elif isinstance(event, events.Welcome):
            self.limits = event.limits
        room = getattr(event, "room", None)
        if event is None or not isinstance(room, str):
            return
        if isinstance(event, events.RoomState):
            self._rooms.setdefault(room, ChatRoom(room))
        if room in self._rooms:
            self._rooms[room].update(event)
