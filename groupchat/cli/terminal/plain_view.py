"""A room as plain lines, for the terminal's own selection and scroll-back."""

from __future__ import annotations

from groupchat.cli.terminal.room_list import RoomView
from groupchat.cli.terminal.timeline import Kind, Line
from groupchat.cli.terminal.width import printable

__all__ = ["plain_view"]

MAX_LINES = 2000  #: lines that are shown, at most
_TIME = "%Y-%m-%d %H:%M:%S"
_END = "Press Enter to go back.\n"


def plain_view(room: RoomView) -> str:
    """Returns the newest lines of a room: each in a line of its own, with its whole date."""
    timeline = room.timeline
    first = max(timeline.first, timeline.end - MAX_LINES)
    lines = [_line(timeline[position]) for position in range(first, timeline.end)]
    return "\n".join([f"-- {room.name}: {printable(room.topic)}", *lines, _END])


def _line(line: Line) -> str:
    time = f"[{line.at.strftime(_TIME)}] " if line.at is not None else ""
    begin = {
        Kind.MESSAGE: f"{line.sender}: ",
        Kind.ACT: f"* {line.sender} ",
        Kind.TELL: f"{line.sender} (in private): ",
        Kind.ERROR: "! ",
    }.get(line.kind, "-- ")
    text = "(removed)" if line.removed else line.text
    return printable(f"{time}{begin}{text}")
