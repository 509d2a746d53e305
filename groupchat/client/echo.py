"""
Which of the messages that come in are one's own words of this run: what one typed is there already.

A message is known by the id in its ok, which comes before it. Where the ok was lost with its
connection, it is known by its sender and text when it is replayed. Own words of earlier runs are
history like any other.
"""

from __future__ import annotations

from groupchat.wire import names
from groupchat.wire.events import Message


class EchoFilter:
    """The own messages of one room that are still to come in."""

    def __init__(self) -> None:
        self._ids: set[int] = set()
        self._texts: dict[int, tuple[str, bool]] = {}  # by n

    def expect(self, n: int, number: int) -> None:
        """An ok gave this id to what was said as n."""
        self._texts.pop(n, None)
        self._ids.add(number)

    def expect_text(self, n: int, text: str, act: bool) -> None:
        """What was said as n is stored, but its ok was lost: it is in what is replayed."""
        self._texts[n] = (text, act)

    def replayed(self) -> None:
        """Everything that was stored before this connection has come in."""
        self._texts.clear()

    def claim(self, message: Message, me: str) -> bool:
        """Whether this is one of them; it is no longer expected then."""
        if message.id in self._ids:
            self._ids.remove(message.id)
            return True
        if names.key(message.sender) != names.key(me):
            return False
        for n, said in self._texts.items():
            if said == (message.text, message.act):
                del self._texts[n]
                return True
        return False
