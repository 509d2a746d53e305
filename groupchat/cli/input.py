"""
Parses the lines of standard input, and acts on them when they may act.

Lines act in the order typed: a command waits until all messages before it are stored, and all lines
after a ``/join`` wait until it is known which room we are in.
"""

from __future__ import annotations

from collections import deque

from groupchat.cli.failures import exit_for
from groupchat.cli.naming import room_name
from groupchat.client.errors import PasswordWithheld
from groupchat.client.inbound import OLDER_SERVER
from groupchat.client.interfaces import Display
from groupchat.client.model import Model
from groupchat.wire import commands, events, jsonlines, names, plain
from groupchat.wire.commands import HERE, Command
from groupchat.wire.errors import BadField, BadUtf8, Refused, TextEmpty, UnknownType
from groupchat.wire.limits import MAX_LINE

__all__ = ["MAX_UNSTORED", "InputParser", "JsonInputParser", "PipeInputParser"]

MAX_UNSTORED = 1000  #: messages not yet stored, until reading pauses
_MARK = names.MARK.encode()
_NUMBER = len(',"n":9007199254740991}\n')


class InputParser:
    """
    Lines of people: they are said; ``/`` begins a command.

    :param model: what they act on.
    :param display: shows what is wrong with them.

    :ivar ended: whether the input has ended.
    :ivar quitting: whether the last command was to quit.
    :ivar unsaid: lines that were not said or not done, and never will be.
    """

    def __init__(self, model: Model, display: Display) -> None:
        self._model = model
        self._display = display
        self._lines: deque[bytes] = deque()
        self.ended = False
        self.quitting = False
        self.unsaid = 0
        self._given_up = False

    @property
    def full(self) -> bool:
        """
        Whether reading should pause. A persistent outbox takes everything while the server is
        away.
        """
        outbox = self._model.outbox
        return bool(self._lines) or (
            outbox.count > MAX_UNSTORED and (self._model.session.logged_in or not outbox.persistent)
        )

    @property
    def done(self) -> bool:
        """Whether every line has acted and no more follow."""
        return self.quitting or (self.ended and not self._lines)

    @property
    def waiting(self) -> int:
        """The number of lines that have not acted yet."""
        return len(self._lines)

    def type(self, line: bytes) -> None:
        """A line was typed."""
        line = line.removeprefix(_MARK)
        if not line.strip() or self.quitting:
            return
        if self._given_up:
            self.unsaid += 1
        else:
            self._lines.append(line)

    def overflow(self) -> None:
        """A line was typed that is too long to be kept."""
        self.unsaid += 1
        if not self._given_up:
            self._display.complain("That line is too long. Say it in parts.")

    def give_up(self) -> None:
        """Only count the lines from now on."""
        self._given_up = True

    def work(self) -> bool:
        """Act on the lines, as far as they may act now. Returns whether any has acted."""
        before = len(self._lines)
        while self._lines and not self._model.switching:
            try:
                if not self._act(self._lines[0]):
                    break
            except Refused as refused:
                self.unsaid += 1
                self._display.complain(refused.text, self._word(self._lines[0]))
            except PasswordWithheld as withheld:
                self._display.complain(exit_for(withheld).text, withheld.ref)
            self._lines.popleft()
            if self.quitting:
                self._lines.clear()
        return len(self._lines) < before

    def _act(self, line: bytes) -> bool:
        """Act on this line. Returns whether it could act now."""
        command = self.decode(line)
        if isinstance(command, commands.Say):
            self._model.say(names.message_text(command.text), command.act)
        elif isinstance(command, commands.Help):
            session = self._model.session
            self._display.show(events.Help(session.operator, command.word), b"", session.name)
        elif isinstance(command, commands.Quit):
            self.quitting = True
        elif not self._model.ready:
            return False
        elif isinstance(command, commands.MoveTo):
            self._model.switch_room(room_name(command.room))
        elif isinstance(command, commands.Edit):
            self._correct(names.message_text(command.text), command.ref)
        elif isinstance(command, commands.Remove):
            self._correct(None, command.ref)
        else:
            self._model.request(self._at(command))
        return True

    def _correct(self, text: str | None, ref: str | None) -> None:
        """Say this in place of our newest message here; None: remove that."""
        room = self._model.rooms.get(self._model.current_room)
        if room is not None and not room.corrects:
            raise UnknownType(OLDER_SERVER)
        newest = room.own.newest if room is not None else None
        if room is None or newest is None:
            raise BadField("Nothing that you said here is known. /history may show it.")
        correction = commands.Correction(
            room=room.name,
            text=text,
            replaces=None if text is None else newest,
            redacts=newest if text is None else None,
            ref=ref,
        )
        self._model.say_line(room.name, jsonlines.encode_command(correction)[:-1])

    def decode(self, line: bytes) -> Command:
        """
        Returns the command in a line.

        :raises Refused: there is none.
        """
        _check_utf8(line)
        return plain.decode(line)

    def _word(self, line: bytes) -> str | None:
        """Returns the command that a line names, if it is one."""
        return plain.about(line).get("ref")

    def _at(self, command: Command) -> Command:
        """Returns the command with the room that it is about."""
        if isinstance(command, commands.RoomCommand) and command.room == HERE:
            command.room = self._model.current_room
        return command


class PipeInputParser(InputParser):
    """
    Lines of a pipe or a file: each is said as it is, whatever it begins with. Blank lines are
    skipped.
    """

    def _act(self, line: bytes) -> bool:
        try:
            return super()._act(line)
        except TextEmpty:
            return True

    def decode(self, line: bytes) -> Command:
        try:
            return commands.Say(room=HERE, text=line.decode())
        except UnicodeDecodeError:
            raise BadUtf8("That line is not UTF-8. Convert it first, as iconv does.") from None

    def _word(self, line: bytes) -> str | None:
        return None


class JsonInputParser(InputParser):
    """
    Lines of programs: those that begin with ``{`` are sent as they are, with a client and an n if
    they lack them.
    """

    def _act(self, line: bytes) -> bool:
        if line.startswith(b"{"):
            return self._act_on(_decode(line), line.strip())
        _check_utf8(line)
        say = commands.Say(room=self._model.current_room, text=names.message_text(line.decode()))
        return self._act_on(say, jsonlines.encode_command(say)[:-1])

    def _act_on(self, command: Command, line: bytes) -> bool:
        if isinstance(command, commands.Say | commands.Correction) and self._is_ours(command, line):
            self._model.say_line(names.key(command.room), line)
        elif isinstance(command, commands.Quit):
            self.quitting = True
        elif not self._model.ready:
            return False
        else:
            self._model.request(command, self._with_client(command, line))
        return True

    def _is_ours(self, say: commands.Say | commands.Correction, line: bytes) -> bool:
        """
        Returns whether this can be said under a number of ours. If not, it is sent as it is: the
        server says best what is wrong.
        """
        try:
            if say.text is not None:
                names.message_text(say.text)
        except Refused:
            return False
        return (
            say.n is None
            and self._model.is_in(names.key(say.room))
            and len(line) + _NUMBER <= MAX_LINE
        )

    def _with_client(self, command: Command, line: bytes) -> bytes:
        if isinstance(command, commands.Hello) and command.client is None:
            return b'%s,"client":"%s"}' % (line[:-1], self._model.session.client.encode())
        return line


def _decode(line: bytes) -> Command:
    """Returns the command in a line; for an invalid line, a command that the server answers."""
    try:
        return jsonlines.decode(line)
    except Refused:
        return commands.Ping(ref=jsonlines.about(line).get("ref"))


def _check_utf8(line: bytes) -> None:
    try:
        line.decode()
    except UnicodeDecodeError:
        raise BadUtf8("That line is not UTF-8. Set your terminal to UTF-8.") from None
