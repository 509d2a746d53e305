"""The retention policy: how long a ledger keeps messages."""

from __future__ import annotations

import re

__all__ = ["DAY_MS", "RetentionPolicy"]

DAY_MS = 86_400_000


class RetentionPolicy:
    """
    The messages that the ledger keeps.

    :ivar count: the number of messages in each room, or None.
    :ivar age: their age in milliseconds, or None.
    """

    def __init__(self, count: int | None = None, age: int | None = None) -> None:
        self.count = count
        self.age = age

    @classmethod
    def parse(cls, text: str) -> RetentionPolicy:
        """
        Parse a policy as people write it: "all", "90d" or "100000 messages".

        :raises ValueError: it is none of these. A bare number could mean either.
        """
        found = re.fullmatch(
            r"(all)|([1-9]\d{0,5}) ?d(?:ays?)?|([1-9]\d{0,11}) ?messages?",
            text.strip().lower(),
            re.ASCII,
        )
        if not found:
            raise ValueError(text)
        _, days, count = found.groups()
        return cls(int(count) if count else None, int(days) * DAY_MS if days else None)
