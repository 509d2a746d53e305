"""
Does what a finished line asks for: says it, or gives the command in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from twisted.python.failure import Failure

from groupchat.cli.failures import exit_for
from groupchat.cli.terminal.client_commands import find
from groupchat.cli.terminal.feed import Feed, line_of
from groupchat.cli.terminal.own_commands import OFFLINE, OwnCommands
from groupchat.cli.terminal.results import Results
from groupchat.cli.terminal.room_list import RoomList, RoomView
from groupchat.cli.terminal.talk import Phase, Talk
from groupchat.cli.terminal.timeline import Kind, Line, Pending
from groupchat.client import AnswerLost, Ending, Refused
from groupchat.client.errors import PasswordWithheld
from groupchat.wire import commands, events, names, plain
from groupchat.wire import errors as wire_errors
from groupchat.wire.commands import HERE, Command
from groupchat.wire.events import Event

__all__ = ["Commander"]

_FROM = "from:"


@dataclass
class Commander:
    """
    Does what lines ask for.

    :ivar talk: the chat.
    :ivar rooms: the rooms.
    :ivar feed: shows answers.
    :ivar show: brings a room into view.
    :ivar leave: leaves the server.
    :ivar bare: shows plain lines.
    :ivar copy: puts a text on the clipboard.
    :ivar show_links: lists the links of the room in view.
    :ivar put_back: puts a text that was not said into the line of its room. Returns False if
        something else is there.
    :ivar own: the commands of this client.
    :ivar results: lists what a search has found.
    """

    talk: Talk
    rooms: RoomList
    feed: Feed
    show: Callable[[RoomView], None]
    leave: Callable[[], None]
    bare: Callable[[], None]
    copy: Callable[[str], None]
    show_links: Callable[[], None]
    put_back: Callable[[RoomView, str], bool]
    results: Results | None = None
    own: OwnCommands = field(init=False)

    def __post_init__(self) -> None:
        self.own = OwnCommands(self, self.talk, self.rooms, self.feed)

    def run(self, text: str) -> None:
        """Do what a text asks for; each of its lines is a message or a command."""
        for line in text.split("\n"):
            if line.strip():
                self._run_line(line)

    def _run_line(self, line: str) -> None:
        begin = line.lstrip()
        try:
            if begin.startswith("/") and not begin.startswith("//"):
                self._command(begin)
            else:
                self._say(plain.decode(line.encode(errors="replace")))
        except wire_errors.Refused as refused:
            word = plain.about(line.encode(errors="replace")).get("ref")
            self.complain(refused.text, str(word) if word else "")

    def complain(self, text: str, word: str = "") -> None:
        """Tell what is wrong, perhaps with a command."""
        self.feed.tell(f"{word}: {text}" if word else text, Kind.ERROR)

    # Saying.

    def _say(self, command: Command) -> None:
        if isinstance(command, commands.Say):
            self.say(names.message_text(command.text), command.act)

    def say(self, text: str, act: bool = False) -> None:
        """Say this in the room in view."""
        room = self.rooms.current
        room.timeline.forget_news()
        room.viewport.to_end()
        kind = Kind.ACT if act else Kind.MESSAGE
        pending = room.timeline.say(Line(kind, text, self.talk.name, own=True, waiting=True))
        stored = self.talk.say(room.name, text, act)
        stored.addCallbacks(self._stored, self._unsaid, (room, pending), {}, (room, pending))
        self.feed.repaint()

    def _stored(self, message_id: int | None, room: RoomView, pending: Pending) -> None:
        room.timeline.stored(pending, message_id)
        self.feed.repaint()

    def _unsaid(self, failure: Failure, room: RoomView, pending: Pending) -> None:
        reason = failure.value
        if failure.check(Ending):
            return  # it is said if another chat begins
        failure.trap(Refused)
        room.timeline.refused(pending)
        if self.put_back(room, _as_typed(pending.line)):
            self.feed.tell(f"Not said, and back in your line: {reason}", Kind.ERROR, room)
        else:
            self.feed.tell(f"Not said: {pending.line.text}", Kind.ERROR, room)
            self.feed.tell(str(reason), Kind.ERROR, room)

    # Commands.

    def _command(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        command = find(word)
        if command is not None and self.own.run(command.word, rest.strip()):
            return
        parsed = plain.decode(line.encode(errors="replace"))
        if isinstance(parsed, commands.Say):
            self.say(names.message_text(parsed.text), parsed.act)
        elif isinstance(parsed, commands.Edit):
            self._correct_newest(names.message_text(parsed.text))
        elif isinstance(parsed, commands.Remove):
            self._correct_newest(None)
        elif isinstance(parsed, commands.Search):
            self.search(_with_sender(parsed, self.rooms.current.name))
        else:
            self.request(parsed, command.word if command else word)

    def request(self, command: Command, word: str) -> None:
        """Give a command to the server, and show its answer."""
        if getattr(command, "room", None) == HERE:
            command.room = self.rooms.current.name  # type: ignore[attr-defined]
        if self.talk.connection.phase is not Phase.ONLINE:
            self.complain(OFFLINE, word)
            return
        command.ref = None
        answer = self.talk.request(command)
        answer.addCallbacks(self._answered, self.unanswered, (command, word), {}, (word,))

    def _answered(self, event: Event, command: Command, word: str) -> None:
        if isinstance(command, commands.Tell):
            line = Line(Kind.TELL, command.text, command.to, own=True)
            self.rooms.current.timeline.add(line)
        elif isinstance(event, events.Ok) and not event.text:
            if not isinstance(command, commands.Rename):
                self.feed.tell(f"{word}: done.", Kind.ANSWER)
        elif isinstance(command, commands.SetTopic) and command.text is not None:
            return  # the room is told, too
        else:
            self.feed.answer(event)
        self.feed.repaint()

    def unanswered(self, failure: Failure, word: str) -> None:
        """A request has failed."""
        failure.trap(Refused, AnswerLost, Ending)
        cause = failure.value and failure.value.__cause__
        text = exit_for(cause).text if isinstance(cause, PasswordWithheld) else str(failure.value)
        self.complain(text, word)

    # Corrections.

    def _correct_newest(self, text: str | None) -> None:
        room = self.rooms.current
        newest = self.talk.newest_own(room.name)
        if newest is None:
            raise wire_errors.BadField("Nothing that you said here is known.")
        self.correct(room, newest, text)

    def correct(self, room: RoomView, message_id: int, text: str | None) -> None:
        """Say this in place of a message; None removes it."""
        corrected = self.talk.correct(room.name, message_id, text)
        corrected.addErrback(self._not_corrected, room)

    def _not_corrected(self, failure: Failure, room: RoomView) -> None:
        failure.trap(Refused, AnswerLost, Ending)
        self.feed.tell(str(failure.value), Kind.ERROR, room)

    # Searching.

    def search(self, search: commands.Search) -> None:
        """Search on the server, and list what is found."""
        room = self.rooms.get(search.room)
        if room is None or self.talk.connection.phase is not Phase.ONLINE:
            self.complain(OFFLINE, "/search")
            return
        search.ref = None
        answer = self.talk.request(search)
        answer.addCallbacks(self._found, self.unanswered, (room, search), {}, ("/search",))

    def _found(self, event: Event, room: RoomView, search: commands.Search) -> None:
        if not isinstance(event, events.Found) or self.results is None:
            return
        lines = [_found_line(message, self.talk.name) for message in reversed(event.messages)]
        following = None
        if event.more:
            following = commands.Search(
                room=search.room, text=search.text, sender=search.sender, before=event.before
            )
        self.results.add(room, lines, following)
        self.feed.repaint()


def _as_typed(line: Line) -> str:
    """Returns what a person types to say this."""
    if line.kind is Kind.ACT:
        return f"/me {line.text}"
    return f"/{line.text}" if line.text.startswith("/") else line.text


def _found_line(message: events.Message, me: str) -> Line:
    """Returns a message as a result. A correction is shown where the corrected message is."""
    line = line_of(message, me)
    return line if message.replaces is None else replace(line, id=message.replaces, edited=True)


def _with_sender(search: commands.Search, room: str) -> commands.Search:
    """Returns a search in a room; a word like from:bob asks for what bob said."""
    words = search.text.split()
    senders = [word.removeprefix(_FROM) for word in words if word.startswith(_FROM)]
    text = " ".join(word for word in words if not word.startswith(_FROM))
    if not text:
        raise wire_errors.BadField("Type it like this: /search TEXT [from:NAME]")
    return commands.Search(room=room, text=text, sender=senders[-1] if senders else None)
