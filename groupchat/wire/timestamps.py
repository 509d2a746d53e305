"""Times as the wire writes them: RFC 3339, UTC, with milliseconds."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

__all__ = ["stamp"]

_LAST = 253_402_300_799  #: the last second that RFC 3339 can express; it stands for all later ones


@lru_cache(maxsize=1024)
def stamp(milliseconds: int) -> str:
    """Return a time, in milliseconds since 1970, in the form of the wire."""
    return f"{_second(milliseconds // 1000)}.{milliseconds % 1000:03d}Z"


@lru_cache(maxsize=256)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(min(seconds, _LAST), UTC).isoformat()[:19]
