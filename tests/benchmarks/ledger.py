"""
A ledger with many messages, built through the project's own writer, in big batches and with no
server.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count, islice
from pathlib import Path

from groupchat.core.entries import MessageEntry
from groupchat.ledgers.retention import RetentionPolicy
from groupchat.ledgers.writer import Writer
from tests.benchmarks.member import ROOM

BATCH = 10_000
SPEAKERS = 100
TEXT = "x" * 80
YEAR = 365 * 86_400_000  #: milliseconds over which it was said
_BEGIN = 1_795_356_180_000 - YEAR


def build(path: Path, messages: int, progress: Callable[[str], None]) -> None:
    """Write this number of messages, of `SPEAKERS` speakers, into a new ledger."""
    writer = Writer(str(path), RetentionPolicy())
    writer.open()
    sayings = (_saying(number, messages) for number in count())
    for done in range(0, messages, BATCH):
        writer.commit(list(islice(sayings, min(BATCH, messages - done))))
        if done % 1_000_000 == 0:
            progress(f"a ledger of {messages:,} messages: {done:,} are written")
    writer.close()


def _saying(number: int, of: int) -> MessageEntry:
    turn, speaker = divmod(number, SPEAKERS)
    at = _BEGIN + number * YEAR // of
    return MessageEntry(ROOM, f"speaker{speaker}", TEXT, at, client=b"%016d" % speaker, n=turn + 1)
