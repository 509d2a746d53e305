"""
Leaves the server, when the person surely wants to.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime

from groupchat.cli.terminal.feed import Feed
from groupchat.cli.terminal.keys import Action
from groupchat.cli.terminal.line_input import LineInput, Question
from groupchat.cli.terminal.room_list import RoomList
from groupchat.cli.terminal.talk import Talk

__all__ = ["Leaving"]

TWICE = 2.0  #: seconds between two Ctrl-C that leave


class Leaving:
    """
    :param talk: the chat.
    :param rooms: those with lines that may not be stored yet.
    :param feed: shows words of the client.
    :param line: the line.
    :param end: ends the program, whatever waits.
    :param clock: the reactor's time.
    """

    def __init__(
        self,
        talk: Talk,
        rooms: RoomList,
        feed: Feed,
        line: LineInput,
        end: Callable[[], None],
        clock: IReactorTime,
    ) -> None:
        self._talk = talk
        self._rooms = rooms
        self._feed = feed
        self._line = line
        self._end = end
        self._clock = clock
        self._last_clear: float | None = None

    def typed(self) -> None:
        """The person goes on: a Ctrl-C from now on is the first again."""
        self._last_clear = None

    def clear_or_leave(self) -> None:
        """Clear the line; if it is empty, leave at the second time."""
        now = self._clock.seconds()
        if self._line.text:
            self._line.set("")
            self._last_clear = None
        elif self._last_clear is not None and now - self._last_clear <= TWICE:
            self.leave()
        else:
            self._last_clear = now
            self._feed.tell("Press Ctrl-C again to leave.")

    def delete_or_leave(self) -> None:
        """Delete a letter; if the line is empty, leave."""
        if self._line.text:
            self._line.act(Action.DELETE)
        else:
            self.leave()

    def leave(self) -> None:
        """Leave the server; ask first if lines are not stored."""
        waiting = sum(room.timeline.waiting for room in self._rooms)
        if not waiting:
            self._talk.leave_server()
            return
        lines = "1 line is" if waiting == 1 else f"{waiting} lines are"
        question = f"{lines} not stored. Leave? y or n: "
        self._line.ask(Question(question, self._leave_anyway, choices="yn"))

    def _leave_anyway(self, answer: str | None) -> None:
        if answer == "y":
            self._end()
