"""
The conditions of a search in the two forms that the ledgers understand: SQL and regular
expressions. Both find the same messages.

A word is found anywhere in a text. ASCII words are compared without regard to the case of ASCII
letters; other words without regard to the case of any letter.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from groupchat.core.search import SearchQuery
from groupchat.wire import names
from groupchat.wire.events import Message

__all__ = ["SLOWER", "Condition", "condition", "is_sent_by", "matcher", "same_letters"]

SLOWER = 4  #: how many times longer it takes to look for a word that is not ASCII
_LAST_CASED = 0x1E943  #: no character after it has an upper or lower case


class Condition(NamedTuple):
    """
    A condition on the columns `text` and `sender`.

    :ivar values: for its placeholders.
    :ivar most: messages that one answer searches.
    """

    sql: str
    values: tuple[str, ...]
    most: int


def condition(query: SearchQuery, most: int) -> Condition:
    """
    Return the condition for a query. Also check `is_sent_by`: it compares a sender less exactly.

    :param most: messages that one answer searches, if all words are ASCII.
    """
    parts = [("text", word, "%{}%", "*{}*") for word in query.words]
    if query.sender is not None:
        parts.append(("sender", query.sender, "{}", "{}"))
    terms, values = [], []
    for column, word, like, glob in parts:
        if word.isascii():
            terms.append(rf"{column} LIKE ? ESCAPE '\'")
            values.append(like.format(re.sub(r"([%_\\])", r"\\\1", word)))
            continue
        terms.append(f"{column} GLOB ?")
        values.append(glob.format("".join(map(_glob, word))))
        part = _ascii_part(word)
        if part:
            terms.insert(-1, f"{column} LIKE ?")  # which is faster, and true of much less
            values.insert(-1, f"%{part}%")
    ascii = all(word.isascii() for word in query.words)
    return Condition(" AND ".join(terms), tuple(values), most if ascii else most // SLOWER)


def matcher(query: SearchQuery) -> list[re.Pattern[str]]:
    """Return expressions that are all found in the texts that a query finds."""
    return [
        re.compile(re.escape(word), re.IGNORECASE | re.ASCII)
        if word.isascii()
        else re.compile("".join(f"[{re.escape(''.join(same_letters(letter)))}]" for letter in word))
        for word in query.words
    ]


def is_sent_by(message: Message, query: SearchQuery) -> bool:
    """Return whether a message was sent under the name of a query, if there is any in it."""
    return query.sender is None or names.key(message.sender) == query.sender


def _ascii_part(word: str) -> str:
    """Return the longest part of a word that LIKE compares as GLOB does, or ""."""
    plain = "".join(
        letter if letter.isalnum() and "".join(same_letters(letter)).isascii() else " "
        for letter in word
    )
    return max(plain.split(), key=len, default="")


def _glob(letter: str) -> str:
    letters = same_letters(letter)
    return f"[{''.join(letters)}]" if len(letters) > 1 or letter in "*?[" else letter


def same_letters(letter: str) -> list[str]:
    """Return all letters that differ from a letter by their case alone, and itself."""
    return _folded().get(_fold(letter), [letter])


@cache
def _folded() -> dict[str, list[str]]:
    """Return, for each folded letter, all letters that fold to it, if there are several."""
    found: dict[str, list[str]] = {}
    for letter in map(chr, range(_LAST_CASED + 1)):
        if letter.casefold() != letter and (folded := _fold(letter)) != letter:
            found.setdefault(folded, [folded]).append(letter)
    return found


def _fold(letter: str) -> str:
    """Return the letter without its case, as Unicode's simple case folding does."""
    for folded in (letter.casefold(), letter.lower()):
        if len(folded) == 1:
            return folded
    return letter
