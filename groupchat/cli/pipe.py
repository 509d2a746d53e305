"""
Feeds a chat from standard input: when to read on, and when the run may end.

A person, a script and a program differ in that: see `Source`.
"""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from twisted.internet.interfaces import IReactorTime

from groupchat.cli.input import InputParser
from groupchat.cli.password import PasswordDialog
from groupchat.client.departure import Departure
from groupchat.client.errors import NotReachable, Stopped
from groupchat.client.lifecycle import Lifecycle, LifecycleObserver, State
from groupchat.client.model import Model
from groupchat.wire import events

__all__ = ["Input", "Pipe", "Source"]


class Input(Protocol):
    """Standard input."""

    def pause(self) -> None:
        """Read no more for now."""

    def resume(self) -> None:
        """Read."""


class Source(Enum):
    """The origin of the lines on standard input."""

    PERSON = "a person at a terminal: an answer is awaited at once"
    SCRIPT = "a pipe or a file: every line is to be said, and is read ahead"
    PROGRAM = (
        "a program that reads the server's lines: it decides itself what to do about a taken name"
    )


class Pipe(LifecycleObserver):
    """
    Passes input to the chat as fast as it can be said, and ends the chat after the last line.

    :param chat: the chat.
    :param model: its rooms and messages.
    :param parser: acts on the lines of the input.
    :param input: where they are read.
    :param clock: the reactor's time.
    :param source: the origin of the lines.
    :param stay: whether to stay when the input has ended.
    :param dialog: asks for a password; None if nobody is at a terminal.
    """

    def __init__(
        self,
        chat: Lifecycle,
        model: Model,
        parser: InputParser,
        input: Input,
        clock: IReactorTime,
        source: Source = Source.PERSON,
        stay: bool = False,
        dialog: PasswordDialog | None = None,
    ) -> None:
        self._chat = chat
        self._model = model
        self._parser = parser
        self._input = input
        self._source = source
        self._stay = stay
        self._dialog = dialog
        self._missed: NotReachable | None = None  # the server was never there
        self._departure = Departure(chat, model, clock)
        chat.watch(self)

    def stop(self) -> None:
        """End now, at a signal."""
        undelivered = self._model.outbox.count or self._parser.waiting
        self._chat.end(Stopped() if undelivered else None)

    def check(self) -> None:
        """Do what has become possible: say more, read more, or end."""
        if self._chat.state is not State.ENDED:
            self._chat.guard(self._work)

    # The output: see `groupchat.cli.stdio.OutputProducer`.

    def pauseProducing(self) -> None:
        self._chat.connector.pause_reading()

    def resumeProducing(self) -> None:
        self._chat.connector.resume_reading()

    def stopProducing(self) -> None:
        """Nobody reads the output any more. The lines of a pipe are said all the same."""
        if self._source is Source.PERSON:
            self._chat.end()
        else:
            self._stay = False
            self._chat.connector.resume_reading()
            self.check()

    # The chat.

    def on_chunk(self) -> None:
        self.check()

    def on_rejected(self, error: events.Error) -> bool:
        asks = error.code == "bad-password" and not self._model.session.unproven
        if self._dialog is None or not asks:
            return False
        self._dialog.open(error, self._pace)
        self._pace()
        return True

    def on_unreachable(self, error: NotReachable) -> bool:
        if self._may_keep_more:
            self._missed = error
        return self._may_keep_more

    def on_ended(self) -> None:
        if self._dialog is not None:
            self._dialog.close()

    # Reading ahead.

    @property
    def _reads_ahead(self) -> bool:
        """Whether lines are read before the server has let us in."""
        return self._source is Source.SCRIPT or (
            self._source is Source.PROGRAM and self._model.outbox.persistent
        )

    @property
    def _may_keep_more(self) -> bool:
        """Whether there may be more input to keep for a server that is away."""
        return (
            self._reads_ahead
            and self._model.outbox.persistent
            and not (self._parser.ended or self._parser.full)
        )

    def _work(self) -> None:
        has_acted = self._parser.work()
        if self._source is Source.PERSON and (has_acted or self._parser.ended):
            # A person who types has read what was there.
            self._model.marks.read(self._model.current_room)
        self._model.flush()
        if self._missed is not None and self._is_waiting_in_vain():
            self._chat.end(self._missed)
        elif self._parser.quitting or (self._parser.done and not self._stay):
            self._departure.advance()
        self._pace()

    def _is_waiting_in_vain(self) -> bool:
        return (
            not self._chat.ever_joined
            and self._chat.state is State.WAITING
            and not self._may_keep_more
        )

    def _pace(self) -> None:
        asking = self._dialog is not None and self._dialog.is_open
        early = not (self._chat.ever_joined or self._reads_ahead)
        if self._chat.state is State.ENDED:
            return
        if not asking and (self._parser.full or self._parser.quitting or early):
            self._input.pause()
        else:
            self._input.resume()
