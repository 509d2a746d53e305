"""
The client as a whole: it connects, comes back when the connection is lost, and knows when and why
it ends.

Not a ClientService: that one knows neither of a server that asks to be left alone for a while nor
of one that says why one is not wanted.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from enum import Enum
from functools import partial
from random import random
from typing import Any, Protocol

from twisted.internet import error
from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as TookTooLong
from twisted.internet.interfaces import IDelayedCall, IReactorTime, IStreamClientEndpoint
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure

from groupchat.cli.exit import LOST, TURNED_AWAY, UNREACHABLE, Exit
from groupchat.cli.input import InputParser
from groupchat.client import address
from groupchat.client.connection import ChatConnection
from groupchat.client.model import NO_TLS, Model
from groupchat.client.tls import NotTLS
from groupchat.wire import events
from groupchat.wire.events import Event

TIMEOUT = 10.0  #: seconds for a connection, for the welcome, for the last answers, for the farewell
MAX_BACKOFF = 30.0  #: seconds between two attempts, at most
RETRY_JITTER = 2.0  #: at most so many seconds are added to what the server asked for
NAME_TIMEOUT = 30.0  #: seconds for which a script waits where its name is taken
NAME_RETRY_INTERVAL = 1.0  #: seconds until it looks again, at most
DELIVERY_TIMEOUT = (
    300.0  #: seconds for which what was typed is tried to be delivered, when nothing more is typed
)


class Input(Protocol):
    """Where lines are typed."""

    def pause(self) -> None:
        """Read no more for now."""

    def resume(self) -> None:
        """Read."""


class Asker(Protocol):
    """Who asks the person at the terminal for what may not be seen there."""

    def ask(self, question: str, answered: Callable[[str | None], None]) -> None:
        """
        Ask.

        :param answered: gets the answer; None where nothing more is typed.
        """

    def stop(self) -> None:
        """The answer is no longer wanted."""


class Turn(Protocol):
    """The client secret of a script whose other runs may use it, too."""

    @property
    def secondary(self) -> bool:
        """Whether the one that the server may know is in use."""

    def take(self) -> str:
        """The best one that can be had now."""


class Source(Enum):
    """What lines are typed by."""

    PERSON = "a person at a terminal: an answer is awaited at once"
    SCRIPT = "a pipe or a file: every line is to be said, and is read ahead"
    PROGRAM = (
        "a program that reads the server's lines: it decides itself what to do about a taken name"
    )


class Client:
    """
    :param endpoint: where the server is. Where it fails with an `Exit`, that is the end.
    :param where: the same for people.
    :param model: what to talk about there.
    :param parser: what is typed.
    :param typed: where that comes from.
    :param clock: the reactor's time.
    :param stay: whether to stay when nothing more is typed.
    :param chance: a number from 0 to 1.
    :param heard: called when the server has said something sensible; returns what a person should
        be told about it.
    :param asker: who can ask for a password; None where nobody is at a terminal.
    :param source: what lines are typed by.
    :param turn: exchanges the client secret while a script waits for its name; None where it is
        always the same.
    """

    def __init__(
        self,
        endpoint: IStreamClientEndpoint,
        where: str,
        model: Model,
        parser: InputParser,
        typed: Input,
        clock: IReactorTime,
        stay: bool = False,
        chance: Callable[[], float] = random,
        heard: Callable[[], str] | None = None,
        asker: Asker | None = None,
        source: Source = Source.PERSON,
        turn: Turn | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._where = where
        self._model = model
        self._parser = parser
        self._typed = typed
        self._clock = clock
        self._stay = stay
        self._random = chance
        self._on_heard = heard
        self._asker = asker
        self._source = source
        self._turn = turn
        self._unread = False  # nobody reads any more
        self._turn_ends: float | None = None  # when we no longer wait for our name
        self._missed: Exit | None = (
            None  # how we end once nothing more is typed, where the server was never there
        )
        self._asking = False
        self._answered = False  # but the connection that the answer is for is about to be gone
        self._heard = False  # anything sensible, on this connection
        self._ended: Deferred[Exit] = Deferred()
        self._over = False
        self._connecting: Deferred[Any] = Deferred()
        self._connection: ChatConnection | None = None
        self._held = False
        self._ever_joined = False
        self._quitting = False
        self._failures = 0
        self._refusal: events.Error | None = None
        self._bye: events.Bye | None = None
        self._timers: dict[str, IDelayedCall] = {}
        model.listener = self

    def start(self) -> Deferred[Exit]:
        """Connect. The answer fires when the client ends."""
        self._connect()
        return self._ended

    def stop(self) -> None:
        """End now, whatever is under way."""
        undelivered = self._model.outbox.count or self._parser.waiting
        self._end(Exit(LOST, "Stopped.") if undelivered else Exit())

    # Timers, each under the name of what it waits for.

    def _after(
        self, seconds: float, what: str, act: Callable[..., object], *arguments: Any
    ) -> None:
        self._cancel(what)
        self._timers[what] = self._clock.callLater(seconds, self._fire, what, act, *arguments)

    def _fire(self, what: str, act: Callable[..., object], *arguments: Any) -> None:
        del self._timers[what]
        act(*arguments)

    def _cancel(self, what: str) -> None:
        timer = self._timers.pop(what, None)
        if timer is not None:
            timer.cancel()

    # Connecting, and coming back.

    def _connect(self) -> None:
        if self._turn is not None and self._turn_ends is not None and not self._ever_joined:
            self._model.client = self._turn.take()
        factory = Factory.forProtocol(partial(ChatConnection, self, self._clock))
        factory.noisy = False
        self._connecting = self._endpoint.connect(factory)
        self._connecting.addTimeout(TIMEOUT, self._clock)
        self._connecting.addErrback(self._failed)

    def _failed(self, failure: Failure) -> None:
        if self._over:
            return
        if isinstance(failure.value, Exit):
            self._end(failure.value)
        elif not self._ever_joined:
            self._miss(Exit(UNREACHABLE, self._explain(failure.value)))
        else:
            self._come_back()

    def _miss(self, ending: Exit) -> None:
        """The server was never there. That is the end, unless there is more to be kept for it."""
        if self._may_keep_more():
            self._missed = ending
            self._come_back()
        else:
            self._end(ending)

    def _may_keep_more(self) -> bool:
        """Whether more may be typed that is to be kept for a server that is away."""
        return (
            self._reads_ahead
            and self._model.outbox.persistent
            and not (self._parser.ended or self._parser.full)
        )

    @property
    def _reads_ahead(self) -> bool:
        """Whether lines are read before the server has let us in."""
        return self._source is Source.SCRIPT or (
            self._source is Source.PROGRAM and self._model.outbox.persistent
        )

    def _explain(self, reason: BaseException | None) -> str:
        if isinstance(reason, error.ConnectError) and reason.osError in (
            errno.ENOENT,
            errno.ENOTDIR,
            errno.EACCES,
        ):
            return f"Cannot reach {self._where}: {os.strerror(reason.osError)}. Is the server running, and is that its socket?"
        if isinstance(reason, (error.DNSLookupError, ValueError)):
            return f"There is no such host: {self._where}. Check its name."
        if isinstance(reason, error.ConnectionRefusedError):
            what = "socket" if address.socket_path(self._where) else "port"
            return f"Connection refused by {self._where}. Is the server running, and is that its {what}?"
        if isinstance(reason, (error.TimeoutError, TookTooLong)):
            return f"No answer from {self._where} within {TIMEOUT:.0f} s. Check the host, the port and the network."
        if isinstance(reason, NotTLS):
            return f"{self._where} does not speak TLS. If you trust the network: --no-tls"
        if isinstance(reason, (error.ConnectionDone, error.ConnectionLost)):
            return self._explain_silence(silent=False)
        return f"Cannot reach {self._where}: {reason}"

    def _come_back(self) -> None:
        delay = self._random() * (
            min(MAX_BACKOFF, 2.0**self._failures)
            if self._turn_ends is None
            else NAME_RETRY_INTERVAL
        )
        if self._bye is not None:
            delay = max(delay, (self._bye.retry or 0) + self._random() * RETRY_JITTER)
        self._failures = min(self._failures + 1, 10)
        self._bye = None
        self._after(delay, "retry", self._connect)
        self.check()

    # The connection.

    def opened(self, connection: ChatConnection) -> None:
        if self._over:
            connection.abort()
            return
        self._connection = connection
        self._heard = False
        if self._held:
            connection.hold()
        self._after(TIMEOUT, "welcome", connection.abort)
        self._model.connect(connection.send)

    def received(self, event: Event | None, line: bytes) -> None:
        if not self._over:
            self._guard(self._receive, event, line)

    def _receive(self, event: Event | None, line: bytes) -> None:
        if event is not None and not self._heard:
            self._heard = True
            told = self._on_heard() if self._on_heard else ""
            if told:
                self._model.display.warn(told)
        self._model.receive(event, line)

    def lost(self) -> None:
        silent = "welcome" not in self._timers
        logged_in = self._model.logged_in
        self._connection = None
        self._model.disconnect()
        for what in ("welcome", "answers", "farewell"):
            self._cancel(what)
        if self._over:
            return
        if self._asking and (self._bye is None or self._bye.retry is not None):
            # servers don't wait as long as one may take for a password; then we come again
            self._bye = None
            if self._answered:
                self._come_with_password()
            return
        ending = self._judge(silent)
        if ending is not None and ending.status == UNREACHABLE:
            self._miss(ending)
            return
        if ending is not None:
            self._end(ending)
            return
        if logged_in:
            self._model.display.tell("Connection lost. Trying again …")
        self._model.fail_requests()
        self._come_back()

    def _judge(self, silent: bool) -> Exit | None:
        """Why we end, now that the connection is gone; None where we come back."""
        if self._waits_for_turn() and (self._bye is None or self._bye.code == "quit"):
            return None
        if self._refusal is not None:
            return self._turn_away(self._refusal)
        if self._bye is not None and self._bye.code == "quit":
            return Exit()
        if self._bye is not None and (self._bye.retry is None or not self._ever_joined):
            return Exit(TURNED_AWAY, self._bye.text)
        if not self._ever_joined:
            return Exit(UNREACHABLE, self._explain_silence(silent))
        return Exit() if self._quitting else None

    def _turn_away(self, refusal: events.Error) -> Exit:
        if refusal.code == "bad-password" and self._model.unproven:
            why = f"{self._where} speaks no TLS, so nothing shows that it is the server: it gets no password. {NO_TLS}"
            return Exit(TURNED_AWAY, f"{refusal.text} {why}")
        unknown = refusal.code == "bad-password" and self._model.password is None
        return Exit(TURNED_AWAY, refusal.text + " Give it with --password-file." * unknown)

    def _explain_silence(self, silent: bool) -> str:
        if silent:
            return (
                f"No welcome from {self._where} within {TIMEOUT:.0f} s. Is that a groupchat server?"
            )
        return f"{self._where} closed the connection without a word. Is that a groupchat server?"

    # What the server says about it.

    def on_welcome(self) -> None:
        self._cancel("welcome")
        self._cancel("give up")
        if self._ever_joined:
            self._model.display.tell("Connected again.")
        self._ever_joined = True
        self._turn_ends = None
        self._failures = 0

    def on_rejected(self, error: events.Error) -> None:
        if error.code == "bad-password" and self._asker is not None and not self._model.unproven:
            self._ask_for_password(error)
        else:
            self._look_for_turn(error)
            self._refusal = None if self._waits_for_turn() else error
            self._leave()

    def _look_for_turn(self, error: events.Error) -> None:
        """Wait where the name may become free soon: another run of the same script has it."""
        secondary = self._turn is not None and self._turn.secondary and not self._ever_joined
        if self._source is not Source.SCRIPT or not (
            error.code == "name-taken" or (error.code == "bad-password" and secondary)
        ):
            self._turn_ends = None
        elif self._turn_ends is None:
            self._turn_ends = self._clock.seconds() + NAME_TIMEOUT

    def _waits_for_turn(self) -> bool:
        return self._turn_ends is not None and self._clock.seconds() < self._turn_ends

    def on_bye(self, bye: events.Bye) -> None:
        self._bye = bye
        self._leave()

    def _leave(self) -> None:
        if self._connection is not None:
            self._after(TIMEOUT, "farewell", self._connection.abort)
            self._connection.leave()

    def _ask_for_password(self, refusal: events.Error) -> None:
        assert self._asker is not None
        self._cancel("welcome")
        if self._model.password is not None:
            self._model.display.complain(refusal.text)
        self._asking, self._answered = True, False
        self._asker.ask(f"Password for {self._model.name}: ", partial(self._answer, refusal))
        self._pace()

    def _answer(self, refusal: events.Error, password: str | None) -> None:
        if password is None:
            self._end(self._turn_away(refusal))
            return
        self._model.password = password
        self._answered = True
        if self._bye is None:
            self._come_with_password()

    def _come_with_password(self) -> None:
        self._asking = False
        if self._connection is None:
            self._connect()
        else:
            self._after(TIMEOUT, "welcome", self._connection.abort)
            self._model.send_hello()
        self._pace()

    # What is typed, and what is read.

    def check(self) -> None:
        """Do what has become possible."""
        if not self._over:
            self._guard(self._check)

    def _check(self) -> None:
        self._parser.work()
        self._model.flush()
        if (
            self._missed is not None
            and not self._ever_joined
            and "retry" in self._timers
            and not self._may_keep_more()
        ):
            self._end(self._missed)
        elif self._parser.quitting or (self._parser.done and not (self._stay and not self._unread)):
            self._finish()
        self._pace()

    def _pace(self) -> None:
        early = not (self._ever_joined or self._reads_ahead)
        if not self._asking and (self._parser.full or self._parser.quitting or early):
            self._typed.pause()
        else:
            self._typed.resume()

    def pauseProducing(self) -> None:
        """Output is not read: take no more from the server."""
        self._held = True
        if self._connection is not None:
            self._connection.hold()

    def resumeProducing(self) -> None:
        self._held = False
        if self._connection is not None:
            self._connection.release()

    def stopProducing(self) -> None:
        """Nobody reads any more. What comes from a pipe is said all the same."""
        self._unread = True
        if self._source is Source.PERSON:
            self._end(Exit())
        else:
            self.resumeProducing()
            self.check()

    # The end.

    def _finish(self) -> None:
        """
        Nothing more is typed. End as soon as everything said is stored and everything asked is
        answered.
        """
        if not self._ever_joined or self._quitting:
            return
        if self._model.logged_in:
            if not self._model.busy:
                self._quit()
            elif not self._model.outbox.count and "answers" not in self._timers:
                self._after(TIMEOUT, "answers", self._quit)
        elif not self._model.outbox.count:
            self._end(Exit())
        elif "give up" not in self._timers:
            self._after(
                DELIVERY_TIMEOUT,
                "give up",
                self._end,
                Exit(LOST, "The connection is lost and does not come back."),
            )

    def _quit(self) -> None:
        self._quitting = True
        self._cancel("answers")
        self._model.quit()
        if self._connection is not None:
            self._after(TIMEOUT, "farewell", self._connection.abort)

    def _guard(self, act: Callable[..., None], *arguments: Any) -> None:
        try:
            act(*arguments)
        except Exit as ending:
            self._end(ending)

    def _end(self, ending: Exit) -> None:
        if self._over:
            return
        self._over = True
        for what in list(self._timers):
            self._cancel(what)
        self._connecting.cancel()
        if self._asking and self._asker is not None:
            self._asker.stop()
        if self._connection is not None:
            self._connection.leave()
        self._model.disconnect()
        self._ended.callback(ending)
