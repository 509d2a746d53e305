"""A chat, a surface and events for tests of the screen."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from groupchat.cli.terminal.absence import Absence
from groupchat.cli.terminal.completion import Surroundings
from groupchat.cli.terminal.controller import Controller
from groupchat.cli.terminal.feed import Feed
from groupchat.cli.terminal.input_history import InputHistory
from groupchat.cli.terminal.line_input import LineInput
from groupchat.cli.terminal.notify import Notifier
from groupchat.cli.terminal.painter import page
from groupchat.cli.terminal.room_list import RoomList
from groupchat.cli.terminal.talk import Connection, Phase
from groupchat.wire import events


class FakeTalk:
    """A chat whose server answers when the test says so."""

    def __init__(self, name="alice"):
        self.name = name
        self.operator = False
        self.connection = Connection(Phase.ONLINE)
        self.said = []
        self.requested = []
        self.reconnects = 0
        self.outside = set()
        self.corrected = []
        self.newest = None
        self.read = []
        self.left = False

    def is_in(self, room):
        return room not in self.outside

    def say(self, room, text, act=False):
        stored = Deferred()
        self.said.append((room, text, act, stored))
        return stored

    def correct(self, room, message_id, text):
        stored = Deferred()
        self.corrected.append((room, message_id, text, stored))
        return stored

    def newest_own(self, room):
        return self.newest

    def mark_read(self, room):
        self.read.append(room)

    def request(self, command):
        answer = Deferred()
        self.requested.append((command, answer))
        return answer

    def reconnect(self):
        self.reconnects += 1

    def leave_server(self):
        self.left = True

    # For the test.

    @property
    def texts(self):
        return [(room, text) for room, text, _, _ in self.said]

    def store(self, message_id):
        """The server stores the oldest message without an answer."""
        self.said.pop(0)[3].callback(message_id)

    def refuse(self, error):
        self.said.pop(0)[3].errback(error)

    @property
    def asked(self):
        """The last request."""
        return self.requested[-1][0]

    def answer(self, event):
        self.requested.pop()[1].callback(event)

    def fail(self, error):
        self.requested.pop()[1].errback(error)


class FakeSurface:
    """A screen that keeps what it is asked for."""

    def __init__(self):
        self.done = []
        self.focused = True

    def redraw(self):
        self.done.append("redraw")

    def suspend(self):
        self.done.append("suspend")

    def bare(self):
        self.done.append("bare")

    def edit(self, text, edited):
        self.done.append(f"edit {text}")
        edited(f"{text} edited\n")

    def copy(self, text):
        self.done.append(f"copy {text}")

    def open_link(self, link):
        self.done.append(f"open {link}")

    def set_focus(self, focused):
        self.focused = focused

    def leave(self):
        self.done.append("leave")


class Desk:
    """A person at the screen."""

    def __init__(self, rooms=("lobby",), width=100, height=16):
        self.clock = Clock()
        self.talk = FakeTalk()
        self.surface = FakeSurface()
        self.rooms = RoomList(list(rooms))
        self.rung = []
        notifier = Notifier(self.rung.append, self.clock.seconds, {})
        self.repaints = 0
        self.asleep = 0.0  # seconds that the machine has slept
        absence = Absence(self.clock.seconds, lambda: self.clock.seconds() + self.asleep)
        self.feed = Feed(self.rooms, self.talk, notifier, self._repaint, absence=absence)
        self.line = LineInput(InputHistory(), self._around)
        self.controller = Controller(
            self.talk, self.rooms, self.feed, self.line, self.surface, self.clock
        )
        self.feed.on_direct = self.controller.commander.own.join_direct
        self.size = (width, height)
        for room in rooms:
            self.hear(state(room))

    def _repaint(self):
        self.repaints += 1

    def _around(self):
        return Surroundings(self.rooms.current.people, [room.name for room in self.rooms])

    def press(self, *keys):
        for key in keys:
            assert self.page  # what the person sees
            self.controller.press_all([key])

    def type(self, text, *keys):
        self.controller.press_all(list(text))
        self.press(*keys)

    def hear(self, event, past=False, mine=False):
        self.feed.on_event(event, past, mine)

    @property
    def page(self):
        return page(self.talk, self.rooms, self.line, self.controller.rows, *self.size)

    @property
    def screen(self):
        """The rows of the screen, without spaces at their ends."""
        rows = self.page.rows
        return ["".join(segment.text for segment in row).rstrip() for row in rows]

    @property
    def room(self):
        """The rows of the room that have something in them."""
        return [row.strip() for row in self.screen[1:-2] if row]

    @property
    def bar(self):
        return self.screen[-2].strip()

    @property
    def typed(self):
        return self.screen[-1]


AT = "2026-11-27T12:24:00.000Z"


def state(room="lobby", members=("alice", "bob"), head=0, topic="", epoch="e", first=1):
    return events.RoomState(
        room=room,
        epoch=epoch,
        first=first,
        head=head,
        said=0,
        topic=topic,
        members=list(members),
        count=len(members),
    )


def message(message_id, text="hello", sender="bob", room="lobby", **more):
    return events.Message(room=room, id=message_id, at=AT, sender=sender, text=text, **more)
