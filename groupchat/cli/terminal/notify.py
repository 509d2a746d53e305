"""
Calls the reader's attention to a mention: by the bell, as the desktop shows notifications, or by a
program of the reader's own.

Not for what is in sight: only while the terminal is without the focus, or for another room than
the one in view; once for a room until it is looked at, and at most every `MIN_INTERVAL` seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum

from groupchat.wire import names

__all__ = ["MIN_INTERVAL", "Method", "Notifier", "sequence"]

MIN_INTERVAL = 3.0  #: seconds between two notifications
_MAX_TEXT = 200
_BELL = "\a"
_ESC = "\033"
_ST = "\033\\"
_OSC_9 = ("iTerm.app", "WarpTerminal", "WezTerm")
_OSC_777 = ("foot", "rxvt", "ghostty")


class Method(Enum):
    """The ways to notify the reader."""

    BELL = "bell"
    DESKTOP = "desktop"
    COMMAND = "command"
    NONE = "none"


def sequence(method: Method, title: str, text: str, environment: Mapping[str, str]) -> str:
    """
    Returns what to write to the terminal.

    A terminal without notifications of its own rings its bell. Inside tmux the sequence is wrapped
    for the terminal around it; tmux passes it on where allow-passthrough is on.
    """
    if method in (Method.NONE, Method.COMMAND):
        return ""
    kind = _kind(environment) if method is Method.DESKTOP else ""
    if not kind:
        return _BELL
    title, text = _clean(title), _clean(text)
    body = {
        "99": f"99;;{title}: {text}",
        "777": f"777;notify;{title.replace(';', ',')};{text}",
        "9": f"9;{title}: {text}",
    }[kind]
    return _BELL + _wrapped(f"{_ESC}]{body}{_ST}", environment)


def _kind(environment: Mapping[str, str]) -> str:
    """Returns the number of the sequence that the terminal understands; "" for none."""
    term = environment.get("TERM", "")
    program = environment.get("TERM_PROGRAM", "")
    if environment.get("KITTY_WINDOW_ID"):
        return "99"
    if program in _OSC_9:
        return "9"
    if program == "ghostty" or environment.get("VTE_VERSION"):
        return "777"
    return "777" if any(name in term for name in _OSC_777) else ""


def _clean(text: str) -> str:
    """Returns a text without anything that could end the sequence."""
    return names.printable(text[:_MAX_TEXT])[:_MAX_TEXT]


def _wrapped(sequence: str, environment: Mapping[str, str]) -> str:
    if not environment.get("TMUX"):
        return sequence
    return f"{_ESC}Ptmux;{sequence.replace(_ESC, _ESC * 2)}{_ST}"


class Notifier:
    """
    Decides when to notify.

    :param write: takes what goes to the terminal.
    :param now: returns the seconds of a clock that is never set.
    :param environment: tells the terminal.
    :param run: runs the reader's program, with a room, a sender and a text; None if there is none.

    :ivar method: how the reader is notified.
    :ivar focused: whether the terminal has the focus, as far as it says.
    """

    def __init__(
        self,
        write: Callable[[str], None],
        now: Callable[[], float],
        environment: Mapping[str, str],
        method: Method = Method.BELL,
        run: Callable[[str, str, str], None] | None = None,
    ) -> None:
        self.method = method
        self.focused = True
        self._write = write
        self._now = now
        self._environment = environment
        self._run = run
        self._last: float | None = None
        self._told: set[str] = set()

    def mention(self, room: str, visible: bool, sender: str, text: str) -> None:
        """
        Somebody names the reader, or speaks to nobody else.

        :param visible: whether the room is in view.
        """
        if room in self._told or (visible and self.focused) or self._too_soon():
            return
        self._told.add(room)
        self._last = self._now()
        if self.method is Method.COMMAND and self._run is not None:
            self._run(room, sender, text)
        found = sequence(self.method, f"{sender} in {room}", text, self._environment)
        if found:
            self._write(found)

    @property
    def methods(self) -> list[Method]:
        """The ways that are possible here."""
        return [one for one in Method if one is not Method.COMMAND or self._run is not None]

    def sum_up(self, rooms: list[str], visible: str, text: str) -> None:
        """
        Messages in these rooms name the reader, and arrived during an absence.

        :param visible: the room that is in view.
        :param text: the sum of them.
        """
        news = [room for room in rooms if room != visible or not self.focused]
        if news:
            self.mention(news[0], False, "groupchat", text)
            self._told.update(news)

    def _too_soon(self) -> bool:
        return self._last is not None and self._now() - self._last < MIN_INTERVAL

    def looked_at(self, room: str) -> None:
        """The reader has seen this room."""
        if self.focused:
            self._told.discard(room)
