"""A search for messages: its words, and what it finds."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from groupchat.wire import names

if TYPE_CHECKING:
    from groupchat.wire.events import Message

__all__ = ["Found", "SearchQuery"]


class SearchQuery(NamedTuple):
    """
    A search for messages that contain every word, without regard to case.

    :ivar words: each occurs somewhere in the text of a message.
    :ivar sender: the key of the name under which it was sent, or None for anybody's.
    """

    words: tuple[str, ...]
    sender: str | None = None

    @classmethod
    def parse(cls, text: str, sender: str | None = None) -> SearchQuery:
        """
        Return the query for a text as people write it, and a sender's name.

        Controls become visible as in messages, so that what was said is found by the same text.
        """
        words = tuple(dict.fromkeys(names.visible(text).split()))
        return cls(words, None if sender is None else names.key(sender))


class Found(NamedTuple):
    """
    An answer to a search.

    :ivar messages: ascending.
    :ivar reached: everything from this id on, up to where the search began, has been searched.
    :ivar more: whether there are older messages, which are not searched yet.
    """

    messages: list[Message]
    reached: int
    more: bool
