"""
The events of a run, in one order: a file of JSON lines, each [seconds, who, what, …].

======= ============================== ============================================================
what    and                            means
======= ============================== ============================================================
in                                     the server let one in
asks    room, epoch, after             its hello named this cursor
said    room, n, key                   a line was sent; for its key see `key` and `removal`
ok      room, n, id                    it was answered
no      room, n, code                  it was refused
marked  room, id                       it was answered that this mark is kept
room    room, head, said, mark         the room was told
reset   room                           the server says: not the log you knew
gap     room, after, before            the server says: not kept
upto    room, through                  the server says: history goes so far
told    room, id, key                  the server told a message; `GONE` if its text was removed
shown   room, id, key                  the client displayed it
skip    room, after, before            the client displayed a gap
cleared room                           the client displayed a reset
heard   room, key                      the observer on the plain wire got a message
lost                                   the connection is gone
old                                    (of the nemesis) an older copy of the ledger was put back
======= ============================== ============================================================

A direct room is called "@", then both names in their order, with "+" between them.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from twisted.internet import reactor
from twisted.internet.defer import Deferred

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list).decode
_BLOCK = 1000  #: records that are written at once


class History:
    """
    :param path: of the file.
    :ivar counts: how often each thing happened.
    """

    def __init__(self, path: Path) -> None:
        self.counts: Counter[str] = Counter()
        self._file = path.open("wb")
        self._lines: list[bytes] = []
        self._begun = time.monotonic()
        self._waiting: list[tuple[Callable[[], bool], Deferred[None]]] = []

    def note(self, who: str, what: str, *details: Any) -> None:
        """This happened now."""
        self.counts[what] += 1
        self._lines.append(_encode((round(time.monotonic() - self._begun, 4), who, what, *details)))
        if len(self._lines) >= _BLOCK:
            self._flush()
        if self._waiting and what in _AWAITED:
            self._look()

    def _flush(self) -> None:
        self._file.write(b"\n".join([*self._lines, b""]))
        self._lines.clear()

    def _look(self) -> None:
        for entry in [entry for entry in self._waiting if entry[0]()]:
            self._waiting.remove(entry)
            entry[1].callback(None)

    def until(self, condition: Callable[[], bool], limit: float) -> Deferred[None]:
        """
        Wait until this holds; it is looked at when something is answered, refused, shown or lost.

        :raises TimeoutError: in the Deferred, after this number of seconds.
        """
        waiting: Deferred[None] = Deferred()
        entry = (condition, waiting)
        self._waiting.append(entry)

        def too_late(result: Any, seconds: float) -> None:
            self._waiting.remove(entry)
            raise TimeoutError

        waiting.addTimeout(limit, reactor, too_late)  # type: ignore[arg-type]
        self._look()
        return waiting

    def close(self) -> None:
        self._flush()
        self._file.close()


_AWAITED = frozenset({"ok", "no", "shown", "lost", "upto"})


def read(path: Path) -> Iterator[list[Any]]:
    """The records of a history."""
    with path.open("rb") as file:
        for line in file:
            yield _decode(line)


GONE = "~"  #: the key of a message whose text was removed


def key(text: str) -> str:
    """Returns the key by which a text is known."""
    return text.split(" ", 1)[0]


def removal(room: str, id: int) -> str:
    """Returns the key of the removal of a message."""
    return f"-{room}/{id}"


def removed_by(key: str) -> tuple[str, int] | None:
    """Returns the room and the id of the message that this removes, if it is a removal."""
    room, _, id = key.removeprefix("-").rpartition("/")
    return (room, int(id)) if key.startswith("-") else None


def direct_room(*names: str) -> str:
    """Returns what the direct room of two people is called."""
    return "@" + "+".join(sorted(names))


def parties(room: str) -> list[str]:
    """Returns the two people of a direct room; of any other room nobody."""
    return room[1:].split("+") if room.startswith("@") else []
