"""Runs the person's own program for a notification. Never a shell: others choose the words."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence

from twisted.internet.interfaces import IReactorProcess
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

from groupchat.wire import names

__all__ = ["NotifyCommand"]


class _Running(ProcessProtocol):
    """
    Gives a program its text, and waits for its end.

    :param ended: gets its exit status, or None if a signal ended it.
    """

    def __init__(self, text: str, ended: Callable[[int | None], None]) -> None:
        self._text = text
        self._ended = ended

    def connectionMade(self) -> None:
        assert self.transport is not None
        self.transport.write(self._text.encode(errors="replace"))
        self.transport.closeStdin()

    def processEnded(self, reason: Failure) -> None:
        self._ended(getattr(reason.value, "exitCode", None))


class NotifyCommand:
    """
    A program that notifies the person. One runs at a time: what comes meanwhile is not told.

    :param reactor: runs it.
    :param command: the program and its arguments.
    :param environment: its variables; it also gets GROUPCHAT_ROOM and GROUPCHAT_FROM.
    :param failed: gets a sentence, the first time that it fails.
    """

    def __init__(
        self,
        reactor: IReactorProcess,
        command: Sequence[str],
        environment: Mapping[str, str],
        failed: Callable[[str], None],
    ) -> None:
        self._reactor = reactor
        self._command = list(command)
        self._environment = environment
        self._failed = failed
        self._running = False
        self._has_failed = False

    def run(self, room: str, sender: str, text: str) -> None:
        """Notify the person of a message. The program reads the text on standard input."""
        if self._running:
            return
        self._running = True
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        try:
            self._reactor.spawnProcess(
                _Running(f"{names.visible(text)}\n", self._ended),
                self._command[0],
                self._command,
                env={
                    **self._environment,
                    "GROUPCHAT_ROOM": names.visible(room),
                    "GROUPCHAT_FROM": names.visible(sender),
                },
                childFDs={0: "w", 1: null, 2: null},
            )
        finally:
            os.close(null)

    def _ended(self, status: int | None) -> None:
        self._running = False
        if status != 0 and not self._has_failed:
            self._has_failed = True
            how = "was killed" if status is None else f"ended with {status}"
            self._failed(f"The program that notifies you, {self._command[0]}, {how}.")
