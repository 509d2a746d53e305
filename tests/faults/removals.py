"""
The messages of a history whose text was removed: which they were, and who was shown them later.
"""

from __future__ import annotations

from typing import Any

from tests.faults import history
from tests.faults.history import GONE
from tests.faults.ledger import Log


class Removals:
    """
    :param logs: what was in the ledger before each older copy was put back, and in the end.
    """

    def __init__(self, logs: list[Log]) -> None:
        self._logs = logs
        #: For each log and room the messages without a text by their ids, each with the id of the
        #: message that was removed: its own, or that of the message which it replaces.
        self._gone = [{room: _gone(keys) for room, keys in log.items()} for log in logs]
        #: The records in which removals were answered, by the log, the room and the removed id.
        self._answered: dict[tuple[int, str, int], int] = {}

    def recall(self, records: list[list[Any]]) -> None:
        """Give the messages without a text the keys that they had in the history."""
        numbered: dict[tuple[str, str, int], str] = {}
        log = 0
        for _, who, what, *details in records:
            match what, details:
                case "old", []:
                    log += 1
                    numbered.clear()
                case "said", [room, n, key]:
                    numbered[who, room, n] = key
                case "ok", [room, n, int(id)]:
                    self._remember(log, room, id, numbered.get((who, room, n), GONE))
                case "told" | "shown", [room, id, key]:
                    self._remember(log, room, id, key)

    def _remember(self, log: int, room: str, id: int, key: str) -> None:
        keys = self._logs[log].get(room, [])
        if 0 < id <= len(keys) and keys[id - 1].startswith(GONE):
            keys[id - 1] = key

    def answered(self, log: int, key: str, record: int) -> None:
        """A line with this key was answered, in this record."""
        removed = history.removed_by(key)
        if removed is not None:
            self._answered.setdefault((log, *removed), record)

    def is_gone(self, log: int, room: str, id: int) -> bool:
        return id in self._gone[log].get(room, {})

    def was_gone(self, log: int, room: str, id: int, record: int) -> bool:
        """Whether the removal of this message was answered before this record."""
        removed = self._gone[log].get(room, {}).get(id, 0)
        return self._answered.get((log, room, removed), record) < record

    def unexplained(self, log: int, room: str) -> list[int]:
        """Returns the messages without a text that nobody has removed."""
        keys = set(self._logs[log][room])
        gone = self._gone[log][room]
        return [id for id, removed in gone.items() if history.removal(room, removed) not in keys]

    def undone(self, log: int, room: str) -> list[int]:
        """Returns the messages that were removed, and have their text."""
        found = (history.removed_by(key) for key in self._logs[log][room])
        return [it[1] for it in found if it is not None and it[1] not in self._gone[log][room]]


def _gone(keys: list[str]) -> dict[int, int]:
    return {
        id: int(key.removeprefix(GONE) or id)
        for id, key in enumerate(keys, 1)
        if key.startswith(GONE)
    }
