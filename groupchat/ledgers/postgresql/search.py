"""The conditions of a search as PostgreSQL understands them."""

from __future__ import annotations

import re

from groupchat.core.search import SearchQuery
from groupchat.ledgers.search import SLOWER, Condition, same_letters

__all__ = ["condition"]


def condition(query: SearchQuery, most: int) -> Condition:
    """
    Return the condition for a query. Also check `is_sent_by`: it compares a sender less exactly.

    :param most: messages that one answer searches, if all words are ASCII.
    """
    parts = [("text", word, "%{}%", "{}") for word in query.words]
    if query.sender is not None:
        parts.append(("sender", query.sender, "{}", "^{}$"))
    terms, values = [], []
    for column, word, like, whole in parts:
        if word.isascii():
            # the columns have the collation "C", in which only ASCII letters have a case
            terms.append(f"{column} ILIKE %s")
            values.append(like.format(re.sub(r"([%_\\])", r"\\\1", word)))
        else:
            terms.append(f"{column} ~ %s")
            values.append(whole.format("".join(map(_letters, word))))
    ascii = all(word.isascii() for word in query.words)
    return Condition(" AND ".join(terms), tuple(values), most if ascii else most // SLOWER)


def _letters(letter: str) -> str:
    """Return an expression for a letter in either case."""
    letters = re.sub(r"([]\\[^-])", r"\\\1", "".join(same_letters(letter)))
    return f"[{letters}]"
