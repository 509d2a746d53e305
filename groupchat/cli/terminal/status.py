"""
The bar above the line: the room, the lock, the state of the connection, and rooms with news.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from groupchat.cli.terminal.rows import Row, Segment, fit

__all__ = ["Bar", "RoomNews", "bar_row", "title"]

_SEPARATOR = " · "


@dataclass(frozen=True)
class RoomNews:
    """
    Another room.

    :ivar number: its number, from 1.
    :ivar unread: messages that were not read.
    :ivar mentions: those among them that name the reader.
    :ivar draft: whether a line was begun there.
    """

    number: int
    name: str
    unread: int = 0
    mentions: int = 0
    draft: bool = False


@dataclass(frozen=True)
class Bar:
    """
    The contents of the bar.

    :ivar room: the room in view.
    :ivar count: its members; 0 if that is not known.
    :ivar encrypted: whether the connection is.
    :ivar state: the state of the connection; "" if all is well.
    :ivar waiting: lines that are not stored yet.
    :ivar below: lines below those in sight.
    :ivar others: the other rooms.
    :ivar hint: what the reader may do now; "" for nothing.
    """

    room: str
    count: int = 0
    encrypted: bool = False
    state: str = ""
    waiting: int = 0
    below: int = 0
    others: Sequence[RoomNews] = ()
    hint: str = ""


def bar_row(bar: Bar, width: int) -> Row:
    """Returns the bar, `width` columns wide. Rooms with mentions never fall off its end."""
    left = [Segment("bar", f" {bar.room}{f' {bar.count}' if bar.count else ''}")]
    for style, text in _parts(bar):
        left.append(Segment("bar", _SEPARATOR))
        left.append(Segment(style, text))
    return tuple(
        Segment("bar" if one.style == "text" else one.style, one.text) for one in fit(left, width)
    )


def _parts(bar: Bar) -> list[tuple[str, str]]:
    parts = []
    if bar.hint:
        parts.append(("bar strong", bar.hint))
    if bar.state or bar.waiting:
        parts.append(("bar strong", ", ".join(filter(None, (bar.state, _waiting(bar.waiting))))))
    if bar.below:
        parts.append(("bar strong", f"↓{bar.below}"))
    if bar.encrypted:
        parts.append(("bar", "TLS"))
    ordered = sorted(bar.others, key=lambda room: (not room.mentions, room.number))
    parts += [_news(room) for room in ordered if room.unread or room.mentions or room.draft]
    return parts


def _waiting(count: int) -> str:
    if not count:
        return ""
    return "1 line waits" if count == 1 else f"{count} lines wait"


def _news(room: RoomNews) -> tuple[str, str]:
    number = str(room.mentions or room.unread or "")
    text = f"{room.number}:{room.name} {number}{'!' * bool(room.mentions)}{'@' * room.draft}"
    return ("bar mention" if room.mentions else "bar"), text


def title(room: str, unread: int) -> str:
    """Returns the title of the terminal's window."""
    return f"groupchat: {room}" + (f" ({unread})" if unread else "")
