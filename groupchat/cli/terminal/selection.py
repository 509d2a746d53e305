"""Selecting a message: to reply to it, to quote, copy or change it, or to open its link."""

from __future__ import annotations

from collections.abc import Callable

from groupchat.cli.terminal.commander import Commander
from groupchat.cli.terminal.hyperlinks import LINK, without_end
from groupchat.cli.terminal.line_input import LineInput, Question
from groupchat.cli.terminal.room_list import RoomList, RoomView
from groupchat.cli.terminal.timeline import Line

__all__ = ["HINT", "Selection"]

HINT = "select: ↑ ↓, r reply, q quote, y copy, o open, e edit, d delete, Esc"


class Selection:
    """
    The selected message.

    :param rooms: the rooms.
    :param line: gets replies and quotes.
    :param copy: puts a text on the clipboard.
    :param open_link: shows a link in the person's browser.
    :param commander: corrects and removes messages.

    :ivar edited: the message that the line is to correct: its room and its id; None if it is none.
    """

    def __init__(
        self,
        rooms: RoomList,
        line: LineInput,
        copy: Callable[[str], None],
        open_link: Callable[[str], None],
        commander: Commander,
    ) -> None:
        self.edited: tuple[RoomView, int] | None = None
        self._commander = commander
        self._rooms = rooms
        self._line = line
        self._copy = copy
        self._open_link = open_link

    @property
    def active(self) -> bool:
        """Whether a message is selected."""
        return self._rooms.current.viewport.selected is not None

    def start(self) -> None:
        """Select the newest message in sight."""
        self._rooms.current.viewport.select(-1)

    def press(self, key: str) -> bool:
        """Handle a key. Returns False if it ends the selection and means something else."""
        viewport = self._rooms.current.viewport
        selected = viewport.selected
        if key in ("up", "k", "meta p", "meta s"):
            viewport.select(-1)
        elif key in ("down", "j", "meta n"):
            viewport.select(1)
        elif key in _USES and selected is not None:
            _USES[key](self, self._rooms.current.timeline[selected])
            viewport.to_end()
        elif key in ("esc", "ctrl g", "ctrl c", "enter"):
            viewport.to_end()
        elif key in ("focus in", "focus out"):
            return False
        else:
            viewport.selected = None
            return False
        return True

    def _reply(self, line: Line) -> None:
        self._line.insert(f"{line.sender}: ")

    def _quote(self, line: Line) -> None:
        self._line.insert(f"> {line.text} ")

    def _edit(self, line: Line) -> None:
        if line.own and line.id is not None:
            self.edited = (self._rooms.current, line.id)
            self._line.set(line.text)

    def correct(self, text: str) -> None:
        """The person has changed the text of the message."""
        if self.edited is not None:
            room, message_id = self.edited
            self.edited = None
            self._commander.correct(room, message_id, " ".join(text.split("\n")))

    def _delete(self, line: Line) -> None:
        message_id = line.id
        if message_id is None:
            return
        room = self._rooms.current

        def answered(answer: str | None) -> None:
            if answer == "y":
                self._commander.correct(room, message_id, None)

        question = f"Remove the message of {line.sender}? y or n: "
        self._line.ask(Question(question, answered, choices="yn"))

    def _open(self, line: Line) -> None:
        found = LINK.search(line.text)
        if found:
            self._open_link(without_end(found[0]))

    def _to_clipboard(self, line: Line) -> None:
        self._copy(line.text)


_USES: dict[str, Callable[[Selection, Line], None]] = {
    "r": Selection._reply,
    "q": Selection._quote,
    "y": Selection._to_clipboard,
    "o": Selection._open,
    "e": Selection._edit,
    "d": Selection._delete,
}
