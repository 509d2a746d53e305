"""
The model of a chat: the rooms that we are in, over one connection after the other. Sans-I/O.

It takes the server's events and the user's commands, and returns lines to send and events to
display. Rooms are in `groupchat.client.room`, requests in `groupchat.client.requests`; nothing here
knows a socket, a terminal or a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from twisted.internet.interfaces import IReactorTime

from groupchat.client import client_id
from groupchat.client.errors import PasswordWithheld, ServerUnproven
from groupchat.client.interfaces import Display, SessionListener
from groupchat.client.outbox import Entry, Outbox
from groupchat.client.requests import ANSWERS, FILL_REF, LEAVE_REF, Requests, is_own
from groupchat.client.room import Refusal, Room, Rooms
from groupchat.client.sender import RETRYABLE
from groupchat.wire import commands, events, jsonlines, names
from groupchat.wire.commands import Command, Position
from groupchat.wire.events import Event

__all__ = ["Model"]

_JOIN_REF = "/join"


class Model:
    """
    The model.

    :param name: our own name.
    :param client: the client secret.
    :param rooms: the rooms to join; what is typed goes to the first.
    :param display: shows what happens.
    :param outbox: keeps what is said.
    :param clock: for what is tried again later.
    :param read: how far rooms were read before, if a person goes on reading there; None if rooms
        begin at their newest few messages.

    :ivar current_room: the room that what is typed goes to.
    :ivar logged_in: whether the server has let us in.
    :ivar operator: whether it has let us in as an operator.
    :ivar listener: is told what concerns the whole connection; to be set before anything is
        received.
    :ivar password: the password of the name, if it is known.
    :ivar unproven: whether nothing shows that the server is the right one: it gets no password,
        and in place of the client secret a random one that lasts as long as the process.
    :ivar unsaid: messages and requests that the server has refused, or left without an answer.
    """

    listener: SessionListener
    password: str | None = None
    unproven = False

    def __init__(
        self,
        name: str,
        client: str,
        rooms: Iterable[str],
        display: Display,
        outbox: Outbox,
        clock: IReactorTime,
        read: Mapping[str, Position] | None = None,
    ) -> None:
        self.name = name
        self.client = client
        self.display = display
        self.outbox = outbox
        self.clock = clock
        self.logged_in = False
        self.operator = False
        self.unsaid = 0
        self._client_for_unproven = client_id.make()
        self._send: Callable[[bytes], None] | None = None
        self._requests = Requests()
        self._switching_to: str | None = None
        self.rooms = Rooms(self, rooms, read)
        self.current_room = next(iter(self.rooms)).name
        self.rooms.restore(outbox.entries())

    def identify(self, client: str, read: Mapping[str, Position] | None) -> None:
        """
        It is known which server this is; nothing was sent to it yet.

        :param client: the client secret for it.
        :param read: how far its rooms were read before.
        """
        self.client = client
        self.rooms.resume(read)

    @property
    def positions(self) -> dict[str, Position]:
        """The last position read in each room."""
        return self.rooms.positions

    # Connections.

    def connect(self, send: Callable[[bytes], None]) -> None:
        """There is a connection; `send` takes lines for it."""
        self._send = send
        self.send_hello()

    def send_hello(self) -> None:
        """Ask the server to let us in."""
        client = self._client_for_unproven if self.unproven else self.client
        self.send(
            commands.Hello(
                name=self.name,
                client=client,
                rooms={room.name: room.receiver.position for room in self.rooms},
                password=None if self.unproven else self.password,
            )
        )

    def set_unproven(self, unproven: bool) -> None:
        """
        Say whether nothing shows who the server of the next connection is.

        :raises ServerUnproven: the outbox can't be delivered there, as its numbers hold under the
            client secret only.
        """
        if unproven and self.outbox.persistent:
            raise ServerUnproven
        self.unproven = unproven

    def disconnect(self) -> None:
        """The connection is gone. Unacknowledged messages are kept for the next."""
        self._send = None
        self.logged_in = False
        self.rooms.disconnected()

    def fail_requests(self) -> None:
        """Don't repeat the requests of the last connection: they may have been done."""
        for ref in self._requests.abandon():
            self.unsaid += 1
            self.display.complain("The connection was lost before the answer came. Ask again.", ref)

    def quit(self) -> None:
        """Tell the server that nothing more is said."""
        self.send(commands.Quit())

    def send(self, command: Command) -> None:
        """Send a command that needs no n."""
        self._write(jsonlines.encode_command(command))

    def _write(self, data: bytes) -> None:
        if self._send is not None:
            self._send(data)

    def flush(self) -> None:
        """Send the messages that are due. Call this when everything that arrived is handled."""
        due = []
        for room in self.rooms:
            entries = room.window.due()
            if entries:
                self.outbox.remember(room.name, room.receiver.position)
                due += entries
            elif room.delivery_only and not room.busy:
                self._leave(room.name)
        self.outbox.commit()  # the numbers are safe before the server gets them
        if due:
            self._write(
                b"".join(b'%s,"n":%d}\n' % (entry.line[:-1], entry.n or 0) for entry in due)
            )

    # From the user.

    @property
    def switching(self) -> bool:
        """Whether it is not known yet to which room the next message goes."""
        return self._switching_to is not None

    @property
    def ready(self) -> bool:
        """
        Whether a command can be sent now: we are logged in, and all messages before it are stored.
        """
        return self.logged_in and not self.outbox.count and not self.switching

    @property
    def busy(self) -> bool:
        """Whether a message or request has no answer yet, or history is still to be received."""
        return bool(self._requests) or self.switching or any(room.busy for room in self.rooms)

    def say(self, text: str, act: bool = False) -> None:
        """Say this in the current room."""
        say = commands.Say(room=self.current_room, text=text, act=act)
        self.say_line(self.current_room, jsonlines.encode_command(say)[:-1])

    def say_line(self, room: str, line: bytes) -> None:
        """
        Say this in a room, under a number of ours.

        :param line: a valid `say` without an n, without its LF.
        """
        entry = Entry(room, line)
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
        if isinstance(command, commands.Register) and self.unproven:
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
        self._write(jsonlines.encode_command(command) if line is None else line + b"\n")

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
        if room == self.current_room:
            self.display.complain(f"You are in {room} already.", _JOIN_REF)
            return
        self._switching_to = room
        position = self.rooms.position(room) or Position()
        self.request(
            commands.Join(room=room, epoch=position.epoch, after=position.after, ref=_JOIN_REF)
        )

    def _finish_switch(self, room: str) -> None:
        old, self.current_room, self._switching_to = self.current_room, room, None
        self._leave(old)

    def _leave(self, room: str) -> None:
        self.rooms.save_positions()
        self.rooms.remove(room)
        self.send(commands.Leave(room=room, ref=LEAVE_REF))

    # From the server.

    def receive(self, event: Event | None, line: bytes) -> None:
        """
        Handle a line of the server.

        :param event: None if this client does not know the event.
        """
        if isinstance(event, ANSWERS):
            self._requests.settle(event)
        _HANDLERS.get(type(event), Model._show)(self, event, line)

    def _show(self, event: Event | None, line: bytes) -> None:
        if not is_own(event):
            self.display.show(event, line, self.name)

    def _on_welcome(self, event: events.Welcome, line: bytes) -> None:
        self.name = event.name
        self.operator = event.operator
        self.logged_in = True
        self._show(event, line)
        self.listener.on_welcome()

    def _on_bye(self, event: events.Bye, line: bytes) -> None:
        self._show(event, line)
        self.listener.on_bye(event)

    def _on_ping(self, event: events.Ping, line: bytes) -> None:
        self._show(event, line)
        self.send(commands.Pong())
        for name, head in event.heads.items():
            room = self.rooms.get(name)
            if room is not None and room.joined:
                room.receiver.on_head(head)

    def _on_room_event(self, event: RoomEvent, line: bytes) -> None:
        room = self.rooms.get(event.room)
        if room is None:
            self.display.show_elsewhere(event, line)
            return
        if isinstance(event, events.Presence):
            self.name = event.renamed.get(self.name, self.name)
        room.handle(event, line)
        if isinstance(event, events.Catchup) and event.room == self._switching_to:
            self._finish_switch(event.room)

    def _on_history(self, event: events.History, line: bytes) -> None:
        room = self.rooms.get(event.room)
        if event.ref != FILL_REF:
            self._show(event, line)
            if room is not None:
                room.receiver.history_shown(event)
        elif room is not None:
            room.receiver.fill(event)

    def _on_ok(self, event: events.Ok, line: bytes) -> None:
        room = self.rooms.get(event.room or "")
        if room is not None and event.n is not None:
            room.acknowledged(event)
        self._show(event, line)

    def _on_error(self, event: events.Error, line: bytes) -> None:
        room = self.rooms.get(names.key(event.room or ""))
        refusal = Refusal.SHOWN if room is None else self._apply_error(room, event)
        if refusal is not Refusal.HIDDEN:
            is_message = room is not None and event.n is not None
            self._show(_say_it_is_retried(event) if is_message else event, line)
        if is_own(event):
            return
        if not self.logged_in:
            self.listener.on_rejected(event)
        elif event.ref is not None and event.n is None:
            self.unsaid += 1

    def _apply_error(self, room: Room, error: events.Error) -> Refusal:
        """Tell the room that the error is about."""
        if error.n is not None:
            refusal = room.refused(error)
            self.unsaid += refusal is Refusal.LOST
            return refusal
        if error.ref == FILL_REF:
            room.receiver.fill(None)
        elif room.unconfirmed:
            self.rooms.remove(room.name)
            self._switching_to = None
        return Refusal.SHOWN


def _say_it_is_retried(error: events.Error) -> events.Error:
    """Returns the refusal of a message as a person should read it."""
    if error.code not in RETRYABLE:
        return error
    text = error.text.replace("try again later", "it is tried again by itself")
    return msgspec.structs.replace(error, text=text)


RoomEvent = (
    events.RoomState
    | events.Gap
    | events.Reset
    | events.Catchup
    | events.Message
    | events.Presence
    | events.Topic
)
#: By the type of the event. Each handler takes events of its type only, which the types can't say.
_HANDLERS: dict[type[object], Callable[[Model, Any, bytes], None]] = {
    events.Welcome: Model._on_welcome,
    events.Bye: Model._on_bye,
    events.Ping: Model._on_ping,
    events.RoomState: Model._on_room_event,
    events.Gap: Model._on_room_event,
    events.Reset: Model._on_room_event,
    events.Catchup: Model._on_room_event,
    events.Message: Model._on_room_event,
    events.Presence: Model._on_room_event,
    events.Topic: Model._on_room_event,
    events.History: Model._on_history,
    events.Ok: Model._on_ok,
    events.Error: Model._on_error,
}
