"""
The messages of a room as text, as JSON lines, or as a page in HTML. Members' words are never
markup, and no character of theirs acts on a terminal.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable

import msgspec

from groupchat.admin.messages import Page
from groupchat.wire import names
from groupchat.wire.events import Message

__all__ = ["Export"]

_HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{room}</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto }}
body {{ padding: 0 1rem }}
p {{ margin: .2rem 0; overflow-wrap: anywhere }}
p:target {{ background: #fd03 }}
time {{ font-size: .75rem; opacity: .6; margin-right: .5rem; font-variant-numeric: tabular-nums }}
.past {{ opacity: .6; font-style: italic }}
</style>
</head>
<body>
<h1>{room}</h1>"""
_TAIL = "</body>\n</html>"


class Export:
    """
    :param form: "text", "json" or "html".
    :param room: the name of the room.
    :param write: takes a line.

    :ivar begun: whether there was a page.
    """

    def __init__(self, form: str, room: str, write: Callable[[str], None]) -> None:
        self._line = {"text": _text, "json": _json, "html": _html}[form]
        self._is_html = form == "html"
        self._room = room
        self._write = write
        self.begun = False

    def page(self, page: Page) -> None:
        """Write the messages of a page."""
        if self._is_html and not self.begun:
            self._write(_HEAD.format(room=_escaped(self._room)))
        self.begun = True
        for message in page.messages:
            self._write(self._line(message))

    def end(self) -> None:
        """Write the end."""
        if self._is_html:
            self._write(_TAIL)


def _json(message: Message) -> str:
    return json.dumps(msgspec.to_builtins(message))


def _text(message: Message) -> str:
    return names.visible(f"{_time(message)}  {_words(message)}")


def _words(message: Message) -> str:
    sender, note = message.sender, _note(message)
    if note:
        return f"{sender} {note}"
    said = f"* {sender} {message.text}" if message.act else f"{sender}: {message.text}"
    return said if message.replaces is None else f"{said} (in place of {message.replaces})"


def _note(message: Message) -> str:
    """Return what to say of a message without a text."""
    if message.redacts is not None:
        return f"removed message {message.redacts}"
    return f"said message {message.id}, which was removed" if message.redacted else ""


def _html(message: Message) -> str:
    sender, note = f"<b>{_escaped(message.sender)}</b>", _note(message)
    if note:
        words = f'{sender} <span class="past">{_escaped(note)}</span>'
    elif message.act:
        words = f"<i>{sender} {_escaped(message.text)}</i>"
    else:
        words = f"{sender}: {_escaped(message.text)}"
    if message.replaces is not None and not note:
        words += f' <a class="past" href="#m{message.replaces}">in place of this</a>'
    time = f'<time datetime="{_escaped(message.at)}">{_time(message)}</time>'
    return f'<p id="m{message.id}">{time}{words}</p>'


def _escaped(text: str) -> str:
    return html.escape(names.visible(text))


def _time(message: Message) -> str:
    return _escaped(message.at[:19].replace("T", " "))
