"""Several displays of one chat, and the questions whose answers none of them shows."""

from __future__ import annotations

from groupchat.client.errors import AnswerLost
from groupchat.client.interfaces import Display
from groupchat.client.questions import Questions
from groupchat.wire import events
from groupchat.wire.events import Event

__all__ = ["BlankDisplay", "Displays"]


class Displays:
    """
    Displays everything on each of its displays: see `groupchat.client.interfaces.Display`.

    :param questions: takes the answers that an application awaits.
    """

    def __init__(self, questions: Questions) -> None:
        self._questions = questions
        self._displays: list[Display] = []

    def add(self, display: Display) -> None:
        """Show everything from now on here, too."""
        self._displays.append(display)

    def remove(self, display: Display) -> None:
        """Show nothing here any more."""
        if display in self._displays:
            self._displays.remove(display)

    def show(
        self, event: Event | None, line: bytes, me: str, past: bool = False, mine: bool = False
    ) -> None:
        if self._questions and self._questions.settle(event) and not _concerns_all(event):
            return
        for display in self._displays:
            display.show(event, line, me, past, mine)

    def show_elsewhere(self, event: Event, line: bytes) -> None:
        for display in self._displays:
            display.show_elsewhere(event, line)

    def tell(self, text: str) -> None:
        for display in self._displays:
            display.tell(text)

    def warn(self, text: str) -> None:
        for display in self._displays:
            display.warn(text)

    def complain(self, text: str, word: str | None = None) -> None:
        if self._questions.lose(word, AnswerLost(text)):
            return
        for display in self._displays:
            display.complain(text, word)


def _concerns_all(event: Event | None) -> bool:
    """Returns whether an answer is also an event of a room."""
    return isinstance(event, events.RoomState)


class BlankDisplay:
    """Displays nothing. A subclass displays what it is for."""

    def show(
        self, event: Event | None, line: bytes, me: str, past: bool = False, mine: bool = False
    ) -> None:
        """An event of the server."""

    def show_elsewhere(self, event: Event, line: bytes) -> None:
        """A late event of a room that we have left."""

    def tell(self, text: str) -> None:
        """A notice of the client."""

    def warn(self, text: str) -> None:
        """A notice of the client that should always be read."""

    def complain(self, text: str, word: str | None = None) -> None:
        """An error in the input."""
