"""
The life of a chat over one connection after the other: it logs in, has the connector make another
connection when one is lost, and knows when and why it ends.

It is not a ClientService: that knows neither a server that asks to be left alone for a while nor
one that says why it rejects the client.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from groupchat.client.connection import ChatConnection
from groupchat.client.connector import Connector
from groupchat.client.errors import (
    ClientError,
    NotReachable,
    Rejected,
    no_welcome,
    none_reachable,
    rejection,
    unreachable,
)
from groupchat.client.model import Model
from groupchat.client.reconnect import LateHellos, NameRetry
from groupchat.client.timer import Timer
from groupchat.wire import events
from groupchat.wire.events import Event

__all__ = ["Lifecycle", "LifecycleObserver", "State"]


class State(Enum):
    """The state of a chat."""

    CONNECTING = "a connection is being made"
    LOGGING_IN = "the hello is sent, and the server has to answer in time"
    SILENT = "the server did not answer in time, and the connection is being closed"
    ASKING = "the server wants a password that a person is being asked for; it may have hung up"
    ANSWERED = "the password is known, but the server hangs up; the next connection uses it"
    JOINED = "the server has let us in"
    LEAVING = "the server has rejected us or said bye, and the connection is being closed"
    QUITTING = "we have said that we leave"
    WAITING = "the next attempt comes after a while"
    ENDED = "it is over"


class LifecycleObserver:
    """Is told what happens to a chat. The methods here do nothing."""

    def on_connecting(self) -> None:
        """An attempt to connect begins."""

    def on_joined(self) -> None:
        """The server has let us in."""

    def on_chunk(self) -> None:
        """Everything that arrived together was handled, or the next attempt was scheduled."""

    def on_rejected(self, error: events.Error) -> bool:
        """
        The server rejected the hello.

        Returns whether a password is being asked for, which `Lifecycle.log_in` waits for: then
        `Lifecycle.await_password` was called.
        """
        return False

    def on_unreachable(self, error: NotReachable) -> bool:
        """The server was never there. Returns whether to try again all the same."""
        return False

    def on_disconnected(self) -> None:
        """The connection is gone."""

    def on_ended(self) -> None:
        """The chat is over."""


class Lifecycle:
    """
    The life of a chat, from `start` to `end`.

    :param connector: makes the connections. If its endpoint fails with a `ClientError`, that ends
        the chat.
    :param where: returns the address of the last attempt, for people.
    :param model: the rooms and messages.
    :param clock: the reactor's time.
    :param names: says whether to wait for a name that is taken.

    :ivar connector: also pauses reading, on behalf of an application that can take no more.
    :ivar state: its state.
    :ivar reason: the server's last bye; "" once we are in again.
    :ivar ever_joined: whether the server has ever let us in.
    """

    def __init__(
        self,
        connector: Connector,
        where: Callable[[], str],
        model: Model,
        clock: IReactorTime,
        names: NameRetry | None = None,
    ) -> None:
        self.state = State.CONNECTING
        self.reason = ""
        self.ever_joined = False
        self.connector = connector
        self._observers: list[LifecycleObserver] = []
        self._where = where
        self._model = model
        self._names = names or NameRetry(clock, timeout=0)
        self._ended: Deferred[ClientError | None] = Deferred()
        self._rejection: events.Error | None = None
        self._bye: events.Bye | None = None
        self._late_hellos = LateHellos(clock)
        self._welcome_timer = Timer(clock, self._give_up_waiting)
        model.session.listener = self

    # For the application.

    def watch(self, observer: LifecycleObserver) -> None:
        """Tell this observer, too, what happens."""
        self._observers.append(observer)

    def start(self) -> Deferred[ClientError | None]:
        """
        Connect, for the first time or again after the end. The result fires when the chat ends:
        with the error, or None for a good end.
        """
        if self.state is State.ENDED:
            self.ever_joined = False
            self._rejection = self._bye = None
            self._ended = Deferred()
        self.connector.owner = self
        self.connector.connect()
        return self._ended

    def end(self, error: ClientError | None = None) -> None:
        """End now, whatever is under way."""
        if self.state is State.ENDED:
            return
        self.state = State.ENDED
        self._welcome_timer.cancel()
        for observer in self._observers:
            observer.on_ended()
        self.connector.stop()
        self._model.disconnect()
        self._ended.callback(error)

    def quit(self) -> None:
        """Tell the server that we leave, and end as soon as it has closed the connection."""
        self.state = State.QUITTING
        self._model.quit()
        self.connector.expect_close()

    def await_password(self) -> None:
        """A person is being asked for the password: give them time."""
        self.state = State.ASKING
        self._welcome_timer.cancel()

    def log_in(self) -> None:
        """Log in with the password that the session knows now."""
        if self.connector.connection is None:
            self.connector.connect()
        elif self._bye is not None:
            self.state = State.ANSWERED
        else:
            self._expect_welcome()
            self._model.send_hello()

    def reject(self, refusal: events.Error) -> None:
        """End because the server has rejected the hello."""
        session = self._model.session
        known = session.password is not None
        self.end(rejection(self._where(), refusal, known, session.unproven))

    def guard(self, act: Callable[..., None], *arguments: object) -> None:
        """Call this; an error of the client ends the chat."""
        try:
            act(*arguments)
        except ClientError as error:
            self.end(error)

    # Connecting: see `groupchat.client.connector.ConnectorOwner`.

    def connecting(self) -> None:
        self.state = State.CONNECTING
        for observer in self._observers:
            observer.on_connecting()
        client_id = None if self.ever_joined else self._names.next_client_id()
        if client_id is not None:
            self._model.session.client = client_id

    def failed(self, reason: BaseException) -> None:
        if self.state is State.ENDED:
            return
        if isinstance(reason, ClientError):
            self.end(reason)
        elif self.ever_joined:
            self._retry()
        else:
            self._miss(unreachable(self._where(), reason, self.connector.timeout))

    def _miss(self, error: NotReachable) -> None:
        if self.connector.has_untried:
            self._retry()
            return
        if self.connector.addresses > 1:
            error = none_reachable(error, self.connector.addresses)
        if any(observer.on_unreachable(error) for observer in self._observers):
            self._retry()
        else:
            self.end(error)

    def _retry(self) -> None:
        self.state = State.WAITING
        bye, self._bye = self._bye, None
        self.connector.retry(bye, self._names.max_delay)
        self.check()

    # The connection: see `groupchat.client.connection.ConnectionOwner`.

    def opened(self, connection: ChatConnection) -> None:
        if self.state is State.ENDED:
            connection.abort()
            return
        self.connector.opened(connection)
        self._expect_welcome()
        self._model.connect(connection.send)

    def received(self, event: Event | None, line: bytes) -> None:
        if self.state is not State.ENDED:
            self.guard(self._model.receive, event, line)

    def check(self) -> None:
        for observer in self._observers:
            if self.state is not State.ENDED:
                observer.on_chunk()

    def lost(self) -> None:
        state, was_joined = self.state, self._model.session.logged_in
        self.connector.lost()
        self._model.disconnect()
        self._welcome_timer.cancel()
        for observer in self._observers:
            observer.on_disconnected()
        if state is State.ENDED:
            return
        if state in (State.LOGGING_IN, State.SILENT):
            self._late_hellos.add()
        if state in (State.ASKING, State.ANSWERED) and not self._bye_is_final:
            self._bye = None  # servers don't wait as long as a person may take for a password
            if state is State.ANSWERED:
                self.connector.connect()
        else:
            self._retry_or_end(state, was_joined)

    def _expect_welcome(self) -> None:
        self.state = State.LOGGING_IN
        self._welcome_timer.start(self.connector.timeout)

    def _give_up_waiting(self) -> None:
        self.state = State.SILENT
        self.connector.abort()

    # After a lost connection.

    @property
    def _bye_is_final(self) -> bool:
        return self._bye is not None and self._bye.retry is None

    @property
    def _may_try_on(self) -> bool:
        """Whether to come again after a bye; a group that is full is so at all its addresses."""
        is_full = self._bye is not None and self._bye.code == "full"
        return self.ever_joined or (self.connector.has_untried and not is_full)

    def _retry_or_end(self, state: State, was_joined: bool) -> None:
        bye = self._bye
        if self._names.waiting and (bye is None or bye.code == "quit"):
            self._reconnect(was_joined)
        elif self._rejection is not None:
            self.reject(self._rejection)
        elif bye is not None and bye.code == "quit":
            self.end()
        elif bye is not None and (self._bye_is_final or not self._may_try_on):
            self.end(Rejected(bye.text))
        elif not self.ever_joined:
            timeout = self.connector.timeout if state is State.SILENT else None
            self._miss(no_welcome(self._where(), timeout))
        elif state is State.QUITTING:
            self.end()
        else:
            self._reconnect(was_joined)

    def _reconnect(self, was_joined: bool) -> None:
        if was_joined:
            self._model.display.tell("Connection lost. Trying again …")
        self._model.fail_requests()
        self._retry()

    # The server's words: see `groupchat.client.interfaces.SessionListener`.

    def on_welcome(self) -> None:
        self.state = State.JOINED
        self._welcome_timer.cancel()
        if self.ever_joined:
            self._model.display.tell("Connected again.")
        self.ever_joined = True
        self._names.on_joined()
        self.connector.welcomed()
        self.reason = ""
        for observer in self._observers:
            observer.on_joined()

    def on_rejected(self, error: events.Error) -> None:
        if any(observer.on_rejected(error) for observer in self._observers):
            return
        self.state = State.LEAVING
        self._names.on_rejected(error, self.ever_joined)
        self._rejection = None if self._names.waiting else error
        self.connector.close()

    def on_bye(self, bye: events.Bye) -> None:
        self._bye = self._late_hellos.judge(bye)
        self.reason = bye.text
        if self.state in (State.LOGGING_IN, State.JOINED):
            self.state = State.LEAVING
        self.connector.close()
