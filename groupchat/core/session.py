"""
One connection's identity, rooms and limits.

A session knows nothing of sockets. Its login is in `login.py`, what each command does in
`actions.py`, when the next line has to wait in `flow_control.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from twisted.logger import Logger

from groupchat.core.actions import ACTIONS, BEFORE_LOGIN
from groupchat.core.cursor import Cursor, Phase
from groupchat.core.entries import JoinEntry, LeaveEntry, QuitEntry
from groupchat.core.flow_control import FlowControl
from groupchat.core.hub import Hub
from groupchat.core.login import Login
from groupchat.core.ratelimit import FailureWindow, TokenBucket
from groupchat.interfaces import IOutbound
from groupchat.wire import commands, errors, events, names
from groupchat.wire.commands import Command, Position
from groupchat.wire.events import Event
from groupchat.wire.interfaces import IWire, Reference

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred
    from twisted.python.failure import Failure

__all__ = ["Session"]


class Session:
    """
    :param hub: the node that the session is a part of.
    :param peer: the way out of its connection.
    :param wire: the wire that it speaks.
    :param resume: called when `blocked` may have ended.
    :param on_joined: called once, when the session has logged in.

    :ivar name: the member's name; "" before login.
    :ivar client: the digest of the client's secret.
    :ivar account: the key of the account that it logged in to; "" for a guest.
    :ivar rooms: the rooms that it is in, each with its cursor.
    :ivar current_room: the room that a command without one is about.
    :ivar joined: whether it has logged in.
    :ivar ended: whether nothing more is taken from it.
    """

    log = Logger()

    __slots__ = (
        "_failures",
        "_login",
        "_quitting",
        "_rename_limit",
        "account",
        "client",
        "current_room",
        "ended",
        "flow",
        "hub",
        "joined",
        "name",
        "peer",
        "resume",
        "rooms",
        "wire",
    )

    def __init__(
        self,
        hub: Hub,
        peer: IOutbound,
        wire: IWire,
        resume: Callable[[], None],
        on_joined: Callable[[], None],
    ) -> None:
        settings = hub.settings
        self.hub = hub
        self.peer = peer
        self.wire = wire
        self.resume = resume
        self.name = ""
        self.client = b""
        self.account = ""
        self.rooms: dict[str, Cursor] = {}
        self.current_room = ""
        self.joined = False
        self.ended = False
        self.flow = FlowControl(settings.rate, settings.burst, hub.seconds)
        self._login = Login(self, on_joined)
        self._quitting = False
        self._rename_limit: TokenBucket | None = None
        self._failures: FailureWindow | None = None

    # Lines.

    @property
    def blocked(self) -> bool:
        """Whether the next line waits: for a reply, the ledger, or a reader that is behind."""
        return self.flow.blocked or self.peer.full or self._quitting

    @property
    def awaits_reply(self) -> bool:
        """Whether a reply is under way."""
        return self.flow.pending_replies > 0

    @property
    def has_client_id(self) -> bool:
        """Whether the client will come again under the same secret."""
        return self._login.has_client_id

    @property
    def operator(self) -> bool:
        """Whether the member is an operator."""
        account = self.hub.accounts.permissions.owner(self.account) if self.account else None
        return account is not None and account.operator

    def delay(self) -> float:
        """Take the next line's token. Returns 0.0, or the seconds until there is one."""
        return self.flow.take() if self.joined else 0.0

    def handle(self, command: Command) -> None:
        """Do what a line asks for, or answer why not."""
        if not self.joined:
            read = self._login.read(command)
            if read is None:
                return
            command = read
        try:
            if not self.joined and type(command) not in BEFORE_LOGIN:
                raise errors.HelloFirst("Say hello first.")
            ACTIONS[type(command)](self, command)
        except (errors.Refused, errors.Disconnect) as error:
            self._refuse(command, error)

    def hello(self, hello: commands.Hello) -> None:
        """
        Log in.

        :raises Refused: the hello is refused.
        :raises Disconnect: the client is not let in.
        """
        self._login.hello(hello)

    def _refuse(self, command: Command, error: errors.Refused | errors.Disconnect) -> None:
        if isinstance(error, errors.Disconnect):
            name = command.name if isinstance(command, commands.Hello) else ""
            self.hub.note_refusal(self, self.name or name, error.bye.code)
            self.end(error.bye)
        elif isinstance(command, commands.Hello) and not self.joined:
            self._login.refused(command, error)
        else:
            n, room = getattr(command, "n", None), getattr(command, "room", None)
            self.peer.write(self.refusal(error, n, room, command.ref))

    def bad_line(self, error: errors.Refused, about: Reference) -> None:
        """
        Answer a line that is no command. Too many of these end the connection.

        :param about: which of n, room and ref the line gave.
        """
        self.peer.write(self.refusal(error, **about))
        if self._failures is None:
            self._failures = FailureWindow(100, 10, self.hub.seconds)
        if self._failures.record():
            self.end(errors.protocol_violation(error))
        elif not self.joined:
            self._login.bad_line(error)

    def refusal(
        self,
        error: errors.Refused,
        n: int | None = None,
        room: str | None = None,
        ref: str | None = None,
    ) -> bytes:
        """Return the line of an error, with every one of n, room and ref that was given."""
        text, want, retry = error.text, error.want, error.retry
        return self._line(events.Error(error.code, text, n, room or None, ref, want, retry))

    def send(self, event: Event) -> None:
        """Tell the client an event."""
        self.peer.write(self._line(event))

    def _line(self, event: Event) -> bytes:
        return self.wire.encode(event, self.name)

    def await_reply(
        self, asked: Deferred[Any], answer: Callable[[Any], None], command: Command
    ) -> None:
        """
        Answer a command when the ledger or the accounts have.

        The next line waits for that, so no session has two replies under way.
        """
        self.flow.expect_reply()

        def failed(failure: Failure) -> None:
            error = failure.value
            if not isinstance(error, (errors.Refused, errors.Disconnect)):
                self.log.failure("Request failed: {kind}", failure, kind=type(command).__name__)
                error = errors.Unavailable("That can't be done just now. Try again.")
            if not self.ended:
                self._refuse(command, error)

        asked.addCallback(answer).addErrback(failed).addCallback(lambda _: self.on_reply())

    def on_reply(self) -> None:
        """Go on with the input, where the reply just given was the last one awaited."""
        if self.flow.replied():
            self.resume()

    # Entries of this session that come back.

    def on_committed(self, text: str) -> None:
        """Count a message that the ledger has stored or refused."""
        self.flow.committed(text)

    def on_answered(self) -> None:
        """Go on with the input, where the ledger has caught up with what was said."""
        if self.flow.resume():
            self.resume()

    def on_quit(self) -> None:
        """End, once everything said is committed and everything asked for has been written."""
        if (
            not self.ended
            and not self.peer.waiting
            and all(cursor.phase is Phase.LIVE for cursor in self.rooms.values())
        ):
            self.end(errors.QUIT)

    # Leaving.

    def end_of_input(self) -> None:
        """Leave as soon as all that the client sent before has been done."""
        if self._quitting or self.ended:
            return
        self._quitting = True
        if self.joined:
            self.hub.post(QuitEntry("", self))
        else:
            self.end(errors.QUIT)

    def on_live(self) -> None:
        """See whether a member that quits is done: a cursor is live, or the output has drained."""
        if self._quitting and self.joined:
            self.hub.post(QuitEntry("", self))

    def replaced(self, taken_over: frozenset[str]) -> dict[str, Cursor]:
        """
        End, since the same client has logged in on another connection.

        :param taken_over: rooms that the other connection takes over.
        :returns: the cursors in these rooms.
        """
        self.ended = True
        for room, cursor in self.rooms.items():
            self.depart(room, cursor, tell=room not in taken_over)
        self.peer.finish(self._line(errors.REPLACED))
        return {room: cursor for room, cursor in self.rooms.items() if room in taken_over}

    def end(self, bye: events.Bye) -> None:
        """Send the last line. Nothing is taken or given after it."""
        if not self.ended:
            self.lost()
            self.peer.finish(self._line(bye))

    def lost(self) -> None:
        """Leave all rooms: the connection is gone."""
        if self.ended:
            return
        self.ended = True
        if self.joined:
            self.hub.remove(self)
            for room, cursor in self.rooms.items():
                self.depart(room, cursor)

    # Rooms.

    def enter(
        self,
        room: str,
        position: Position,
        ref: str | None = None,
        instead: Cursor | None = None,
    ) -> None:
        """
        Join a room. The next line of the client waits for the room line.

        :param room: its name, as the server writes it.
        :param position: up to where the client knows the room.
        :param instead: the cursor of an older connection, whose place this one takes.
        """
        cursor = self.rooms[room] = Cursor(self, ref)
        self.current_room = room
        entry = JoinEntry(room, self.client, position.epoch, position.after, cursor, self, ref)
        entry.instead = instead
        self.flow.expect_reply()
        self.hub.post(entry)

    def depart(self, room: str, cursor: Cursor, tell: bool = True) -> None:
        """
        Leave a room at once.

        :param tell: whether the others are told.
        """
        here = self.hub.rooms.get(room)
        if here is not None:
            here.detach(cursor)
        cursor.phase = Phase.CLOSED
        if tell:
            self.hub.post(LeaveEntry(room, cursor))

    def room(self, name: str) -> str:
        """
        Return the room that a command is about, as the server writes it.

        :param name: as the command gives it; "" for the current room.
        :raises NotInRoom: the member is not in it.
        """
        if name in self.rooms:
            return name
        if name:
            room = names.key(name)
        else:
            room = self.current_room if self.wire.capabilities.single_room else ""
        if room not in self.rooms:
            raise errors.NotInRoom("You are not in that room. Join it first.")
        return room

    def check_rooms(self, wanted: Collection[str]) -> None:
        """
        See whether a member can be in all these rooms.

        :raises TooMany: it can't.
        """
        settings, rooms = self.hub.settings, self.hub.rooms
        if len(wanted) > settings.max_rooms_per_member:
            raise errors.TooMany(
                f"You can be in at most {settings.max_rooms_per_member} rooms. Leave a room first."
            )
        if len(rooms) + sum(room not in rooms for room in wanted) > settings.max_rooms:
            raise errors.TooMany(
                f"The server has {len(rooms)} rooms, and takes no more. Join a room that exists."
            )

    def take_rename(self) -> None:
        """
        Count a change of name: names are told to others or stored, so their rate is limited.

        :raises TooOften: the limit is reached.
        """
        rate = self.hub.settings.rename_rate
        if self._rename_limit is None:
            self._rename_limit = TokenBucket(rate / 60, rate, self.hub.seconds)
        wait = self._rename_limit.take()
        if wait:
            retry = round(wait + 0.5)
            raise errors.TooOften(
                f"Too many name changes: at most {rate} a minute. Try again in {retry} s.",
                retry=retry,
            )

    def ping(self) -> None:
        """Ask whether the client is there, and tell the last id of each room written to it."""
        heads = {
            name: self.hub.rooms[name].last_given(cursor)
            for name, cursor in self.rooms.items()
            if cursor.phase is not Phase.NEEDS_STATE
        }
        self.send(events.Ping(heads))
