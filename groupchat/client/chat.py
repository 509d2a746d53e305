"""The chat of an application: a bot, a script, a program with a screen."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING

from groupchat.client.access import Access
from groupchat.client.address import DEFAULT_HOST, DEFAULT_PORT, Address
from groupchat.client.chat_life import ChatLife
from groupchat.client.conversation import Conversation
from groupchat.client.directory import Directory
from groupchat.client.errors import Ending, Refused
from groupchat.client.interfaces import Display
from groupchat.client.parts import Parts, Policy, fixed_identity, make_parts
from groupchat.client.reader import Reader, Readers, Received
from groupchat.client.states import State
from groupchat.wire import names
from groupchat.wire.commands import LOBBY, AskHistory, Position
from groupchat.wire.events import Message

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred
    from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint

    from groupchat.wire.events import Event

__all__ = ["Chat"]

_STANDARD = Policy()


class Chat(Conversation):
    """
    A chat at one server, over one connection after the other.

    ``async with`` starts it, and at the end leaves the server once everything is said; if the body
    raises an error, it leaves at once. Each Deferred can be awaited in an ``async def``.

    :param reactor: Twisted's reactor.
    :param name: the name to join under.
    :param host: the server, or ``unix:PATH`` for a Unix socket.
    :param port: its port.
    :param rooms: the rooms to join.
    :param password: the password of a registered name.
    :param tls: True: encrypt in any case; False: never; None: encrypt, except to a server on this
        machine that never did.
    :param fingerprint: the certificate of the server, if only this one is good.
    :param outbox: a file that keeps what the server has not stored yet, for the next run.
    :param secret: the client secret: 16 to 64 letters, digits, ``-`` and ``_``. None stands for
        the one that is kept for this name and server.
    :param endpoint: another way to the server. Then host and port are for people only, and nothing
        about the server is kept.
    :param others: the addresses of the other nodes of a group, as (host, port). They are tried in
        turn. The secret that is kept for the group is that for host and port.
    :param since: the positions to read on from, by room: see `position`.
    :param policy: the habits of the client.
    :raises ClientError: a file can't be used.
    """

    _messages: Reader[Message] | None = None  # of `async for`
    _closed = False

    def __init__(
        self,
        reactor: IReactorTime,
        name: str,
        host: str = DEFAULT_HOST,
        port: int = DEFAULT_PORT,
        rooms: Iterable[str] = (LOBBY,),
        *,
        password: str | None = None,
        tls: bool | None = None,
        fingerprint: str | None = None,
        outbox: str | os.PathLike[str] | None = None,
        secret: str | None = None,
        endpoint: IStreamClientEndpoint | None = None,
        others: Iterable[tuple[str, int]] = (),
        since: Mapping[str, Position] | None = None,
        policy: Policy = _STANDARD,
    ) -> None:
        strict = outbox is not None or password is not None
        nodes = tuple(Address(*other) for other in others)
        access = Access(name, host, port, tls, fingerprint, strict, others=nodes)
        box = access.outbox(None if outbox is None else os.fspath(outbox))
        fixed = secret is not None or (endpoint is not None and not box.persistent)
        identity = fixed_identity(secret) if fixed else access.identity(box)
        read = None if since is None else {names.key(room): at for room, at in since.items()}
        parts = make_parts(
            reactor,
            access,
            map(names.key, rooms),
            box,
            identity,
            password=password,
            endpoint=endpoint,
            since=read,
            policy=policy,
        )
        self._use(parts, read)
        self._messages = self._open_messages(patient=read is not None)

    @classmethod
    def of(cls, parts: Parts) -> Chat:
        """Returns a chat of parts that were put together in another way."""
        chat = cls.__new__(cls)
        chat._use(parts, None)
        return chat

    def _use(self, parts: Parts, since: Mapping[str, Position] | None) -> None:
        super().__init__(parts, Directory(since or ()))
        connector = parts.lifecycle.connector
        self._readers = Readers(
            parts.agenda, self._directory, connector, self._is_awaiting, self._fetch
        )
        self._life = ChatLife(parts, self._on_chunk, self._on_end)
        parts.displays.add(self._readers)

    def _is_awaiting(self) -> bool:
        return bool(self._unanswered or self._parts.questions or not self._life.settled)

    def _fetch(self, request: AskHistory) -> Deferred[Event]:
        return self.request(request)

    def _on_asked(self) -> None:
        self._readers.pace()

    def _on_chunk(self) -> None:
        self._leave_rooms()
        self._readers.pace()

    def _on_end(self, ending: Ending) -> None:
        self._end(ending)
        self._readers.end(ending)

    # From start to end.

    def start(self) -> Deferred[None]:
        """
        Connect. The result fires once the server has let us in and the rooms are joined. It fails
        with an `Ending` if the chat ends before, and with `Refused` if one of the rooms can't be
        joined; then the chat goes on without that room.
        """
        return self._life.start()

    def leave_server(self) -> Deferred[Ending]:
        """
        Leave as soon as everything is stored and answered. While there is no connection, that is
        tried for five minutes. The result is that of `closed`.
        """
        return self._life.leave()

    @property
    def closed(self) -> Deferred[Ending]:
        """Fires with the end of the chat. Each use of this property returns another Deferred."""
        return self._life.closed()

    def close(self) -> None:
        """End for good, whatever is under way, and let other processes use the files."""
        self._parts.lifecycle.end()
        if not self._closed:
            self._closed = True
            self._parts.identity.close()
            self._model.outbox.close()

    async def __aenter__(self) -> Chat:
        try:
            await self.start()
        except BaseException:
            self.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            ending = None if error else await self.leave_server()
        finally:
            self.close()
        if ending is not None and ending.reason is not None:
            raise ending

    def reconnect(self) -> None:
        """Make the next attempt to connect now, if one is awaited."""
        self._parts.lifecycle.connector.hurry()

    def on_refused(self, act: Callable[[Refused], bool]) -> None:
        """
        Call this if the server rejects the name or the password. If it returns True, the chat
        waits until `log_in` or `give_up` is called; if not, it ends.
        """
        self._life.on_refused = act

    def log_in(self, *, name: str | None = None, password: str | None = None) -> None:
        """Log in with another name or password."""
        self._life.log_in(name, password)

    def give_up(self) -> None:
        """End, as the server has rejected the name or the password."""
        self._life.give_up()

    # The state.

    @property
    def state(self) -> State:
        """The state: `Connecting`, `Online`, `Waiting` or `Ended`."""
        return self._life.state

    def on_state(self, act: Callable[[State], object]) -> None:
        """Call this with each new state."""
        self._life.watch(act)

    @property
    def name(self) -> str:
        """Our own name, as the server writes it."""
        return self._model.session.name

    @property
    def operator(self) -> bool:
        """Whether we are an operator."""
        return self._model.session.operator

    @property
    def limits(self) -> Mapping[str, int]:
        """The limits of the server, as it named them at the login."""
        return self._directory.limits

    def position(self, room: str) -> Position | None:
        """
        Returns the position behind the last message of a room that was given out; None if none is
        known. A chat that begins with it as ``since`` goes on with the next message.
        """
        return self.positions.get(names.key(room))

    @property
    def positions(self) -> dict[str, Position]:
        """The positions of all rooms: see `position`."""
        received = self._model.positions
        return {room: self._readers.position(room) or at for room, at in received.items()}

    # Reading.

    def __aiter__(self) -> Reader[Message]:
        """
        Iterates over the messages that others say in our rooms from now on: no history, no
        corrections, and nothing that was said under our own name.
        """
        if self._messages is None:
            self._messages = self._open_messages()
        return self._messages.__aiter__()

    def _open_messages(self, patient: bool = True) -> Reader[Message]:
        return self._readers.open(self._choose_message, patient)

    def listen(self, room: str) -> Reader[Message]:
        """Returns an iterator over the messages of one room."""
        room = names.key(room)

        def choose(received: Received) -> Message | None:
            message = self._choose_message(received)
            return message if message is not None and message.room == room else None

        return self._readers.open(choose)

    def events(self) -> Reader[Received]:
        """
        Returns an iterator over everything that happens from now on, except answers to requests of
        this chat.
        """
        return self._readers.open(lambda received: received)

    def show_on(self, display: Display) -> None:
        """Show everything on this display as it arrives, with the lines of the server."""
        self._parts.displays.add(display)

    def _choose_message(self, received: Received) -> Message | None:
        message = received.event
        if not isinstance(message, Message) or received.mine:
            return None
        corrects = message.replaces is not None or message.redacts is not None
        if corrects or message.redacted or self._directory.is_history(message):
            return None
        return None if names.key(message.sender) == names.key(self.name) else message
