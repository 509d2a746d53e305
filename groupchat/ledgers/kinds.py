"""
The kinds of messages, as ledgers store them.
"""

from __future__ import annotations

from enum import IntEnum

__all__ = ["Kind"]


class Kind(IntEnum):
    """The number with which the flags of a message are stored. A notice is no act."""

    SAY = 0
    ACT = 1
    NOTICE = 2

    @classmethod
    def of(cls, act: bool, notice: bool) -> Kind:
        """Return the kind of a message with these flags."""
        return cls.NOTICE if notice else cls.ACT if act else cls.SAY
