"""The neighbours of the model: a display for what it learns, and a listener for the connection."""

from __future__ import annotations

from typing import Protocol

from groupchat.wire import events
from groupchat.wire.events import Event

__all__ = ["Display", "SessionListener"]


class Display(Protocol):
    """Displays a chat to a person, or to a program."""

    def show(
        self, event: Event | None, line: bytes, me: str, past: bool = False, mine: bool = False
    ) -> None:
        """
        Display an event of the server.

        :param event: None for an event that this client does not know.
        :param line: the same as the server wrote it, without its LF; b"" if it did not write it.
        :param me: the reader's own name.
        :param past: whether it is history.
        :param mine: whether it is a message that was typed here.
        """

    def show_elsewhere(self, event: Event, line: bytes) -> None:
        """Display an event of a room that we have left."""

    def tell(self, text: str) -> None:
        """Display a notice of the client."""

    def warn(self, text: str) -> None:
        """Display a notice of the client, even to readers who want errors only."""

    def complain(self, text: str, word: str | None = None) -> None:
        """
        Display an error in the input.

        :param word: the command, if the error is about one.
        """


class SessionListener(Protocol):
    """Is told what concerns the connection as a whole."""

    def on_welcome(self) -> None:
        """The server has let us in."""

    def on_rejected(self, error: events.Error) -> None:
        """The server has rejected the hello."""

    def on_bye(self, bye: events.Bye) -> None:
        """The server closes the connection."""
