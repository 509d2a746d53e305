"""
The rooms and sessions of this node.

An entry that has its place in a room's order goes down to the ledger by `Hub.post`, and comes back
up by `Hub.appended`; only what came back is shown. The hub also builds the parts that sessions
share.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from twisted.logger import Logger
from zope.interface import implementer

from groupchat.core import actions
from groupchat.core.access import AccessPolicy
from groupchat.core.cursor import Origin
from groupchat.core.entries import (
    DirectMessageEntry,
    Entry,
    JoinEntry,
    LeaveEntry,
    MessageEntry,
    QuitEntry,
    RenameEntry,
    TopicEntry,
    TopicQuery,
)
from groupchat.core.members import Members
from groupchat.core.moderation import Moderation
from groupchat.core.naming import Naming
from groupchat.core.queries import Queries
from groupchat.core.room import Room
from groupchat.core.speaking import Speaking
from groupchat.core.throttledlog import ThrottledLog
from groupchat.interfaces import IAccounts, ILedger, ILedgerOwner
from groupchat.settings import Settings
from groupchat.wire import errors, events
from groupchat.wire.events import Message, Ok, Topic
from groupchat.wire.timestamps import stamp

if TYPE_CHECKING:
    from twisted.internet.interfaces import IReactorTime

    from groupchat.core.session import Session

__all__ = ["Hub"]


@implementer(ILedgerOwner)
class Hub:
    """
    :param ledger: an `ILedger`; `open` it with this hub as its owner.
    :param clock: provides `seconds` and `callLater`.
    :param now: the time in milliseconds since 1970.
    :param broken: called with a reason when nothing may be answered any more.

    :ivar rooms: all rooms, by name.
    :ivar members: the sessions that have logged in.
    :ivar access: decides who may.
    :ivar actions: the effect of each command.
    :ivar throttled_log: for lines about addresses.
    :ivar stopping: whether nothing more is posted.
    """

    log = Logger()

    def __init__(
        self,
        settings: Settings,
        ledger: ILedger,
        accounts: IAccounts,
        clock: IReactorTime,
        now: Callable[[], int],
        broken: Callable[[str], None],
    ) -> None:
        self.settings = settings
        self.ledger = ledger
        self.accounts = accounts
        self.seconds: Callable[[], float] = clock.seconds
        self.failed = broken
        self.stopping = False
        self.throttled_log = ThrottledLog(settings.log_rate, clock, self.log)
        self.access = AccessPolicy(accounts, settings, clock.seconds, now)
        self.members = Members(settings, self.throttled_log, clock.seconds)
        self.rooms: dict[str, Room] = {}
        self.actions = actions.table(
            Speaking(self.access, self.members, self.post, now),
            Queries(self.rooms, ledger, settings, clock.callLater),
            Naming(settings, self.access, self.members, accounts, self.post, now),
            Moderation(self.members, accounts, settings.names, now),
        )
        self._now = now
        self._call_later = clock.callLater
        self._touched: dict[Room, None] = {}
        self._answered: dict[Session, None] = {}
        self._joining: list[Session] = []
        self._quitting: list[Session] = []

    def post(self, entry: Entry) -> None:
        """Give an entry its place in its room's order."""
        if not self.stopping:
            self.ledger.post(entry)

    def stop(self) -> None:
        """End all sessions, and take nothing more."""
        self.stopping = True
        for session in list(self.members.sessions):
            session.end(errors.STOPPING)

    # Entries that come back from the ledger.

    def appended(self, batch: list[Entry]) -> None:
        """Show a batch: answers first, then to each room what happened in it, in order."""
        for entry in batch:
            _ON_COMMITTED[type(entry)](self, entry)
        self._show()
        answered, self._answered = self._answered, {}
        for session in answered:
            session.peer.flush()
            session.flow.caught_up()
        joining, self._joining = self._joining, []
        for session in joining:
            session.flow.replied()
        quitting, self._quitting = self._quitting, []
        for session in quitting:
            session.on_quit()

    def _show(self) -> None:
        touched, self._touched = self._touched, {}
        for room in touched:
            room.publish()
            if room.empty:
                self._drop(room)

    def _touch(self, name: str) -> Room | None:
        room = self.rooms.get(name)
        if room is not None:
            self._touched[room] = None
        return room

    def _drop(self, room: Room) -> None:
        """
        Drop a room without members. Where the ledger has none of its messages, its topic goes, too.
        """
        if self.rooms.get(room.name) is room:
            del self.rooms[room.name]
            if room.topic and room.head < room.first:
                self.post(TopicEntry(room.name, "", ""))

    def _answer(self, entry: Entry, ok: Ok) -> None:
        """Answer an entry, together with what its room is told."""
        session = entry.session
        if session is None:
            return
        self._answered[session] = None
        if entry.refusal is None:
            session.peer.buffer(session.wire.encode(ok, session.name))
        else:
            session.peer.buffer(session.refusal(entry.refusal, ok.n, entry.room, entry.ref))

    def _message_committed(self, entry: MessageEntry) -> None:
        room = self._touch(entry.room)
        session = entry.session
        if room is not None:
            room.announce(entry.sender)
        if session is not None:
            session.flow.committed(entry.text)
        self._answer(entry, Ok(entry.n, entry.room, entry.id, entry.ref))
        if not entry.fresh or entry.id is None:
            return
        cursor = session.rooms.cursors.get(entry.room) if session is not None else None
        if cursor is not None:
            cursor.last_n = entry.n or cursor.last_n
            if cursor.unechoed is not None:
                cursor.unechoed.add(entry.id)
        if room is not None:
            room.append(
                Message(entry.room, entry.id, stamp(entry.at), entry.sender, entry.text, entry.act)
            )

    def _topic_committed(self, entry: TopicEntry) -> None:
        room = self._touch(entry.room)
        self._answer(entry, Ok(room=entry.room, ref=entry.ref))
        if room is not None and entry.refusal is None:
            room.topic, room.topic_by = entry.text, entry.sender
            room.append(Topic(entry.room, entry.text, entry.sender))

    def _topic_query(self, entry: TopicQuery) -> None:
        room = self.rooms.get(entry.room)
        if room is not None and entry.session is not None:
            self._show()
            entry.session.send(Topic(entry.room, room.topic, room.topic_by, entry.ref))

    def _joined(self, entry: JoinEntry) -> None:
        room = self._touch(entry.room)
        if room is None:
            room = self.rooms[entry.room] = Room(
                entry.room, entry.head, self.ledger, self._call_later
            )
            room.topic, room.topic_by = entry.topic, entry.topic_by
            self._touched[room] = None
        room.first = entry.first
        cursor = entry.cursor
        assert cursor is not None  # only ledgers are tested without
        cursor.last_n = entry.last_n
        cursor.since = self._now()
        if not entry.known:
            cursor.origin = Origin.RESET
        else:
            cursor.origin = Origin.NEW if entry.after is None else Origin.RESUMING
        if entry.after is None or not entry.known:
            cursor.after = max(entry.first - 1, entry.head - self.settings.replay)
        else:
            cursor.after = entry.after
        if entry.instead is None or not room.replace(entry.instead, cursor):
            room.join(cursor)
        self._joining.append(cursor.session)

    def _left_room(self, entry: LeaveEntry) -> None:
        room = self._touch(entry.room)
        if room is not None:
            room.publish_messages()  # a member that leaves still sees what it said before
            room.leave(entry.cursor)
        self._answer(entry, Ok(room=entry.room, ref=entry.ref))

    def _renamed(self, entry: RenameEntry) -> None:
        for session in {entry.session: None, **entry.session.member.sessions}:
            for name, cursor in session.rooms.cursors.items():
                room = self._touch(name)
                if room is not None:
                    room.rename(cursor, entry.name)
        self._answer(entry, Ok(ref=entry.ref))

    def _direct_message(self, entry: DirectMessageEntry) -> None:
        self._show()  # what was said before is read before
        try:
            others = self.members.recipients(entry.to)
        except errors.Refused as refused:
            entry.refusal = refused
        else:
            for other in others:
                other.send(events.Tell(entry.sender, other.name, entry.text, stamp(entry.at)))
        self._answer(entry, Ok(ref=entry.ref))

    def _quit(self, entry: QuitEntry) -> None:
        if entry.session is not None:
            self._quitting.append(entry.session)


#: Any: each takes the entries of its own type.
_ON_COMMITTED: dict[type[Entry], Callable[[Hub, Any], None]] = {
    MessageEntry: Hub._message_committed,
    TopicEntry: Hub._topic_committed,
    TopicQuery: Hub._topic_query,
    JoinEntry: Hub._joined,
    LeaveEntry: Hub._left_room,
    RenameEntry: Hub._renamed,
    DirectMessageEntry: Hub._direct_message,
    QuitEntry: Hub._quit,
}
