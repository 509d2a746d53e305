"""
Corrections and removals of messages: what a message says now, and which of our own messages can
still be corrected.

A correction is a message of its own in the log, and names the message that it concerns. The server
judges it; this only remembers.
"""

from __future__ import annotations

import bisect

import msgspec

from groupchat.wire.events import Message

__all__ = ["MAX_CORRECTED", "MAX_OWN", "Corrections", "OwnMessages"]

MAX_CORRECTED = 1000  #: corrected messages of a room that are remembered, at most
MAX_OWN = 100  #: own messages of a room that are remembered, at most


class Corrections:
    """The corrections of a room's messages that were received."""

    def __init__(self) -> None:
        self._texts: dict[int, str | None] = {}  # by the corrected id; None: it was removed

    def receive(self, message: Message) -> None:
        """A message was received, which may be a correction."""
        if message.redacts is not None:
            self._put(message.redacts, None)
        elif message.replaces is not None and self._texts.get(message.replaces, "") is not None:
            self._put(message.replaces, message.text)

    def _put(self, corrected: int, text: str | None) -> None:
        self._texts[corrected] = text
        if len(self._texts) > MAX_CORRECTED:
            del self._texts[min(self._texts)]

    def apply(self, message: Message) -> Message:
        """Returns the message as it reads now: corrected, or removed and without its text."""
        text = self._texts.get(message.replaces or message.id, message.text)
        if text is None:
            return msgspec.structs.replace(message, text="", redacted=True)
        return message if text == message.text else msgspec.structs.replace(message, text=text)


class OwnMessages:
    """The newest of our own messages in a room that can be corrected or removed."""

    def __init__(self) -> None:
        self._ids: list[int] = []  # ascending

    @property
    def newest(self) -> int | None:
        """The id of the newest one; None if none is known."""
        return self._ids[-1] if self._ids else None

    def add(self, message_id: int) -> None:
        """The server has stored this message of ours, which is no correction."""
        at = bisect.bisect_left(self._ids, message_id)
        if self._ids[at : at + 1] != [message_id]:
            self._ids.insert(at, message_id)
            del self._ids[:-MAX_OWN]

    def receive(self, message: Message) -> None:
        """A message of ours was received: said here, on another device or in an earlier run."""
        if message.replaces is None and not message.redacted:
            self.add(message.id)

    def remove(self, message_id: int) -> None:
        """This message was removed."""
        if message_id in self._ids:
            self._ids.remove(message_id)
