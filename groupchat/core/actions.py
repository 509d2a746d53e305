"""
The actions behind the commands of clients: a function for each, and the closed table of them.

An action that has its place in a room's order posts an entry to the hub; the others are answered at
once, or when the ledger or the accounts have answered.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from groupchat.core.entries import (
    DirectMessageEntry,
    LeaveEntry,
    MessageEntry,
    RenameEntry,
    TopicEntry,
    TopicQuery,
)
from groupchat.core.permissions import AuditEntry
from groupchat.wire import commands, errors, events, names
from groupchat.wire.commands import Command, Position
from groupchat.wire.timestamps import stamp

if TYPE_CHECKING:
    from groupchat.core.session import Session

__all__ = ["ACTIONS", "BEFORE_LOGIN"]

SMALL_PAGE = 100  #: messages of history after which the next line need not wait
BIG_PAGE_COOLDOWN = 0.05  #: seconds that the next line waits after more
ROWS_PER_ANSWER = 1000  #: rows in an answer to who and rooms


# Coming and going.


def hello(session: Session, command: commands.Hello) -> None:
    session.hello(command)


def quit(session: Session, command: commands.Quit) -> None:
    session.end_of_input()


def join(session: Session, command: commands.Join) -> None:
    room = _new_room(session, command.room)
    session.check_rooms([*session.rooms, room])
    session.enter(room, Position(command.epoch, command.after), command.ref)


def move(session: Session, command: commands.MoveTo) -> None:
    room = _new_room(session, command.room)
    session.check_rooms([room])
    session.depart(session.current_room, session.rooms.pop(session.current_room))
    session.enter(room, Position())


def _new_room(session: Session, name: str) -> str:
    """
    Return the name of a room to enter, as the server writes it.

    :raises AlreadyIn: the member is in it.
    """
    room = session.hub.settings.names.room(name)
    if room in session.rooms:
        raise errors.AlreadyIn(f"You are in {room} already.")
    return room


def leave(session: Session, command: commands.Leave) -> None:
    room = session.room(command.room)
    session.hub.post(LeaveEntry(room, session.rooms.pop(room), session, command.ref))


# Speaking.


def say(session: Session, command: commands.Say) -> None:
    hub = session.hub
    refusal: errors.Refused | None = None
    try:
        room = session.room(command.room)
        text = names.message_text(command.text)
        hub.access.check_may_speak(session.name, session.client)
    except errors.Refused as refused:
        if command.n is None:
            raise
        refusal = refused  # but the ledger may know this n, and then it was stored
        text, room = names.visible(command.text), names.key(command.room)
    entry = MessageEntry(
        room,
        session.name,
        text,
        hub.now(),
        act=command.act,
        client=session.client,
        n=command.n,
        session=session,
        ref=command.ref,
    )
    entry.refusal = refusal
    hub.post(entry)
    session.flow.posted(text)


def tell(session: Session, command: commands.Tell) -> None:
    hub = session.hub
    text = names.message_text(command.text)
    hub.access.check_may_speak(session.name, session.client)
    to = hub.recipient(command.to).name
    hub.post(DirectMessageEntry(session.name, to, text, hub.now(), session, command.ref))


def topic(session: Session, command: commands.SetTopic) -> None:
    room = session.room(command.room)
    if command.text is None:
        session.hub.post(TopicQuery(room, session, command.ref))
    else:
        session.hub.access.check_may_speak(session.name, session.client)
        text = names.topic_text(command.text)
        session.hub.post(TopicEntry(room, session.name, text, session, command.ref))


# Asking.


def history(session: Session, command: commands.AskHistory) -> None:
    hub = session.hub
    room = session.room(command.room)
    newest = hub.rooms[room].head + 1
    before = newest if command.before is None else min(command.before, newest)

    def answer(found: tuple[list[events.Message], bool]) -> None:
        messages, more = found
        session.send(events.History(room, messages, more, command.ref))
        if len(messages) > SMALL_PAGE:  # a member that reads history yields to those that talk
            session.flow.expect_reply()
            hub.call_later(BIG_PAGE_COOLDOWN, session.on_reply)

    session.await_reply(hub.ledger.history(room, before, command.limit), answer, command)


def rooms(session: Session, command: commands.AskRooms) -> None:
    def answer(topics: dict[str, str]) -> None:
        entries = session.hub.list_rooms(topics)
        after = names.key(command.after) if command.after is not None else ""
        page = [entry for entry in entries if entry.room > after][:ROWS_PER_ANSWER]
        session.send(events.Rooms(page, len(entries), command.ref))

    session.await_reply(session.hub.ledger.rooms(), answer, command)


def who(session: Session, command: commands.AskWho) -> None:
    room = session.room(command.room)
    members = session.hub.rooms[room].by_name()
    seen_by = session.hub.settings.show_addresses
    shown = seen_by == "everyone" or (seen_by == "operators" and session.operator)
    page = members
    if command.after:
        after = names.key(command.after)
        page = [cursor for cursor in members if names.key(cursor.name) > after]
    rows = [
        events.Member(
            cursor.name, stamp(cursor.since), cursor.session.peer.address if shown else None
        )
        for cursor in page[:ROWS_PER_ANSWER]
    ]
    session.send(events.Who(room, rows, len(members), command.ref))


def help(session: Session, command: commands.Help) -> None:
    session.send(events.Help(session.operator, command.word))


def ping(session: Session, command: commands.Ping) -> None:
    session.send(events.Pong(command.ref))


def pong(session: Session, command: commands.Pong) -> None:
    """Do nothing: that the line came says that the client is there."""


# Names.


def rename(session: Session, command: commands.Rename) -> None:
    hub = session.hub
    name = hub.settings.names.person(command.name)
    hub.access.check_may_speak(session.name, session.client)
    hub.access.check_rename(name, session.client, session.account)
    session.take_rename()
    hub.rename(session, name)
    session.name = name
    hub.post(RenameEntry(name, session, command.ref))


def register(session: Session, command: commands.Register) -> None:
    hub = session.hub
    hub.access.check_length(command.password)
    account = hub.access.check_registration(session.name, session.account)
    session.take_rename()
    if session.has_client_id:
        account = account.with_client(session.client)
    audit = AuditEntry(hub.now(), session.name, "register", session.name)

    def registered(_: None) -> None:
        session.account = account.key
        text = f"The name {account.name} is yours: from now on it needs your password."
        session.send(events.Done(text, command.ref))

    session.await_reply(
        hub.accounts.register(account, command.password, audit), registered, command
    )


# Moderation.


def moderate(session: Session, command: commands.OperatorCommand) -> None:
    _check_operator(session)
    session.await_reply(
        session.hub.moderation.do(session, command),
        lambda text: session.send(events.Moderated(text, command.ref)),
        command,
    )


def show_moderation(session: Session, command: commands.OperatorQuery) -> None:
    _check_operator(session)
    session.send(session.hub.moderation.answer(command))


def _check_operator(session: Session) -> None:
    if not session.operator:
        raise errors.NotAllowed("Only an operator may do that.")


#: commands of a client that has not joined
BEFORE_LOGIN = frozenset({commands.Hello, commands.Quit})

ACTIONS: dict[type[Command], Callable[[Session, Any], None]] = {
    commands.Hello: hello,
    commands.Quit: quit,
    commands.Join: join,
    commands.MoveTo: move,
    commands.Leave: leave,
    commands.Say: say,
    commands.Tell: tell,
    commands.SetTopic: topic,
    commands.AskHistory: history,
    commands.AskRooms: rooms,
    commands.AskWho: who,
    commands.Help: help,
    commands.Ping: ping,
    commands.Pong: pong,
    commands.Rename: rename,
    commands.Register: register,
    commands.Kick: moderate,
    commands.Mute: moderate,
    commands.Unmute: moderate,
    commands.Op: moderate,
    commands.Deop: moderate,
    commands.Ban: moderate,
    commands.Unban: moderate,
    commands.Max: moderate,
    commands.Announce: moderate,
    commands.AskBans: show_moderation,
    commands.AskMutes: show_moderation,
    commands.AskPlaces: show_moderation,
}
