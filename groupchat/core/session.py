"""
One connection's rights and acts: what each command of the table does.

A session knows its rooms, its name and its limits, and nothing of sockets. What has its place in a
room's order is posted to the hub; the rest is answered at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from hashlib import blake2b
from secrets import token_bytes
from typing import Any

from twisted.logger import Logger
from twisted.python.failure import Failure

from groupchat.core.entries import (
    DirectMessageEntry,
    JoinEntry,
    LeaveEntry,
    MessageEntry,
    QuitEntry,
    RenameEntry,
    TopicEntry,
    TopicQuery,
)
from groupchat.core.hub import Hub
from groupchat.core.permissions import Account, AuditEntry
from groupchat.core.ratelimit import FailureWindow, TokenBucket
from groupchat.core.room import Cursor
from groupchat.wire import commands, errors, events, names
from groupchat.wire.commands import LOBBY, Command, Position
from groupchat.wire.events import Event, Member, stamp
from groupchat.wire.limits import MAX_LINE, MAX_TEXT

MAX_LOGIN_ATTEMPTS = 5  #: hellos that may be refused
MAX_UNCOMMITTED_BYTES = (
    65_536  #: bytes that one has said after which the next line waits until half of them are stored
)
MESSAGE_OVERHEAD = 256  #: bytes of one of these beside its text
SMALL_PAGE = 100  #: messages of history after which the next line need not wait
BIG_PAGE_COOLDOWN = 0.05  #: seconds that it waits after more
ROWS_PER_ANSWER = 1000  #: lines in an answer to who and rooms
_LIMITS = {"line": MAX_LINE, "text": MAX_TEXT}


class Session:
    """
    :param hub: whose session it is.
    :param peer: the `IOutbound` to write to.
    :param wire: the `IWire` it speaks.
    :param ready: called when `busy` may have ended.

    :ivar account: the key of the account that it came in under; "" for a guest.
    :ivar inside: whether it has come in by name.
    :ivar ended: whether nothing more is taken from it.
    """

    log = Logger()

    __slots__ = (
        "_asked", "_behind", "_bucket", "_finishing", "_here", "_hub", "_lasting", "_names", "_ready", "_strikes", "_tries",
        "_unstored", "_waiting", "account", "client", "ended", "inside", "name", "peer", "rooms", "wire",
    )  # fmt: skip

    def __init__(self, hub: Hub, peer: Any, wire: Any, ready: Callable[[], None]) -> None:
        self._hub = hub
        self.peer = peer
        self.wire = wire
        self._ready = ready
        self.name = ""
        self.client = b""
        self.account = ""
        self.rooms: dict[str, Cursor] = {}
        self.inside = False
        self.ended = False
        self._here = ""
        self._asked = ""  # the name whose password is to come in the next line
        self._lasting = False  # whether the client will come again under the same secret
        self._names: TokenBucket | None = None
        self._tries = 0
        self._unstored = 0  # bytes said that are not settled yet
        self._behind = False  # whether there were too many of them
        self._waiting = 0
        self._finishing = False
        self._bucket = TokenBucket(hub.settings.rate, hub.settings.burst, hub.seconds)
        self._strikes: FailureWindow | None = None

    # Lines.

    @property
    def busy(self) -> bool:
        """
        Whether the next line has to wait: for an answer that is under way, for the ledger, or for a
        reader that is behind.
        """
        return self._waiting > 0 or self._behind or self.peer.full or self._finishing

    @property
    def asking(self) -> bool:
        """Whether an answer is under way."""
        return self._waiting > 0

    def delay(self) -> float:
        """Take the next line's token: 0.0, or the seconds until there is one."""
        return self._bucket.take() if self.inside else 0.0

    def handle(self, command: Command) -> None:
        """Do what a line asks for, or say why not."""
        if (
            self._asked
            and isinstance(command, commands.Hello)
            and self.wire.capabilities.interactive_login
        ):
            name, self._asked = self._asked, ""
            if not command.name:
                self.send(events.AskName())
                return
            command = commands.Hello(name=name, password=command.name)
        try:
            if not self.inside and type(command) not in _OUTSIDE:
                raise errors.HelloFirst("Say hello first.")
            _ACTS[type(command)](self, command)
        except (errors.Refused, errors.Disconnect) as error:
            self._refuse(command, error)

    def _refuse(self, command: Command, error: errors.Refused | errors.Disconnect) -> None:
        if isinstance(error, errors.Disconnect):
            self._hub.refused(self, self.name or getattr(command, "name", ""), error.bye.code)
            self.end(error.bye)
            return
        outside = isinstance(command, commands.Hello) and not self.inside
        if (
            outside
            and isinstance(error, errors.BadPassword)
            and self.wire.capabilities.interactive_login
        ):
            self._asked = command.name  # type: ignore[attr-defined]
            if error.asked:
                self.send(events.AskPassword(self._asked))
                return
        n, room = getattr(command, "n", None), getattr(command, "room", None)
        self.peer.write(self.refusal(error, n, room, command.ref))
        if outside:
            self._refused_name(command.name, error)  # type: ignore[attr-defined]

    def misread(self, refused: errors.Refused, about: dict[str, Any]) -> None:
        """A line was no command. Too many of these end the connection."""
        self.peer.write(self.refusal(refused, **about))
        if self._strikes is None:
            self._strikes = FailureWindow(100, 10, self._hub.seconds)
        if self._strikes.strike():
            self.end(errors.protocol_violation(refused))
        elif not self.inside and (
            isinstance(refused, errors.BadHello) or self.wire.capabilities.interactive_login
        ):
            self._refused_name("", refused)  # what is no line is no name either

    def refusal(
        self,
        refused: errors.Refused,
        n: int | None = None,
        room: str | None = None,
        ref: str | None = None,
    ) -> bytes:
        """The line of an error. Every one of n, room and ref that was given is in it."""
        text, want, retry = refused.text, refused.want, refused.retry
        return self._line(events.Error(refused.code, text, n, room or None, ref, want, retry))

    def send(self, event: Event) -> None:
        self.peer.write(self._line(event))

    def _line(self, event: Event) -> bytes:
        data: bytes = self.wire.encode(event, self.name)
        return data

    # Coming and going.

    def _hello(self, hello: commands.Hello) -> None:
        if self.inside:
            raise errors.AlreadyIn("You have come in already.")
        name = self._hub.settings.names.person(hello.name)
        places = self._places(hello)
        self.client = _digest(hello.client)
        self._lasting = hello.client is not None
        keeper, address = self._hub.doorkeeper, self.peer.address
        bye = keeper.ban_on_address(address, name) or keeper.ban_on_person(name, self.client)
        if bye is not None:
            raise errors.Disconnect(bye)
        if hello.password is None or keeper.recognise(name, self.client):
            self._come_in(hello, name, places, keeper.identify(name, self.client))
        else:
            checked = keeper.check(name, hello.password, address)
            self._await(
                checked,
                lambda account: self._come_in_by_password(hello, name, places, account),
                hello,
            )

    def _come_in_by_password(
        self, hello: commands.Hello, name: str, places: dict[str, Position], account: Account
    ) -> None:
        self._come_in(hello, name, places, account)
        if self._lasting:
            self._hub.doorkeeper.remember(account, self.client)

    def _come_in(
        self, hello: commands.Hello, name: str, places: dict[str, Position], account: Account | None
    ) -> None:
        if self.ended:
            return
        self.account = account.key if account else ""
        olds = self._hub.enter(self, name, owner=account is not None)
        self.name = name
        self.inside = True
        settings = self._hub.settings
        limits, ref = _LIMITS, hello.ref
        self.send(
            events.Welcome(
                name, settings.server, self._hub.max, self.operator, limits, settings.motd, ref
            )
        )
        instead: dict[str, Cursor] = {}
        for old in olds:
            instead.update(old.replaced(frozenset(places) - instead.keys()))
        for room, place in places.items():
            self._enter(room, place, instead=instead.get(room))
        self._ready()

    @property
    def operator(self) -> bool:
        """Whether it may rule."""
        account = self._hub.accounts.rights.owner(self.account) if self.account else None
        return account is not None and account.operator

    def _places(self, hello: commands.Hello) -> dict[str, Position]:
        asked = hello.rooms if hello.rooms is not None else {LOBBY: None}
        places = {}
        for name, place in asked.items():
            try:
                places[self._hub.settings.names.room(name)] = place or Position()
            except errors.BadName as bad:
                raise errors.BadField(bad.text) from None
        if len(places) < len(asked):
            raise errors.BadField("A room is named twice.")
        self._check_rooms(places)
        return places

    def _refused_name(self, name: str, refused: errors.Refused) -> None:
        self._hub.refused(self, name, refused.code)
        self._tries += 1
        if self._tries >= MAX_LOGIN_ATTEMPTS:
            self.end(
                events.Bye(refused.code, f"That was refused {MAX_LOGIN_ATTEMPTS} times. Good-bye.")
            )

    def _quit(self, command: commands.Quit) -> None:
        self.end_of_input()

    def end_of_input(self) -> None:
        """Nothing more will be asked: go, once everything is settled."""
        if self._finishing or self.ended:
            return
        self._finishing = True
        if self.inside:
            self._hub.post(QuitEntry("", self))
        else:
            self.end(errors.QUIT)

    def finish(self) -> None:
        """Everything said is settled. Go as soon as everything asked for was given."""
        if (
            not self.ended
            and not self.peer.waiting
            and all(cursor.live for cursor in self.rooms.values())
        ):
            self.end(errors.QUIT)

    def caught_up(self) -> None:
        if self._finishing and self.inside:
            self._hub.post(QuitEntry("", self))

    def replaced(self, kept: frozenset[str]) -> dict[str, Cursor]:
        """
        The same client came in by another connection. Returns its cursors in the rooms that it
        keeps.
        """
        self.ended = True
        for room, cursor in self.rooms.items():
            self._depart(room, cursor, tell=room not in kept)
        self.peer.finish(self._line(errors.REPLACED))
        return {room: cursor for room, cursor in self.rooms.items() if room in kept}

    def end(self, bye: events.Bye) -> None:
        """The last word; nothing is taken or given after it."""
        if not self.ended:
            self.lost()
            self.peer.finish(self._line(bye))

    def lost(self) -> None:
        """The connection is gone."""
        if self.ended:
            return
        self.ended = True
        if self.inside:
            self._hub.forget(self)
            for room, cursor in self.rooms.items():
                self._depart(room, cursor)

    def _depart(self, room: str, cursor: Cursor, tell: bool = True) -> None:
        cursor.closed = True
        here = self._hub.rooms.get(room)
        if here is not None:
            here.mute(cursor)
        if tell:
            self._hub.post(LeaveEntry(room, cursor))

    # Rooms.

    def _enter(
        self, room: str, place: Position, ref: str | None = None, instead: Cursor | None = None
    ) -> None:
        cursor = self.rooms[room] = Cursor(self, ref)
        self._here = room
        draft = JoinEntry(room, self.client, place.epoch, place.after, cursor, self, ref)
        draft.instead = instead
        self._waiting += 1  # what is said next comes after the room line
        self._hub.post(draft)

    def settled(self) -> None:
        """What the next line waited for has come."""
        self._waiting -= 1
        if not self._waiting:
            self._ready()

    def _room(self, name: str) -> str:
        """
        The room that a command is about, as the server writes it.

        :raises NotInRoom: one is not in it.
        """
        if name in self.rooms:
            return name
        room = (
            names.key(name) if name else (self._here if self.wire.capabilities.single_room else "")
        )
        if room not in self.rooms:
            raise errors.NotInRoom("You are not in that room. Join it first.")
        return room

    def _join(self, command: commands.Join) -> None:
        room = self._hub.settings.names.room(command.room)
        if room in self.rooms:
            raise errors.AlreadyIn(f"You are in {room} already.")
        self._check_rooms([*self.rooms, room])
        self._enter(room, Position(command.epoch, command.after), command.ref)

    def _check_rooms(self, wanted: Collection[str]) -> None:
        """
        See whether one can be in these rooms.

        :raises TooMany: one can't.
        """
        settings, rooms = self._hub.settings, self._hub.rooms
        if len(wanted) > settings.max_rooms_per_member:
            raise errors.TooMany(
                f"One can be in {settings.max_rooms_per_member} rooms at most. Leave one first."
            )
        if len(rooms) + sum(room not in rooms for room in wanted) > settings.max_rooms:
            raise errors.TooMany(f"There are {len(rooms)} rooms already. Join one of them.")

    def _leave(self, command: commands.Leave) -> None:
        room = self._room(command.room)
        self._hub.post(LeaveEntry(room, self.rooms.pop(room), self, command.ref))

    def _move(self, command: commands.MoveTo) -> None:
        room = self._hub.settings.names.room(command.room)
        if room in self.rooms:
            raise errors.AlreadyIn(f"You are in {room} already.")
        self._check_rooms([room])
        self._depart(self._here, self.rooms.pop(self._here))
        self._enter(room, Position())

    def _say(self, command: commands.Say) -> None:
        refusal: errors.Refused | None = None
        try:
            room = self._room(command.room)
            text = names.message_text(command.text)
            self._hub.doorkeeper.check_voice(self.name, self.client)
        except errors.Refused as refused:
            if command.n is None:
                raise
            refusal = refused  # but the ledger may know this n, and then it was stored
            text, room = names.visible(command.text), names.key(command.room)
        draft = MessageEntry(
            room, self.name, text, self._hub.now(), act=command.act, client=self.client, n=command.n, session=self,
            ref=command.ref,
        )  # fmt: skip
        draft.refusal = refusal
        self._hub.post(draft)
        self._unstored += len(text) + MESSAGE_OVERHEAD
        self._behind = self._unstored >= MAX_UNCOMMITTED_BYTES

    def said(self, text: str) -> None:
        """Something that it said is settled."""
        self._unstored -= len(text) + MESSAGE_OVERHEAD

    def catch_up(self) -> None:
        """Go on, where the ledger has caught up with what was said."""
        if self._behind and self._unstored <= MAX_UNCOMMITTED_BYTES // 2:
            self._behind = False
            self._ready()

    def _topic(self, command: commands.SetTopic) -> None:
        room = self._room(command.room)
        if command.text is None:
            self._hub.post(TopicQuery(room, self, command.ref))
        else:
            self._hub.doorkeeper.check_voice(self.name, self.client)
            self._hub.post(
                TopicEntry(room, self.name, names.topic_text(command.text), self, command.ref)
            )

    # Asking.

    def _history(self, command: commands.AskHistory) -> None:
        room = self._room(command.room)
        newest = self._hub.rooms[room].head + 1
        before = newest if command.before is None else min(command.before, newest)

        def answer(found: tuple[list[events.Message], bool]) -> None:
            self.send(events.History(room, found[0], found[1], command.ref))
            if (
                len(found[0]) > SMALL_PAGE
            ):  # who reads all of a long history lets those who talk go first
                self._waiting += 1
                self._hub.later(BIG_PAGE_COOLDOWN, self.settled)

        self._await(self._hub.ledger.history(room, before, command.limit), answer, command)

    def _rooms(self, command: commands.AskRooms) -> None:
        def answer(kept: dict[str, str]) -> None:
            entries = self._hub.list_rooms(kept)
            after = names.key(command.after) if command.after is not None else ""
            page = [entry for entry in entries if entry.room > after][:ROWS_PER_ANSWER]
            self.send(events.Rooms(page, len(entries), command.ref))

        self._await(self._hub.ledger.rooms(), answer, command)

    def _await(self, asked: Any, answer: Callable[[Any], None], command: Command) -> None:
        """
        Answer when the ledger or the accounts have; the next line waits for that, so that no one
        has two answers under way.

        :param asked: their Deferred.
        """
        self._waiting += 1

        def failed(failure: Failure) -> None:
            error = failure.value
            if not isinstance(error, (errors.Refused, errors.Disconnect)):
                self.log.failure("Something asked for could not be had", failure)
                error = errors.Unavailable("That can't be done just now. Try again.")
            if not self.ended:
                self._refuse(command, error)

        asked.addCallback(answer).addErrback(failed).addCallback(lambda _: self.settled())

    def _who(self, command: commands.AskWho) -> None:
        room = self._room(command.room)
        members = self._hub.rooms[room].by_name()
        show = self._hub.settings.show_addresses
        shown = show == "everyone" or (show == "operators" and self.operator)
        after = names.key(command.after) if command.after is not None else ""
        page = (
            [cursor for cursor in members if names.key(cursor.name) > after][:ROWS_PER_ANSWER]
            if after
            else members[:ROWS_PER_ANSWER]
        )
        entries = [
            Member(cursor.name, stamp(cursor.since), cursor.session.peer.address if shown else None)
            for cursor in page
        ]
        self.send(events.Who(room, entries, len(members), command.ref))

    def _help(self, command: commands.Help) -> None:
        self.send(events.Help(self.operator, command.word))

    def _ping(self, command: commands.Ping) -> None:
        self.send(events.Pong(command.ref))

    def _pong(self, command: commands.Pong) -> None:
        """It is there."""

    def ping(self) -> None:
        """Ask whether it is there, and tell what was written to it."""
        heads = {
            name: self._hub.rooms[name].last_given(cursor)
            for name, cursor in self.rooms.items()
            if not cursor.due
        }
        self.send(events.Ping(heads))

    # The rest.

    def _tell(self, command: commands.Tell) -> None:
        text = names.message_text(command.text)
        self._hub.doorkeeper.check_voice(self.name, self.client)
        to = self._hub.reader(command.to).name
        self._hub.post(DirectMessageEntry(self.name, to, text, self._hub.now(), self, command.ref))

    def _rename(self, command: commands.Rename) -> None:
        name = self._hub.settings.names.person(command.name)
        keeper = self._hub.doorkeeper
        keeper.check_voice(self.name, self.client)
        keeper.check_rename(name, self.client, self.account)
        self._take_name()
        self._hub.rename(self, name)
        self.name = name
        self._hub.post(RenameEntry(name, self, command.ref))

    def _take_name(self) -> None:
        """
        Names are told to others or kept, so they have a limit of their own.

        :raises TooOften: it is reached.
        """
        renames = self._hub.settings.rename_rate
        if self._names is None:
            self._names = TokenBucket(renames / 60, renames, self._hub.seconds)
        wait = self._names.take()
        if wait:
            raise errors.TooOften(
                f"That are {renames} names in a minute already.", retry=round(wait + 0.5)
            )

    def _register(self, command: commands.Register) -> None:
        hub = self._hub
        hub.doorkeeper.check_length(command.password)
        account = hub.doorkeeper.check_registration(self.name, self.account)
        self._take_name()
        if self._lasting:
            account = account.known_by(self.client)
        deed = AuditEntry(hub.now(), self.name, "register", self.name)

        def registered(_: None) -> None:
            self.account = account.key
            self.send(
                events.Done(
                    f"The name {account.name} is yours: from now on it needs your password.",
                    command.ref,
                )
            )

        self._await(hub.accounts.register(account, command.password, deed), registered, command)

    def _operate(self, command: commands.OperatorCommand) -> None:
        if not self.operator:
            raise errors.NotAllowed("Only an operator may do that.")
        done = self._hub.operators.do(self, command)
        self._await(done, lambda text: self.send(events.Ruled(text, command.ref)), command)

    def _look(self, command: commands.Look) -> None:
        if not self.operator:
            raise errors.NotAllowed("Only an operator may do that.")
        self.send(self._hub.operators.look(command))


def _digest(client: str | None) -> bytes:
    """What stands for a client's secret in here and on disk; without one, one is made up."""
    return blake2b(client.encode() if client else token_bytes(16), digest_size=16).digest()


_OUTSIDE = frozenset({commands.Hello, commands.Quit})
_ACTS: dict[type[Command], Callable[[Session, Any], None]] = {
    commands.Hello: Session._hello,
    commands.Join: Session._join,
    commands.MoveTo: Session._move,
    commands.Leave: Session._leave,
    commands.Say: Session._say,
    commands.Tell: Session._tell,
    commands.AskHistory: Session._history,
    commands.AskWho: Session._who,
    commands.AskRooms: Session._rooms,
    commands.Rename: Session._rename,
    commands.SetTopic: Session._topic,
    commands.Ping: Session._ping,
    commands.Pong: Session._pong,
    commands.Help: Session._help,
    commands.Quit: Session._quit,
    commands.Register: Session._register,
    commands.AskBans: Session._look,
    commands.AskMutes: Session._look,
    commands.AskPlaces: Session._look,
    **dict.fromkeys(
        (
            commands.Kick, commands.Mute, commands.Unmute, commands.Op, commands.Deop, commands.Ban, commands.Unban,
            commands.Max, commands.Announce,
        ),
        Session._operate,
    ),
}  # fmt: skip
