"""
The size of a page of messages, the same for every ledger.
"""

from __future__ import annotations

from collections.abc import Iterable

from groupchat.wire.events import Message

__all__ = ["MAX_MESSAGES_IN_PAGE", "PAGE_BYTES", "page"]

PAGE_BYTES = 65_536  #: bytes of text in a page
MESSAGE_OVERHEAD = 128  #: bytes of a message beside its text, as a page counts them
MAX_MESSAGES_IN_PAGE = PAGE_BYTES // MESSAGE_OVERHEAD + 1  #: more messages than that make no page


def page(messages: Iterable[Message]) -> list[Message]:
    """
    Return the first of these messages, as many as make a page.

    At most `PAGE_BYTES` of text, but at least one message. No more of them are taken.
    """
    found: list[Message] = []
    size = 0
    for message in messages:
        size += len(message.text.encode()) + MESSAGE_OVERHEAD
        if size > PAGE_BYTES and found:
            break
        found.append(message)
    return found
