"""
The widget that fills the screen: it shows pages, and passes keys on. It knows no chat.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import cast

import urwid

from groupchat.cli.terminal.page import Page
from groupchat.cli.terminal.rows import Row

__all__ = ["Window", "canvas"]

Size = tuple[()] | tuple[int] | tuple[int, int]  #: of a widget; that of a box has two numbers


class Window(urwid.Widget):
    """
    The window.

    :param compose: returns the page for a width and a height.
    :param press: takes each key.
    :param link: returns the attribute of a link that leads to this target.
    """

    _sizing = frozenset([urwid.BOX])
    _selectable = True
    no_cache = ("render",)

    def __init__(
        self,
        compose: Callable[[int, int], Page],
        press: Callable[[str], None],
        link: Callable[[str], Hashable] = lambda target: "link",
    ) -> None:
        super().__init__()
        self._compose = compose
        self._press = press
        self._link = link

    def render(self, size: Size, focus: bool = False) -> urwid.TextCanvas:
        width, height = cast(tuple[int, int], size)
        return canvas(self._compose(width, height), width, self._link)

    def keypress(self, size: Size, key: str) -> str | None:
        self._press(key)
        return None


def canvas(
    page: Page, width: int, link: Callable[[str], Hashable] = lambda target: "link"
) -> urwid.TextCanvas:
    """
    Returns a page as the toolkit takes it.

    :param link: returns the attribute of a link that leads to this target.
    """
    texts: list[bytes] = []
    attributes: list[list[tuple[Hashable, int]]] = []
    for row in page.rows:
        text, runs = _encode(row, link)
        texts.append(text)
        attributes.append(runs)
    # Rows have their width already: the toolkit counts some odd sequences in another way.
    return urwid.TextCanvas(texts, attributes, cursor=page.cursor, maxcol=width, check_width=False)


def _encode(row: Row, link: Callable[[str], Hashable]) -> tuple[bytes, list[tuple[Hashable, int]]]:
    parts: list[tuple[Hashable, bytes]] = [
        # a selected link is no link: its row is of one style
        (link(target) if target and style == "link" else style, text.encode())
        for style, text, target in row
        if text
    ]
    return b"".join(data for _, data in parts), [(style, len(data)) for style, data in parts]
