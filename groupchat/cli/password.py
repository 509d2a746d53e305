"""
The password of a name: from a file, or from the person at the terminal, who types it unseen.

It is handed on and not kept here, and stands in no log and no outbox.
"""

from __future__ import annotations

import contextlib
import termios
from collections.abc import Callable
from typing import Any

from groupchat.cli.exit import USAGE, Exit
from groupchat.cli.stdio import StdioProtocol
from groupchat.settings import MAX_PASSWORD

Write = Callable[[bytes], None]


def read(path: str) -> str:
    """
    The first line of a file.

    :raises Ending: there is none to be read.
    """
    try:
        with open(path, "rb") as file:
            line = file.readline(MAX_PASSWORD + 2).rstrip(b"\r\n")
        password = line.decode()
    except OSError as error:
        raise Exit(USAGE, f"--password-file {path} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise Exit(USAGE, f"--password-file {path}: its first line is not UTF-8.") from None
    if not 1 <= len(line) <= MAX_PASSWORD:
        raise Exit(
            USAGE, f"--password-file {path}: its first line has to have 1 to {MAX_PASSWORD} bytes."
        )
    return password


class Terminal:
    """
    Asks at the terminal that lines are typed at, without showing the answer.

    :param bridge: reads them.
    :param write: shows the question.
    :param descriptor: the terminal.
    """

    def __init__(self, bridge: StdioProtocol, write: Write, descriptor: int = 0) -> None:
        self._bridge = bridge
        self._write = write
        self._descriptor = descriptor
        self._before: Any = None  # how the terminal was, while it shows nothing

    def ask(self, question: str, answered: Callable[[str | None], None]) -> None:
        """
        Ask; what was typed before the question is no answer. The answer is None where nothing more
        is typed.
        """

        def take(line: bytes | None) -> None:
            self._show()
            answered(None if line is None else line.decode(errors="replace"))

        self._hide()
        self._write(question.encode())
        self._bridge.divert(take)

    def stop(self) -> None:
        """The answer is no longer wanted."""
        self._bridge.divert(None)
        self._show()

    def _hide(self) -> None:
        with contextlib.suppress(termios.error):  # it is gone; its end will be read
            before = termios.tcgetattr(self._descriptor)
            hidden: Any = [*before[:3], before[3] & ~termios.ECHO, *before[4:]]
            termios.tcsetattr(self._descriptor, termios.TCSAFLUSH, hidden)
            self._before = before

    def _show(self) -> None:
        before, self._before = self._before, None
        if before is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self._descriptor, termios.TCSADRAIN, before)
            self._write(b"\n")
