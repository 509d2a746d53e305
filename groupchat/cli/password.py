"""
The password of a name: from a file, or typed unseen by the person at the terminal.

It is passed on and not kept here, and is written to no log and no outbox.
"""

from __future__ import annotations

import contextlib
import termios
from collections.abc import Callable
from functools import partial
from typing import Protocol

from groupchat.cli.exit import USAGE, Exit
from groupchat.cli.stdio import StdioProtocol
from groupchat.client.lifecycle import Lifecycle
from groupchat.client.model import Model
from groupchat.settings import MAX_PASSWORD
from groupchat.wire import events

__all__ = ["Asker", "PasswordDialog", "Terminal", "read"]

Write = Callable[[bytes], None]

_Setting = int | list[bytes | int]  #: of a terminal; the last one is the list of its characters
_LOCAL_FLAGS = 3  #: the index of the flags with ECHO


def read(path: str) -> str:
    """
    Returns the first line of a file.

    :raises Exit: there is none, or it is no password.
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
            USAGE, f"--password-file {path}: its first line must have 1 to {MAX_PASSWORD} bytes."
        )
    return password


class Asker(Protocol):
    """Asks the person at the terminal for something that must not be seen there."""

    def ask(self, question: str, answered: Callable[[str | None], None]) -> None:
        """
        Ask.

        :param answered: gets the answer; None if the input has ended.
        """

    def stop(self) -> None:
        """The answer is no longer needed."""


class PasswordDialog:
    """
    Asks for the password that the server wants, and logs in with it.

    :param asker: asks the person.
    :param chat: the chat that waits for the password.
    :param model: gets it.
    :ivar is_open: whether a question has no answer yet.
    """

    def __init__(self, asker: Asker, chat: Lifecycle, model: Model) -> None:
        self._asker = asker
        self._chat = chat
        self._model = model
        self.is_open = False

    def open(self, refusal: events.Error, closed: Callable[[], None]) -> None:
        """
        Ask, or ask again.

        :param refusal: what the server said.
        :param closed: called after the answer.
        """
        self._chat.await_password()
        if self._model.session.password is not None:
            self._model.display.complain(refusal.text)
        self.is_open = True
        question = f"Password for {self._model.session.name}: "
        self._asker.ask(question, partial(self._answer, refusal, closed))

    def close(self) -> None:
        """The answer is no longer needed."""
        if self.is_open:
            self.is_open = False
            self._asker.stop()

    def _answer(
        self, refusal: events.Error, closed: Callable[[], None], password: str | None
    ) -> None:
        if password is None:
            self._chat.reject(refusal)
            return
        self.is_open = False
        self._model.session.password = password
        self._chat.log_in()
        closed()


class Terminal:
    """
    Asks at the terminal that is standard input, without echoing the answer.

    :param stdio: reads it.
    :param write: displays the question.
    :param descriptor: the terminal.
    """

    def __init__(self, stdio: StdioProtocol, write: Write, descriptor: int = 0) -> None:
        self._stdio = stdio
        self._write = write
        self._descriptor = descriptor
        self._before: list[_Setting] | None = None  # the settings, while echo is off

    def ask(self, question: str, answered: Callable[[str | None], None]) -> None:
        """
        Ask. Lines typed before the question are no answer. The answer is None if the input has
        ended.
        """

        def take(line: bytes | None) -> None:
            self._show()
            answered(None if line is None else line.decode(errors="replace"))

        self._hide()
        self._write(question.encode())
        self._stdio.divert(take)

    def stop(self) -> None:
        """The answer is no longer needed."""
        self._stdio.divert(None)
        self._show()

    def _hide(self) -> None:
        with contextlib.suppress(termios.error):  # it is gone, which reading will notice
            before: list[_Setting] = termios.tcgetattr(self._descriptor)
            flags = before[_LOCAL_FLAGS]
            assert isinstance(flags, int)
            hidden = before.copy()
            hidden[_LOCAL_FLAGS] = flags & ~termios.ECHO
            termios.tcsetattr(self._descriptor, termios.TCSAFLUSH, hidden)
            self._before = before

    def _show(self) -> None:
        before, self._before = self._before, None
        if before is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self._descriptor, termios.TCSADRAIN, before)
            self._write(b"\n")
