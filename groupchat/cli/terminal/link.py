"""
Connects the full-screen client to the client library: the one place that knows both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IReactorTime

from groupchat.cli.terminal.answers import Answers
from groupchat.cli.terminal.talk import Connection, Lost, Phase, Refused, TalkListener
from groupchat.client.errors import ClientError, PasswordWithheld
from groupchat.client.inbound import OLDER_SERVER
from groupchat.client.lifecycle import Lifecycle, LifecycleObserver, State
from groupchat.client.model import Model
from groupchat.client.reconnect import MAX_BACKOFF, Backoff
from groupchat.wire import commands, events, jsonlines
from groupchat.wire.commands import Command, Position
from groupchat.wire.events import Event

__all__ = ["KnownBackoff", "Link", "Marks"]

if TYPE_CHECKING:
    from collections.abc import Callable


class KnownBackoff(Backoff):
    """
    A backoff that tells when the next attempt comes.

    :param clock: the reactor's time.
    :ivar due: the clock's time of the next attempt.
    """

    def __init__(self, clock: IReactorTime) -> None:
        super().__init__()
        self.due = 0.0
        self._clock = clock

    def next_delay(self, bye: events.Bye | None, limit: float = MAX_BACKOFF) -> float:
        delay = super().next_delay(bye, limit)
        self.due = self._clock.seconds() + delay
        return delay


class Marks:
    """
    Logs in like a model, but begins rooms at their newest few messages: how far they were read
    before is kept as marks. See `groupchat.client.identity.IdentityUser`.

    :param marks: how far rooms were read; filled once the server is known.
    """

    def __init__(self, marks: dict[str, Position]) -> None:
        self.marks = marks
        self.model: Model | None = None

    def identify(self, client: str, read: Mapping[str, Position] | None) -> None:
        self.marks.update(read or {})
        if self.model is not None:
            self.model.identify(client, None)

    def set_unproven(self, unproven: bool) -> None:
        if self.model is not None:
            self.model.set_unproven(unproven)


class Link(LifecycleObserver):
    """
    A chat for the screen: see `groupchat.cli.terminal.talk.Talk`. For the model it is the display,
    for the chat the observer.

    :param clock: the reactor's time.
    :param backoff: knows when the next attempt comes.
    :param listener: is told what happens; to be set before anything is received.
    :param encrypted: says whether the connection is.

    :ivar bye: the last bye of the server; None if there was none.
    :ivar on_left: called if the person leaves while nobody has to be told.
    :ivar on_hurry: called if the person wants the next chat to begin now.
    :ivar on_refused_hello: is told that the hello was rejected; says whether the person is asked.
    """

    listener: TalkListener
    model: Model
    chat: Lifecycle

    def __init__(
        self, clock: IReactorTime, backoff: KnownBackoff, encrypted: Callable[[], bool]
    ) -> None:
        self._clock = clock
        self._backoff = backoff
        self._encrypted = encrypted
        self._again_at: float | None = None  # the clock's time when another chat begins
        self._answers = Answers()
        self._reason = ""
        self.bye: events.Bye | None = None
        self.on_left: Callable[[], None] = lambda: None
        self.on_hurry: Callable[[], None] = lambda: None
        self.on_refused_hello: Callable[[events.Error], bool] = lambda error: False

    def attach(self, model: Model, chat: Lifecycle, listener: TalkListener) -> None:
        """Set the neighbours; call it before the chat starts."""
        self.model = model
        self.chat = chat
        self.listener = listener
        chat.watch(self)
        self._answers.expect_left([entry.room for entry in model.outbox.entries()])

    # For the screen.

    @property
    def name(self) -> str:
        return self.model.session.name

    @property
    def operator(self) -> bool:
        return self.model.session.operator

    @property
    def connection(self) -> Connection:
        state = self.chat.state
        if state is State.JOINED:
            return Connection(Phase.ONLINE, encrypted=self._encrypted())
        if state is State.WAITING:
            seconds = max(0.0, self._backoff.due - self._clock.seconds())
            return Connection(Phase.WAITING, seconds, self._reason)
        if state is State.ENDED:
            return self._ended_connection()
        return Connection(Phase.CONNECTING)

    def _ended_connection(self) -> Connection:
        if self._again_at is None:
            return Connection(Phase.ENDED)
        seconds = max(0.0, self._again_at - self._clock.seconds())
        return Connection(Phase.WAITING, seconds, self._reason)

    def expect_again(self, seconds: float | None) -> None:
        """The chat has ended, but another one begins after this time; None: it does not."""
        self._again_at = None if seconds is None else self._clock.seconds() + seconds

    def is_in(self, room: str) -> bool:
        return self.model.is_in(room)

    def say(self, room: str, text: str, act: bool = False) -> Deferred[int | None]:
        if not self.model.is_in(room):
            text = f"You are not in {room}. /join {room} enters it."
            return fail(Refused("not-in-room", text))
        return self._send(room, commands.Say(room=room, text=text, act=act))

    def _send(self, room: str, say: commands.Say | commands.Correction) -> Deferred[int | None]:
        stored = self._answers.expect_stored(room)
        self.model.say_line(room, jsonlines.encode_command(say)[:-1])
        self.chat.guard(self.model.flush)
        return stored

    def correct(self, room: str, message_id: int, text: str | None) -> Deferred[int | None]:
        known = self.model.rooms.get(room)
        if known is None or not known.corrects:
            return fail(Refused("unknown-type", OLDER_SERVER))
        correction = commands.Correction(
            room=room,
            text=text,
            replaces=None if text is None else message_id,
            redacts=message_id if text is None else None,
        )
        return self._send(room, correction)

    def newest_own(self, room: str) -> int | None:
        known = self.model.rooms.get(room)
        return None if known is None else known.own.newest

    def mark_read(self, room: str) -> None:
        self.model.marks.read(room)

    def request(self, command: Command) -> Deferred[Event]:
        if not self.model.session.logged_in:
            return fail(Lost("There is no connection."))
        command.ref, answer = self._answers.expect()
        try:
            self.model.request(command)
        except PasswordWithheld as withheld:
            self._answers.fail(command.ref, Refused("", str(withheld)))
        return answer

    def reconnect(self) -> None:
        if self.chat.state is State.WAITING:
            self.chat.connector.hurry()
        elif self._again_at is not None:
            self.on_hurry()

    def leave_server(self) -> None:
        if self.chat.state is State.JOINED:
            self.chat.quit()
        else:
            self.chat.end()
            self.on_left()

    # For the model: see `groupchat.client.interfaces.Display`.

    def show(
        self, event: Event | None, line: bytes, me: str, past: bool = False, mine: bool = False
    ) -> None:
        if event is None:
            return
        if isinstance(event, events.RoomState) and event.ref is not None:
            self.listener.on_event(event, past, mine)  # before whoever waits for it
            self._answers.settle(event)
            return
        if self._answers.settle(event):
            return
        if isinstance(event, events.Bye):
            self._reason = event.text
            self.bye = event
        if isinstance(event, events.Error) and not self.model.session.logged_in:
            return
        self.listener.on_event(event, past, mine)

    def show_elsewhere(self, event: Event, line: bytes) -> None:
        """Late events of a room that we have left are of no interest."""

    def tell(self, text: str) -> None:
        """The bar says what the client would: that the connection is lost, or there again."""

    def warn(self, text: str) -> None:
        self.listener.on_notice(text)

    def complain(self, text: str, word: str | None = None) -> None:
        if not self._answers.fail(word or "", Lost(text)):
            self.listener.on_notice(text)

    # For the chat: see `groupchat.client.lifecycle.LifecycleObserver`.

    def on_joined(self) -> None:
        self._reason = ""
        self.listener.on_change()

    def on_chunk(self) -> None:
        if self.chat.state is not State.ENDED:
            self.chat.guard(self.model.flush)
            self.listener.on_change()

    def on_rejected(self, error: events.Error) -> bool:
        return self.on_refused_hello(error)

    def on_disconnected(self) -> None:
        self.listener.on_change()

    def on_ended(self) -> None:
        self._answers.fail_all(Lost("The chat has ended."))

    def end(self, error: ClientError | None = None) -> None:
        """End now."""
        self.chat.end(error)
