"""
Recognises our own messages when the server echoes them, so that they are not shown twice.

A message is recognised by the id in its ok, which arrives before it. If the ok was lost with its
connection, the replayed message is recognised by its sender and text. Our messages of earlier runs
are history like any other.
"""

from __future__ import annotations

from groupchat.wire import commands, names
from groupchat.wire.events import Message

__all__ = ["EchoFilter"]

Content = tuple[str, bool, int | None, int | None]  #: text, act, and the id that it corrects


class EchoFilter:
    """Our own messages of one room that are still to be echoed."""

    def __init__(self) -> None:
        self._ids: set[int] = set()
        self._said: dict[int, Content] = {}  # by n

    def expect(self, n: int, message_id: int) -> None:
        """An ok gave this id to the message with this n."""
        self._said.pop(n, None)
        self._ids.add(message_id)

    def expect_replay(self, say: commands.Say | commands.Correction, n: int) -> None:
        """The message with this n is stored, but its ok was lost: it will be replayed."""
        self._said[n] = (names.visible(say.text or ""), say.act, say.replaces, say.redacts)

    def replayed(self) -> None:
        """Everything that was stored before this connection was received."""
        self._said.clear()

    def claim(self, message: Message, me: str) -> bool:
        """Returns whether this is one of them; it is no longer expected then."""
        if message.id in self._ids:
            self._ids.remove(message.id)
            return True
        if not self._said or names.key(message.sender) != names.key(me):
            return False
        content = (message.text, message.act, message.replaces, message.redacts)
        for n, expected in self._said.items():
            if expected == content:
                del self._said[n]
                return True
        return False
