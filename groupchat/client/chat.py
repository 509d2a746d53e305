"""
A chat over one connection after the other: it connects, logs in, connects again when the connection
is lost, and knows when and why it ends.

It is not a ClientService: that knows neither a server that asks to be left alone for a while nor
one that says why it rejects the client.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from functools import partial

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocol, IReactorTime, IStreamClientEndpoint
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure

from groupchat.client.connection import ChatConnection
from groupchat.client.errors import (
    ClientError,
    NotReachable,
    Rejected,
    no_welcome,
    rejection,
    unreachable,
)
from groupchat.client.model import Model
from groupchat.client.reconnect import MAX_BACKOFF, NAME_RETRY_INTERVAL, Backoff, NameRetry
from groupchat.client.timer import Timer
from groupchat.wire import events
from groupchat.wire.events import Event

__all__ = ["TIMEOUT", "Chat", "ChatObserver", "State"]

TIMEOUT = 10.0  #: seconds for a connection, for the welcome, for the close of a connection


class State(Enum):
    """The state of a chat."""

    CONNECTING = "a connection is being made"
    LOGGING_IN = "the hello is sent, and the server has to answer within TIMEOUT"
    SILENT = "the server did not answer in time, and the connection is being closed"
    ASKING = "the server wants a password that a person is being asked for; it may have hung up"
    ANSWERED = "the password is known, but the server hangs up; the next connection uses it"
    JOINED = "the server has let us in"
    LEAVING = "the server has rejected us or said bye, and the connection is being closed"
    QUITTING = "we have said that we leave"
    WAITING = "the next attempt comes after a while"
    ENDED = "it is over"


class ChatObserver:
    """Is told what happens to a chat. The methods here do nothing."""

    def on_joined(self) -> None:
        """The server has let us in."""

    def on_chunk(self) -> None:
        """Everything that arrived together was handled, or the next attempt was scheduled."""

    def on_rejected(self, error: events.Error) -> bool:
        """
        The server rejected the hello.

        Returns whether a password is being asked for, which `Chat.log_in` waits for: then
        `Chat.await_password` was called.
        """
        return False

    def on_unreachable(self, error: NotReachable) -> bool:
        """The server was never there. Returns whether to try again all the same."""
        return False

    def on_disconnected(self) -> None:
        """The connection is gone."""

    def on_ended(self) -> None:
        """The chat is over."""


class Chat:
    """
    The life of a chat, from `start` to `end`.

    :param endpoint: the server. If it fails with a `ClientError`, that ends the chat.
    :param where: the server, for people.
    :param model: the rooms and messages.
    :param clock: the reactor's time.
    :param names: waits for a name that is taken; None if a taken name ends the chat.
    :param backoff: says how long to wait until the next attempt.
    :param on_first_event: called when a server's first event on a connection was understood;
        returns what a person should be told about the server.

    :ivar observer: is told what happens; to be set before `start`.
    :ivar state: its state.
    :ivar ever_joined: whether the server has ever let us in.
    """

    def __init__(
        self,
        endpoint: IStreamClientEndpoint,
        where: str,
        model: Model,
        clock: IReactorTime,
        names: NameRetry | None = None,
        backoff: Backoff | None = None,
        on_first_event: Callable[[], str] | None = None,
    ) -> None:
        self.observer = ChatObserver()
        self.state = State.CONNECTING
        self.ever_joined = False
        self._endpoint = endpoint
        self._where = where
        self._model = model
        self._clock = clock
        self._names = names or NameRetry(clock)
        self._waits_for_name = names is not None
        self._backoff = backoff or Backoff()
        self._on_first_event = on_first_event
        self._pending_first_event: Callable[[], str] | None = None  # of this connection
        self._ended: Deferred[ClientError | None] = Deferred()
        self._connecting: Deferred[IProtocol] = Deferred()
        self._connection: ChatConnection | None = None
        self._paused = False
        self._rejection: events.Error | None = None
        self._bye: events.Bye | None = None
        self._retry_timer = Timer(clock, self._connect)
        self._welcome_timer = Timer(clock, self._give_up_waiting)
        self._close_timer = Timer(clock, self._abort)
        model.listener = self

    # For the application.

    def start(self) -> Deferred[ClientError | None]:
        """Connect. The result fires when the chat ends: with the error, or None for a good end."""
        self._connect()
        return self._ended

    def end(self, error: ClientError | None = None) -> None:
        """End now, whatever is under way."""
        if self.state is State.ENDED:
            return
        self.state = State.ENDED
        for timer in (self._retry_timer, self._welcome_timer, self._close_timer):
            timer.cancel()
        self._connecting.cancel()
        self.observer.on_ended()
        if self._connection is not None:
            self._connection.leave()
        self._model.disconnect()
        self._ended.callback(error)

    def quit(self) -> None:
        """Tell the server that we leave, and end as soon as it has closed the connection."""
        self.state = State.QUITTING
        self._model.quit()
        if self._connection is not None:
            self._close_timer.start(TIMEOUT)

    def await_password(self) -> None:
        """A person is being asked for the password: give them time."""
        self.state = State.ASKING
        self._welcome_timer.cancel()

    def log_in(self) -> None:
        """Log in with the password that the model knows now."""
        if self._connection is None:
            self._connect()
        elif self._bye is not None:
            self.state = State.ANSWERED
        else:
            self._expect_welcome()
            self._model.send_hello()

    def reject(self, refusal: events.Error) -> None:
        """End because the server has rejected the hello."""
        known = self._model.password is not None
        self.end(rejection(self._where, refusal, known, self._model.unproven))

    def guard(self, act: Callable[..., None], *arguments: object) -> None:
        """Call this; an error of the client ends the chat."""
        try:
            act(*arguments)
        except ClientError as error:
            self.end(error)

    def pause_reading(self) -> None:
        """Take no more from the server: what was read can't be displayed yet."""
        self._paused = True
        if self._connection is not None:
            self._connection.hold()

    def resume_reading(self) -> None:
        """Read on."""
        self._paused = False
        if self._connection is not None:
            self._connection.release()

    # Connecting.

    def _connect(self) -> None:
        self.state = State.CONNECTING
        client_id = None if self.ever_joined else self._names.next_client_id()
        if client_id is not None:
            self._model.client = client_id
        factory = Factory.forProtocol(partial(ChatConnection, self, self._clock))
        factory.noisy = False
        connecting: Deferred[IProtocol] = self._endpoint.connect(factory)
        self._connecting = connecting
        connecting.addTimeout(TIMEOUT, self._clock)
        connecting.addErrback(self._on_failure)

    def _on_failure(self, failure: Failure) -> None:
        if self.state is State.ENDED:
            return
        if isinstance(failure.value, ClientError):
            self.end(failure.value)
        elif self.ever_joined:
            self._retry()
        else:
            self._miss(unreachable(self._where, failure.value, TIMEOUT))

    def _miss(self, error: NotReachable) -> None:
        if self.observer.on_unreachable(error):
            self._retry()
        else:
            self.end(error)

    def _retry(self) -> None:
        self.state = State.WAITING
        limit = NAME_RETRY_INTERVAL if self._names.started else MAX_BACKOFF
        self._retry_timer.start(self._backoff.next_delay(self._bye, limit))
        self._bye = None
        self.observer.on_chunk()

    # The connection: see `groupchat.client.connection.ConnectionOwner`.

    def opened(self, connection: ChatConnection) -> None:
        if self.state is State.ENDED:
            connection.abort()
            return
        self._connection = connection
        self._pending_first_event = self._on_first_event
        if self._paused:
            connection.hold()
        self._expect_welcome()
        self._model.connect(connection.send)

    def received(self, event: Event | None, line: bytes) -> None:
        if self.state is not State.ENDED:
            self.guard(self._receive, event, line)

    def check(self) -> None:
        if self.state is not State.ENDED:
            self.observer.on_chunk()

    def lost(self) -> None:
        state, was_joined = self.state, self._model.logged_in
        self._connection = None
        self._model.disconnect()
        self._welcome_timer.cancel()
        self._close_timer.cancel()
        self.observer.on_disconnected()
        if state is State.ENDED:
            return
        if state in (State.ASKING, State.ANSWERED) and not self._bye_is_final:
            self._bye = None  # servers don't wait as long as a person may take for a password
            if state is State.ANSWERED:
                self._connect()
        else:
            self._retry_or_end(state, was_joined)

    def _receive(self, event: Event | None, line: bytes) -> None:
        if event is not None and self._pending_first_event is not None:
            on_first_event, self._pending_first_event = self._pending_first_event, None
            notice = on_first_event()
            if notice:
                self._model.display.warn(notice)
        self._model.receive(event, line)

    def _expect_welcome(self) -> None:
        self.state = State.LOGGING_IN
        self._welcome_timer.start(TIMEOUT)

    def _give_up_waiting(self) -> None:
        self.state = State.SILENT
        self._abort()

    def _abort(self) -> None:
        if self._connection is not None:
            self._connection.abort()

    def _close(self) -> None:
        if self._connection is not None:
            self._close_timer.start(TIMEOUT)
            self._connection.leave()

    # After a lost connection.

    @property
    def _bye_is_final(self) -> bool:
        return self._bye is not None and self._bye.retry is None

    def _retry_or_end(self, state: State, was_joined: bool) -> None:
        bye = self._bye
        if self._names.waiting and (bye is None or bye.code == "quit"):
            self._reconnect(was_joined)
        elif self._rejection is not None:
            self.reject(self._rejection)
        elif bye is not None and bye.code == "quit":
            self.end()
        elif bye is not None and (self._bye_is_final or not self.ever_joined):
            self.end(Rejected(bye.text))
        elif not self.ever_joined:
            self._miss(no_welcome(self._where, TIMEOUT if state is State.SILENT else None))
        elif state is State.QUITTING:
            self.end()
        else:
            self._reconnect(was_joined)

    def _reconnect(self, was_joined: bool) -> None:
        if was_joined:
            self._model.display.tell("Connection lost. Trying again …")
        self._model.fail_requests()
        self._retry()

    # The server's words: see `groupchat.client.model.SessionListener`.

    def on_welcome(self) -> None:
        self.state = State.JOINED
        self._welcome_timer.cancel()
        if self.ever_joined:
            self._model.display.tell("Connected again.")
        self.ever_joined = True
        self._names.on_joined()
        self._backoff.reset()
        self.observer.on_joined()

    def on_rejected(self, error: events.Error) -> None:
        if self.observer.on_rejected(error):
            return
        self.state = State.LEAVING
        if self._waits_for_name:
            self._names.on_rejected(error, self.ever_joined)
        self._rejection = None if self._names.waiting else error
        self._close()

    def on_bye(self, bye: events.Bye) -> None:
        self._bye = bye
        if self.state in (State.LOGGING_IN, State.JOINED):
            self.state = State.LEAVING
        self._close()
