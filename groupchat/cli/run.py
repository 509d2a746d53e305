"""Runs the reactor with a chat in it, from the first connection to the last line of output."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from twisted.internet.error import ReactorNotRunning
from twisted.internet.task import LoopingCall

from groupchat.cli.display import PipeDisplay
from groupchat.cli.exit import DONE, USAGE, Exit
from groupchat.cli.failures import exit_for
from groupchat.cli.input import InputParser
from groupchat.cli.interfaces import IClientReactor
from groupchat.cli.outcome import Outcome
from groupchat.cli.pipe import Pipe, Source
from groupchat.cli.stdio import StdioProtocol
from groupchat.cli.stdio_transport import Stdio
from groupchat.client.chat import Chat
from groupchat.client.cursors import SAVE_INTERVAL
from groupchat.client.errors import ClientError, Ending
from groupchat.client.interfaces import Display
from groupchat.client.model import Model

__all__ = ["Run"]

DRAIN_TIMEOUT = 1.0  #: seconds for which the rest of the input is read, to keep or to count it


class Run:
    """
    The client in its reactor, from start to end.

    :param chat: the chat to start.
    :param pipe: feeds it.
    :param model: its rooms and messages.
    :param display: displays it.
    :param parser: acts on the input.
    :param stdio: standard input and output.
    :param source: the origin of the input.
    :param reactor: runs it.
    """

    def __init__(
        self,
        chat: Chat,
        pipe: Pipe,
        model: Model,
        display: Display,
        parser: InputParser,
        stdio: StdioProtocol,
        source: Source,
        reactor: IClientReactor,
    ) -> None:
        self._chat = chat
        self._pipe = pipe
        self._model = model
        self._display = display
        self._parser = parser
        self._protocol = stdio
        self._source = source
        self._reactor = reactor
        self._ending = Exit()
        self._stdio: Stdio | None = None

    def run(self, save: Callable[[], None]) -> Exit:
        """
        Run it, and return how it ended.

        :param save: called every `SAVE_INTERVAL` seconds, and at the end.
        """
        saving = LoopingCall(save)
        saving.clock = self._reactor
        saving.start(SAVE_INTERVAL, now=False)
        self._reactor.callWhenRunning(self._start)
        self._reactor.addSystemEventTrigger("before", "shutdown", self._pipe.stop)
        self._reactor.run()
        saving.stop()
        save()
        if self._stdio is not None:
            self._stdio.finish()
        return self._ending

    def _start(self) -> None:
        self._stdio = Stdio(self._protocol, self._reactor)
        self._chat.closed.addCallback(self._ended)
        self._chat.start().addErrback(lambda _: None)  # the end says why

    def _ended(self, end: Ending) -> None:
        ending = self._ending = exit_for(end.reason)
        if self._source is not Source.SCRIPT or ending.status == DONE:
            self._protocol.close().addCallback(self._stop)
            return
        if not self._keeps:
            self._parser.give_up()
        self._protocol.drain(DRAIN_TIMEOUT, self._reactor).addCallback(self._drained)

    @property
    def _keeps(self) -> bool:
        """Whether the rest of the input can be kept for the next run."""
        return self._model.outbox.persistent and self._ending.status != USAGE

    def _drained(self, _: None) -> None:
        if self._keeps:
            try:
                self._parser.work()
                self._model.flush()
            except ClientError as error:
                self._ending = exit_for(error)
        self._protocol.close().addCallback(self._stop)

    def _stop(self, _: None) -> None:
        if isinstance(self._display, PipeDisplay):
            self._display.close()
        with contextlib.suppress(ReactorNotRunning):
            self._reactor.stop()

    def outcome(self, outbox: str | None) -> Outcome:
        """
        Returns the facts to report. A person has seen already which lines were refused, and a
        program has read it.

        :param outbox: the file of the outbox, if there is one.
        """
        stdio, parser, model = self._stdio, self._parser, self._model
        display = self._display
        unsaid = {Source.PERSON: 0, Source.PROGRAM: parser.unsaid}.get(
            self._source, parser.unsaid + model.unsaid
        )
        asked_to_end = self._ending.status == DONE and self._source is not Source.SCRIPT
        return Outcome(
            unsaid=unsaid + (0 if asked_to_end else parser.waiting),
            undelivered=0 if asked_to_end else model.outbox.count,
            outbox=outbox,
            more=self._source is Source.SCRIPT and not (parser.ended or parser.quitting),
            reason=display.reason if isinstance(display, PipeDisplay) else "",
            unread=stdio.read_error if stdio else None,
            unprinted=stdio.write_error if stdio and stdio.unprinted else None,
        )
