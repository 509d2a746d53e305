"""
The model of a chat: the rooms that we are in, over one connection after the other. Sans-I/O.

It takes the server's events and the user's commands, and returns lines to send and events to
display. The login is in `groupchat.client.session`, the rooms are in `groupchat.client.rooms`,
requests in `groupchat.client.requests`, and `groupchat.client.inbound` applies the events; nothing
here knows a socket, a terminal or a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from twisted.internet.interfaces import IReactorTime

from groupchat.client.errors import PasswordWithheld, ServerUnproven
from groupchat.client.inbound import Inbound
from groupchat.client.interfaces import Display
from groupchat.client.marks import ReadMarks
from groupchat.client.outbox import Answer, Entry, Outbox
from groupchat.client.receiver import MAX_MISSED
from groupchat.client.requests import Requests
from groupchat.client.rooms import Rooms, RoomSwitch
from groupchat.client.session import Session
from groupchat.wire import commands, jsonlines, names
from groupchat.wire.commands import Command, Position
from groupchat.wire.errors import NotInRoom
from groupchat.wire.events import Event

__all__ = ["Model"]

_JOIN_REF = "/join"


class Model:
    """
    The model.

    :param session: our login.
    :param rooms: the rooms to join; what is typed goes to the first.
    :param display: shows what happens.
    :param outbox: keeps what is said.
    :param clock: for what is tried again later.
    :param read: how far rooms were read before, if a person goes on reading there; None if rooms
        begin at their newest few messages.
    :param max_missed: messages after these positions that are shown, at most; None for all.
    """

    def __init__(
        self,
        session: Session,
        rooms: Iterable[str],
        display: Display,
        outbox: Outbox,
        clock: IReactorTime,
        read: Mapping[str, Position] | None = None,
        max_missed: int | None = MAX_MISSED,
    ) -> None:
        self.session = session
        self.display = display
        self.outbox = outbox
        self.clock = clock
        self.rooms = Rooms(self, rooms, read, max_missed)
        self._requests = Requests()
        self._switch = RoomSwitch(next(iter(self.rooms)).name)
        self.marks = ReadMarks(session, self.rooms, clock)
        self._inbound = Inbound(
            session, self.rooms, self._switch, self._requests, self.marks, display
        )
        self.rooms.restore(outbox.entries())

    @property
    def positions(self) -> dict[str, Position]:
        """The last position read in each room."""
        return self.rooms.positions

    @property
    def unsaid(self) -> int:
        """Messages and requests that the server has refused, or left without an answer."""
        return self._inbound.refused + self._requests.abandoned

    # For the identity: see `groupchat.client.identity.IdentityUser`.

    def identify(self, client: str, read: Mapping[str, Position] | None) -> None:
        """
        It is known which server this is; nothing was sent to it yet.

        :param client: the client secret for it.
        :param read: how far its rooms were read before.
        """
        self.session.client = client
        self.rooms.resume(read)

    def set_unproven(self, unproven: bool) -> None:
        """
        Say whether nothing shows who the server of the next connection is.

        :raises ServerUnproven: the outbox can't be delivered there, as its numbers hold under the
            client secret only.
        """
        if unproven and self.outbox.persistent:
            raise ServerUnproven
        self.session.unproven = unproven

    # Connections.

    def connect(self, send: Callable[[bytes], None]) -> None:
        """There is a connection; `send` takes lines for it."""
        self.session.connect(send)
        self.send_hello()

    def send_hello(self) -> None:
        """Ask the server to let us in."""
        self.session.send_hello({room.name: room.receiver.position for room in self.rooms})

    def receive(self, event: Event | None, line: bytes) -> None:
        """
        Handle a line of the server.

        :param event: None if this client does not know the event.
        """
        self._inbound.receive(event, line)

    def disconnect(self) -> None:
        """The connection is gone. Unacknowledged messages are kept for the next."""
        self.session.disconnect()
        self.marks.disconnect()
        self.rooms.disconnected()

    def fail_requests(self) -> None:
        """Don't repeat the requests of the last connection: they may have been done."""
        for ref in self._requests.abandon():
            self.display.complain("The connection was lost before the answer came. Ask again.", ref)

    def quit(self) -> None:
        """Tell the server that nothing more is said."""
        self.marks.flush()
        self.session.send(commands.Quit())

    def flush(self) -> None:
        """Send the messages that are due. Call this when everything that arrived is handled."""
        due = []
        for room in self.rooms:
            entries = room.window.due()
            if entries:
                self.outbox.remember(room.name, room.receiver.position)
                due += entries
            elif room.delivery_only and not room.busy:
                self.rooms.leave(room.name)
        self.outbox.commit()  # the numbers are safe before the server gets them
        if due:
            self.session.write(
                b"".join(b'%s,"n":%d}\n' % (entry.line[:-1], entry.n or 0) for entry in due)
            )

    # From the user.

    @property
    def current_room(self) -> str:
        """The room that what is typed goes to."""
        return self._switch.current

    @property
    def switching(self) -> bool:
        """Whether it is not known yet to which room the next message goes."""
        return self._switch.target is not None

    @property
    def ready(self) -> bool:
        """
        Whether a command can be sent now: we are logged in, and all messages before it are stored.
        """
        return self.session.logged_in and not self.outbox.count and not self.switching

    @property
    def busy(self) -> bool:
        """Whether a message or request has no answer yet, or history is still to be received."""
        return bool(self._requests) or self.switching or any(room.busy for room in self.rooms)

    def say(self, text: str, act: bool = False) -> None:
        """Say this in the current room."""
        say = commands.Say(room=self.current_room, text=text, act=act)
        self.say_line(self.current_room, jsonlines.encode_command(say)[:-1])

    def say_line(
        self, room: str, line: bytes, on_answer: Callable[[Answer], None] | None = None
    ) -> None:
        """
        Say this in a room, under a number of ours.

        :param line: a valid `say` without an n, without its LF.
        :param on_answer: called with the server's answer, once that is final.
        :raises NotInRoom: we are not in this room: the server has put us out.
        """
        if room not in self.rooms:
            raise NotInRoom(f"You are not in {room} any more. /join ROOM enters a room.")
        entry = Entry(room, line, on_answer=on_answer)
        self.outbox.add(entry)
        self.rooms[room].window.add(entry)

    def is_in(self, room: str) -> bool:
        """Returns whether we are in this room, or about to be."""
        return room in self.rooms

    def request(self, command: Command, line: bytes | None = None) -> None:
        """
        Send a command other than a message.

        :param line: the command as it was typed, if it was.
        :raises PasswordWithheld: it has a password, and nothing shows who the server is.
        """
        if isinstance(command, commands.Register) and self.session.unproven:
            raise PasswordWithheld(
                "Nothing shows that this is the server: it gets no password.", command.ref
            )
        if isinstance(command, commands.AskHistory) and line is None and self.is_in(command.room):
            self.rooms[command.room].receiver.redirect_history(command)
        if isinstance(command, commands.Join):
            self._expect_room(command)
        elif isinstance(command, commands.Leave):
            self.rooms.remove(names.key(command.room))
        self._requests.add(command)
        self.session.write(jsonlines.encode_command(command) if line is None else line + b"\n")

    def _expect_room(self, join: commands.Join) -> None:
        room = names.key(join.room)
        if room not in self.rooms:
            known = join.after is not None
            self.rooms.add(room, Position(epoch=join.epoch, after=join.after) if known else None)

    def switch_room(self, room: str) -> None:
        """
        Leave the current room once another is joined.

        :param room: as the server writes it.
        """
        if room == self.current_room and self.is_in(room):
            self.display.complain(f"You are in {room} already.", _JOIN_REF)
            return
        self._switch.begin(room)
        position = self.rooms.position(room) or Position()
        self.request(
            commands.Join(room=room, epoch=position.epoch, after=position.after, ref=_JOIN_REF)
        )
