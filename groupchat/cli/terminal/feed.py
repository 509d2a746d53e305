"""
Brings what happens in the chat to the rooms: it draws nothing, and asks for a repaint.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from functools import lru_cache

from groupchat.cli.terminal.absence import Absence
from groupchat.cli.terminal.mentions import mentions
from groupchat.cli.terminal.notify import Notifier
from groupchat.cli.terminal.room_list import RoomList, RoomView
from groupchat.cli.terminal.talk import Phase, Talk
from groupchat.cli.terminal.timeline import Kind, Line
from groupchat.wire import events, names, plain
from groupchat.wire.commands import Position
from groupchat.wire.events import Event

__all__ = ["Feed", "line_of", "lines_of", "local_time"]


def local_time(at: str) -> datetime | None:
    """Returns a time of the wire in the time zone of the reader; None if it makes no sense."""
    try:
        found = datetime.fromisoformat(at).astimezone()
    except (ValueError, OverflowError, OSError):
        return None
    return found.replace(tzinfo=_shared(found.tzinfo))


@lru_cache(maxsize=16)
def _shared(zone: tzinfo | None) -> tzinfo | None:
    """Returns one object for equal zones: 10,000 lines need not have one each."""
    return zone


def line_of(message: events.Message, me: str, mine: bool = False) -> Line:
    """
    Returns a message as a line.

    :param me: the reader's own name.
    :param mine: whether it was said here.
    """
    own = mine or names.key(message.sender) == names.key(me)
    return Line(
        Kind.ACT if message.act else Kind.MESSAGE,
        message.text,
        sys.intern(message.sender),  # one object for all lines of a member
        local_time(message.at),
        message.id,
        own=own,
        mention=not own and mentions(message.text, me),
        removed=message.redacted,
    )


def lines_of(page: list[events.Message], room: RoomView, me: str) -> list[Line]:
    """Returns a page of older messages as lines, as they read now: corrections are no lines."""
    for message in page:
        if message.replaces is not None or message.redacts is not None:
            room.corrections.receive(message)
    return [
        _edited(message, room.corrections.apply(message), me)
        for message in page
        if message.replaces is None and message.redacts is None
    ]


def _edited(before: events.Message, now: events.Message, me: str) -> Line:
    line = line_of(now, me)
    return line if now.redacted or now.text == before.text else replace(line, edited=True)


@dataclass
class Feed:
    """
    Is told what happens in a chat: see `TalkListener`.

    :ivar rooms: the rooms.
    :ivar talk: the chat.
    :ivar notifier: calls the reader's attention.
    :ivar repaint: called when something changed that may be in sight.
    :ivar changed: called when the state of the connection is another one.
    :ivar on_direct: gets the direct rooms with something in them, after each login.
    :ivar hints: lines for a person who is here for the first time.
    :ivar marks: how far rooms were read in earlier runs.
    :ivar absence: counts what arrived while there was no connection for long.
    :ivar focused: whether the terminal has the focus, as far as it says.
    """

    rooms: RoomList
    talk: Talk
    notifier: Notifier
    repaint: Callable[[], None]
    changed: Callable[[], None] = lambda: None
    on_direct: Callable[[events.Direct], None] = lambda event: None
    hints: list[str] = field(default_factory=list)
    marks: dict[str, Position] = field(default_factory=dict)
    absence: Absence = field(default_factory=lambda: Absence(time.monotonic, time.time))
    focused: bool = True
    _greeted: bool = False

    def on_event(self, event: Event, past: bool, mine: bool) -> None:
        if isinstance(event, events.Message):
            self._on_message(event, past, mine)
        elif isinstance(event, events.RoomState):
            self._on_room(event)
        elif isinstance(event, events.Presence):
            self._on_presence(event)
        elif isinstance(event, events.Topic):
            self._on_topic(event)
        elif isinstance(event, events.Tell):
            self._on_tell(event)
        elif isinstance(event, events.Reset):
            self._on_reset(event)
        elif isinstance(event, events.Mark):
            self._on_mark(event)
        elif isinstance(event, events.Direct):
            self.on_direct(event)
        elif isinstance(event, events.CaughtUp):
            self._on_caught_up(event)
        elif isinstance(event, events.Welcome):
            self._on_welcome(event)
        else:
            self._on_other(event)
        self.repaint()

    def on_notice(self, text: str) -> None:
        self.tell(text)

    def on_change(self) -> None:
        if self.talk.connection.phase is not Phase.ONLINE:
            self.absence.lost()
        self.changed()
        self.repaint()

    # Words of the client and the server.

    def tell(self, text: str, kind: Kind = Kind.NOTICE, room: RoomView | None = None) -> None:
        """Add a line without a sender, to the room in view or another."""
        (room or self.rooms.current).timeline.add(Line(kind, text))
        self.repaint()

    def answer(self, event: Event) -> None:
        """Add what answers a command, in the words of the plain wire."""
        for text in _sentences(event, self.talk.name):
            self.tell(text, Kind.ANSWER)

    def _on_welcome(self, event: events.Welcome) -> None:
        self.absence.back(room.name for room in self.rooms if self.talk.is_in(room.name))
        if not self._greeted:
            for text in (event.motd or "").splitlines() + self.hints:
                self.tell(text)
        self._greeted = True

    def _on_other(self, event: Event) -> None:
        if isinstance(event, events.Error):
            self.tell(event.text, Kind.ERROR)
            return
        if isinstance(event, events.Bye) and event.retry is None and event.code != "quit":
            return  # the end of the chat says so
        if isinstance(event, (events.Notice, events.Gap, events.Bye)):
            room = self.rooms.get(getattr(event, "room", ""))
            for text in _sentences(event, self.talk.name):
                self.tell(text, room=room)

    # Rooms.

    def _on_room(self, event: events.RoomState) -> None:
        room = self.rooms.add(event.room)
        room.topic, room.count = event.topic, event.count
        room.people = list(event.members)
        timeline = room.timeline
        if not room.epoch:
            mark = self.marks.get(room.name)
            known = mark is not None and mark.epoch == event.epoch
            timeline.mark = min(event.head, mark.after or 0) if mark and known else event.head
            if event.mark:
                timeline.mark = max(event.mark, timeline.mark if known else 0)
        room.epoch = event.epoch
        timeline.head = event.head
        timeline.complete = timeline.complete and len(timeline) > 0
        if event.head < event.first:
            timeline.complete = True

    def _on_reset(self, event: events.Reset) -> None:
        room = self.rooms.add(event.room)
        for text in _sentences(event, self.talk.name):
            self.tell(text, room=room)
        room.epoch = event.epoch
        timeline = room.timeline
        timeline.mark = timeline.head = timeline.newest = event.head

    def _on_mark(self, event: events.Mark) -> None:
        room = self.rooms.get(event.room)
        if room is not None:
            room.timeline.read_up_to(event.id)

    def _on_caught_up(self, event: events.CaughtUp) -> None:
        room = self.rooms.get(event.room)
        if room is not None:
            room.timeline.arrived(room.timeline.head)
            if self._sees(room):
                self._read(room)
        self._sum_up(self.absence.caught_up(event.room))

    def _sum_up(self, news: str) -> None:
        """Tell what arrived during a long absence; nothing if this is ""."""
        if news:
            self.tell(f"While you were away: {news}.")
            self.notifier.sum_up(self.absence.rooms, self.rooms.current.name, news)

    def _on_presence(self, event: events.Presence) -> None:
        room = self.rooms.add(event.room)
        room.count = event.count
        room.change_people(event.left, event.renamed, event.joined)
        room.timeline.add_presence(event.left, event.renamed, event.joined)

    def _on_topic(self, event: events.Topic) -> None:
        room = self.rooms.add(event.room)
        room.topic = event.text
        for text in _sentences(event, self.talk.name):
            self.tell(text, room=room)

    # Messages.

    def _on_message(self, event: events.Message, past: bool, mine: bool) -> None:
        room = self.rooms.add(event.room)
        if self._corrects(room, event):
            return
        event = room.corrections.apply(event)
        line = line_of(event, self.talk.name, mine)
        if mine:
            room.timeline.add_own(line)
        else:
            room.timeline.add(line)
        room.spoke(event.sender)
        if line.own or names.key(event.sender) in self.rooms.ignored:
            self._pass_over(room)
        else:
            self._notice(room, line, past)

    def _pass_over(self, room: RoomView) -> None:
        """The last line is no news: the reader said it, or hides it."""
        if room.timeline.unread <= 1:
            room.timeline.read()

    def _corrects(self, room: RoomView, event: events.Message) -> bool:
        """Apply a correction to the line that it is about. Returns whether it is one."""
        if event.replaces is None and event.redacts is None:
            return False
        room.corrections.receive(event)
        if event.redacts is not None:
            room.timeline.replace(event.redacts, text="", removed=True)
        elif event.replaces is not None:
            room.timeline.replace(event.replaces, text=event.text, edited=True)
        room.timeline.arrived(event.id)
        self._pass_over(room)
        return True

    def _notice(self, room: RoomView, line: Line, past: bool) -> None:
        timeline = room.timeline
        if (line.id or 0) <= timeline.mark:
            return
        if self._sees(room) and not past:
            self._read(room)
            return
        timeline.notice_unread(line.mention)
        if past and self.absence.counting:
            self.absence.count(room.name, line.mention)
        elif line.mention:
            visible = room is self.rooms.current
            self.notifier.mention(room.name, visible, line.sender, line.text)

    def _sees(self, room: RoomView) -> bool:
        """Returns whether the reader sees the newest line of this room."""
        return self.focused and room is self.rooms.current and room.viewport.at_end

    def _on_tell(self, event: events.Tell) -> None:
        me = self.talk.name
        line = Line(Kind.TELL, event.text, event.sender, local_time(event.at), mention=True)
        room = self.rooms.current
        room.timeline.add(line)
        self.notifier.mention(f"@{event.sender}", True, event.sender, f"{me}: {event.text}")

    # Reading on.

    def focus(self, focused: bool) -> None:
        """The terminal has the focus, or has lost it."""
        self.focused = self.notifier.focused = focused
        self.look()

    def look(self) -> None:
        """The reader looks at the room in view."""
        room = self.rooms.current
        if self._sees(room):
            self._read(room)
        self.notifier.looked_at(room.name)

    def _read(self, room: RoomView) -> None:
        room.timeline.read()
        self.talk.mark_read(room.name)

    def positions(self) -> dict[str, Position]:
        """Returns how far each room was read, for the next run."""
        return self.marks | {
            room.name: Position(epoch=room.epoch, after=room.timeline.mark)
            for room in self.rooms
            if room.epoch
        }


def _sentences(event: Event, me: str) -> list[str]:
    """Returns the lines of the plain wire for an event, without their beginning."""
    try:
        found = list(plain.lines(event, me))
    except ValueError:  # a server that writes invalid times
        return []
    return [names.visible(text.removeprefix("-- ").removeprefix("! ")) for text in found]
