"""
Links that the terminal itself opens (OSC 8): which terminals have them, and where they may lead.

Pure. A link is shown as its target, so that nobody is led elsewhere than the text says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

__all__ = ["LINK", "LinkRows", "are_known", "target", "without_end"]

LINK = re.compile(r"(?:https?://|mailto:)[^\s<>\"]+")
_CLOSING = ".,;:!?)]}'"  #: at the end of a link it belongs to the sentence
_MAX_TARGET = 2000  #: characters; terminals refuse longer ones
_PROGRAMS = ("iTerm.app", "WezTerm", "ghostty", "vscode", "Hyper", "WarpTerminal")
_TERMS = ("kitty", "alacritty", "foot", "ghostty", "wezterm")
_VARIABLES = ("KITTY_WINDOW_ID", "WT_SESSION", "KONSOLE_VERSION", "DOMTERM")
_TMUX = (3, 4)  #: the first version of tmux that passes links on
_VTE = 5000  #: that of VTE


def are_known(environment: Mapping[str, str]) -> bool:
    """Returns whether the terminal has links, as far as the environment tells."""
    program = environment.get("TERM_PROGRAM", "")
    if program == "tmux":
        return _version(environment.get("TERM_PROGRAM_VERSION", "")) >= _TMUX
    if environment.get("TMUX"):
        return False
    if program in _PROGRAMS or any(environment.get(name) for name in _VARIABLES):
        return True
    vte = environment.get("VTE_VERSION", "")
    term = environment.get("TERM", "")
    return (vte.isdecimal() and int(vte) >= _VTE) or any(name in term for name in _TERMS)


def _version(text: str) -> tuple[int, ...]:
    found = re.match(r"(\d{1,4})\.(\d{1,4})", text)
    return (int(found[1]), int(found[2])) if found else ()


def without_end(link: str) -> str:
    """Returns a link without what belongs to the sentence around it."""
    return link.rstrip(_CLOSING)


def target(link: str) -> str:
    """
    Returns where a link leads: itself, without what belongs to the sentence; "" if it has letters
    that could look like others, or is too long.
    """
    clean = without_end(link)
    safe = clean.isascii() and clean.isprintable() and len(clean) <= _MAX_TARGET
    return clean if safe else ""


class LinkRows:
    """
    Finds links in the rows of a text, which a link may take several of.

    :param text: the whole text.
    """

    def __init__(self, text: str) -> None:
        self._links = iter(LINK.findall(text))
        self._rest = ""  # of a link that goes on in the next row
        self._target = ""

    def parts(self, row: str) -> Iterator[tuple[str, str | None]]:
        """Returns the parts of the next row, each with its target; None for what is no link."""
        begin = 0
        if self._rest and row.startswith(self._rest[: len(row)]):
            begin = min(len(row), len(self._rest))
            yield row[:begin], self._target
        self._rest = self._rest[begin:] if begin == len(row) else ""
        for found in LINK.finditer(row, begin):
            if found.start() > begin:
                yield row[begin : found.start()], None
            yield found[0], self._begin(found[0], ends_row=found.end() == len(row))
            begin = found.end()
        if begin < len(row) or not row:
            yield row[begin:], None

    def _begin(self, part: str, ends_row: bool) -> str:
        """A link begins with this part. Returns its target."""
        whole = next(self._links, "")
        if part != whole and not (ends_row and whole.startswith(part)):
            return ""  # the rows show another text
        self._rest = whole[len(part) :]
        self._target = target(whole)
        return self._target
