"""
Lends the terminal to others for a while: to the shell, to an editor, and to the person's own
selection.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from twisted.internet.abstract import FileDescriptor
from twisted.internet.interfaces import IReactorFDSet, IReactorProcess
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

from groupchat.cli.interfaces import IClientReactor

__all__ = ["Lender", "editor_command"]

_MAX_FILE_BYTES = 1 << 20


def editor_command(environment: Mapping[str, str]) -> list[str]:
    """Returns the person's editor, as the arguments of a program."""
    for name in ("VISUAL", "EDITOR"):
        with contextlib.suppress(ValueError):
            found = shlex.split(environment.get(name, ""))
            if found:
                return found
    return ["vi"]


class _Editing(ProcessProtocol):
    def __init__(self, ended: Callable[[], None]) -> None:
        self._ended = ended

    def processEnded(self, reason: Failure) -> None:
        self._ended()


class _Enter(FileDescriptor):
    """Waits for a line on a terminal in its usual modes."""

    def __init__(
        self, reactor: IReactorFDSet, descriptor: int, pressed: Callable[[], None]
    ) -> None:
        super().__init__(reactor)
        self._descriptor = descriptor
        self._pressed = pressed

    def fileno(self) -> int:
        return self._descriptor

    def doRead(self) -> None:
        with contextlib.suppress(OSError):
            os.read(self._descriptor, 4096)
        self._pressed()

    def connectionLost(self, reason: Failure) -> None:
        self._pressed()


class Lender:
    """
    Lends the terminal.

    :param reactor: runs programs, and watches the terminal.
    :param give: leaves the screen.
    :param take: takes it again.
    :param terminal: the descriptor where the terminal is read.
    :param output: the one where it is written.
    :ivar lent: whether somebody else has it.
    """

    def __init__(
        self,
        reactor: IClientReactor,
        give: Callable[[], None],
        take: Callable[[], None],
        terminal: int = 0,
        output: int = 1,
    ) -> None:
        self.lent = False
        self._reactor = reactor
        self._give = give
        self._take = take
        self._terminal = terminal
        self._output = output
        self._enter: _Enter | None = None

    def suspend(self) -> None:
        """Stop the program until the shell lets it go on."""
        if self.lent:
            return
        self._give()
        before = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, before)
        self._take()

    def show(self, text: str) -> None:
        """Print a text as it is, until Enter is pressed."""
        if self.lent:
            return
        self.lent = True
        self._give()
        with contextlib.suppress(OSError):
            os.write(self._output, text.encode(errors="replace"))
        self._enter = _Enter(IReactorFDSet(self._reactor), self._terminal, self._take_back)
        IReactorFDSet(self._reactor).addReader(self._enter)

    def edit(self, text: str, edited: Callable[[str], None], command: list[str]) -> None:
        """
        Let the person edit a text.

        :param edited: gets the text afterwards; not called if the editor can't be run.
        :param command: the editor.
        :raises OSError: no file can be written.
        """
        if self.lent:
            return
        descriptor, name = tempfile.mkstemp(prefix="groupchat-", suffix=".txt")
        with open(descriptor, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
        self.lent = True
        self._give()
        before = signal.signal(signal.SIGINT, lambda number, frame: None)

        def ended() -> None:
            signal.signal(signal.SIGINT, before)
            self._take_back()
            edited(_read_and_remove(Path(name)))

        IReactorProcess(self._reactor).spawnProcess(
            _Editing(ended),
            command[0],
            [*command, name],
            env=None,
            childFDs={0: 0, 1: 1, 2: 2},
        )

    def run(self, command: list[str]) -> None:
        """Run a program that needs no terminal, and don't wait for it."""
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        try:
            IReactorProcess(self._reactor).spawnProcess(
                ProcessProtocol(),
                command[0],
                command,
                env=None,
                childFDs={0: null, 1: null, 2: null},
            )
        finally:
            os.close(null)

    def _take_back(self) -> None:
        self._forget_enter()
        if self.lent:
            self.lent = False
            self._take()

    def _forget_enter(self) -> None:
        if self._enter is not None:
            IReactorFDSet(self._reactor).removeReader(self._enter)
            self._enter = None

    def stop(self) -> None:
        """Don't take the terminal again: the program ends."""
        self.lent = True
        self._forget_enter()


def _read_and_remove(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_FILE_BYTES).decode(errors="replace")
    except OSError:
        return ""
    finally:
        path.unlink(missing_ok=True)
