"""Renders events as the lines that people read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from groupchat.wire import events
from groupchat.wire.events import Event
from groupchat.wire.names import visible
from groupchat.wire.plain import answers
from groupchat.wire.plain.words import USAGE

__all__ = ["encode", "encode_all", "lines"]

_FEW_NAMES = 10


def encode(event: Event, me: str = "", past: bool = False) -> bytes:
    """
    Return the lines of an event; b"" where a person need not be told.

    :param me: the name of the reader.
    :param past: whether a message is history, and so shows its time.
    """
    if type(event) is events.Message and not past and event.text and event.replaces is None:
        return (  # on the path of every message: as few calls as possible
            f"* {event.sender} {event.text}\n".encode()
            if event.act
            else f"{event.sender}: {event.text}\n".encode()
        )
    if type(event) is events.Ok and not event.text:
        return b""  # as after each message
    return "".join(f"{line}\n" for line in lines(event, me, past)).encode()


def echo(own: events.Message, ref: str | None) -> bytes:
    """Nothing: who types a line sees it there already."""
    return b""


def encode_all(told: list[Event]) -> bytes:
    """Return the lines of events that came at once."""
    return b"".join([encode(event) for event in told])


def lines(event: Event, me: str = "", past: bool = False) -> Iterable[str]:
    """
    Return the same lines as texts, without their line ends. They contain no controls, whatever the
    event contains.
    """
    if isinstance(event, events.Message):
        return (visible(_past(event) if past else _said(event)),)
    if isinstance(event, events.RoomState):
        return map(visible, _room(event, me))
    render = _RENDERERS.get(type(event))
    return map(visible, render(event)) if render else ()


def _said(event: events.Message) -> str:
    if event.redacted:
        return f"-- {event.sender}'s message was removed."
    if event.redacts is not None:
        return f"-- {event.sender} removed a message."
    if event.replaces is not None:
        act = f"* {event.sender} " if event.act else ""
        return f"-- {event.sender} corrected: {act}{event.text}"
    if event.act:
        return f"* {event.sender} {event.text}"
    return f"{event.sender}: {event.text}"


def _past(event: events.Message) -> str:
    """Return a message of history, with its time as people at this place write it."""
    at = datetime.fromisoformat(event.at.replace("Z", "+00:00")).astimezone()
    return f"[{at:%Y-%m-%d %H:%M}] {_said(event)}"


# Rooms.


def _room(event: events.RoomState, me: str) -> Iterator[str]:
    few = sorted(event.members, key=str.lower)[:_FEW_NAMES]
    more = f", and {event.count - len(few)} more" if event.count > len(few) else ""
    here = f"{event.count} here: {', '.join(few)}{more}."
    yield f"-- Welcome to {event.room}, {me}. {here} /help lists the commands."
    if event.topic:
        yield f"-- The topic is: {event.topic}"


def _gap(event: events.Gap) -> Iterator[str]:
    count = event.before - event.after - 1
    missing = "1 message is" if count == 1 else f"{count} messages are"
    yield f"-- {missing} no longer kept."


def _reset(event: events.Reset) -> Iterator[str]:
    yield f"-- The log of {event.room} is not the one you knew. Its newest messages follow."


def _caught_up(event: events.CaughtUp) -> Iterator[str]:
    yield "-- You are up to date."


def _history(event: events.History) -> Iterator[str]:
    yield from map(_past, event.messages)
    yield "-- You are up to date."


def _found(event: events.Found) -> Iterator[str]:
    yield from map(_past, event.messages)
    count = len(event.messages)
    found = "1 message" if count == 1 else f"{count or 'No'} messages"
    further = f" Look further back with before:{event.before} and the same words."
    yield f"-- {found} found.{further if event.more else ''}"


def _direct(event: events.Direct) -> Iterator[str]:
    unread = [name for name, room in event.rooms.items() if room.head > room.mark]
    if unread:
        few = unread[:_FEW_NAMES]
        more = f" and {len(unread) - len(few)} more" if len(unread) > len(few) else ""
        yield f"-- Unread messages: {', '.join(few)}{more}. /join {few[0]} reads them."


def _presence(event: events.Presence) -> Iterator[str]:
    if event.left:
        yield f"-- {_together(event.left)} left."
    for old, new in event.renamed.items():
        yield f"-- {old} is now {new}."
    if event.joined:
        yield f"-- {_together(event.joined)} joined."


def _together(names: list[str]) -> str:
    if len(names) > 3:
        return f"{', '.join(names[:2])} and {len(names) - 2} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _topic(event: events.Topic) -> Iterator[str]:
    if event.ref is not None:
        yield f"-- The topic is: {event.text}" if event.text else "-- There is no topic."
    elif event.text:
        yield f"-- {event.sender} set the topic: {event.text}"
    else:
        yield f"-- {event.sender} cleared the topic."


# The connection.


def _ask_name(event: events.AskName) -> Iterator[str]:
    yield "What is your name?"


def _ask_password(event: events.AskPassword) -> Iterator[str]:
    yield f"-- The name {event.name} is registered. Its password? (An empty line: another name.)"


def _welcome(event: events.Welcome) -> Iterator[str]:
    return (f"-- {line}" for line in (event.motd or "").splitlines())


def _tell(event: events.Tell) -> Iterator[str]:
    yield f"{event.sender} (to you): {event.text}"


def _notice(event: events.Notice) -> Iterator[str]:
    yield f"-- Notice from {event.sender}: {event.text}"


def _error(event: events.Error) -> Iterator[str]:
    if event.ref in USAGE:
        yield f"! {event.ref}: {event.text[:1].lower()}{event.text[1:]}"
    else:
        yield f"! {event.text}"


def _bye(event: events.Bye) -> Iterator[str]:
    yield f"{'--' if event.code in ('quit', 'stopping') else '!'} {event.text}"


#: Any: a renderer takes the events of its key only, which no type of a table can say.
_RENDERERS: dict[type[Event], Callable[[Any], Iterable[str]]] = {
    events.Gap: _gap,
    events.Reset: _reset,
    events.CaughtUp: _caught_up,
    events.History: _history,
    events.Found: _found,
    events.Direct: _direct,
    events.Presence: _presence,
    events.Topic: _topic,
    events.AskName: _ask_name,
    events.AskPassword: _ask_password,
    events.Welcome: _welcome,
    events.Tell: _tell,
    events.Notice: _notice,
    events.Error: _error,
    events.Bye: _bye,
    events.Ok: answers.ok,
    events.Done: answers.done,
    events.Moderated: answers.done,
    events.Who: answers.who,
    events.Rooms: answers.rooms,
    events.Bans: answers.bans,
    events.Mutes: answers.mutes,
    events.Places: answers.places,
    events.Token: answers.token,
    events.Tokens: answers.tokens,
    events.Help: answers.help_lines,
}
