"""
The clients that stand on one library, each driven in the same way: a bot, groupchat-connect in a
pipe, and the full-screen client.

Another client joins the tests of test_behaviour.py as one more subclass of `Driver` in `DRIVERS`.
"""

from twisted.internet.defer import ensureDeferred

from groupchat.cli.display import PlainDisplay
from groupchat.cli.input import InputParser
from groupchat.cli.pipe import Pipe, Source
from groupchat.cli.terminal.completion import Surroundings
from groupchat.cli.terminal.controller import Controller
from groupchat.cli.terminal.dialogs import Dialogs
from groupchat.cli.terminal.feed import Feed
from groupchat.cli.terminal.input_history import InputHistory
from groupchat.cli.terminal.line_input import LineInput
from groupchat.cli.terminal.link import Link
from groupchat.cli.terminal.notify import Notifier
from groupchat.cli.terminal.room_list import RoomList
from groupchat.cli.terminal.timeline import Kind
from groupchat.client import Chat, Ended, Ending, Policy, Refused
from groupchat.client.access import Access
from groupchat.client.outbox import Outbox
from groupchat.client.parts import fixed_identity, make_parts
from groupchat.wire import events
from tests.cli.environment import FakeInput
from tests.cli.terminal.fakes import FakeSurface
from tests.client.world import World
from tests.support import secret


class Driver:
    """
    A client in a world.

    :ivar heard: what others have said, oldest first.
    :ivar complaints: what the client was told that went wrong.
    """

    def __init__(self, world: World, name: str, device: str = "") -> None:
        self.world = world
        self.heard = []
        self.complaints = []
        self.begin(name, secret(name + device))
        world.run(1)

    def begin(self, name, client):
        """Start, under this name and with this client secret."""
        raise NotImplementedError

    def say(self, text):
        raise NotImplementedError

    def edit(self, text):
        """Replace the last message."""
        raise NotImplementedError

    def enter(self, room):
        """Say the following in this room, which is to be joined."""
        raise NotImplementedError

    def leave(self):
        """Leave the server, once everything is said."""
        raise NotImplementedError

    @property
    def end(self):
        """Returns the reason of the end, "" for a good end; None if the client is still there."""
        state = self.chat.state
        if not isinstance(state, Ended):
            return None
        return str(state.ending.reason or "")

    def close(self):
        self.chat.close()
        self.world.run(1)

    def parts(self, name, client, **more):
        """Returns the parts of a chat with the world's server, as the program makes them."""
        made = make_parts(
            self.world.clock,
            Access(name, "localhost", 9000),
            ["lobby"],
            Outbox(),
            fixed_identity(client),
            endpoint=self.world.network(),
            policy=Policy(random=lambda: 0.5),
            **more,
        )
        self.session = made.model.session
        return made


class Bot(Driver):
    """An application of the public API."""

    def begin(self, name, client):
        self.room = "lobby"
        self.chat = self.world.chat(name, secret=client)
        self.newest = None
        ensureDeferred(self.main()).addErrback(lambda failure: failure.trap(Ending))

    async def main(self):
        await self.chat.start()
        async for message in self.chat:
            self.heard.append(message.text)

    def say(self, text):
        self.chat.say(self.room, text).addErrback(self._refused)
        self.world.run()

    def edit(self, text):
        newest = self.chat.newest_own(self.room)
        self.chat.edit(self.room, newest, text).addErrback(self._refused)
        self.world.run()

    def _refused(self, failure):
        failure.trap(Refused, Ending)
        self.complaints.append(str(failure.value))

    def enter(self, room):
        self.world.get(self.chat.join(room))
        self.room = room

    def leave(self):
        self.chat.leave_server()
        self.world.run()


class _Display(PlainDisplay):
    """Takes down the texts of others, besides."""

    def __init__(self, heard):
        super().__init__(lambda data: None)
        self._heard = heard

    def show(self, event, line, me, past=False, mine=False):
        super().show(event, line, me, past, mine)
        if isinstance(event, events.Message) and not mine:
            self._heard.append(event.text)


class Piped(Driver):
    """Lines on standard input."""

    source = Source.SCRIPT

    def begin(self, name, client):
        parts = self.parts(name, client)
        self.chat = Chat.of(parts)
        display = _Display(self.heard)
        display.complain = lambda text, word=None: self.complaints.append(text)
        self.chat.show_on(display)
        self._parser = InputParser(parts.model, display)
        self.pipe = Pipe(
            parts.lifecycle,
            parts.model,
            self._parser,
            FakeInput(),
            self.world.clock,
            self.source,
            stay=True,
        )
        self.chat.start().addErrback(lambda _: None)

    def type(self, line):
        self._parser.type(line.encode())
        self.pipe.check()
        self.world.run()

    def say(self, text):
        self.type(text)

    def edit(self, text):
        self.type(f"/edit {text}")

    def enter(self, room):
        self.type(f"/join {room}")

    def leave(self):
        self.type("/quit")


class Person(Piped):
    """Lines of a person, without the full-screen client."""

    source = Source.PERSON


class Screen(Driver):
    """A person at the full-screen client, without the terminal."""

    def begin(self, name, client):
        parts = self.parts(name, client, since={})
        self.chat = Chat.of(parts)
        self.rooms = RoomList(["lobby"])
        self.line = LineInput(InputHistory(), Surroundings)
        link = Link(self.chat, parts.lifecycle, self.world.clock)
        notifier = Notifier(lambda sequence: None, self.world.clock.seconds, {})
        link.listener = feed = Feed(self.rooms, link, notifier, lambda: None)
        self.keys = Controller(link, self.rooms, feed, self.line, FakeSurface(), self.world.clock)
        self.dialogs = Dialogs(self.chat, self.line, feed)
        self.chat.start().addErrback(lambda _: None)

    @property
    def _lines(self):
        timelines = [room.timeline for room in self.rooms]
        return [line[position] for line in timelines for position in range(line.first, line.end)]

    @property
    def heard(self):
        return [line.text for line in self._lines if line.kind is Kind.MESSAGE and not line.own]

    @heard.setter
    def heard(self, nothing):
        """The screen remembers itself what it has heard."""

    @property
    def complaints(self):
        return [line.text for line in self._lines if line.kind is Kind.ERROR]

    @complaints.setter
    def complaints(self, nothing):
        """It remembers these, too."""

    def press(self, *keys):
        self.keys.press_all(list(keys))
        self.world.run()

    def say(self, text):
        self.press(*text, "enter")

    def edit(self, text):
        self.say(f"/edit {text}")

    def enter(self, room):
        self.say(f"/join {room}")

    def leave(self):
        self.say("/quit")
        if self.line.asking:  # a line is not stored: try again later
            self.press("n")
            self.world.clock.callLater(1, self.leave)

    @property
    def end(self):
        if self.line.asking:  # for another name
            self.press("ctrl d")
        return super().end


DRIVERS = [Bot, Piped, Person, Screen]
