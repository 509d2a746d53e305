"""Renders the answers to commands: lists, help, and what was done."""

from __future__ import annotations

from collections.abc import Iterator

from groupchat.wire import addresses, events
from groupchat.wire.plain.words import COMMANDS, USAGE, CommandHelp

__all__ = [
    "bans", "done", "help_lines", "mutes", "ok", "places", "rooms", "token", "tokens", "who",
]  # fmt: skip

_NAMES_IN_LINE = 20


def ok(event: events.Ok) -> Iterator[str]:
    if event.text:
        yield f"-- {event.text}"


def done(event: events.Done | events.Moderated) -> Iterator[str]:
    yield f"-- {event.text}"


def who(event: events.Who) -> Iterator[str]:
    people = [f"{one.name} ({one.address})" if one.address else one.name for one in event.members]
    if event.count > len(people):
        people.append(f"and {event.count - len(people)} more")
    head = "Here is 1: " if event.count == 1 else f"Here are {event.count}: "
    for start in range(0, len(people), _NAMES_IN_LINE):
        end = start + _NAMES_IN_LINE
        yield f"-- {head}{', '.join(people[start:end])}{'.' if end >= len(people) else ','}"
        head = ""


def rooms(event: events.Rooms) -> Iterator[str]:
    yield "-- There is 1 room." if event.count == 1 else f"-- There are {event.count} rooms."
    for room in event.rooms:
        yield f"-- {room.room} ({room.count} here){f': {room.topic}' if room.topic else ''}"
    yield from _rest(event.count - len(event.rooms))


def bans(event: events.Bans) -> Iterator[str]:
    return _restrictions("ban", event.bans, event.count)


def mutes(event: events.Mutes) -> Iterator[str]:
    return _restrictions("mute", event.mutes, event.count)


def _restrictions(kind: str, found: list[events.RestrictionEntry], count: int) -> Iterator[str]:
    yield f"-- There is 1 {kind}." if count == 1 else f"-- There are {count} {kind}s."
    for one in found:
        target = one.address or addresses.format_address(one.name or "")
        until = f"until {one.until[:10]} {one.until[11:16]} UTC" if one.until else "for ever"
        yield f"-- {target} {until}, by {one.by}{f': {one.text}' if one.text else ''}"
    yield from _rest(count - len(found))


def _rest(count: int) -> Iterator[str]:
    if count > 0:
        yield f"-- And {count} more."


def places(event: events.Places) -> Iterator[str]:
    yield f"-- {event.count} of {event.max} places are taken."


def token(event: events.Token) -> Iterator[str]:
    yield f"-- The token {event.name} is {event.token}"
    yield f"-- It is shown only now. Scripts act as you with it; /revoke {event.name} ends it."


def tokens(event: events.Tokens) -> Iterator[str]:
    count = len(event.tokens)
    yield f"-- You have {count or 'no'} token{'s' * (count != 1)}."
    for one in event.tokens:
        yield f"-- {one.name}, made {one.made[:10]}"


def help_lines(event: events.Help) -> Iterator[str]:
    if event.word is not None:
        yield from _explained(next(entry for entry in COMMANDS if entry.word == event.word))
        return
    allowed = [entry for entry in COMMANDS if event.operator or not entry.operator]
    width = max(len(USAGE[entry.word]) for entry in allowed)
    for entry in allowed:
        yield f"-- {USAGE[entry.word]:{width}}  {entry.help}"
    yield f"-- {'//TEXT':{width}}  says a line that begins with /"


def _explained(entry: CommandHelp) -> Iterator[str]:
    only = " (operators only)" if entry.operator else ""
    yield f"-- {USAGE[entry.word]}  {entry.help}{only}"
    for more in entry.more:
        yield f"-- {more}"
    if entry.aliases:
        yield f"-- It can be typed as {', '.join(entry.aliases)}, too."
