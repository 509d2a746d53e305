"""Notes: the lines of a server in the words of the plain wire, so that one test can run on both."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Protocol

from groupchat.wire import events, jsonlines, plain
from groupchat.wire.events import Event

__all__ = ["JsonNotes", "Notes", "PlainNotes"]

#: The events of the JSON wire that have notes.
_HEARD = (
    events.Message,
    events.Presence,
    events.Topic,
    events.Tell,
    events.Error,
    events.Bye,
    events.Gap,
)


class Notes(Protocol):
    """
    Turns a server's lines into notes. Greetings are left out, a refusal of any kind is "refused",
    and history begins with "past".
    """

    def of(self, line: bytes) -> Iterator[str]:
        """Returns the notes of a line."""


class PlainNotes:
    """The `Notes` of a client on the plain wire."""

    def of(self, line: bytes) -> Iterator[str]:
        return _note(line.decode())


class JsonNotes:
    """The `Notes` of a client on the JSON wire."""

    def __init__(self) -> None:
        self._through: dict[str, int] = {}  # for each room, the last id that is history

    def of(self, line: bytes) -> Iterator[str]:
        if not line.startswith(b"{"):
            yield line.decode()
            return
        event = jsonlines.decode_event(line)
        if isinstance(event, events.Catchup):
            self._through[event.room] = event.through
        elif isinstance(event, _HEARD):
            for text in plain.lines(event, past=self._is_past(event)):
                yield from _note(text)

    def _is_past(self, event: Event) -> bool:
        return isinstance(event, events.Message) and event.id <= self._through.get(event.room, 0)


def _note(text: str) -> Iterator[str]:
    if text.startswith("!"):
        yield "refused"
    elif not re.match("-- (Welcome to|The topic is:|You are up to date)", text):
        yield re.sub(r"^\[[0-9: -]{16}\]", "past", text.removeprefix("-- "))
