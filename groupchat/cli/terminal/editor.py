"""
The line that is being typed: what each key does to it, as in Emacs and readline.

Pure. The cursor stands between clusters, so that no key takes a letter apart. A line may have line
breaks; each of its parts becomes a message.
"""

from __future__ import annotations

import re
from enum import Enum, auto

import wcwidth

from groupchat.wire import names

__all__ = ["BREAK", "Editor"]

BREAK = "⏎"  #: shows a line break
MAX_TEXT = 1 << 20  #: characters, at most: what is pasted beyond that is dropped
_MAX_UNDO = 200  #: steps back
_MAX_KILLED = 20  #: texts that can be yanked
_WORD_BEFORE = re.compile(r"\w*\W*\Z")
_WORD_AFTER = re.compile(r"\W*\w*")
_BLANK_BEFORE = re.compile(r"\S*\s*\Z")


class _Step(Enum):
    """The last thing that was done; what follows on its like needs no step of undo of its own."""

    TYPED = auto()
    PASTED = auto()
    KILLED = auto()
    YANKED = auto()
    OTHER = auto()


class Editor:
    """
    A line under edit.

    :ivar before: the text before the cursor.
    :ivar after: the text after it.
    """

    def __init__(self, text: str = "") -> None:
        self.before = text
        self.after = ""
        self._undo: list[tuple[str, str]] = []
        self._killed: list[str] = []
        self._last = _Step.OTHER
        self._yanked = ""

    @property
    def text(self) -> str:
        """The whole text."""
        return self.before + self.after

    def set(self, text: str, cursor: int | None = None) -> None:
        """Put another text in its place; `undo` brings the old one back."""
        self._change(_Step.OTHER)
        cursor = len(text) if cursor is None else cursor
        self.before, self.after = text[:cursor], text[cursor:]

    def take(self) -> str:
        """Returns the text, and begins an empty line."""
        text = self.text
        self.before = self.after = ""
        self._undo = []
        self._last = _Step.OTHER
        return text

    # Typing.

    def insert(self, text: str, pasted: bool = False) -> None:
        """Type or paste this. Controls in it are made visible, but for line breaks."""
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        clean = "\n".join(names.visible(line.replace("\t", "    ")) for line in lines)
        step = _Step.OTHER if text.isspace() else _Step.TYPED
        self._change(_Step.PASTED if pasted else step)
        self.before += clean[: max(0, MAX_TEXT - len(self.text))]

    def backspace(self) -> None:
        """Remove the letter before the cursor."""
        if self.before:
            self._change(_Step.OTHER)
            self.before = self.before[: self._left()]

    def delete(self) -> None:
        """Remove the letter after the cursor."""
        if self.after:
            self._change(_Step.OTHER)
            self.after = self.after[self._right() :]

    def transpose(self) -> None:
        """Exchange the letters around the cursor; at the end, the last two."""
        if not self.after:
            self.left()
        if not self.before or not self.after:
            return
        self._change(_Step.OTHER)
        left, right = self._left(), self._right()
        first, second = self.before[left:], self.after[:right]
        self.before, self.after = self.before[:left] + second + first, self.after[right:]

    # Moving.

    def left(self) -> None:
        self._move(self._left())

    def right(self) -> None:
        self._move(len(self.before) + self._right())

    def word_left(self) -> None:
        self._move(self._word_before(_WORD_BEFORE))

    def word_right(self) -> None:
        self._move(len(self.before) + self._word_after())

    def home(self) -> None:
        self._move(0)

    def end(self) -> None:
        self._move(len(self.text))

    def _move(self, cursor: int) -> None:
        text = self.text
        self.before, self.after = text[:cursor], text[cursor:]
        self._last = _Step.OTHER

    # Killing and yanking.

    def kill_before(self) -> None:
        """Remove everything before the cursor."""
        self._kill(0, len(self.before))

    def kill_after(self) -> None:
        """Remove everything after the cursor."""
        self._kill(len(self.before), len(self.text))

    def kill_word(self) -> None:
        """Remove the word after the cursor."""
        self._kill(len(self.before), len(self.before) + self._word_after())

    def kill_word_before(self) -> None:
        """Remove the word before the cursor."""
        self._kill(self._word_before(_WORD_BEFORE), len(self.before))

    def kill_blank_word_before(self) -> None:
        """Remove what is before the cursor, up to a space."""
        self._kill(self._word_before(_BLANK_BEFORE), len(self.before))

    def _kill(self, start: int, end: int) -> None:
        text, cursor = self.text, len(self.before)
        if start == end:
            return
        again = self._last is _Step.KILLED
        self._change(_Step.KILLED)
        killed = text[start:end]
        if again and self._killed:
            last = self._killed.pop()
            killed = last + killed if start == cursor else killed + last
        self._killed = [*self._killed, killed][-_MAX_KILLED:]
        self.before, self.after = text[:start], text[end:]

    def yank(self) -> None:
        """Insert what was removed last."""
        if self._killed:
            self._change(_Step.YANKED)
            self._yanked = self._killed[-1]
            self.before += self._yanked

    def yank_older(self) -> None:
        """Put what was removed before that in its place."""
        if self._last is _Step.YANKED and self._killed:
            self._killed.insert(0, self._killed.pop())
            self.before = self.before[: len(self.before) - len(self._yanked)] + self._killed[-1]
            self._yanked = self._killed[-1]

    # Undo.

    def undo(self) -> None:
        """Take the last change back."""
        if self._undo:
            self.before, self.after = self._undo.pop()
        self._last = _Step.OTHER

    def _change(self, step: _Step) -> None:
        if step is not self._last or step not in (_Step.TYPED, _Step.PASTED):
            self._undo = [*self._undo, (self.before, self.after)][-_MAX_UNDO:]
        self._last = step

    # Letters and words.

    def _left(self) -> int:
        """Returns where the letter before the cursor begins."""
        found = list(wcwidth.iter_graphemes(self._line_before()))
        if not found:
            return max(0, len(self.before) - 1)
        return len(self.before) - len(found[-1])

    def _line_before(self) -> str:
        return self.before[self.before.rfind("\n") + 1 :]

    def _right(self) -> int:
        """Returns how long the letter after the cursor is."""
        if self.after.startswith("\n"):
            return 1
        return len(next(wcwidth.iter_graphemes(self.after[:1000]), ""))

    def _word_before(self, pattern: re.Pattern[str]) -> int:
        found = pattern.search(self.before[-1000:])
        return len(self.before) - len(found[0] if found else "")

    def _word_after(self) -> int:
        found = _WORD_AFTER.match(self.after)
        return len(found[0]) if found else 0
