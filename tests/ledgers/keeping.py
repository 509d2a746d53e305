"""
A ledger that is open, and an owner that remembers what it answers.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from zope.interface import implementer

from groupchat.core.entries import Entry, JoinEntry, MessageEntry, TopicEntry
from groupchat.interfaces import ILedgerOwner
from groupchat.ledgers import sqlite
from groupchat.ledgers.memory import MemoryLedger
from groupchat.ledgers.retention import RetentionPolicy
from groupchat.wire.events import Message
from tests.support import Reactor

ALICE, BOB = b"alice-alice-alic", b"bob-bob-bob-bob-"


def now() -> int:
    """The time as a ledger takes it, which keeps messages by their age."""
    return int(time.time() * 1000)


class Pool:
    """A thread pool that does everything at once, so that a test knows the order."""

    def __init__(self, *_: Any) -> None:
        """Like ThreadPool, it is told of its bounds."""

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


class Unthreaded(sqlite.SQLiteLedger):
    """The ledger on disk, without its threads."""

    def __init__(self, reactor: Any, path: str, keep: RetentionPolicy | None = None) -> None:
        super().__init__(reactor, path, keep)
        self._writing = self._reading = Pool()  # type: ignore[assignment]


@implementer(ILedgerOwner)
class Owner:
    def __init__(self) -> None:
        self.batches: list[list[Entry]] = []
        self.reasons: list[str] = []

    def appended(self, batch: list[Entry]) -> None:
        self.batches.append(batch)

    def failed(self, reason: str) -> None:
        self.reasons.append(reason)

    @property
    def drafts(self) -> list[Entry]:
        return [draft for batch in self.batches for draft in batch]


class Log:
    """A ledger with its owner. Posted entries come back when it is `run`."""

    def __init__(self, make: Callable[[Any], Any]) -> None:
        self.reactor = Reactor()
        self.ledger = make(self.reactor)
        self.owner = Owner()
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
    ) -> JoinEntry:
        draft: JoinEntry = self.post(JoinEntry(room, client, epoch, after))
        self.run()
        return draft

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

    def history(self, before: int, limit: int, room: str = "lobby") -> tuple[list[Message], bool]:
        history: tuple[list[Message], bool] = self._result(self.ledger.history(room, before, limit))
        return history

    def rooms(self) -> dict[str, str]:
        rooms: dict[str, str] = self._result(self.ledger.rooms())
        return rooms

    def close(self) -> None:
        """Close the ledger, unless that was done."""
        if not self.closed:
            self.closed = True
            assert self._result(self.ledger.close()) is None


def in_memory(reactor: Any, keep: RetentionPolicy | None = None) -> MemoryLedger:
    return MemoryLedger(reactor.callLater, keep)


def on_disk(path: Any) -> Callable[..., Unthreaded]:
    """Makes ledgers on one file."""
    return lambda reactor, keep=None: Unthreaded(reactor, str(path), keep)
