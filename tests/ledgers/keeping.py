"""
A ledger that is open, an owner that remembers what it answers, and the machine that they run on.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet.defer import Deferred
from zope.interface import implementer

from groupchat.core.entries import (
    CorrectionEntry,
    Entry,
    JoinEntry,
    MarkEntry,
    MessageEntry,
    TopicEntry,
)
from groupchat.core.search import Found, SearchQuery
from groupchat.interfaces import ILedgerOwner
from groupchat.ledgers import environment
from groupchat.ledgers.environment import Environment, Limits
from groupchat.ledgers.memory import MemoryLedger
from groupchat.ledgers.retention import RetentionPolicy
from groupchat.ledgers.sqlite import SQLiteLedger
from groupchat.wire.events import Message
from tests.support import Reactor

ALICE, BOB = b"alice-alice-alic", b"bob-bob-bob-bob-"


def now() -> int:
    """The time as a ledger takes it, which keeps messages by their age."""
    return int(time.time() * 1000)


DAY = 86_400.0


class Clock:
    """The time of a machine, which a test lets pass, and whose clock it sets."""

    def __init__(self) -> None:
        self._passed = self._ahead = 0.0

    def time(self) -> float:
        return time.time() + self._passed + self._ahead

    def monotonic(self) -> float:
        return time.monotonic() + self._passed

    uptime = monotonic

    def sleep(self, seconds: float) -> None:
        """Other programs have their turn; a test overrides it to be one."""

    def now(self) -> int:
        """Returns the time by the system's clock, in milliseconds since 1970."""
        return int(self.time() * 1000)

    def days(self, days: float) -> None:
        """Let this many days pass."""
        self._passed += days * DAY

    def set_clock(self, days: float) -> None:
        """Set the system's clock this many days ahead of the right time."""
        self._ahead = days * DAY


class Connection:
    """
    A connection to a database.

    :ivar fails: the beginning of a statement that fails, and the error.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.fails: tuple[str, str] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    def execute(self, statement: str, *values: Any) -> Any:
        if self.fails and statement.startswith(self.fails[0]):
            raise sqlite3.OperationalError(self.fails[1])
        return self._db.execute(statement, *values)


class Machine:
    """
    The surroundings of ledgers on disk.

    :ivar limits: other limits than usual, for ledgers that are opened from now on.
    :ivar schemas: likewise.
    :ivar failing: what fails of connections that are opened from now on, like `Connection.fails`.
    :ivar writing: the connection that the last ledger writes with.
    :ivar reading: the connection that it reads with.
    :ivar searching: the connection that it searches with.
    """

    def __init__(self) -> None:
        self.clock = Clock()
        self.limits: dict[str, Any] = {}
        self.schemas: Mapping[int, str] = environment.schemas()
        self.failing: tuple[str, str] | None = None
        self.writing: Any = None
        self.reading: Any = None
        self.searching: Any = None

    def environment(self) -> Environment:
        return Environment(self.clock, Limits(**self.limits), self._connect, lambda: self.schemas)

    def _connect(self, path: str, read_only: bool) -> Any:
        connection = Connection(environment.connect(path, read_only))
        connection.fails = self.failing
        if not read_only:
            self.writing, self.reading = connection, None
        elif self.reading is None:
            self.reading = connection
        else:
            self.searching = connection
        return connection

    def crash(self) -> None:
        """The process ends, and with it what the last ledger has open."""
        for connection in (self.writing, self.reading, self.searching):
            connection.close()

    def fill_disk(self, full: bool) -> None:
        """The disk of the last ledger is full, or is not."""
        (pages,) = self.writing.execute("PRAGMA page_count").fetchone()
        self.writing.execute(f"PRAGMA max_page_count = {pages if full else 1_000_000}")


class Pool:
    """A thread pool that does everything at once, so that a test knows the order."""

    def start(self) -> None:
        """There is nothing to start."""

    def stop(self) -> None:
        """There is nothing to stop."""

    def callInThread(self, function: Callable[..., Any], *arguments: Any) -> None:
        function(*arguments)

    def callInThreadWithCallback(
        self, done: Callable[[bool, Any], None], function: Callable[..., Any], *arguments: Any
    ) -> None:
        try:
            result = function(*arguments)
        except Exception as error:
            done(False, error)
        else:
            done(True, result)


class Unthreaded(SQLiteLedger):
    """The ledger on disk, without its threads."""

    def __init__(
        self,
        reactor: Any,
        path: str,
        keep: RetentionPolicy | None = None,
        machine: Machine | None = None,
    ) -> None:
        pool: Any = Pool()
        environment = (machine or Machine()).environment()
        super().__init__(reactor, path, keep, environment, pool, pool, pool, pool)


@implementer(ILedgerOwner)
class Owner:
    def __init__(self) -> None:
        self.batches: list[list[Entry]] = []
        self.reasons: list[str] = []

    def appended(self, batch: list[Entry]) -> None:
        self.batches.append(batch)

    def failed(self, reason: str) -> None:
        self.reasons.append(reason)

    def snapshot(self) -> bytes:
        return b""

    def restore(self, state: bytes) -> None:
        """Do nothing: no ledger without other nodes does that."""

    stalled = resumed = fenced = rewound = lambda self: None

    @property
    def drafts(self) -> list[Entry]:
        return [draft for batch in self.batches for draft in batch]


class Log:
    """
    A ledger with its owner. Posted entries come back when it is `run`.

    :cvar owner_class: makes the owner.
    """

    owner_class: Callable[[], Owner] = Owner

    def __init__(self, make: Callable[[Any], Any]) -> None:
        self.reactor = Reactor()
        self.ledger = make(self.reactor)
        self.owner = self.owner_class()
        self.closed = False
        self.ledger.open(self.owner)

    def post(self, draft: Any) -> Any:
        self.ledger.post(draft)
        return draft

    def run(self) -> None:
        self.reactor.run()

    def say(self, text: str = "hello", **fields: Any) -> MessageEntry:
        """Post a saying. Where nothing else is given, it is alice's and has no n."""
        refusal = fields.pop("refusal", None)
        draft = MessageEntry(
            **{
                "room": "lobby",
                "sender": "alice",
                "text": text,
                "at": now(),
                "client": ALICE,
                **fields,
            }
        )
        draft.refusal = refusal
        saying: MessageEntry = self.post(draft)
        return saying

    def said(self, text: str = "hello", **fields: Any) -> MessageEntry:
        """The same, and it has come back."""
        saying = self.say(text, **fields)
        self.run()
        assert saying in self.owner.drafts
        return saying

    def fill(self, count: int, room: str = "lobby") -> None:
        """Say this many messages, "1", "2", …"""
        for number in range(1, count + 1):
            self.say(str(number), room=room)
        self.run()

    def entered(
        self,
        client: bytes = ALICE,
        epoch: str | None = None,
        after: int | None = None,
        room: str = "lobby",
        account: str = "",
    ) -> JoinEntry:
        draft: JoinEntry = self.post(JoinEntry(room, client, epoch, after, account=account))
        self.run()
        return draft

    def corrected(self, text: str, **fields: Any) -> CorrectionEntry:
        """
        Post a correction, which has come back. It is alice's, and allowed for a minute, unless
        given otherwise.
        """
        correction: CorrectionEntry = self.post(
            CorrectionEntry(
                **{
                    "room": "lobby",
                    "sender": "alice",
                    "text": text,
                    "at": now(),
                    "client": ALICE,
                    "within": 60_000,
                    **fields,
                }
            )
        )
        self.run()
        return correction

    def removed(self, id: int, **fields: Any) -> CorrectionEntry:
        """The same for a redaction."""
        return self.corrected("", redacts=id, **fields)

    def marked(self, id: int, owner: str | bytes = ALICE, room: str = "lobby") -> MarkEntry:
        mark: MarkEntry = self.post(MarkEntry(room, owner, id))
        self.run()
        return mark

    def topic(self, text: str, sender: str = "alice") -> TopicEntry:
        draft: TopicEntry = self.post(TopicEntry("lobby", sender, text))
        self.run()
        return draft

    def _result(self, asked: Deferred[Any]) -> Any:
        results: list[Any] = []
        asked.addCallback(results.append)
        self.run()
        return results[0]

    def page(self, after: int, through: int, room: str = "lobby") -> list[Message]:
        page: list[Message] = self._result(self.ledger.page(room, after, through))
        return page

    def history(
        self, before: int, limit: int, room: str = "lobby", after: int | None = None
    ) -> tuple[list[Message], bool]:
        asked = self.ledger.history(room, before, limit, after)
        history: tuple[list[Message], bool] = self._result(asked)
        return history

    def rooms(self, account: str = "") -> dict[str, str]:
        rooms: dict[str, str] = self._result(self.ledger.rooms(account))
        return rooms

    def direct_rooms(self, account: str) -> dict[str, tuple[int, int]]:
        rooms: dict[str, tuple[int, int]] = self._result(self.ledger.direct_rooms(account))
        return rooms

    def search(
        self,
        text: str,
        sender: str | None = None,
        before: int = 1 << 50,
        limit: int = 50,
        room: str = "lobby",
    ) -> Found:
        query = SearchQuery.parse(text, sender)
        found: Found = self._result(self.ledger.search(room, query, before, limit))
        return found

    def close(self) -> None:
        """Close the ledger, unless that was done."""
        if not self.closed:
            self.closed = True
            assert self._result(self.ledger.close()) is None


def in_memory(
    reactor: Any, keep: RetentionPolicy | None = None, machine: Machine | None = None
) -> MemoryLedger:
    return MemoryLedger(reactor.callLater, keep, machine and machine.clock)


def on_disk(path: Any) -> Callable[..., Unthreaded]:
    """Makes ledgers on one file."""
    return lambda reactor, keep=None, machine=None: Unthreaded(reactor, str(path), keep, machine)


def rows(path: Any, statement: str) -> list[Any]:
    """The answer of a file to a question."""
    with sqlite3.connect(path) as db:
        found = db.execute(statement).fetchall()
    db.close()
    return found
