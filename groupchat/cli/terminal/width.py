"""
Texts as a terminal shows them: clusters, each with the columns that it takes.

A cluster is what people take for a letter: with its accents, a flag, a family of emoji. Nothing is
cut inside one, since its parts alone would take other columns.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import wcwidth

from groupchat.wire import names

__all__ = ["Cluster", "clusters", "columns", "cut", "pad_left", "printable", "shown"]

ELLIPSIS = "…"
_TAB = "    "
_CARRIER = "\u25cc"  #: carries a mark that would otherwise change the letter in the cell before
_JOINER = "\u200d"
_INVISIBLE = {_JOINER, "\u200c"}  #: they only say how others are joined
_MODIFIERS = "".join(map(chr, range(0x1F3FB, 0x1F400)))  #: of emoji: colours of skin
_PLACEHOLDER = "\ufffd"


class Cluster(NamedTuple):
    """A letter, as people see it, and its columns: 1 or 2."""

    text: str
    columns: int


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable()


def printable(text: str) -> str:
    """
    Returns a text as it may go to a terminal: without tabs, and with controls made visible. A lone
    surrogate becomes a placeholder.
    """
    if _is_plain(text):
        return text
    text = names.visible(text.replace("\t", _TAB))
    return text.encode(errors="replace").decode()


def clusters(text: str) -> list[Cluster]:
    """Returns the clusters of a text. No control is in them, and nothing that takes no column."""
    text = printable(text)
    if text.isascii():
        return [Cluster(letter, 1) for letter in text]
    parts = _visible_parts("".join(_visible_parts(text)))
    return [_cluster(one) for part in parts for one in _split(part)]


def _split(part: str) -> list[str]:
    """Returns a part; of one that is wider than any letter, its base and a placeholder."""
    base = part.rstrip(_MODIFIERS)
    return [base, _PLACEHOLDER] if base and base != part and _width(part) > 2 else [part]


def _visible_parts(text: str) -> list[str]:
    """
    Returns the parts of a text that can be seen. Without the others between them, parts may join:
    so this is done twice.
    """
    return [
        part
        for part in wcwidth.iter_graphemes(text)
        if _width(part) or (_extends(part[0]) and part[0] not in _INVISIBLE)
    ]


@lru_cache(maxsize=4096)
def _extends(letter: str) -> bool:
    """Returns whether this letter belongs to the one before it, so that it can't stand alone."""
    return len(list(wcwidth.iter_graphemes("a" + letter))) == 1


def _width(text: str) -> int:
    width: int = wcwidth.width(text, control_codes="ignore")
    return width


def _cluster(text: str) -> Cluster:
    if text.endswith(_JOINER):
        text = text.rstrip(_JOINER)  # it would join whatever follows
    if _extends(text[0]):
        text = _CARRIER + text
    width = _width(text)
    if not 1 <= width <= 2:
        return Cluster(_PLACEHOLDER, 1)
    return Cluster(text, width)


def shown(text: str) -> str:
    """Returns a text as it is shown."""
    if _is_plain(text):
        return text
    return _join(clusters(text))


def columns(text: str) -> int:
    """Returns the columns that a text takes."""
    if _is_plain(text):
        return len(text)
    return sum(cluster.columns for cluster in clusters(text))


def cut(text: str, width: int) -> str:
    """Returns as much of a text as fits into `width` columns, with an ellipsis where it is cut."""
    if _is_plain(text) and len(text) <= width:
        return text
    found = clusters(text)
    if sum(cluster.columns for cluster in found) <= width:
        return _join(found)
    return _join(_first(found, width - 1)) + ELLIPSIS if width > 0 else ""


def _first(found: Iterable[Cluster], width: int) -> list[Cluster]:
    """Returns the clusters that fit into `width` columns."""
    fitting = []
    for cluster in found:
        width -= cluster.columns
        if width < 0:
            break
        fitting.append(cluster)
    return fitting


def _join(found: Iterable[Cluster]) -> str:
    return "".join(cluster.text for cluster in found)


def pad_left(text: str, width: int) -> str:
    """Returns a text of exactly `width` columns: cut, or with spaces before it."""
    fitting = cut(text, width)
    return " " * (width - columns(fitting)) + fitting
