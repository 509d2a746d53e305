"""
The closed table of actions: the effect of each command of a client.

An action that has its place in a room's order posts an entry; the others are answered at once, or
when the ledger or the accounts have answered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from groupchat.core.marks import Marks
from groupchat.core.moderation import Moderation
from groupchat.core.naming import Naming
from groupchat.core.parting import Parting
from groupchat.core.privacy import Privacy
from groupchat.core.queries import Queries
from groupchat.core.speaking import Speaking
from groupchat.core.telling import Telling
from groupchat.core.tokens import Tokens
from groupchat.core.topics import Topics
from groupchat.wire import commands, events
from groupchat.wire.commands import Command, Position

if TYPE_CHECKING:
    from groupchat.core.session import Session

__all__ = ["BEFORE_LOGIN", "Action", "Actions", "table"]

#: Any: each action takes the commands of its own type.
Action = Callable[["Session", Any], None]
Actions = Mapping[type[Command], Action]

#: commands of a client that has not joined
BEFORE_LOGIN = frozenset({commands.Hello, commands.Quit, commands.QuitWith})


def _hello(session: Session, command: commands.Hello) -> None:
    session.hello(command)


def _quit(session: Session, command: commands.Quit) -> None:
    session.end_of_input()


def _join(session: Session, command: commands.Join) -> None:
    room = session.rooms.to_join(command.room)
    session.rooms.check([*session.rooms.cursors, room])
    session.rooms.join(room, Position(command.epoch, command.after), command.ref)


def _move(session: Session, command: commands.MoveTo) -> None:
    room = session.rooms.to_join(command.room)
    session.rooms.check([room])
    session.rooms.move(room, command.ref)


def _leave(session: Session, command: commands.Leave) -> None:
    session.rooms.leave(session.rooms.resolve(command.room), command.ref)


def _help(session: Session, command: commands.Help) -> None:
    session.send(events.Help(session.operator, command.word))


def _ping(session: Session, command: commands.Ping) -> None:
    session.send(events.Pong(command.ref))


def _pong(session: Session, command: commands.Pong) -> None:
    """Do nothing: that the line came says that the client is there."""


def table(
    speaking: Speaking,
    telling: Telling,
    topics: Topics,
    marks: Marks,
    queries: Queries,
    naming: Naming,
    tokens: Tokens,
    privacy: Privacy,
    moderation: Moderation,
    parting: Parting,
) -> Actions:
    """Return the action of each command."""
    return {
        commands.Hello: _hello,
        commands.Quit: _quit,
        commands.QuitWith: parting.quit,
        commands.Join: _join,
        commands.MoveTo: _move,
        commands.Leave: _leave,
        commands.LeaveWith: parting.leave,
        commands.Say: speaking.say,
        commands.Correction: speaking.correct,
        commands.Edit: speaking.edit,
        commands.Remove: speaking.remove,
        commands.Tell: telling.tell,
        commands.SetTopic: topics.topic,
        commands.Mark: marks.mark,
        commands.AskHistory: queries.history,
        commands.Search: queries.search,
        commands.AskRooms: queries.rooms,
        commands.AskWho: queries.who,
        commands.Help: _help,
        commands.Ping: _ping,
        commands.Pong: _pong,
        commands.Rename: naming.rename,
        commands.Register: naming.register,
        commands.MakeToken: tokens.make,
        commands.AskTokens: tokens.list,
        commands.Revoke: tokens.revoke,
        commands.Private: privacy.private,
        commands.Invite: privacy.invite,
        commands.Uninvite: privacy.invite,
        commands.Close: privacy.close,
        commands.Kick: moderation.moderate,
        commands.Mute: moderation.moderate,
        commands.Unmute: moderation.moderate,
        commands.Op: moderation.moderate,
        commands.Deop: moderation.moderate,
        commands.Ban: moderation.moderate,
        commands.Unban: moderation.moderate,
        commands.Max: moderation.moderate,
        commands.Announce: moderation.moderate,
        commands.AskBans: moderation.answer,
        commands.AskMutes: moderation.answer,
        commands.AskPlaces: moderation.answer,
    }
