"""A batch of entries on its way into the ledger on disk: each gets its outcome, and its rows."""

from __future__ import annotations

from typing import NamedTuple

from groupchat.core.entries import (
    CorrectionEntry,
    Entry,
    ImportEntry,
    JoinEntry,
    MarkEntry,
    MessageEntry,
    TopicEntry,
)
from groupchat.core.room_access import OPEN
from groupchat.ledgers import corrections, privacy
from groupchat.ledgers.clients import ClientRow, Clients
from groupchat.ledgers.dedupe import is_next, repeat
from groupchat.ledgers.epochs import Epochs
from groupchat.ledgers.group_commit import EntryProcessor, beyond_head, disk_full
from groupchat.ledgers.identities import Identities
from groupchat.ledgers.imports import Imports
from groupchat.ledgers.kinds import Kind
from groupchat.ledgers.marks import Marks
from groupchat.ledgers.rooms import ROOM_SHIFT, RoomRow, Rooms
from groupchat.ledgers.stamping import Stamper
from groupchat.ledgers.targets import Targets
from groupchat.ledgers.transaction import NULL, Row, Transaction
from groupchat.wire.errors import NotAllowed, OutOfOrder, Refused, not_open

__all__ = ["Batch", "Tables"]

_INSERT = "INSERT INTO messages (key, at, sender, text, act, client, n, previous, received, author)"
_BATCH_BYTES = 4096  #: bytes that a batch takes in the WAL beside its messages, about
_MESSAGE_BYTES = 200  #: bytes that a message takes there beside its text, about


class Tables(NamedTuple):
    """
    The tables that a batch reads and changes.

    :ivar max_messages: the messages that each room keeps, or None.
    """

    transaction: Transaction
    epochs: Epochs
    rooms: Rooms
    clients: Clients
    identities: Identities
    marks: Marks
    targets: Targets
    imports: Imports
    stamper: Stamper
    max_messages: int | None


class Batch(EntryProcessor):
    """
    One batch, in the writer's thread.

    :param storing: whether messages can be stored; if not, new ones are refused since the disk is
        full.

    :ivar size: about how many bytes it takes in the WAL.
    :ivar erases: whether it takes the text of messages, which has to leave the WAL, too.
    """

    def __init__(self, tables: Tables, storing: bool) -> None:
        self._tables = tables
        self._rooms, self._clients = tables.rooms, tables.clients
        self._identities, self._authors = tables.identities, tables.identities.cache
        self._stamper, self._max_messages = tables.stamper, tables.max_messages
        self._storing = storing
        #: in the order of `_INSERT`
        self._messages: list[Row] = []
        self._clock_is_right = self._stamper.clock_is_right
        self._refused: list[Entry] = []
        self.size = _BATCH_BYTES
        self.erases = False

    def write(self, more: bool = False) -> None:
        """
        Hand the new messages to the database.

        :param more: whether more is to be written in this transaction.
        """
        messages, self._messages = self._messages, []
        self._tables.transaction.insert(_INSERT, messages, more)

    def undo(self) -> None:
        """Nothing of it is stored: take back the refusals that depended on what was."""
        for entry in self._refused:
            entry.refusal = None

    def _refuse(self, entry: Entry, why: Refused) -> None:
        entry.refusal = why
        self._refused.append(entry)

    def _message(self, entry: MessageEntry) -> None:
        n, room = entry.n, self._rooms.find(entry.room)
        client = self._clients.find(entry.client, room) if room and n is not None else None
        entry.fresh, entry.id = False, None
        last = client.last if client else 0
        if n is not None and n <= last:
            repeat(entry, self._sent(client, room, n))
            return
        if not is_next(entry, last):
            return
        if not self._storing:
            self._refuse(entry, disk_full())
            return
        if room is None or not room.epoch_started:
            room = self._start(entry.room, room)
        self._append(entry, room, client)

    def _append(self, entry: MessageEntry, room: RoomRow, client: ClientRow | None) -> None:
        id = room.head = room.head + 1
        if self._max_messages:
            room.first = max(room.first, id - self._max_messages + 1)
        received: float | None = NULL
        if self._clock_is_right and entry.at >= room.at:
            room.at = entry.at
        else:
            received = self._stamper.stamp(entry, room)
        number = n = previous = NULL
        at, text, author = entry.at, entry.text, entry.account or entry.client
        if entry.n is not None:
            client = client or self._clients.create(entry.client, room, at)
            number, n, previous = client.no, entry.n, client.id
            client.last, client.id = entry.n, id
        identity = self._authors.get(author)
        if identity is None or at >= identity.stale:
            identity = self._identities.seen(author, at)
        kind = Kind.NOTICE if entry.notice else entry.act
        self._messages.append(
            (room.no << ROOM_SHIFT | id, at, entry.sender, text, kind,
             number, n, previous, received, identity.no)
        )  # fmt: skip
        self.size += len(text) + _MESSAGE_BYTES
        entry.id, entry.fresh = id, True

    def _import(self, entry: ImportEntry) -> None:
        room, imports = self._rooms.find(entry.room), self._tables.imports
        done, chain = imports.find(room, entry.file)
        if entry.number <= done:
            entry.number, entry.chain = done, chain
        elif entry.number > done + 1:  # the one before it was refused
            self._refuse(entry, OutOfOrder(f"Only {done} messages are imported."))
        elif not self._storing:
            self._refuse(entry, disk_full())
        else:
            if room is None or not room.epoch_started:
                room = self._start(entry.room, room)
            self._append_import(entry, room)
            imports.move(room, entry.file, entry.number, entry.chain)

    def _append_import(self, entry: ImportEntry, room: RoomRow) -> None:
        id = room.head = room.head + 1
        if self._max_messages:
            room.first = max(room.first, id - self._max_messages + 1)
        room.at = max(room.at, entry.at)
        received = self._stamper.imported()
        author = self._identities.seen(entry.account, self._stamper.now()).no
        kind = Kind.of(entry.act, entry.notice)
        self._messages.append(
            (room.no << ROOM_SHIFT | id, entry.at, entry.sender, entry.text, kind,
             None, None, None, received, author)
        )  # fmt: skip
        self.size += len(entry.text) + _MESSAGE_BYTES
        entry.id, entry.fresh = id, True

    def _start(self, name: str, room: RoomRow | None) -> RoomRow:
        """Return the row of a room that is to get its first message, of all or of this epoch."""
        room = room or self._rooms.create(name)
        self._rooms.start_epoch(room)
        return room

    def _sent(
        self, client: ClientRow | None, room: RoomRow | None, n: int
    ) -> tuple[int, bytes] | None:
        """Return the id and the digest of what a client sent as n, if that is remembered."""
        if client is None or room is None:
            return None
        self._flush()  # it may be in this very batch
        return self._clients.message(client, room, n)

    def _topic(self, entry: TopicEntry) -> None:
        if not self._storing:
            self._refuse(entry, disk_full())
            return
        room = self._rooms.find(entry.room) or self._rooms.create(entry.room)
        self._rooms.set_topic(room, entry.text, entry.sender)

    def _join(self, entry: JoinEntry) -> None:
        room = self._rooms.find(entry.room)
        access = room.privacy if room else OPEN
        if not privacy.admits(entry.room, access, entry.account):
            self._refuse(entry, not_open())
            return
        entry.known = self._tables.epochs.is_known(room, entry.epoch, entry.after or 0)
        entry.owner, entry.private, entry.invited = access
        if room is None:  # it may have been processed before, with what was not stored after all
            entry.head, entry.first, entry.last_n, entry.mark = 0, 1, 0, 0
        else:
            entry.head, entry.first = room.head, room.first
            entry.topic, entry.topic_by = room.topic, room.topic_by
            client = self._clients.find(entry.client, room)
            entry.last_n = client.last if client else 0
            entry.mark = self._tables.marks.find(entry.account or entry.client, room)

    def _correction(self, entry: CorrectionEntry) -> None:
        room, targets = self._rooms.find(entry.room), self._tables.targets
        target = None
        if room is not None:
            self._flush()  # its target may be in this very batch
            id = targets.first_id(room, entry.replaces or entry.redacts or 0, entry)
            if entry.redacts is None:
                entry.replaces = id
            else:
                entry.redacts = id
            target = targets.find(room, id, entry)
        refusal = corrections.check(entry, target)
        if entry.refusal is None and refusal is not None:
            self._refuse(entry, refusal)
        self._message(entry)  # which looks at its n first
        if entry.fresh and room is not None:
            self._flush()
            targets.store(room, entry)
            self.erases = self.erases or bool(entry.redacted)

    def _mark(self, entry: MarkEntry) -> None:
        room, marks = self._rooms.find(entry.room), self._tables.marks
        if entry.id > (room.head if room else 0):
            self._refuse(entry, beyond_head())
            return
        mark = marks.find(entry.owner, room) if room else 0
        entry.moved = entry.id > mark
        if not entry.moved or room is None:
            entry.id = mark
        elif self._storing:
            marks.move(entry.owner, room, entry.id, self._tables.stamper.now())
        else:
            entry.moved = False
            self._refuse(entry, disk_full())

    def _access(self, entry: privacy.AccessEntry) -> None:
        room = self._rooms.find(entry.room)
        try:
            changed = privacy.change(room.privacy if room else OPEN, entry)
        except NotAllowed as refusal:
            self._refuse(entry, refusal)
            return
        if not self._storing:
            self._refuse(entry, disk_full())
            return
        self._rooms.set_privacy(room or self._rooms.create(entry.room), changed)
        entry.owner, entry.private, entry.invited = changed

    def _flush(self) -> None:
        """Hand the new messages to the database, if any, to look among them."""
        if self._messages:
            self.write(more=True)
