"""
One connection's identity, and its life from the first line to the last.

A session knows nothing of sockets. Its login is in `login.py`, its rooms in `joined_rooms.py`, when
the next line has to wait in `flow_control.py`, and the effect of each command in `actions.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from twisted.logger import Logger

from groupchat.core.actions import BEFORE_LOGIN
from groupchat.core.entries import QuitEntry
from groupchat.core.flow_control import FlowControl
from groupchat.core.group_entries import LogoutEntry
from groupchat.core.hub import Hub
from groupchat.core.joined_rooms import JoinedRooms
from groupchat.core.login import Login
from groupchat.core.presence import LOST, QUIT
from groupchat.core.ratelimit import FailureWindow
from groupchat.interfaces import IOutbound
from groupchat.wire import commands, errors, events
from groupchat.wire.commands import Command
from groupchat.wire.events import Departure, Event
from groupchat.wire.interfaces import IWire, Reference

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred
    from twisted.python.failure import Failure

    from groupchat.core.member import Member
    from groupchat.core.seat import Seat

__all__ = ["MAX_BAD_LINES", "Session"]

MAX_BAD_LINES = (100, 10)  #: bad lines, within so many seconds, that end a connection

Answer = TypeVar("Answer")


class Session:
    """
    :param hub: the node that the session is a part of.
    :param peer: the way out of its connection.
    :param wire: the wire that it speaks.
    :param resume: called when `blocked` may have ended.
    :param on_joined: called once, when the session has logged in.

    :ivar name: the member's name; "" before login.
    :ivar client: the digest of the client's secret.
    :ivar account: the id of the account that it logged in to; "" for a guest.
    :ivar seat: the number of its seat, from when it asks for one on; else 0.
    :ivar member: the member whose session it is; not there before login.
    :ivar rooms: the rooms that it is in.
    :ivar joined: whether it has logged in.
    :ivar ended: whether nothing more is taken from it.
    """

    log = Logger()

    __slots__ = (
        "_access", "_actions", "_bad_lines", "_counters", "_login", "_members", "_outage",
        "_post", "_quitting", "account", "client", "ended", "flow", "joined", "member", "name",
        "peer", "rooms", "seat", "wire",
    )  # fmt: skip

    def __init__(
        self,
        hub: Hub,
        peer: IOutbound,
        wire: IWire,
        resume: Callable[[], None],
        on_joined: Callable[[], None],
    ) -> None:
        settings = hub.settings
        self.peer = peer
        self.wire = wire
        self.name = ""
        self.client = b""
        self.account = ""
        self.seat = 0
        self.member: Member
        self.joined = False
        self.ended = False
        self.flow = FlowControl(settings.rate, settings.burst, hub.seconds, resume)
        self.rooms = JoinedRooms(self, hub.rooms, hub.room_names, settings, hub.post, hub.now)
        self._access = hub.access
        self._outage = hub.outage
        self._actions = hub.actions
        self._counters = hub.counters
        self._members = hub.members
        self._post = hub.post
        self._login = Login(
            self, settings, hub.access, hub.members, hub.direct, hub.room_names, hub.post, hub.now,
            on_joined,
        )  # fmt: skip
        self._bad_lines = FailureWindow(*MAX_BAD_LINES, hub.seconds)
        self._quitting: Departure | None = None

    # Lines.

    @property
    def blocked(self) -> bool:
        """Whether the next line waits: for a reply, the ledger, or a reader that is behind."""
        return self.flow.blocked or self.peer.full or self._quitting is not None

    @property
    def awaits_reply(self) -> bool:
        """Whether a reply is under way."""
        return self.flow.pending_replies > 0

    @property
    def entering(self) -> bool:
        """Whether its login waits for the ledger."""
        return self._login.entering

    @property
    def has_client_id(self) -> bool:
        """Whether the client will come again under the same secret."""
        return self._login.has_client_id

    @property
    def operator(self) -> bool:
        """Whether the member is an operator."""
        return bool(self.account) and self._access.is_operator(self.account)

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
            self._actions[type(command)](self, command)
        except (errors.Refused, errors.Disconnect) as error:
            self._refuse(command, error)

    def hello(self, hello: commands.Hello) -> None:
        """
        Log in.

        :raises Refused: the hello is refused.
        :raises Disconnect: the client is not let in.
        """
        self._outage.check()
        self._login.hello(hello)

    def entered(self, seat: Seat) -> None:
        """Welcome the client, unless it is gone or banned by now: it has a seat."""
        if self.ended:
            return  # its logout is on its way
        seat.session = self
        self.member, self.name = seat.member, seat.member.name
        self._members.sessions[self] = None
        try:
            self._login.entered()
        except errors.Disconnect as error:
            self._refuse(self._login.under_way, error)

    def turned_away(self, error: errors.Refused | errors.Disconnect) -> None:
        """Tell the client why it gets no seat."""
        self.seat = 0
        if not self.ended:
            self._refuse(self._login.under_way, error)

    def _refuse(self, command: Command, error: errors.Refused | errors.Disconnect) -> None:
        if isinstance(error, errors.Disconnect):
            name = command.name if isinstance(command, commands.Hello) else ""
            self._members.log.refused(self, self.name or name, error.bye.code)
            self.end(error.bye)
        elif isinstance(command, commands.Hello) and not self.joined:
            self._login.refused(command, error)
        else:
            self.peer.write(self.refusal(error, **command.about()))

    def bad_line(self, error: errors.Refused, about: Reference) -> None:
        """
        Answer a line that is no command. Too many of these end the connection.

        :param about: which of n, room and ref the line gave.
        """
        self.peer.write(self.refusal(error, **about))
        if self._bad_lines.record():
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
        self._counters.refusals[error.code] += 1
        text, want, retry = error.text, error.want, error.retry
        return self._line(events.Error(error.code, text, n, room or None, ref, want, retry))

    def send(self, event: Event) -> None:
        """Tell the client an event."""
        self.peer.write(self._line(event))

    def _line(self, event: Event) -> bytes:
        return self.wire.encode(event, self.name)

    def await_reply(
        self, asked: Deferred[Answer], answer: Callable[[Answer], None], command: Command
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

        asked.addCallback(answer).addErrback(failed).addCallback(lambda _: self.flow.replied())

    def ping(self) -> None:
        """Ask whether the client is there, and tell the last id of each room written to it."""
        self.send(events.Ping(self.rooms.heads()))

    # Leaving.

    def end_of_input(self, why: Departure = QUIT) -> None:
        """Leave as soon as all that the client sent before has been done."""
        if self._quitting or self.ended:
            return
        self._quitting = why
        if self.joined:
            self._post(QuitEntry("", self))
        else:
            self.end(errors.QUIT)

    def on_live(self) -> None:
        """See whether a member that quits is done: a cursor is live, or the output has drained."""
        if self._quitting and self.joined:
            self._post(QuitEntry("", self))

    def on_quit(self) -> None:
        """End, once everything said is committed and everything asked for has been written."""
        if not self.ended and not self.peer.waiting and self.rooms.all_live:
            self.end(errors.QUIT, self._quitting)

    def replaced(self) -> None:
        """End, since another connection has taken the seat."""
        self._close()
        self.peer.finish(self._line(errors.REPLACED))

    def end(self, bye: events.Bye, why: Departure | None = None) -> None:
        """
        Send the last line. Nothing is taken or given after it.

        :param why: the reason that others are told; None: the code of the bye.
        """
        if not self.ended:
            self._counters.byes[bye.code] += 1
            self.lost(why or Departure(bye.code))
            self.peer.finish(self._line(bye))

    def lost(self, why: Departure | None = None) -> None:
        """
        Free the seat: the connection is gone.

        :param why: the reason; None: as the client said before, or that it was lost.
        """
        if self.ended:
            return
        self._close()
        if self.seat:
            self._post(LogoutEntry(self.seat, why or self._quitting or LOST))

    def _close(self) -> None:
        self.ended = True
        self._members.forget(self)
        self.rooms.close()
