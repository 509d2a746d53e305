"""The search in a room of the ledger in memory."""

from __future__ import annotations

from groupchat.core.search import Found, SearchQuery
from groupchat.ledgers.clock import Clock
from groupchat.ledgers.memory_room import MemoryRoom
from groupchat.ledgers.pages import page
from groupchat.ledgers.search import is_sent_by, matcher
from groupchat.wire.events import Message

__all__ = ["search"]

_MAX_SEARCHED = 10_000  #: messages that one answer searches: it holds up everything else
_MAX_SECONDS = 0.02  #: seconds that one answer takes, about


def search(log: MemoryRoom, query: SearchQuery, before: int, limit: int, clock: Clock) -> Found:
    """
    Return the newest messages before an id that a query asks for, and how far the search got.
    """
    words = matcher(query)
    found: list[Message] = []
    reached = min(before, log.head + 1)
    end, last = clock.monotonic() + _MAX_SECONDS, reached - _MAX_SEARCHED
    for message in log.backwards(before):
        if message.id < last or len(found) == limit or clock.monotonic() > end:
            break
        reached = message.id
        if all(word.search(message.text) for word in words) and is_sent_by(message, query):
            found.append(message)
    shown = page(found)
    if len(shown) < len(found):
        reached = shown[-1].id
    return Found(shown[::-1], reached, reached > log.first)
