"""
Was the promise kept? A judgement over a history (`history.py`) and the ledger that it ended with.
Pure: no I/O.

Where an older copy of the ledger was put back there are two logs: what was answered and shown
before is held against the first, what came after against the second.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from tests.faults import history, twins
from tests.faults.history import GONE
from tests.faults.ledger import Log
from tests.faults.removals import Removals

#: The kinds of findings, and their meaning.
FINDINGS = {
    "lost": "answered ok but not in the ledger, or stored but not shown to one who was there",
    "phantom": "shown or stored, but never said",
    "stored twice": "one saying is in the ledger under two ids",
    "delivered twice": "one message came, or was displayed, twice",
    "id reused": "one id of a room stood for two messages",
    "order differs": "from the ledger's, or from the order in which one writer said it",
    "silent hole": "an id was passed over without a gap or a reset",
    "wrong no": "a refusal, though it is stored",
    "shown too soon": "shown, but not in the ledger in the end",
    "stuck": "no answer, or not shown, or no start, within the limit",
    "removed text": "a text was removed, but is in the ledger, or was shown to one who came later",
    "seen by a third": "a direct message was shown to one whom it does not concern",
    "mark went back": "a mark was kept, and an older one holds",
    "two of one name": "one who had a name said something after another had it",
    "presence differs": "nodes tell different members at rest, or one who is not there",
    "broken": "the server failed in a way that is none of its own rules, or a client gave up",
}


class Findings:
    """The faults that were found, with the first few examples of each kind."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.examples: list[str] = []

    def add(self, kind: str, what: str) -> None:
        self.counts[kind] += 1
        if self.counts[kind] <= 5:
            self.examples.append(f"{kind}: {what}")


class _Place:
    """Where one member stands in one room: on its connection, and on its screen."""

    __slots__ = ("after", "begun", "log", "mark", "seen", "through")

    def __init__(self) -> None:
        self.after: int | None = (
            None  # the last id told on this connection; None: any may be the first
        )
        self.through = 0
        self.seen: int | None = None  # the last id displayed
        self.log = 0  # in which log that was
        self.begun = 0  # which of the records it was in which it asked for the room
        self.mark = 0  # the id of the last mark that is kept


class _Heard:
    """The positions of members of the plain wire, which tells no ids."""

    def __init__(self, logs: list[Log], removals: Removals) -> None:
        self._logs = logs
        self._removals = removals
        self._last: dict[tuple[str, str], int] = {}
        self._ids: dict[tuple[int, str], dict[str, int]] = {}

    def before(self, log: int, who: str, room: str, key: str) -> tuple[int, int] | None:
        """
        Somebody heard a message. Returns the id after which it has to come, and its own; None if
        it is not in the log.
        """
        id = self._of(log, room).get(key)
        if id is None:
            return None
        last = self._last.get((who, room), id - 1)
        while last + 1 < id and self._is_unheard(log, room, last + 1):
            last += 1
        self._last[who, room] = id
        return last, id

    def _is_unheard(self, log: int, room: str, id: int) -> bool:
        """Whether the plain wire does not tell which message this is."""
        is_removal = history.removed_by(self._logs[log][room][id - 1]) is not None
        return is_removal or self._removals.is_gone(log, room, id)

    def _of(self, log: int, room: str) -> dict[str, int]:
        if (log, room) not in self._ids:
            keys = self._logs[log].get(room, [])
            self._ids[log, room] = {key: id for id, key in enumerate(keys, 1)}
        return self._ids[log, room]

    def lost(self, who: str) -> None:
        """The connection is gone: any message can be the first of the next."""
        self._last = {place: last for place, last in self._last.items() if place[0] != who}


class Checker:
    """
    :param logs: what was in the ledger before each older copy was put back, and in the end.
    :param findings: where what is wrong is noted.
    """

    def __init__(self, logs: list[Log], findings: Findings) -> None:
        self._logs = logs
        self._found = findings.add
        self._log = 0
        self._stored: list[dict[str, set[str]]] = []
        self._places: defaultdict[tuple[str, str], _Place] = defaultdict(_Place)
        self._said: set[str] = set()
        self._refused: set[str] = set()
        self._numbered: dict[tuple[str, str, int], str] = {}
        self._meant: dict[tuple[int, str, int], str] = {}
        self._room_of: dict[str, str] = {}  # each key with the room where it was said
        self._at_record = 0
        self._removals = Removals(logs)
        self._heard = _Heard(logs, self._removals)

    def check(self, records: Iterable[list[Any]], ended: bool = True) -> None:
        """
        Judge a whole history.

        :param ended: whether everyone had the time to be shown everything.
        """
        records = list(records)
        self._removals.recall(records)
        self._stored = [{name: set(keys) for name, keys in log.items()} for log in self._logs]
        for self._at_record, (_, who, what, *details) in enumerate(records):
            take = _TAKE.get(what)
            if take is not None:
                take(self, who, *details)
        self._check_ledger()
        if ended:
            self._check_ends()

    # Messages, and the answers.

    def _take_said(self, who: str, room: str, n: int, key: str) -> None:
        self._said.add(key)
        self._room_of[key] = room
        self._refused.discard(key)
        self._numbered[who, room, n] = key

    def _take_ok(self, who: str, room: str, n: int, id: int | None) -> None:
        key = self._numbered.get((who, room, n), "?")
        self._is_stored(key, f"{who} got its ok")
        if key not in self._stored[self._log].get(room, ()):
            self._found("lost", f"{key}, number {n} of {who} in {room}, had its ok (id {id})")
        elif id is not None and self._at(room, id) != key:
            self._found(
                "order differs",
                f"{key} had an ok with id {id} in {room}, which is {self._at(room, id)}",
            )
        if id is not None:
            self._means(room, id, key)
        self._removals.answered(self._log, key, self._at_record)

    def _take_marked(self, who: str, room: str, id: int) -> None:
        place = self._places[who, room]
        place.mark = max(id, place.mark)

    def _take_no(self, who: str, room: str, n: int, code: str) -> None:
        key = self._numbered.get((who, room, n))
        if key is not None:
            self._refused.add(key)

    def _is_stored(self, key: str, evidence: str) -> None:
        if key in self._refused:
            self._refused.discard(key)
            self._found("wrong no", f"{key} was refused and not said again, but {evidence}")

    def _at(self, room: str, id: int) -> str | None:
        keys = self._logs[self._log].get(room, [])
        return keys[id - 1] if 0 < id <= len(keys) else None

    def _means(self, room: str, id: int, key: str) -> None:
        known = self._meant.setdefault((self._log, room, id), key)
        if known != key:
            self._found("id reused", f"{id} of {room} was {known}, and then {key}")

    # Arrivals over a connection.

    def _take_asks(self, who: str, room: str, epoch: str | None, after: int | None) -> None:
        place = self._places[who, room]
        place.after, place.through, place.begun = after, 0, self._at_record

    def _take_room(self, who: str, room: str, head: int, said: int, mark: int = 0) -> None:
        kept = self._places[who, room].mark
        if mark < kept:
            self._found("mark went back", f"{who} has marked {kept} in {room}, and {mark} holds")
        key = self._numbered.get((who, room, said))
        if key is not None:
            self._is_stored(key, f"the server says that it has {said} of {who} in {room}")

    def _take_reset(self, who: str, room: str) -> None:
        self._places[who, room].after = None
        if not self._log:
            self._found("lost", f"{who} was told that {room} is not the log that it knew")

    def _take_upto(self, who: str, room: str, through: int) -> None:
        self._places[who, room].through = through

    def _take_gap(self, who: str, room: str, after: int, before: int) -> None:
        self._found(
            "lost", f"{who} was told that {after + 1} to {before - 1} of {room} are not kept"
        )
        self._places[who, room].after = before - 1

    def _take_told(self, who: str, room: str, id: int, key: str) -> None:
        place = self._places[who, room]
        if place.after is None:
            place.after = min(id - 1, place.through)
        self._follows(place.after, id, f"{who} was told of {room}")
        place.after = max(id, place.after)
        self._is_stored(key, f"{who} was told it")
        self._is_true(room, id, key, who)
        if key != GONE and self._removals.was_gone(self._log, room, id, place.begun):
            self._found("removed text", f"{who} was told {key} of {room}, removed before it came")

    def _follows(self, last: int, id: int, what: str) -> None:
        if id <= last:
            self._found("delivered twice", f"{what}: {last}, and then {id}")
        elif id > last + 1:
            self._found("silent hole", f"{what}: {last}, and then {id}")

    def _is_true(self, room: str, id: int, key: str, who: str) -> None:
        if key == GONE:
            if not self._removals.is_gone(self._log, room, id):
                self._found("phantom", f"{who} was shown that {id} of {room} was removed")
            return
        self._concerns(who, key)
        self._means(room, id, key)
        if self._at(room, id) == key:
            return
        if key not in self._said:
            self._found("phantom", f"{who} was shown {key} in {room}")
        elif key in self._stored[self._log].get(room, ()):
            self._found(
                "order differs",
                f"{who} was shown {key} as {id} of {room}, which is {self._at(room, id)}",
            )
        else:
            self._found("shown too soon", f"{who} was shown {key} as {id} of {room}")

    def _concerns(self, who: str, key: str) -> None:
        those = history.parties(self._room_of.get(key, ""))
        if those and who not in those:
            self._found("seen by a third", f"{who} was shown {key} of {' and '.join(those)}")

    # Displayed messages.

    def _take_shown(self, who: str, room: str, id: int, key: str) -> None:
        place = self._places[who, room]
        self._goes_on(place, who, room)
        if place.seen is not None:
            self._follows(place.seen, id, f"{who} displayed of {room}")
        place.seen = max(id, place.seen or 0)
        self._is_true(room, id, key, who)

    def _goes_on(self, place: _Place, who: str, room: str) -> None:
        """Where another log begins, what was displayed last has to be in it too."""
        if place.log != self._log:
            place.log = self._log
            last = place.seen
            if last and self._meant.get((self._log - 1, room, last)) != self._at(room, last):
                self._found(
                    "order differs",
                    f"{who} went on after {last} of {room} in another log, without a reset",
                )

    def _take_skip(self, who: str, room: str, after: int, before: int) -> None:
        self._places[who, room].seen = before - 1

    def _take_cleared(self, who: str, room: str) -> None:
        place = self._places[who, room]
        place.seen, place.log = None, self._log

    def _take_heard(self, who: str, room: str, key: str) -> None:
        self._concerns(who, key)
        before = self._heard.before(self._log, who, room, key)
        if before is None:
            kind = "shown too soon" if key in self._said else "phantom"
            self._found(kind, f"{who} heard {key} in {room}")
        else:
            self._follows(*before, f"{who} heard of {room}")

    def _take_lost(self, who: str) -> None:
        self._heard.lost(who)

    def _take_old(self, who: str) -> None:
        self._log += 1
        for place in self._places.values():
            place.mark = 0
        self._numbered.clear()
        self._refused.clear()

    # The ledger.

    def _check_ledger(self) -> None:
        for number, log in enumerate(self._logs):
            for room, keys in log.items():
                self._check_room(room, keys)
                for key in twins.interleaved(keys) if room == twins.ROOM else ():
                    self._found("two of one name", f"{key} came after another had the name")
                for id in self._removals.unexplained(number, room):
                    self._found("lost", f"{id} of {room} has no text, and nobody removed it")
                for id in self._removals.undone(number, room):
                    self._found("removed text", f"{id} of {room} was removed, and has its text")

    def _check_room(self, room: str, keys: list[str]) -> None:
        newest: dict[str, int] = {}
        seen = set()
        for id, key in enumerate(keys, 1):
            who, _, serial = key.partition(".")
            if key.startswith(GONE):
                continue  # its text was removed before anybody was told its id
            if key == "?":
                self._found("silent hole", f"{id} of {room} is not in the ledger")
            elif key not in self._said:
                self._found("phantom", f"{key} is {id} of {room} in the ledger")
            elif key in seen:
                self._found("stored twice", f"{key} is {id} of {room}, and an earlier one")
            elif history.removed_by(key) is not None:
                pass
            elif int(serial) < newest.get(who, 0):
                self._found("order differs", f"{key} is behind {who}.{newest[who]} in {room}")
            else:
                newest[who] = int(serial)
            seen.add(key)
            self._is_stored(key, "is in the ledger")

    def _check_ends(self) -> None:
        for (who, room), place in self._places.items():
            head = len(self._logs[-1].get(room, []))
            if (place.seen or 0) < head:
                self._found(
                    "lost", f"{who} was shown {room} up to {place.seen}, and the ledger has {head}"
                )


_TAKE: dict[str, Any] = {
    name.removeprefix("_take_"): method
    for name, method in vars(Checker).items()
    if name.startswith("_take_")
}
