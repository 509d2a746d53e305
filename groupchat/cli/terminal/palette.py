"""The styles of the screen in colours: for 256 and for 16 colours, and without any."""

from __future__ import annotations

from collections.abc import Mapping

from groupchat.cli.terminal.colours import BASIC_COLOURS, COLOURS

__all__ = ["Entry", "palette"]

#: Style, foreground and background of 16 colours, without colours, and of 256 colours.
Entry = tuple[str, str, str, str, str, str]

_DEFAULT = "default"
#: Bodies keep the colours of the user. No meaning is in a colour alone: mentions are bold, too.
_STYLES: tuple[tuple[str, str, str], ...] = (
    ("text", _DEFAULT, ""),
    ("dim", "default,faint", ""),
    ("time", "default,faint", ""),
    ("notice", "default,faint", ""),
    ("error", "light red", "bold"),
    ("mention", "default,bold", "bold"),
    ("link", "default,underline", "underline"),
    ("mark", "dark red", "bold"),
    ("day", "default,faint", ""),
    ("selected", "default,standout", "standout"),
    ("topic", "default,standout", "standout"),
    ("bar", "default,standout", "standout"),
    ("bar strong", "default,standout,bold", "standout,bold"),
    ("bar mention", "default,standout,bold", "standout,bold"),
    ("prompt", "default,bold", "bold"),
    ("line", _DEFAULT, ""),
    ("command", "dark cyan", "underline"),
    ("hint", "default,faint", ""),
    ("hint strong", "default,bold", "bold"),
)


def palette(chosen: Mapping[str, str]) -> list[Entry]:
    """
    Returns the palette.

    :param chosen: other colours, by style.
    """
    entries = []
    for style, colour, mono in _STYLES:
        found = chosen.get(style, colour)
        entries.append((style, found, _DEFAULT, mono, found, _DEFAULT))
    for number, code in enumerate(COLOURS):
        basic = BASIC_COLOURS[number % len(BASIC_COLOURS)]
        entries.append((f"name {number}", basic, _DEFAULT, "", f"h{code}", _DEFAULT))
    return entries
