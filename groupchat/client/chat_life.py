"""The life of a chat, as an application sees it: from its start to its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred

from groupchat.client.displays import BlankDisplay
from groupchat.client.errors import AnswerLost, ClientError, Ending, Refused
from groupchat.client.lifecycle import LifecycleObserver
from groupchat.client.lifecycle import State as Phase
from groupchat.client.states import Connecting, Ended, Online, State, Waiting
from groupchat.wire import events

if TYPE_CHECKING:
    from groupchat.client.parts import Parts
    from groupchat.wire.events import Event

__all__ = ["ChatLife"]


class _Refusals(BlankDisplay):
    """
    Remembers that the server does not let us into a room.

    :ivar first: the first refusal; None if there was none.
    """

    def __init__(self) -> None:
        self.first: Refused | None = None

    def show(
        self, event: Event | None, line: bytes, me: str, past: bool = False, mine: bool = False
    ) -> None:
        if isinstance(event, events.Error) and event.room and event.n is None:
            self.first = self.first or Refused(event.code, event.text)


class ChatLife(LifecycleObserver):
    """
    Starts and ends a chat, and tells its states.

    :param parts: the parts of the chat.
    :param on_chunk: called when everything that arrived together was handled.
    :param on_end: called with the end.

    :ivar on_refused: called if the server rejects the name or the password; returns whether
        `log_in` or `give_up` is going to be called.
    """

    def __init__(
        self, parts: Parts, on_chunk: Callable[[], None], on_end: Callable[[Ending], None]
    ) -> None:
        self.on_refused: Callable[[Refused], bool] = lambda refused: False
        self._parts = parts
        self._lifecycle = parts.lifecycle
        self._act_on_chunk = on_chunk
        self._act_on_end = on_end
        self._ending: Ending | None = None
        self._leaving = False
        self._rejection: events.Error | None = None
        self._started: Deferred[None] | None = None
        self._closing: list[Deferred[Ending]] = []
        self._watchers: list[Callable[[State], object]] = []
        self._noted: type[State] | None = None
        self._refusals = _Refusals()
        parts.lifecycle.watch(self)

    @property
    def settled(self) -> bool:
        """Whether the server has let us in, and we are not about to leave."""
        return self._parts.model.session.logged_in and not self._leaving

    @property
    def state(self) -> State:
        """The state of the chat."""
        connector = self._lifecycle.connector
        if self._ending is not None:
            return Ended(self._ending)
        if self._lifecycle.state is Phase.WAITING:
            return Waiting(connector.wait, self._lifecycle.reason)
        if self._parts.model.session.logged_in:
            return Online(connector.encrypted)
        return Connecting()

    def watch(self, act: Callable[[State], object]) -> None:
        """Call this with each new state."""
        self._watchers.append(act)

    def _note(self) -> None:
        state = self.state
        if self._watchers and type(state) is not self._noted:
            for act in self._watchers:
                self._parts.agenda.add(act, state)
        self._noted = type(state)

    # From start to end.

    def start(self) -> Deferred[None]:
        """Connect: see `groupchat.client.Chat.start`."""
        self._ending = None
        self._leaving = False
        started: Deferred[None] = Deferred(self._cancel_start)
        self._started = started
        self._refusals.first = None
        self._parts.displays.add(self._refusals)
        self._lifecycle.start().addCallback(self._on_end)
        self._note()
        return started

    def _cancel_start(self, started: Deferred[None]) -> None:
        self._started = None
        self._lifecycle.end()

    def leave(self) -> Deferred[Ending]:
        """Leave as soon as everything is stored and answered."""
        closed = self.closed()
        self._leaving = True
        if self._lifecycle.ever_joined:
            self._parts.departure.advance()
        else:
            self._lifecycle.end()
        return closed

    def closed(self) -> Deferred[Ending]:
        """Returns a Deferred that fires with the end."""
        closed: Deferred[Ending] = Deferred()
        if self._ending is not None:
            closed.callback(self._ending)
        else:
            self._closing.append(closed)
        return closed

    def _on_end(self, error: ClientError | None) -> None:
        agenda = self._parts.agenda
        ending = self._ending = Ending(error)
        self._parts.questions.lose_all(AnswerLost("The chat has ended."))
        self._act_on_end(ending)
        started, self._started = self._started, None
        self._parts.displays.remove(self._refusals)
        if started is not None:
            agenda.add(started.errback, ending)
        self._note()
        closing, self._closing = self._closing, []
        for closed in closing:
            agenda.add(closed.callback, ending)

    # For the lifecycle.

    def on_connecting(self) -> None:
        self._note()

    def on_joined(self) -> None:
        self._rejection = None
        self._note()

    def on_chunk(self) -> None:
        self._note()
        self._check_start()
        self._act_on_chunk()
        self._parts.agenda.run()
        if self._lifecycle.state is not Phase.ENDED:
            self._lifecycle.guard(self._parts.model.flush)
            if self._leaving:
                self._parts.departure.advance()

    def _check_start(self) -> None:
        model, started = self._parts.model, self._started
        joined = model.session.logged_in and all(room.joined for room in model.rooms)
        if started is None or not joined:
            return
        self._started = None
        self._parts.displays.remove(self._refusals)
        if self._refusals.first is None:
            self._parts.agenda.add(started.callback, None)
        else:
            self._parts.agenda.add(started.errback, self._refusals.first)

    def on_rejected(self, error: events.Error) -> bool:
        unproven = self._parts.model.session.unproven
        if error.code == "bad-password" and unproven:
            return False
        before = self._lifecycle.state
        self._rejection = error
        self._lifecycle.await_password()
        if self.on_refused(Refused(error.code, error.text)):
            return True
        self._lifecycle.state = before
        return False

    def log_in(self, name: str | None, password: str | None) -> None:
        """Log in with another name or password."""
        session = self._parts.model.session
        session.name = name or session.name
        session.password = password or session.password
        self._lifecycle.log_in()

    def give_up(self) -> None:
        """End, as the server has rejected us."""
        if self._rejection is not None:
            self._lifecycle.reject(self._rejection)
