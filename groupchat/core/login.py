"""
The login of a connection: its name, its password where one is needed, and its attempts.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from hashlib import blake2b
from secrets import token_bytes
from typing import TYPE_CHECKING

from groupchat.core.group_entries import LoginEntry
from groupchat.core.permissions import Account
from groupchat.settings import Settings
from groupchat.wire import commands, errors, events
from groupchat.wire.commands import LOBBY, Command, Position
from groupchat.wire.limits import MAX_LINE, MAX_TEXT

if TYPE_CHECKING:
    from groupchat.core.access import AccessPolicy
    from groupchat.core.direct import DirectRooms
    from groupchat.core.entries import Entry
    from groupchat.core.members import Members
    from groupchat.core.room_names import RoomNames
    from groupchat.core.session import Session

__all__ = ["MAX_LOGIN_ATTEMPTS", "Login", "client_digest"]

MAX_LOGIN_ATTEMPTS = 5  #: hellos that may be refused
_LIMITS = {"line": MAX_LINE, "text": MAX_TEXT}
_NOTHING = commands.Hello(name="")


class State(Enum):
    """Where a login stands."""

    AWAITING_NAME = auto()
    AWAITING_PASSWORD = auto()  #: at a keyboard: the next line is the password of a name
    CHECKING = auto()  #: the password is being checked
    ENTERING = auto()  #: the seat is asked for
    JOINED = auto()


class Login:
    """
    The login of one session.

    :param session: the session that logs in.
    :param access: decides under which name it may.
    :param members: where it joins.
    :param direct: tells an account its direct rooms.
    :param names: translates the names of the rooms that it is to be in.
    :param post: gives an entry to the ledger.
    :param now: the time in milliseconds since 1970.
    :param on_joined: called once the session is a member.

    :ivar has_client_id: whether the client will come again under the same secret.
    """

    __slots__ = (
        "_access", "_attempts", "_direct", "_hello", "_members", "_names", "_no_rooms", "_now",
        "_on_joined", "_password_for", "_post", "_session", "_settings", "_state", "_to_remember",
        "has_client_id",
    )  # fmt: skip

    def __init__(
        self,
        session: Session,
        settings: Settings,
        access: AccessPolicy,
        members: Members,
        direct: DirectRooms,
        names: RoomNames,
        post: Callable[[Entry], None],
        now: Callable[[], int],
        on_joined: Callable[[], None],
    ) -> None:
        self.has_client_id = False
        self._session = session
        self._settings = settings
        self._access = access
        self._members = members
        self._direct = direct
        self._names = names
        self._post = post
        self._now = now
        self._on_joined = on_joined
        self._hello = _NOTHING
        self._no_rooms: dict[str, errors.Refused] = {}  # those of the hello that can't be joined
        self._to_remember: Account | None = None  # whose password was given
        self._state = State.AWAITING_NAME
        self._password_for = ""  # the name whose password is awaited
        self._attempts = 0

    @property
    def entering(self) -> bool:
        """Whether it waits for the ledger."""
        return self._state is State.ENTERING

    def read(self, command: Command) -> Command | None:
        """
        Return what a command of a connection that has not joined means.

        Where a password is awaited, the next name is that password; an empty one asks for the name
        again (None).
        """
        if self._state is not State.AWAITING_PASSWORD or not isinstance(command, commands.Hello):
            return command
        name, self._password_for, self._state = self._password_for, "", State.AWAITING_NAME
        if command.name:
            return commands.Hello(name=name, password=command.name)
        self._session.send(events.AskName())
        return None

    def hello(self, hello: commands.Hello) -> None:
        """
        Log in, or begin to check a password.

        :raises Refused: the hello is refused; another one may follow.
        :raises Disconnect: the client is not let in.
        """
        if self._state is State.JOINED:
            raise errors.AlreadyIn("You are logged in already.")
        session, access = self._session, self._access
        name = self._settings.names.person(hello.name)
        positions = self._positions(hello)
        session.client = client_digest(hello.client)
        self.has_client_id = hello.client is not None
        self._check_bans(name)
        self._to_remember = None
        if hello.password is None or access.recognise(name, session.client):
            self._enter(hello, name, positions, access.identify(name, session.client))
            return

        def checked(account: Account) -> None:
            if self.has_client_id:
                self._to_remember = account
            self._enter(hello, name, positions, account)

        checking = access.check(name, hello.password, session.peer.address)
        self._state = State.CHECKING
        session.await_reply(checking, checked, hello)

    def _check_bans(self, name: str) -> None:
        """
        Check that nobody keeps the client out.

        :raises Disconnect: a ban does.
        """
        session, access = self._session, self._access
        address, client = session.peer.address, session.client
        bye = access.ban_on_address(address, name) or access.ban_on_person(name, client)
        if bye is not None:
            raise errors.Disconnect(bye)

    def _positions(self, hello: commands.Hello) -> dict[str, Position]:
        rooms = hello.rooms if hello.rooms is not None else {LOBBY: None}
        positions = {}
        for name, position in rooms.items():
            try:
                positions[self._names.label(name)] = position or Position()
            except errors.BadName as bad:
                raise errors.BadField(bad.text) from None
        if len(positions) < len(rooms):
            raise errors.BadField("A room is named twice.")
        self._session.rooms.check(positions)
        return positions

    def _enter(
        self,
        hello: commands.Hello,
        name: str,
        positions: dict[str, Position],
        account: Account | None,
    ) -> None:
        """Ask for a seat, and for a place in each room; the next line waits for all of them."""
        session, settings = self._session, self._settings
        if session.ended:
            return
        self._hello, self._state = hello, State.ENTERING
        session.account = account.id if account else ""
        session.seat = self._members.new_seat(session)
        rooms = self._rooms(positions)
        session.flow.expect_reply()
        entry = LoginEntry(
            session.seat, name, session.client,
            account=session.account, owner=account is not None, operator=session.operator,
            address=session.peer.address, since=self._now(), devices=settings.devices,
            places=settings.max, rooms=tuple(rooms), session=session, ref=hello.ref,
        )  # fmt: skip
        entry.held = self._members.to_rename(session.client, name)
        for held in entry.held:  # else it would say more under the old name
            held.flow.expect_reply()
        self._post(entry)
        for room, position in rooms.items():
            session.rooms.join(room, position)

    def _rooms(self, positions: dict[str, Position]) -> dict[str, Position]:
        """
        Return the rooms of a hello by their internal names, and keep those that can't be joined.

        :param positions: by the names of the rooms; whose direct room one is, is known only now.
        """
        session, rooms = self._session, {}
        self._no_rooms = {}
        for name, position in positions.items():
            try:
                rooms[session.rooms.to_join(name)] = position
            except errors.Refused as refused:
                self._no_rooms[name] = refused
        return rooms

    def entered(self) -> None:
        """
        Welcome the client: its session has a seat, and is about to join its rooms.

        :raises Disconnect: it is banned by now.
        """
        session, settings = self._session, self._settings
        self._check_bans(session.name)
        self._state = State.JOINED
        session.joined = True
        session.send(
            events.Welcome(
                session.name,
                settings.server,
                self._members.max,
                session.operator,
                _LIMITS,
                settings.motd,
                self._hello.ref,
            )
        )
        for name, refused in self._no_rooms.items():
            session.peer.write(session.refusal(refused, None, name))
        if session.account:
            self._direct.announce(session)
        if self._to_remember is not None:
            self._access.remember(self._to_remember, session.client)
        self._hello, self._no_rooms, self._to_remember = _NOTHING, {}, None
        self._on_joined()

    @property
    def under_way(self) -> commands.Hello:
        """The hello for which a seat was asked."""
        return self._hello

    def refused(self, hello: commands.Hello, error: errors.Refused) -> None:
        """Answer a refused hello: ask for the password, or say why and count the attempt."""
        session = self._session
        self._state = State.AWAITING_NAME
        session.rooms.forget()
        interactive = session.wire.capabilities.interactive_login
        if interactive and isinstance(error, errors.BadPassword):
            self._password_for, self._state = hello.name, State.AWAITING_PASSWORD
            if error.asked:
                session.send(events.AskPassword(hello.name))
                return
        session.peer.write(session.refusal(error, ref=hello.ref))
        self._count(hello.name, error)

    def bad_line(self, error: errors.Refused) -> None:
        """Count a line that is no command as an attempt, where it was meant as a hello."""
        interactive = self._session.wire.capabilities.interactive_login
        if interactive or isinstance(error, errors.BadHello):
            self._count("", error)

    def _count(self, name: str, error: errors.Refused) -> None:
        self._members.log.refused(self._session, name, error.code)
        self._attempts += 1
        if self._attempts >= MAX_LOGIN_ATTEMPTS:
            text = f"That was refused {MAX_LOGIN_ATTEMPTS} times. Good-bye."
            self._session.end(events.Bye(error.code, text))


def client_digest(client: str | None) -> bytes:
    """
    Return what stands for a client's secret in the server and on disk.

    A client that gives none gets a secret of its own, which nobody knows.
    """
    return blake2b(client.encode() if client else token_bytes(16), digest_size=16).digest()
