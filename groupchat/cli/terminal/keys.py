"""
The meanings of keys. The line always has the focus, so that each key has one meaning.

Pure: keys are called as urwid calls them ("ctrl a", "meta enter", "page up").
"""

from __future__ import annotations

from enum import Enum

__all__ = ["HELP", "KEYS", "Action", "room_number"]


class Action(Enum):
    """The effect of a key."""

    SAY = "say the line"
    BREAK = "break the line"
    COMPLETE = "complete the word"
    COMPLETE_BACK = "complete it with the candidate before"
    OLDER_INPUT = "the line typed before"
    NEWER_INPUT = "the line typed after"
    SEARCH_INPUT = "search in lines typed before"
    LEFT = "a letter to the left"
    RIGHT = "a letter to the right"
    WORD_LEFT = "a word to the left"
    WORD_RIGHT = "a word to the right"
    HOME = "the beginning of the line"
    END = "the end of the line"
    BACKSPACE = "remove the letter before"
    DELETE = "remove the letter after"
    DELETE_OR_LEAVE = "remove the letter after; in an empty line: leave"
    TRANSPOSE = "exchange two letters"
    KILL_BEFORE = "remove everything before"
    KILL_AFTER = "remove everything after"
    KILL_WORD = "remove the word after"
    KILL_WORD_BEFORE = "remove the word before"
    KILL_BLANK_WORD_BEFORE = "remove up to the space before"
    YANK = "insert what was removed"
    YANK_OLDER = "insert what was removed earlier instead"
    UNDO = "take the last change back"
    PAGE_UP = "scroll to older lines"
    PAGE_DOWN = "scroll to newer lines"
    TOP = "the oldest line"
    BOTTOM = "the newest line"
    FIRST_UNREAD = "the first unread line"
    MENTION_BEFORE = "the mention before"
    MENTION_AFTER = "the mention after"
    NEXT_ROOM = "the next room"
    ROOM_BEFORE = "the room before"
    LAST_ROOM = "the room that was in view last"
    NEXT_NEWS = "the next room with news"
    SELECT = "select a message"
    LINKS = "the links of the room"
    FIND_ROOM = "find a room by a part of its name"
    BARE = "plain lines, for the terminal's own selection"
    EDITOR = "edit the line in $EDITOR"
    CLEAR_OR_LEAVE = "clear the line; twice in an empty one: leave"
    CANCEL = "leave what was begun"
    REDRAW = "draw the screen again"
    SUSPEND = "suspend the program"
    HELP = "list the keys"
    FOCUS_IN = "the terminal has the focus"
    FOCUS_OUT = "the terminal has lost the focus"
    PASTE_BEGIN = "what follows is pasted"
    PASTE_END = "nothing more is pasted"


KEYS = {
    "enter": Action.SAY,
    "meta enter": Action.BREAK,
    "shift enter": Action.BREAK,
    "tab": Action.COMPLETE,
    "shift tab": Action.COMPLETE_BACK,
    "up": Action.OLDER_INPUT,
    "down": Action.NEWER_INPUT,
    "ctrl r": Action.SEARCH_INPUT,
    "left": Action.LEFT,
    "ctrl b": Action.LEFT,
    "right": Action.RIGHT,
    "ctrl f": Action.RIGHT,
    "meta b": Action.WORD_LEFT,
    "meta left": Action.WORD_LEFT,
    "ctrl left": Action.WORD_LEFT,
    "meta f": Action.WORD_RIGHT,
    "meta right": Action.WORD_RIGHT,
    "ctrl right": Action.WORD_RIGHT,
    "home": Action.HOME,
    "ctrl a": Action.HOME,
    "end": Action.END,
    "ctrl e": Action.END,
    "backspace": Action.BACKSPACE,
    "delete": Action.DELETE,
    "ctrl d": Action.DELETE_OR_LEAVE,
    "ctrl t": Action.TRANSPOSE,
    "ctrl u": Action.KILL_BEFORE,
    "ctrl k": Action.KILL_AFTER,
    "meta d": Action.KILL_WORD,
    "meta backspace": Action.KILL_WORD_BEFORE,
    "ctrl w": Action.KILL_BLANK_WORD_BEFORE,
    "ctrl y": Action.YANK,
    "meta y": Action.YANK_OLDER,
    "ctrl _": Action.UNDO,
    "page up": Action.PAGE_UP,
    "page down": Action.PAGE_DOWN,
    "meta <": Action.TOP,
    "meta >": Action.BOTTOM,
    "meta u": Action.FIRST_UNREAD,
    "meta p": Action.MENTION_BEFORE,
    "meta n": Action.MENTION_AFTER,
    "ctrl n": Action.NEXT_ROOM,
    "ctrl p": Action.ROOM_BEFORE,
    "meta /": Action.LAST_ROOM,
    "meta a": Action.NEXT_NEWS,
    "meta s": Action.SELECT,
    "meta o": Action.LINKS,
    "meta j": Action.FIND_ROOM,
    "meta l": Action.BARE,
    "meta e": Action.EDITOR,
    "ctrl c": Action.CLEAR_OR_LEAVE,
    "ctrl g": Action.CANCEL,
    "esc": Action.CANCEL,
    "ctrl l": Action.REDRAW,
    "ctrl z": Action.SUSPEND,
    "f1": Action.HELP,
    "focus in": Action.FOCUS_IN,
    "focus out": Action.FOCUS_OUT,
    "begin paste": Action.PASTE_BEGIN,
    "end paste": Action.PASTE_END,
}

#: The keys as F1 lists them: the rows of docs/terminal.rst.
HELP = (
    ("Enter, Alt-Enter", "say the line; break the line"),
    ("Tab, Shift-Tab", "complete a name, a command, :emoji"),
    ("Up, Down, Ctrl-R", "lines typed before; search in them"),
    ("Ctrl-_, Ctrl-Y", "undo; insert what was removed"),
    ("PgUp, PgDn, Alt-<, Alt->", "scroll; the oldest and the newest line"),
    ("Alt-A", "the next room with news"),
    ("Alt-1 to Alt-9, Ctrl-N, Ctrl-P, Alt-/", "room by number; next; before; last"),
    ("Alt-J", "a room by a part of its name"),
    ("Alt-U", "the first unread line"),
    ("Alt-P, Alt-N", "the mention before, and after"),
    ("Alt-S", "select a message: reply, quote, copy, open, edit, delete"),
    ("Alt-O", "the room's links: Enter opens, y copies"),
    ("Alt-L", "plain lines, for the terminal's own selection"),
    ("Alt-E", "edit the line in $EDITOR"),
    ("Ctrl-C", "clear the line; twice in an empty one: leave"),
    ("Ctrl-L, Ctrl-Z, F1", "redraw; suspend; this list"),
)


def room_number(key: str) -> int | None:
    """Returns the number of the room that Alt and a digit ask for, from 0; None for other keys."""
    digit = key.removeprefix("meta ")
    return int(digit) - 1 if key.startswith("meta ") and digit in "123456789" else None
