"""
Shows replies to people. Nothing that a member has chosen reaches the terminal raw.
"""

from __future__ import annotations

from collections.abc import Iterator

from groupchat.admin.messages import Facts, Rows, Value
from groupchat.wire import names

__all__ = ["facts", "number_of_bytes", "rows"]

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_GAP = "  "


def facts(reply: Facts) -> Iterator[str]:
    """Yield a line for each fact."""
    shown = [(_title(name), _value(name, value)) for name, value in reply.facts.items()]
    width = max((len(title) for title, _ in shown), default=0)
    for title, value in shown:
        yield f"{title:{width}}{_GAP}{value}".rstrip()


def rows(reply: Rows) -> Iterator[str]:
    """Yield the lines of a table, with a line of titles."""
    if not reply.rows:
        yield "(none)"
        return
    titles = [_title(name) for name in reply.columns]
    table = [[_value(name, row.get(name)) for name in reply.columns] for row in reply.rows]
    widths = [max(map(len, column)) for column in zip(titles, *table, strict=True)]
    for line in [titles, *table]:
        cells = (f"{cell:{width}}" for cell, width in zip(line, widths, strict=True))
        yield _GAP.join(cells).rstrip()


def _title(name: str) -> str:
    plain = name.removesuffix("_bytes").removesuffix("_seconds")
    return names.visible(plain.replace("_", " "))


def _value(name: str, value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return names.visible(" ".join(value))
    if isinstance(value, str):
        return names.visible(value)
    if name.endswith("_bytes"):
        return number_of_bytes(value)
    if name.endswith("_seconds"):
        return _duration(value)
    return str(value)


def number_of_bytes(size: float) -> str:
    """Return a size for people."""
    units = iter(_UNITS)
    unit = next(units)
    while size >= 1024 and unit != _UNITS[-1]:
        size, unit = size / 1024, next(units)
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"


def _duration(seconds: float) -> str:
    whole = int(seconds)
    days, rest = divmod(whole, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.3g} s"
