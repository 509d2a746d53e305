"""Finds the reader's name in a text, as a word of its own."""

from __future__ import annotations

import re
from functools import lru_cache

from groupchat.wire import names

__all__ = ["mentions"]


def mentions(text: str, name: str) -> bool:
    """Returns whether a text names somebody. Capitals make no difference."""
    key = names.key(name)
    folded = names.key(text) if len(text) <= 128 else text.lower()
    return key in folded and _pattern(key).search(folded) is not None


@lru_cache(maxsize=16)
def _pattern(key: str) -> re.Pattern[str]:
    # A name may have dots and dashes: "bob-2" names bob-2, and not bob; "bob." ends a sentence.
    return re.compile(rf"(?<![\w.-]){re.escape(key)}(?![\w-]|\.\w)")
