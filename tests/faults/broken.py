"""
Builds that break the promise, each in one way, so that the checker can be seen to find it.

``python -m tests.faults.broken BUILD …`` is twistd with that build's patch in its process: nothing
in the server knows of it. A broken client is patched where the checker's own clients run
(`client_patch`).
"""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from twisted.scripts import twistd

from groupchat.client.receiver import RoomReceiver
from groupchat.core import backlog, delivery, fan_out, hub, membership, pump
from groupchat.core.cursor import Phase
from groupchat.core.direct_rooms import is_direct, parties
from groupchat.core.entries import CorrectionEntry, JoinEntry, MarkEntry, MessageEntry
from groupchat.gateways import calls
from groupchat.gateways.web.api import sse
from groupchat.ledgers import (
    batch,
    database,
    environment,
    epochs,
    marks,
    sqlite,
    targets,
    writer,
)  # fmt: skip
from groupchat.wire.events import Message
from groupchat.wire.timestamps import stamp


class Build(NamedTuple):
    """
    :ivar patch: what makes it.
    :ivar faults: under which it has to be found.
    :ivar finds: what has to be found, of which one will do.
    :ivar client: whether it is the client that is broken.
    :ivar nodes: how many it takes; 0: one server with a ledger in a file.
    :ivar load: how many answers there are before each fault, at most.
    """

    patch: Callable[[], None]
    faults: tuple[str, ...]
    finds: tuple[str, ...]
    client: bool = False
    nodes: int = 0
    load: int = 300


BUILDS: dict[str, Build] = {}


def build(
    *faults: str, finds: tuple[str, ...], client: bool = False, nodes: int = 0, load: int = 300
) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Name a patch."""

    def named(patch: Callable[[], None]) -> Callable[[], None]:
        BUILDS[patch.__name__.replace("_", "-")] = Build(patch, faults, finds, client, nodes, load)
        return patch

    return named


# Storing.


class _Eager:
    """A connection whose COMMIT is announced, and then takes its time."""

    announce = staticmethod(lambda: None)

    def __init__(self, database: Any) -> None:
        self._database = database

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    def execute(self, statement: str, *values: Any) -> Any:
        alone = statement.startswith("INSERT INTO messages") and not self._database.in_transaction
        if alone or statement == "COMMIT":
            _Eager.announce()
            time.sleep(0.01)
        return self._database.execute(statement, *values)


def _before_commit(act: Callable[[Any, list[MessageEntry]], None]) -> None:
    """Do something with a batch before it is stored."""
    commit = sqlite.SQLiteLedger._commit

    def eager(self: Any, batch: list[Any]) -> None:
        fresh = [draft for draft in batch if isinstance(draft, MessageEntry)]
        _Eager.announce = staticmethod(
            lambda: self._reactor.callFromThread(act, self._queue.owner, fresh)
        )
        commit(self, batch)

    sqlite.SQLiteLedger._commit = eager  # type: ignore[method-assign]
    _with_connection(_Eager)


def _with_connection(wrap: Callable[[Any], Any]) -> None:
    """Let the writer have another connection."""

    def connect(path: str, read_only: bool) -> Any:
        connection = environment.connect(path, read_only)
        return connection if read_only else wrap(connection)

    surroundings = environment.Environment
    sqlite.Environment = lambda: surroundings(connect=connect)  # type: ignore[assignment]


@build("kill", "kill", finds=("lost", "id reused"))
def answer_before_commit() -> None:
    answered: set[int] = set()
    answer = delivery.Delivery.answer

    def early(owner: Any, sayings: list[Any]) -> None:
        for draft in sayings:
            if draft.fresh and draft.session is not None:  # a request has none
                answer(owner._delivery, draft, draft.room, draft.n, draft.id)
                draft.session.peer.flush()
                answered.add(id(draft))

    def once(self: Any, draft: Any, *fields: Any) -> None:
        if id(draft) in answered:
            answered.discard(id(draft))
        else:
            answer(self, draft, *fields)

    delivery.Delivery.answer = once  # type: ignore[method-assign]
    _before_commit(early)


@build("kill", "kill", finds=("shown too soon", "id reused", "lost"))
def show_before_commit() -> None:
    def early(owner: Any, sayings: list[MessageEntry]) -> None:
        for draft in sayings:
            current_room = owner.rooms.get(draft.room)
            if draft.fresh and current_room is not None and draft.id is not None:
                current_room.broadcast.append(
                    Message(
                        draft.room, draft.id, stamp(draft.at), draft.sender, draft.text, draft.act
                    )
                )
                current_room.publish()
                draft.fresh = False

    _before_commit(early)


@build("power-cut", "power-cut", finds=("lost",))
def commit_without_sync() -> None:
    prepare = database.LedgerDatabase._prepare

    def normal(self: Any, *schemas: Any) -> None:
        prepare(self, *schemas)
        self.db.execute("PRAGMA synchronous = NORMAL")

    database.LedgerDatabase._prepare = normal  # type: ignore[method-assign]


@build("reset", "kill", "reset", finds=("stored twice",))
def no_dedupe() -> None:
    message = batch.Batch._message

    def again(self: Any, entry: MessageEntry) -> None:
        n, entry.n = entry.n, None
        message(self, entry)
        entry.n = n

    batch.Batch._message = again  # type: ignore[method-assign]


@build("reset", "kill", "reset", finds=("stored twice",))
def a_key_is_forgotten() -> None:
    calls._client = lambda caller, key: os.urandom(16)


@build("failing-syncs", finds=("wrong no",))
def no_after_an_io_error() -> None:
    writer.is_full = database.is_full = lambda error: True  # type: ignore[attr-defined]


@build("put-back", finds=("order differs", "silent hole"))
def an_old_copy_in_the_same_epoch() -> None:
    begin = epochs.Epochs.__init__

    def again(self: Any, file: Any) -> None:
        begin(self, file)
        file.db.execute("DELETE FROM epochs WHERE no = ? AND no > 1", (self.number,))
        self.number, self.token = file.db.execute(
            "SELECT no, token FROM epochs ORDER BY no DESC LIMIT 1"
        ).fetchone()

    epochs.Epochs.__init__ = again  # type: ignore[method-assign]


# Showing.


# The followers begin when the members do, and have to have seen something.
@build("reset", "reset", "reset", finds=("silent hole",), load=3000)
def a_stream_resumes_one_too_late() -> None:
    encode = sse.ServerSentEvents.encode

    def late(self: Any, event: Any, me: str = "", past: bool = False) -> bytes:
        data = encode(self, event, me, past)
        if isinstance(event, Message):
            data = data.replace(b":%d\n" % event.id, b":%d\n" % (event.id + 1), 1)
        return data

    sse.ServerSentEvents.encode = late  # type: ignore[method-assign]


@build("reset", "reset", finds=("silent hole",))
def resume_one_too_late() -> None:
    joined = membership.Membership.joined

    def late(self: Any, draft: JoinEntry) -> None:
        if draft.after is not None and draft.after < draft.head:
            draft.after += 1
        joined(self, draft)

    membership.Membership.joined = late  # type: ignore[method-assign]


@build("reset", "reset", finds=("delivered twice",))
def resume_one_too_early() -> None:
    joined = membership.Membership.joined

    def early(self: Any, draft: JoinEntry) -> None:
        if draft.after:
            draft.after -= 1
        joined(self, draft)

    membership.Membership.joined = early  # type: ignore[method-assign]


@build("reset", "reset", "reset", "reset", finds=("silent hole",))
def membership_and_head_in_two_turns() -> None:
    announce = pump.Pump._tell_state

    def in_two_turns(self: Any, cursor: Any) -> None:
        announce(self, cursor)
        cursor.phase = Phase.FETCHING  # nothing is given to it yet
        self._room._call_later(0.02, then, self, cursor)

    def then(pump: Any, cursor: Any) -> None:
        cursor.phase = Phase.IN_HISTORY
        cursor.position = pump._backlog.end
        pump._room.pump(cursor)

    pump.Pump._tell_state = in_two_turns  # type: ignore[method-assign]


@build("stall", "stall", finds=("silent hole", "lost", "stuck"))
def a_full_reader_misses_a_batch() -> None:
    write = fan_out.FanOut.write

    def forgetful(self: Any, batch: Any, before: int, position: int) -> None:
        those = [
            cursor
            for cursors in self._live.values()
            for cursor in cursors
            if cursor.session.peer.full
        ]
        write(self, batch, before, position)
        for cursor in those:
            cursor.after = cursor.through = batch.head
            cursor.position = position + 1

    fan_out.FanOut.write = forgetful  # type: ignore[method-assign]


@build(
    "reset", "reset", "reset", "reset", finds=("order differs", "silent hole", "delivered twice")
)
def live_before_history() -> None:
    announce = pump.Pump._tell_state

    def hasty(self: Any, cursor: Any) -> None:
        announce(self, cursor)
        if self._backlog.end > self._backlog.start:
            cursor.position = self._backlog.end - 1

    pump.Pump._tell_state = hasty  # type: ignore[method-assign]


# Corrections, removals, marks and direct messages.


@build("reset", "kill", "reset", "kill", finds=("stored twice",), load=2000)
def no_dedupe_of_corrections() -> None:
    correct = batch.Batch._correction

    def once_more(self: Any, entry: CorrectionEntry) -> None:
        entry.n, n = None, entry.n
        correct(self, entry)
        entry.n = n

    batch.Batch._correction = once_more  # type: ignore[method-assign]


@build("reset", "reset", "reset", finds=("removed text",), load=2000)
def removal_that_leaves_the_tail() -> None:
    backlog.Backlog.redact = lambda self, ids: None  # type: ignore[method-assign]


@build("reset", finds=("removed text",))
def removal_that_leaves_the_ledger() -> None:
    targets.Targets._redact = lambda self, key: []  # type: ignore[method-assign]


# Members mark what they have seen, which is nothing in their first burst of some 500 lines.
@build("reset", "reset", "reset", finds=("mark went back",), load=2000)
def mark_that_goes_back() -> None:
    mark = batch.Batch._mark

    def any_mark(self: Any, entry: MarkEntry) -> None:
        wanted = entry.id
        mark(self, entry)
        room = self._rooms.find(entry.room)
        if entry.refusal is None and room is not None:
            self._tables.marks.move(entry.owner, room, wanted, self._tables.stamper.now())

    batch.Batch._mark = any_mark  # type: ignore[method-assign]


@build("kill", "kill", "kill", finds=("mark went back",))
def mark_in_memory_alone() -> None:
    kept: dict[Any, int] = {}

    def move(self: Any, identity: Any, room: Any, id: int, now: int) -> None:
        kept[identity, room.no] = id

    marks.Marks.move = move  # type: ignore[method-assign]
    marks.Marks.find = lambda self, identity, room: kept.get((identity, room.no), 0)  # type: ignore[method-assign]


@build("reset", finds=("seen by a third",), load=2000)
def direct_message_for_all() -> None:
    appended = hub.Hub.appended

    def to_all(self: Any, entries: list[Any]) -> None:
        appended(self, entries)
        for entry in entries:
            if isinstance(entry, MessageEntry) and entry.fresh and is_direct(entry.room):
                room, at = f"@{entry.sender}", stamp(entry.at)
                message = Message(room, entry.id or 0, at, entry.sender, entry.text)
                for session in list(self.members.sessions):
                    if session.account not in parties(entry.room):
                        session.send(message)

    hub.Hub.appended = to_all  # type: ignore[method-assign]


# Several nodes.


def _replace_in(function: str, old: str, new: str) -> None:
    """Let the nodes put another text into a function of the database before they register."""
    from groupchat.ledgers.postgresql.membership import Membership  # needs psycopg
    from groupchat.postgresql import schemas

    begun = f"FUNCTION {function}("
    schema = next(text for _, text in sorted(schemas().items(), reverse=True) if begun in text)
    body, end, _ = schema.partition(f"CREATE {begun}")[2].partition("END $$;")
    assert old in body, f"{function} has changed"
    changed = f"CREATE OR REPLACE {begun}{body.replace(old, new)}{end}"
    register = Membership.register

    def patched(self: Any, connection: Any) -> None:
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(1)")  # one at a time
            connection.execute(changed, prepare=False)
        register(self, connection)

    Membership.register = patched  # type: ignore[method-assign]


@build("lose-answers", finds=("stuck", "stored twice"), nodes=2)
def a_batch_without_a_key() -> None:
    from groupchat.ledgers.postgresql.writer import Writer  # needs psycopg

    ask, numbers = Writer._ask, itertools.count(1)

    def as_a_new_one(self: Any, connection: Any, request: Any) -> Any:
        return ask(self, connection, request._replace(number=next(numbers)))

    Writer._ask = as_a_new_one  # type: ignore[method-assign]


@build("put-back", finds=("order differs", "silent hole"), nodes=2)
def an_older_database_in_the_same_epoch() -> None:
    from groupchat.ledgers.postgresql.membership import Membership  # needs psycopg

    begin = Membership.begin_epoch

    def again(self: Any, connection: Any) -> None:
        if connection.execute("SELECT FROM epochs").fetchone() is None:
            begin(self, connection)

    Membership.begin_epoch = again  # type: ignore[method-assign]


def _unaware_of_its_death() -> None:
    """Let a node be declared dead soon, and not see it in the log."""
    from groupchat.ledgers.postgresql.leases import Leases  # needs psycopg
    from groupchat.ledgers.postgresql.tail import GONE, Bundle, Tail

    bundle = Tail._bundle

    def unaware(self: Any, seq: int, node: int, batch: int, *rest: Any) -> Any:
        if batch == GONE and node == self._membership.node:
            self._last = seq
            return Bundle(seq, node, [])
        return bundle(self, seq, node, batch, *rest)

    Tail._new_leases = lambda self: Leases(3, 3, self._limits.inattention)  # type: ignore[method-assign]
    Tail._bundle = unaware  # type: ignore[method-assign]


@build("outlive-lease", finds=("presence differs", "two of one name"), nodes=3)
def a_dead_node_goes_on() -> None:
    _replace_in(
        "fence_v1", "NOT EXISTS (SELECT FROM nodes WHERE no = me AND token = secret)", "false"
    )
    _unaware_of_its_death()


@build("freeze-twin", finds=("two of one name",), nodes=2)
def a_batch_without_a_lease() -> None:
    _replace_in("append_v1", "PERFORM fence_v1(me, secret);", "")
    _late_to_hear_of_its_death()


def _late_to_hear_of_its_death() -> None:
    """Let a node go on for a second after a beat has told it that it was declared dead."""
    from groupchat.ledgers.postgresql.membership import Fenced  # needs psycopg
    from groupchat.ledgers.postgresql.tail import Tail

    beat = Tail._beat
    told: dict[int, float] = {}  # when each node heard it first

    def late(self: Any, connection: Any) -> None:
        try:
            beat(self, connection)
        except Fenced:
            now = time.monotonic()
            if now >= told.setdefault(self._membership.node, now) + 1:
                raise

    _unaware_of_its_death()
    Tail._beat = late  # type: ignore[method-assign]


@build("cut-links", "reset", finds=("silent hole",), nodes=2)
def a_tail_that_skips() -> None:
    from groupchat.ledgers.postgresql.replica import Replica  # needs psycopg

    hand_up = Replica._hand_up

    def skip(self: Any, bundle: Any) -> None:
        only_messages = all(isinstance(entry, MessageEntry) for entry in bundle.entries)
        if bundle.seq % 5 or bundle.joined or not only_messages:
            hand_up(self, bundle)

    Replica._hand_up = skip  # type: ignore[method-assign]


# The client.


@build("reset", "reset", finds=("silent hole",), client=True)
def cursor_before_display() -> None:
    advance = RoomReceiver._advance

    def hasty(self: Any, first: int, last: int, event: Any, line: bytes) -> None:
        if self._after is not None and first != self._after + 1:
            advance(self, first, last, event, line)
            return
        self._after = last
        self._view.show(event, line, last <= self._through)
        self._check_end()

    RoomReceiver._advance = hasty  # type: ignore[method-assign]


@contextlib.contextmanager
def client_patch(name: str) -> Iterator[None]:
    """
    The clients of this process are broken for a while, where it is a client that this build breaks.
    """
    before = RoomReceiver._advance
    if BUILDS[name].client:
        BUILDS[name].patch()
    try:
        yield
    finally:
        RoomReceiver._advance = before  # type: ignore[method-assign]


def main() -> None:
    """twistd, broken."""
    name = sys.argv.pop(1)
    if not BUILDS[name].client:
        BUILDS[name].patch()
    twistd.run()


if __name__ == "__main__":
    main()
