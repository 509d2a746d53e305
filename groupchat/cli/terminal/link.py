"""
Connects the full-screen client to the client library: the one place that knows both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from groupchat.cli.terminal.talk import Connection, Phase, TalkListener
from groupchat.client import BlankDisplay, Chat, Connecting, Ended, Online, Waiting
from groupchat.client.lifecycle import Lifecycle
from groupchat.client.model import Model
from groupchat.client.sender import RETRYABLE
from groupchat.wire import events
from groupchat.wire.commands import Command, Position
from groupchat.wire.events import Event

__all__ = ["Link", "Marks"]


class Marks:
    """
    Logs in like a model, but begins rooms at their newest few messages: how far they were read
    before is kept as marks. See `groupchat.client.identity.IdentityUser`.

    :param model: logs in.
    :param marks: how far rooms were read; filled once the server is known.
    """

    def __init__(self, model: Model, marks: dict[str, Position]) -> None:
        self._model = model
        self._marks = marks

    def identify(self, client: str, read: Mapping[str, Position] | None) -> None:
        self._marks.update(read or {})
        self._model.identify(client, None)

    def set_unproven(self, unproven: bool) -> None:
        self._model.set_unproven(unproven)


class _Held(NamedTuple):
    """A message that was said while there was no chat."""

    room: str
    text: str
    act: bool
    stored: Deferred[int | None]


class Link(BlankDisplay):
    """
    A chat for the screen: see `groupchat.cli.terminal.talk.Talk`. It is also a display of the chat.

    :param chat: the chat.
    :param lifecycle: ends it at once.
    :param clock: the reactor's time.

    :ivar listener: is told what happens; to be set before the chat starts.
    :ivar bye: the last bye of the server; None if there was none.
    :ivar on_hurry: called if the person wants the chat to begin again now.
    :ivar on_left: called if the person leaves while there is no chat.
    """

    listener: TalkListener

    def __init__(self, chat: Chat, lifecycle: Lifecycle, clock: IReactorTime) -> None:
        self.chat = chat
        self.bye: events.Bye | None = None
        self.on_hurry: Callable[[], None] = lambda: None
        self.on_left: Callable[[], None] = lambda: None
        self._lifecycle = lifecycle
        self._clock = clock
        self._held: list[_Held] = []
        self._again_at: float | None = None  # the clock's time when the chat begins again
        chat.show_on(self)
        chat.on_state(lambda state: self.listener.on_change())

    # For the screen.

    @property
    def name(self) -> str:
        return self.chat.name

    @property
    def operator(self) -> bool:
        return self.chat.operator

    @property
    def connection(self) -> Connection:
        state = self.chat.state
        if isinstance(state, Online):
            return Connection(Phase.ONLINE, encrypted=state.encrypted)
        if isinstance(state, Waiting):
            return Connection(Phase.WAITING, state.seconds, state.reason)
        if isinstance(state, Connecting):
            return Connection(Phase.CONNECTING)
        if self._again_at is None:
            return Connection(Phase.ENDED)
        seconds = max(0.0, self._again_at - self._clock.seconds())
        return Connection(Phase.WAITING, seconds, self.bye.text if self.bye is not None else "")

    def expect_again(self, seconds: float | None) -> None:
        """The chat has ended, but begins again after this time; None: it does not."""
        self._again_at = None if seconds is None else self._clock.seconds() + seconds

    def is_in(self, room: str) -> bool:
        return room in self.chat.rooms

    def say(self, room: str, text: str, act: bool = False) -> Deferred[int | None]:
        if not isinstance(self.chat.state, Ended):
            return self.chat.say(room, text, act)
        stored: Deferred[int | None] = Deferred()
        self._held.append(_Held(room, text, act, stored))
        return stored

    @property
    def held(self) -> int:
        """Messages that were said while there was no chat: the next one says them."""
        return len(self._held)

    def say_held(self) -> None:
        """A chat has begun: say what was said while there was none."""
        held, self._held = self._held, []
        for one in held:
            self.chat.say(one.room, one.text, one.act).chainDeferred(one.stored)

    def correct(self, room: str, message_id: int, text: str | None) -> Deferred[int | None]:
        if text is None:
            return self.chat.remove(room, message_id)
        return self.chat.edit(room, message_id, text)

    def newest_own(self, room: str) -> int | None:
        return self.chat.newest_own(room)

    def mark_read(self, room: str) -> None:
        self.chat.mark_read(room)

    def request(self, command: Command) -> Deferred[Event]:
        return self.chat.request(command)

    def reconnect(self) -> None:
        if isinstance(self.chat.state, Ended):
            self.on_hurry()
        else:
            self.chat.reconnect()

    def leave_server(self) -> None:
        if isinstance(self.chat.state, Ended):
            self.on_left()
        else:
            self.chat.leave_server()

    def end(self) -> None:
        """End now."""
        self._lifecycle.end()

    # For the chat: see `groupchat.client.Display`.

    def show(
        self, event: Event | None, line: bytes, me: str, past: bool = False, mine: bool = False
    ) -> None:
        if event is None:
            return
        if isinstance(event, events.Bye):
            self.bye = event
        if isinstance(event, events.Error) and not self._concerns_the_person(event):
            return
        self.listener.on_event(event, past, mine)

    def _concerns_the_person(self, error: events.Error) -> bool:
        """Returns whether an error is to be shown: whoever has asked shows its own."""
        if error.n is not None:
            return error.code in RETRYABLE
        return isinstance(self.chat.state, Online)

    def warn(self, text: str) -> None:
        self.listener.on_notice(text)

    def complain(self, text: str, word: str | None = None) -> None:
        self.listener.on_notice(text)
