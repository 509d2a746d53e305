"""
The rooms and sessions of this node.

An entry that has its place in a room's order goes down to the ledger by `Hub.post`, and comes back
up by `Hub.appended`; only what came back is shown. Names are claimed at once, and told to the rooms
in their place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from twisted.logger import Logger
from zope.interface import implementer

from groupchat.core.access import AccessPolicy
from groupchat.core.cursor import Cursor, Origin
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
from groupchat.core.moderation import Moderation
from groupchat.core.registry import Registry
from groupchat.core.room import Room
from groupchat.core.throttledlog import ThrottledLog
from groupchat.interfaces import IAccounts, ILedger, ILedgerOwner, IOutbound
from groupchat.settings import Settings
from groupchat.wire import errors, events, names
from groupchat.wire.events import Message, Ok, RoomEntry, Topic
from groupchat.wire.interfaces import IWire
from groupchat.wire.timestamps import stamp


class Session(Protocol):
    """The part of a `groupchat.core.session.Session` that the hub uses."""

    name: str
    client: bytes
    rooms: dict[str, Cursor]
    peer: IOutbound
    wire: IWire

    @property
    def operator(self) -> bool:
        """Whether the member is an operator."""

    def refusal(
        self,
        error: errors.Refused,
        n: int | None = None,
        room: str | None = None,
        ref: str | None = None,
    ) -> bytes:
        """Return the line of an error."""

    def send(self, event: events.Event) -> None:
        """Tell the client an event."""

    def replaced(self, taken_over: frozenset[str]) -> dict[str, Cursor]:
        """End, since another connection takes its place."""

    def on_reply(self) -> None:
        """A room that it joins has taken it in."""

    def on_committed(self, text: str) -> None:
        """A message of its own has come back from the ledger."""

    def on_answered(self) -> None:
        """Answers have been written to it."""

    def on_quit(self) -> None:
        """All that it said before it quit has been committed."""

    def end(self, bye: events.Bye) -> None:
        """Send the last line."""


@implementer(ILedgerOwner)
class Hub:
    """
    :param settings: what the administrator has chosen.
    :param ledger: an `ILedger`; `open` it with this hub as its owner.
    :param accounts: an `IAccounts`.
    :param clock: provides `seconds` and `callLater`.
    :param now: the time in milliseconds since 1970.
    :param broken: called with a reason when nothing may be answered any more.
    """

    log = Logger()

    def __init__(
        self,
        settings: Settings,
        ledger: ILedger,
        accounts: IAccounts,
        clock: Any,
        now: Callable[[], int],
        broken: Callable[[str], None],
    ) -> None:
        self.settings = settings
        self.max = settings.max
        self.ledger = ledger
        self.accounts = accounts
        self.seconds: Callable[[], float] = clock.seconds
        self.now = now
        self.failed = broken
        self.access = AccessPolicy(accounts, settings, clock.seconds, now)
        self.moderation = Moderation(self)
        self.rooms: dict[str, Room] = {}
        self.registry: Registry[Session] = Registry(settings.names)
        self.sessions = self.registry.members
        self.stopping = False
        self.throttled_log = ThrottledLog(settings.log_rate, clock, self.log)
        self.call_later = clock.callLater
        self._touched: dict[Room, None] = {}
        self._answered: dict[Session, None] = {}
        self._joining: list[Session] = []
        self._quitting_sessions: list[Session] = []

    def post(self, entry: Entry) -> None:
        """Give an entry its place in its room's order."""
        if not self.stopping:
            self.ledger.post(entry)

    def stop(self) -> None:
        """End all sessions, and take nothing more."""
        self.stopping = True
        for session in list(self.sessions):
            session.end(errors.STOPPING)

    # Members.

    def session_named(self, name: str) -> Session | None:
        """Return the session of the member with this name."""
        return self.registry.member_named(name)

    def recipient(self, name: str) -> Session:
        """
        Return the session of a member that can be told something.

        :raises NoSuchName: nobody has this name.
        :raises Unavailable: the member is behind in reading.
        """
        session = self.session_named(name)
        if session is None:
            raise errors.NoSuchName(f'Nobody here is called "{names.printable(name)}".')
        if session.peer.full:
            raise errors.Unavailable(f"{session.name} can't read just now. Try again later.")
        return session

    def enter(self, session: Session, name: str, owner: bool) -> list[Session]:
        """
        Make a session a member under a name.

        :param owner: whether the name is the session's own.
        :returns: the sessions that it replaces: that of the same client, and the one that has its
            owner's name.
        :raises NameTaken: another member has the name, or one that could be read as it.
        :raises Disconnect: the server is full.
        """
        registry = self.registry
        client = registry.of_client(session.client)
        if not owner:
            registry.check_free(name, client)
        replaced = list(
            dict.fromkeys([client, *registry.holders(name)] if client else registry.holders(name))
        )
        # One more than `max` may join where that is an operator.
        if not replaced and len(self.sessions) >= self.max + session.operator:
            raise errors.Disconnect(errors.full(len(self.sessions), self.max))
        for old in replaced:
            self.remove(old)
        registry.add(session, name)
        self._note("{name} joined from {address} ({count} of {max})", session, name)
        return replaced

    def rename(self, session: Session, name: str) -> None:
        """
        Give a session another name, from this moment on.

        :raises NameTaken: another member has the name, or one that could be read as it.
        """
        self.registry.check_free(name, session)
        self.registry.rename(session, name)

    def remove(self, session: Session) -> None:
        """Take a session out: its name and place are free."""
        self.registry.remove(session)
        self._note("{name} left, from {address} ({count} of {max})", session, session.name)

    def note_refusal(self, session: Session, name: str, code: str) -> None:
        """Log that a session was not let in."""
        form = "{name} from {address} was refused: {why} ({count} of {max})"
        self._note(form, session, name, why=code)

    def _note(self, form: str, session: Session, name: str, **more: str) -> None:
        shown = names.printable(name)
        self.throttled_log.info(
            session.peer.address, form, name=shown, count=len(self.sessions), max=self.max, **more
        )

    def list_rooms(self, kept: dict[str, str]) -> list[RoomEntry]:
        """
        Return all rooms by name: those with members, and those in which messages are stored.

        :param kept: the topics of the latter.
        """
        entries = {name: RoomEntry(name, 0, topic) for name, topic in kept.items()}
        for name, room in self.rooms.items():
            entries[name] = RoomEntry(name, len(room.members), room.topic)
        return [entries[name] for name in sorted(entries)]

    # Entries that come back from the ledger.

    def appended(self, batch: list[Entry]) -> None:
        """Show a batch: answers first, then to each room what happened in it, in order."""
        for entry in batch:
            _ON_COMMITTED[type(entry)](self, entry)
        self._show()
        answered, self._answered = self._answered, {}
        for session in answered:
            session.peer.flush()
            session.on_answered()
        joining, self._joining = self._joining, []
        for session in joining:
            session.on_reply()
        quitting, self._quitting_sessions = self._quitting_sessions, []
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
        session: Session | None = entry.session
        if session is None:
            return
        self._answered[session] = None
        if entry.refusal is None:
            session.peer.buffer(session.wire.encode(ok, session.name))
        else:
            session.peer.buffer(session.refusal(entry.refusal, ok.n, entry.room, entry.ref))

    def _message_committed(self, entry: MessageEntry) -> None:
        room = self._touch(entry.room)
        session: Session = entry.session
        if room is not None:
            room.announce(entry.sender)
        session.on_committed(entry.text)
        self._answer(entry, Ok(entry.n, entry.room, entry.id, entry.ref))
        if not entry.fresh or entry.id is None:
            return
        cursor = session.rooms.get(entry.room)
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
        if room is not None:
            self._show()
            entry.session.send(Topic(entry.room, room.topic, room.topic_by, entry.ref))

    def _joined(self, entry: JoinEntry) -> None:
        room = self._touch(entry.room)
        if room is None:
            room = self.rooms[entry.room] = Room(
                entry.room, entry.head, self.ledger, self.call_later
            )
            room.topic, room.topic_by = entry.topic, entry.topic_by
            self._touched[room] = None
        room.first = entry.first
        cursor: Cursor = entry.cursor
        cursor.last_n = entry.last_n
        cursor.since = self.now()
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
        self._joining.append(entry.session)

    def _left_room(self, entry: LeaveEntry) -> None:
        room = self._touch(entry.room)
        if room is not None:
            room.publish_messages()  # a member that leaves still sees what it said before
            room.leave(entry.cursor)
        self._answer(entry, Ok(room=entry.room, ref=entry.ref))

    def _renamed(self, entry: RenameEntry) -> None:
        session: Session = entry.session
        for name, cursor in session.rooms.items():
            room = self._touch(name)
            if room is not None:
                room.rename(cursor, entry.name)
        self._answer(entry, Ok(ref=entry.ref))

    def _direct_message(self, entry: DirectMessageEntry) -> None:
        self._show()  # what was said before is read before
        try:
            other = self.recipient(entry.to)
        except errors.Refused as refused:
            entry.refusal = refused
        else:
            other.send(events.Tell(entry.sender, other.name, entry.text, stamp(entry.at)))
        self._answer(entry, Ok(ref=entry.ref))

    def _quit(self, entry: QuitEntry) -> None:
        self._quitting_sessions.append(entry.session)


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
