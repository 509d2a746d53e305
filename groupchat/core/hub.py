"""
The rooms and sessions of this node.

What a session wants in a room's order goes down to the ledger by `Hub.post`, and comes back up by
`Hub.appended`; only what came back is shown. Names are claimed here at once, and told in the rooms
in their place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from twisted.logger import Logger
from zope.interface import implementer

from groupchat.core.access import AccessPolicy
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
from groupchat.core.room import Cursor, Room
from groupchat.core.throttledlog import ThrottledLog
from groupchat.interfaces import IAccounts, ILedger, ILedgerOwner
from groupchat.settings import Settings
from groupchat.wire import errors, events, names
from groupchat.wire.events import Message, Ok, RoomEntry, Topic, stamp


class Session(Protocol):
    """What the hub needs of a session (`groupchat.core.session.Session`)."""

    name: str
    client: bytes
    rooms: dict[str, Cursor]
    peer: Any
    wire: Any

    @property
    def operator(self) -> bool:
        """Whether it may rule."""

    def refusal(
        self,
        refused: errors.Refused,
        n: int | None = None,
        room: str | None = None,
        ref: str | None = None,
    ) -> bytes:
        """The line of an error."""

    def send(self, event: events.Event) -> None:
        """Tell it something."""

    def replaced(self, kept: frozenset[str]) -> dict[str, Cursor]:
        """Another connection takes its place."""

    def settled(self) -> None:
        """It has entered a room."""

    def said(self, text: str) -> None:
        """Something that it said is settled."""

    def catch_up(self) -> None:
        """Answers were written to it."""

    def finish(self) -> None:
        """All that it said before it wanted to go is settled."""

    def end(self, bye: events.Bye) -> None:
        """The last word."""


@implementer(ILedgerOwner)
class Hub:
    """
    :param settings: what the one who runs the server has chosen.
    :param ledger: an `ILedger`; `open` it with this hub as its owner.
    :param accounts: an `IAccounts`.
    :param clock: provides `seconds` and `callLater`.
    :param now: the time in milliseconds since 1970.
    :param broken: called with a reason where nothing may be answered any more.
    """

    log = Logger()

    def __init__(
        self, settings: Settings, ledger: ILedger, accounts: IAccounts, clock: Any, now: Callable[[], int],
        broken: Callable[[str], None],
    ) -> None:  # fmt: skip
        self.settings = settings
        self.max = settings.max
        self.ledger = ledger
        self.accounts = accounts
        self.seconds: Callable[[], float] = clock.seconds
        self.now = now
        self.failed = broken
        self.doorkeeper = AccessPolicy(accounts, settings, clock.seconds, now)
        self.operators = Moderation(self)
        self.rooms: dict[str, Room] = {}
        self.sessions: dict[Session, None] = {}
        self.stopping = False
        self.notes = ThrottledLog(settings.log_rate, clock, self.log)
        self.later = clock.callLater
        self._names: dict[str, Session] = {}
        self._readings: dict[str, Session] = {}
        self._clients: dict[bytes, Session] = {}
        self._touched: dict[Room, None] = {}
        self._answered: dict[Session, None] = {}
        self._settled: list[Session] = []
        self._finishing: list[Session] = []

    def post(self, draft: Entry) -> None:
        """Give a draft its place in its room's order."""
        if not self.stopping:
            self.ledger.post(draft)

    def stop(self) -> None:
        """Say good-bye to all; nothing is taken from now on."""
        self.stopping = True
        for session in list(self.sessions):
            session.end(errors.STOPPING)

    # Names and places.

    def named(self, name: str) -> Session | None:
        """Who bears this name now."""
        return self._names.get(names.key(name))

    def reader(self, name: str) -> Session:
        """
        Who bears this name now, and can be told something.

        :raises NoSuchName: nobody does.
        :raises Unavailable: it is behind in reading.
        """
        session = self.named(name)
        if session is None:
            raise errors.NoSuchName(f'Nobody here is called "{names.printable(name)}".')
        if session.peer.full:
            raise errors.Unavailable(f"{session.name} can't read just now. Try again later.")
        return session

    def enter(self, session: Session, name: str, owner: bool) -> list[Session]:
        """
        Take someone in under a name. Returns the sessions that it replaces: of the same client, and
        the one that bears the name of its owner.

        :param owner: whether the name is its own.
        :raises NameTaken: somebody else bears it, or one that could be read as it.
        :raises Disconnect: there is no place left.
        """
        client = self._clients.get(session.client)
        if not owner:
            self._check_free(name, client)
        olds = list(dict.fromkeys(one for one in (client, *self._bearers(name)) if one))
        if (
            not olds and len(self.sessions) >= self.max + session.operator
        ):  # one place more is kept for an operator
            raise errors.Disconnect(errors.full(len(self.sessions), self.max))
        for old in olds:
            self.forget(old)
        self.sessions[session] = None
        self._claim(session, name)
        self._clients[session.client] = session
        self._note("{name} came in from {address} ({count} of {max})", session, name)
        return olds

    def rename(self, session: Session, name: str) -> None:
        """
        Give a session another name, from this moment on.

        :raises NameTaken: somebody else bears it, or one that could be read as it.
        """
        self._check_free(name, session)
        self._release(session)
        self._claim(session, name)

    def _bearers(self, name: str) -> Iterator[Session | None]:
        """Who bears this name, or one that could be read as it."""
        yield self.named(name)
        yield from (self._readings.get(reading) for reading in self.settings.names.readings(name))

    def _check_free(self, name: str, owner: Session | None) -> None:
        if self.named(name) not in (None, owner):
            raise errors.NameTaken(f'The name "{name}" is taken. Choose another.')
        if any(bearer not in (None, owner) for bearer in self._bearers(name)):
            raise errors.NameTaken(
                f'The name "{name}" looks like one that is taken. Choose another.'
            )

    def _claim(self, session: Session, name: str) -> None:
        self._names[names.key(name)] = session
        self._readings |= dict.fromkeys(self.settings.names.readings(name), session)

    def _release(self, session: Session) -> None:
        del self._names[names.key(session.name)]
        for reading in self.settings.names.readings(session.name):
            del self._readings[reading]

    def forget(self, session: Session) -> None:
        """Someone is no longer in: its name and place are free."""
        del self.sessions[session]
        self._release(session)
        del self._clients[session.client]
        self._note("{name} left, from {address} ({count} of {max})", session, session.name)

    def refused(self, session: Session, name: str, why: str) -> None:
        """Note that someone was not let in."""
        self._note(
            "{name} from {address} was refused: {why} ({count} of {max})", session, name, why=why
        )

    def _note(self, form: str, session: Session, name: str, **more: str) -> None:
        shown = names.printable(name)
        self.notes.note(
            session.peer.address, form, name=shown, count=len(self.sessions), max=self.max, **more
        )

    def list_rooms(self, kept: dict[str, str]) -> list[RoomEntry]:
        """All rooms by name: those with members, and those in which messages are kept."""
        entries = {name: RoomEntry(name, 0, topic) for name, topic in kept.items()}
        for name, room in self.rooms.items():
            entries[name] = RoomEntry(name, len(room.members), room.topic)
        return [entries[name] for name in sorted(entries)]

    # What comes back from the ledger.

    def appended(self, batch: list[Entry]) -> None:
        """Show a batch: answers first, then to each room what happened in it, in order."""
        for draft in batch:
            _ON_COMMITTED[type(draft)](self, draft)
        self._show()
        answered, self._answered = self._answered, {}
        for session in answered:
            session.peer.flush()
            session.catch_up()
        settled, self._settled = self._settled, []
        for session in settled:
            session.settled()
        finishing, self._finishing = self._finishing, []
        for session in finishing:
            session.finish()

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
        A room without members is no longer here; where nothing is kept of it either, it is no more
        at all.
        """
        if self.rooms.get(room.name) is room:
            del self.rooms[room.name]
            if room.topic and room.head < room.first:
                self.post(TopicEntry(room.name, "", ""))

    def _answer(self, draft: Entry, ok: Ok) -> None:
        """The answer to a draft, to go out with what its room is told."""
        session: Session | None = draft.session
        if session is None:
            return
        self._answered[session] = None
        if draft.refusal is None:
            session.peer.hold(session.wire.encode(ok, session.name))
        else:
            session.peer.hold(session.refusal(draft.refusal, ok.n, draft.room, draft.ref))

    def _said(self, draft: MessageEntry) -> None:
        room = self._touch(draft.room)
        session: Session = draft.session
        if room is not None:
            room.admit(draft.sender)
        session.said(draft.text)
        self._answer(draft, Ok(draft.n, draft.room, draft.id, draft.ref))
        if not draft.fresh or draft.id is None:
            return
        cursor = session.rooms.get(draft.room)
        if cursor is not None:
            cursor.said = draft.n or cursor.said
            if cursor.own is not None:
                cursor.own.add(draft.id)
        if room is not None:
            room.append(
                Message(draft.room, draft.id, stamp(draft.at), draft.sender, draft.text, draft.act)
            )

    def _topic_set(self, draft: TopicEntry) -> None:
        room = self._touch(draft.room)
        self._answer(draft, Ok(room=draft.room, ref=draft.ref))
        if room is not None and draft.refusal is None:
            room.topic, room.topic_by = draft.text, draft.sender
            room.append(Topic(draft.room, draft.text, draft.sender))

    def _topic_asked(self, draft: TopicQuery) -> None:
        room = self.rooms.get(draft.room)
        if room is not None:
            self._show()
            draft.session.send(Topic(draft.room, room.topic, room.topic_by, draft.ref))

    def _entered(self, draft: JoinEntry) -> None:
        room = self._touch(draft.room)
        if room is None:
            room = self.rooms[draft.room] = Room(draft.room, draft.head, self.ledger, self.later)
            room.topic, room.topic_by = draft.topic, draft.topic_by
            self._touched[room] = None
        room.first = draft.first
        cursor: Cursor = draft.cursor
        cursor.said = draft.said
        cursor.since = self.now()
        cursor.reset = not draft.known
        cursor.knows = draft.after is not None
        if draft.after is None or not draft.known:
            cursor.after = max(draft.first - 1, draft.head - self.settings.replay)
        else:
            cursor.after = draft.after
        if draft.instead is None or not room.replace(draft.instead, cursor):
            room.join(cursor)
        self._settled.append(draft.session)

    def _left(self, draft: LeaveEntry) -> None:
        room = self._touch(draft.room)
        if room is not None:
            room.tell_said()  # who leaves still sees what it said before
            room.leave(draft.cursor)
        self._answer(draft, Ok(room=draft.room, ref=draft.ref))

    def _renamed(self, draft: RenameEntry) -> None:
        session: Session = draft.session
        for name, cursor in session.rooms.items():
            room = self._touch(name)
            if room is not None:
                room.rename(cursor, draft.name)
        self._answer(draft, Ok(ref=draft.ref))

    def _told(self, draft: DirectMessageEntry) -> None:
        self._show()  # what was said before it is read before it
        try:
            other = self.reader(draft.to)
        except errors.Refused as refused:
            draft.refusal = refused
        else:
            other.send(events.Tell(draft.sender, other.name, draft.text, stamp(draft.at)))
        self._answer(draft, Ok(ref=draft.ref))

    def _quitting(self, draft: QuitEntry) -> None:
        self._finishing.append(draft.session)


_ON_COMMITTED: dict[type[Entry], Callable[[Hub, Any], None]] = {
    MessageEntry: Hub._said,
    TopicEntry: Hub._topic_set,
    TopicQuery: Hub._topic_asked,
    JoinEntry: Hub._entered,
    LeaveEntry: Hub._left,
    RenameEntry: Hub._renamed,
    DirectMessageEntry: Hub._told,
    QuitEntry: Hub._quitting,
}
