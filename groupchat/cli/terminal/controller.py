"""
Handles keys: those for the line go there; the others scroll, show rooms, or leave.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from groupchat.cli.terminal.commander import Commander
from groupchat.cli.terminal.feed import Feed
from groupchat.cli.terminal.finder import Finder
from groupchat.cli.terminal.keys import KEYS, Action, room_number
from groupchat.cli.terminal.leaving import Leaving
from groupchat.cli.terminal.line_input import LineInput, Question
from groupchat.cli.terminal.links import Links
from groupchat.cli.terminal.pager import Pager
from groupchat.cli.terminal.results import Results
from groupchat.cli.terminal.room_list import RoomList, RoomView
from groupchat.cli.terminal.rows import Row
from groupchat.cli.terminal.scrolling import Scrolling
from groupchat.cli.terminal.selection import Selection
from groupchat.cli.terminal.talk import Phase, Talk
from groupchat.client import AnswerLost, Ending, Refused
from groupchat.wire import commands, events
from groupchat.wire.events import Event

__all__ = ["Controller", "Surface"]

MAX_LINES_UNASKED = 3  #: lines that are said at once without a question


class Surface(Protocol):
    """The screen, as far as keys concern it."""

    def redraw(self) -> None:
        """Draw everything again."""

    def suspend(self) -> None:
        """Suspend the program, as Ctrl-Z does."""

    def bare(self) -> None:
        """Show plain lines, until Enter."""

    def edit(self, text: str, edited: Callable[[str], None]) -> None:
        """Let the person edit a text in an editor."""

    def copy(self, text: str) -> None:
        """Put a text on the clipboard."""

    def open_link(self, link: str) -> None:
        """Show a link in the person's browser."""

    def set_focus(self, focused: bool) -> None:
        """The terminal has the focus, or has lost it."""

    def leave(self) -> None:
        """End, whatever waits."""


class ListAbove(Protocol):
    """A list above the bar, which takes all keys while it is open."""

    @property
    def active(self) -> bool:
        """Whether it is open."""

    def press(self, key: str) -> bool:
        """Handle a key. Returns False if it ends the list and means something else."""

    @property
    def rows(self) -> list[Row]:
        """The rows of the list."""


class Controller:
    """
    Handles keys.

    :param talk: the chat.
    :param rooms: the rooms.
    :param feed: shows words of the client.
    :param line: the line.
    :param surface: the screen.
    :param clock: the reactor's time.
    """

    def __init__(
        self,
        talk: Talk,
        rooms: RoomList,
        feed: Feed,
        line: LineInput,
        surface: Surface,
        clock: IReactorTime,
    ) -> None:
        self.line = line
        self._leaving = Leaving(talk, rooms, feed, line, surface.leave, clock)
        self.commander = Commander(
            talk,
            rooms,
            feed,
            show=self.show,
            leave=self._leaving.leave,
            bare=surface.bare,
            copy=surface.copy,
            show_links=self._show_links,
            put_back=self._put_back,
        )
        self._talk = talk
        self._rooms = rooms
        self._feed = feed
        self._surface = surface
        self._pager = Pager(talk, feed)
        self._scrolling = Scrolling(rooms, feed, self._pager)
        self.links = Links(surface.open_link, surface.copy)
        self.results = Results(self._go_to, self.commander.search)
        self.commander.results = self.results
        self.finder = Finder(rooms, self.show, self._join)
        self._lists: list[ListAbove] = [self.results, self.links, self.finder]
        self._selection = Selection(rooms, line, surface.copy, surface.open_link, self.commander)
        self._returned = ""  # the text that was last put back into a line

    def press_all(self, keys: list[str]) -> None:
        """Keys arrived together, as they do when a text is pasted."""
        letters = ""
        for key in keys:
            if self.line.pasting and KEYS.get(key) is not Action.PASTE_END:
                letters += _pasted(key)
                continue
            self._paste(letters)
            letters = ""
            self.press(key)
        self._paste(letters)

    def _paste(self, text: str) -> None:
        if text:
            self.line.type(text)
            self._feed.repaint()

    def press(self, key: str) -> None:
        """A key was pressed."""
        action = KEYS.get(key)
        if self._press_in_list(key):
            pass
        elif action is None:
            self._press_other(key)
        elif not self.line.act(action):
            self._do(action)
        self._feed.repaint()

    def _press_in_list(self, key: str) -> bool:
        """Returns whether an open list or the selected message has taken the key."""
        for one in self._lists:
            if one.active:
                return one.press(key)
        return self._selection.active and self._selection.press(key)

    def _press_other(self, key: str) -> None:
        number = room_number(key)
        if number is not None:
            room = self._rooms.numbered(number)
            if room is not None:
                self.show(room)
        elif not key.startswith(("ctrl ", "meta ", "shift ", "<")) and not _is_named(key):
            self._leaving.typed()
            self.line.type(key)

    def _do(self, action: Action) -> None:
        handler = _HANDLERS.get(action)
        if handler is not None:
            handler(self)

    # Saying.

    def _say(self) -> None:
        text = self.line.text
        lines = [line for line in text.split("\n") if line.strip()]
        if not lines:
            self._say_nothing()
        elif self._selection.edited is not None:
            self._selection.correct(self.line.take())
        elif len(lines) > MAX_LINES_UNASKED:
            question = f"Say {len(lines)} lines? y, n, or e to edit them: "
            self.line.ask(Question(question, self._say_lines, choices="yne"))
        else:
            self._say_lines("y")

    def _say_lines(self, answer: str | None) -> None:
        if answer == "y":
            text = self.line.take()
            self.line.history.add(text)
            self.commander.run(text)
        elif answer == "e":
            self._edit()

    def _say_nothing(self) -> None:
        """Enter on an empty line: connect again, or go to the newest line."""
        self.line.take()
        self._rooms.current.viewport.to_end()
        self._feed.look()
        if self._talk.connection.phase is Phase.WAITING:
            self._talk.reconnect()

    def _put_back(self, room: RoomView, text: str) -> bool:
        """Put a text into the line of a room, below one that came back before it."""
        here = room is self._rooms.current
        present = self.line.text if here else room.draft
        if here and self._selection.edited is not None:
            return False
        if present and present != self._returned:
            return False
        self._returned = f"{present}\n{text}" if present else text
        if here:
            self.line.set(self._returned)
        else:
            room.draft = self._returned
        return True

    def _clear_or_leave(self) -> None:
        self._selection.edited = None
        self._leaving.clear_or_leave()

    @property
    def rows(self) -> list[Row]:
        """The rows of a list that is open above the bar; none if there is none."""
        return next((one.rows for one in self._lists if one.active), [])

    # Rooms.

    def show(self, room: RoomView) -> None:
        """Bring a room into view; the line that was begun in each is kept there."""
        before = self._rooms.current
        if room is not before:
            before.draft = self.line.take()
            self._rooms.show(room)
            self.line.set(room.draft)
            room.draft = ""
        self._feed.look()
        self._feed.repaint()

    def _next_news(self) -> None:
        room = self._rooms.next_with_news()
        if room is not None:
            self.show(room)

    def _go_to(self, room: RoomView, message_id: int) -> None:
        self.show(room)
        self._pager.go_to(room, message_id)

    # The rest.

    def _find_room(self) -> None:
        self.finder.open()
        if self._talk.connection.phase is Phase.ONLINE:
            answer = self._talk.request(commands.AskRooms())
            answer.addCallbacks(self._on_rooms, _drop)

    def _on_rooms(self, event: Event) -> None:
        if isinstance(event, events.Rooms):
            self.finder.offer(event.rooms)
            self._feed.repaint()

    def _join(self, room: str) -> None:
        self.commander.run(f"/join {room}")

    def _show_links(self) -> None:
        if not self.links.show(self._rooms.current):
            self._feed.tell("There are no links here.")

    def _edit(self) -> None:
        self._surface.edit(self.line.text, self._edited)

    def _edited(self, text: str) -> None:
        self.line.set(text.rstrip("\n"))
        self._feed.repaint()

    def _focus(self, focused: bool) -> None:
        self._surface.set_focus(focused)
        self._feed.focus(focused)


def _drop(failure: Failure) -> None:
    """The server does not list its rooms: those that the person is in are listed all the same."""
    failure.trap(Refused, AnswerLost, Ending)


def _pasted(key: str) -> str:
    """Returns the text that a key stands for in a paste."""
    action = KEYS.get(key)
    if action is not None:
        return _PASTED.get(action, "")
    return "" if key.startswith(("ctrl ", "meta ", "shift ", "<")) or _is_named(key) else key


def _is_named(key: str) -> bool:
    """Returns whether a key has a name and no letter of its own, like "f2" or "insert"."""
    return len(key) > 1 and key.isascii()


#: Keys that stand for a text in a paste.
_PASTED: dict[Action, str] = {Action.SAY: "\n", Action.COMPLETE: "    "}

_HANDLERS: dict[Action, Callable[[Controller], None]] = {
    Action.SAY: Controller._say,
    Action.CLEAR_OR_LEAVE: Controller._clear_or_leave,
    Action.DELETE_OR_LEAVE: lambda self: self._leaving.delete_or_leave(),
    Action.CANCEL: lambda self: self._scrolling.to_bottom(),
    Action.PAGE_UP: lambda self: self._scrolling.by_pages(-1),
    Action.PAGE_DOWN: lambda self: self._scrolling.by_pages(1),
    Action.TOP: lambda self: self._scrolling.to_top(),
    Action.BOTTOM: lambda self: self._scrolling.to_bottom(),
    Action.FIRST_UNREAD: lambda self: self._scrolling.to_first_unread(),
    Action.MENTION_BEFORE: lambda self: self._scrolling.to_mention(-1),
    Action.MENTION_AFTER: lambda self: self._scrolling.to_mention(1),
    Action.NEXT_ROOM: lambda self: self.show(self._rooms.beside(1)),
    Action.ROOM_BEFORE: lambda self: self.show(self._rooms.beside(-1)),
    Action.LAST_ROOM: lambda self: self.show(self._rooms.last),
    Action.NEXT_NEWS: Controller._next_news,
    Action.SELECT: lambda self: self._selection.start(),
    Action.LINKS: Controller._show_links,
    Action.FIND_ROOM: Controller._find_room,
    Action.BARE: lambda self: self._surface.bare(),
    Action.EDITOR: Controller._edit,
    Action.REDRAW: lambda self: self._surface.redraw(),
    Action.SUSPEND: lambda self: self._surface.suspend(),
    Action.HELP: lambda self: self.commander.own.list_keys(),
    Action.FOCUS_IN: lambda self: self._focus(True),
    Action.FOCUS_OUT: lambda self: self._focus(False),
    Action.PASTE_BEGIN: lambda self: self.line.paste(True),
    Action.PASTE_END: lambda self: self.line.paste(False),
}
