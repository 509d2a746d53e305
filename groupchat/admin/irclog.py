"""
Reads the logs of the IRC clients weechat and irssi. Their times are in the time zone of this
machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

from groupchat.admin.said import BadLine, Said, time_in

__all__ = ["IRSSI", "WEECHAT", "irssi", "weechat"]

#: lines that begin a log of weechat, and of irssi
WEECHAT = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\t([^\t]*)\t(.*)")
IRSSI = re.compile(r"--- (?:Log opened|Log closed|Day changed) \w{3} (.*)")

_TIMED = re.compile(r"(\d\d:\d\d(?::\d\d)?) (.*)")
_SPOKEN = re.compile(r"<[ @+%&~!]?([^>]+)> (.*)")
_ACTED = re.compile(r" \* (\S+) (.*)")
_DAY_FORMS = ("%b %d %H:%M:%S %Y", "%b %d %Y")
_MODES = "@+%&~!"


def weechat(lines: Iterable[str]) -> Iterator[Said | None]:
    """
    Yield what each line says; None: nothing, as somebody joins or the line is no other's.

    :raises BadLine: a line has a time that there is not.
    """
    for number, line in enumerate(lines, 1):
        found = WEECHAT.fullmatch(line)
        with time_in(number):
            said = _weechat(*found.groups()) if found else None
        yield said


def _weechat(time: str, prefix: str, text: str) -> Said | None:
    prefix = prefix.strip()
    if prefix == "*":
        nick, _, text = text.partition(" ")
        return Said(_milliseconds(datetime.fromisoformat(time)), nick.lstrip(_MODES), text, True)
    if not prefix or prefix in ("-->", "<--", "--", "=!="):
        return None
    return Said(_milliseconds(datetime.fromisoformat(time)), prefix.lstrip(_MODES), text, False)


def irssi(lines: Iterable[str]) -> Iterator[Said | None]:
    """
    Yield what each line says, like `weechat`.

    :raises BadLine: no line before a message tells the day, or there is no such time.
    """
    day: datetime | None = None
    for number, line in enumerate(lines, 1):
        if found := IRSSI.fullmatch(line):
            day = _day(found[1]) or day
            yield None
        elif (timed := _TIMED.fullmatch(line)) and (said := _irssi(timed[2])):
            if day is None:
                raise BadLine(number, 'no line before it tells the day, like "--- Log opened"')
            hour, minute, *second = map(int, timed[1].split(":"))
            with time_in(number):
                time = day.replace(hour=hour, minute=minute, second=second[0] if second else 0)
                at = _milliseconds(time)
            yield Said(at, *said)
        else:
            yield None


def _day(text: str) -> datetime | None:
    for form in _DAY_FORMS:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            pass
    return None


def _irssi(text: str) -> tuple[str, str, bool] | None:
    if spoken := _SPOKEN.fullmatch(text):
        return spoken[1], spoken[2], False
    if acted := _ACTED.fullmatch(text):
        return acted[1], acted[2], True
    return None


def _milliseconds(time: datetime) -> int:
    return int(time.timestamp() * 1000)
