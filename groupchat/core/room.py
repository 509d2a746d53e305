"""
A room of this node: its members, the tail of its log, and the fan-out.

A member's `Cursor` is where it stands. One that stands at the end and whose peer flows is *live*,
and gets the same bytes as everyone on its wire; all others are pumped: from the tail, or in pages
from the ledger where they fell further back. One who fell out of the tail lacks the presence that
was in it, so it is told the room anew before its pages.

Presence gathers here: what several people do in one batch is one event, in a big room what they do
within `MOMENT` seconds; it is told before a gathered one's message, and before a name is in it
twice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Protocol

from groupchat.wire import names
from groupchat.wire.events import Catchup, CaughtUp, Event, Gap, Message, Presence, Reset, RoomState

LARGE_ROOM = 200  #: members from which on presence gathers for a moment
PRESENCE_DELAY = 0.15  #: seconds
TAIL_BYTES = 262_144  #: bytes of lines in the tail
#: bytes of lines in one write: a reader that takes nothing holds at most that much more than its 64
#: KiB
MAX_WRITE_BYTES = 98_304
MAX_NAMES_IN_STATE = 1000  #: names in a room line
MAX_NAMES_IN_PRESENCE = 100  #: names of a kind in a presence line


class Member(Protocol):
    """What a room needs of a session."""

    peer: Any
    wire: Any
    name: str

    def on_live(self) -> None:
        """One of its cursors is live."""


class Cursor:
    """
    Where one session stands in one room.

    What it lacks is, in this order: the room line (`needs_state`), the messages with after < id <= through
    (`after`, `through`), and the batches of the tail from `position` on.

    :ivar ref: comes back in the room line.
    :ivar name: under which the room knows this member.
    :ivar since: milliseconds since 1970 at which it came.
    :ivar resuming: whether it knew this log, and so is to hear of a gap.
    :ivar in_history: whether what it is given is still history.
    :ivar said: its last n stored here.
    :ivar unechoed: ids of its own messages that it has not been shown, on wires without an echo.
    :ivar closed: nothing more is given to it.
    """

    __slots__ = (
        "after", "closed", "fetching", "in_history", "live", "name", "needs_state", "position", "ref", "reset",
        "resuming", "said", "session", "since", "through", "unechoed",
    )  # fmt: skip

    def __init__(self, session: Member, ref: str | None = None) -> None:
        self.session = session
        self.ref = ref
        self.name = session.name
        self.since = 0
        self.said = 0
        self.after = 0
        self.through = 0
        self.position = 0
        self.needs_state = True
        self.reset = False
        self.resuming = True
        self.in_history = False
        self.live = False
        self.fetching = False
        self.closed = False
        self.unechoed: set[int] | None = None if session.wire.capabilities.echoes_own else set()

    def send(self, event: Event, past: bool = False) -> None:
        session = self.session
        session.peer.write(session.wire.encode(event, session.name, past))


class Batch:
    """
    Events that came at once, with their lines encoded once for each wire.

    :ivar head: the room's newest id after them.
    :ivar size: about how many bytes their lines have.
    """

    __slots__ = ("_lines", "_whole", "events", "head", "size")

    def __init__(self, events: list[Event], head: int, size: int) -> None:
        self.events = events
        self.head = head
        self.size = size
        self._lines: dict[Any, list[bytes]] = {}
        self._whole: dict[Any, bytes] = {}

    def encoded(self, wire: Any) -> bytes:
        whole = self._whole.get(wire)
        if whole is None:
            whole = self._whole[wire] = wire.encode_all(self.events)
        return whole

    def without(self, wire: Any, own: set[int]) -> bytes:
        """The lines for one who said some of it: those ids are left out, and taken from `own`."""
        if wire not in self._lines:
            self._lines[wire] = [wire.encode(event) for event in self.events]
        shown = self._lines[wire].copy()
        for place, event in enumerate(self.events):
            if isinstance(event, Message) and event.id in own:
                own.discard(event.id)
                shown[place] = b""
        return b"".join(shown)


def _size(event: Event) -> int:
    """About how many bytes its line has."""
    if isinstance(event, Message):
        return 100 + (len(event.text) if event.text.isascii() else len(event.text.encode()))
    return 5000 if isinstance(event, Presence) else 1000


def _portions(events: list[Event]) -> Iterator[tuple[list[Event], int]]:
    """The events in portions of about `WRITE` bytes, each with its size."""
    start = size = 0
    for end, event in enumerate(events):
        more = _size(event)
        if size + more > MAX_WRITE_BYTES and end > start:
            yield events[start:end], size
            start, size = end, 0
        size += more
    yield events[start:], size


class PresenceBatch:
    """Who left, was renamed and came, and has not been told yet."""

    def __init__(self) -> None:
        self.left: list[str] = []
        self.renamed: dict[str, str] = {}
        self.joined: list[str] = []
        self.entering: list[Cursor] = []
        self.keys: set[str] = set()

    def lines(self, room: str, count: int) -> list[Event]:
        """The presence lines: as many as it takes, `TOLD` names of a kind in each."""
        renamed = list(self.renamed.items())
        longest = max(len(self.left), len(renamed), len(self.joined))
        return [
            Presence(
                room,
                count,
                self.left[start : start + MAX_NAMES_IN_PRESENCE],
                dict(renamed[start : start + MAX_NAMES_IN_PRESENCE]),
                self.joined[start : start + MAX_NAMES_IN_PRESENCE],
            )
            for start in range(0, longest, MAX_NAMES_IN_PRESENCE)
        ]


class Room:
    """
    :param name: as the server writes it.
    :param head: the newest id in its log.
    :param ledger: an `ILedger`, for pages.
    :param later: `callLater` of a reactor.
    """

    def __init__(self, name: str, head: int, ledger: Any, later: Callable[..., Any]) -> None:
        self.name = name
        self.head = head  #: the newest id that was published
        self.first = 1  #: the oldest id kept, as far as is known here
        self.topic = ""
        self.topic_by = ""
        self.members: dict[Cursor, None] = {}
        self._ledger = ledger
        self._later = later
        self._live: dict[Any, dict[Cursor, Any]] = {}  # of each wire, with the peer
        self._tail: deque[Batch] = deque()
        self._tail_size = 0
        self._start = 0  #: the position of the tail's first batch
        self._start_head = head  #: the newest id before the tail
        self._fresh: list[Event] = []
        self._presence = PresenceBatch()
        self._timer: Any = None
        self._sorted: list[Cursor] | None = None

    # What the hub says happened, in its order; `publish` ends a batch.

    def append(self, event: Event) -> None:
        """Something was said or set."""
        self._fresh.append(event)

    def join(self, cursor: Cursor) -> None:
        """
        Someone comes; it is told to the others, and the room to it, when the gathering is told.
        """
        self._coalesce(cursor.name)
        self._presence.joined.append(cursor.name)
        self._presence.entering.append(cursor)

    def leave(self, cursor: Cursor) -> bool:
        """Someone goes. Returns whether it was here."""
        if names.key(cursor.name) in self._presence.keys:
            self.flush()
        if cursor not in self.members:
            return False
        self._coalesce(cursor.name)
        self._presence.left.append(cursor.name)
        self._remove(cursor)
        return True

    def rename(self, cursor: Cursor, name: str) -> None:
        """A member bears another name from here on."""
        old = cursor.name
        if old == name or cursor not in self.members and cursor not in self._presence.entering:
            return
        self._coalesce(old, name)
        self._presence.renamed[old] = name
        cursor.name = name
        self._sorted = None

    def replace(self, old: Cursor, new: Cursor) -> bool:
        """A member came in anew from another connection. Returns whether the old one was here."""
        if old in self._presence.entering:
            self.flush()
        if old not in self.members:
            return False
        self._remove(old)
        name, new.name = new.name, old.name
        self._add(new)
        self.rename(new, name)
        self.flush()
        self.pump(new)
        return True

    def announce(self, name: str) -> None:
        """Before this one speaks, everyone is told that it is here."""
        if self._presence.keys and names.key(name) in self._presence.keys:
            self.flush()

    @property
    def empty(self) -> bool:
        return not self.members and not self._presence.entering

    def by_name(self) -> list[Cursor]:
        """The members, sorted."""
        if self._sorted is None:
            self._sorted = sorted(self.members, key=lambda cursor: names.key(cursor.name))
        return self._sorted

    def flush(self) -> None:
        """Tell the gathering, and publish."""
        if self._timer is not None:
            self._timer.cancel()
        self._tell_presence()

    def publish(self) -> None:
        """Show what happened since the last time to everyone, and the room to those who came."""
        if not self._presence.keys or len(self.members) < LARGE_ROOM:
            self.flush()
        else:
            if self._timer is None:
                self._timer = self._later(PRESENCE_DELAY, self._tell_presence)
            self._publish()

    def publish_messages(self) -> None:
        """Show what was said since the last time."""
        self._publish()

    def _coalesce(self, *gathered: str) -> None:
        keys = {names.key(name) for name in gathered}
        if keys & self._presence.keys:
            self.flush()
        self._presence.keys |= keys

    def _tell_presence(self) -> None:
        self._timer = None
        gathering, self._presence = self._presence, PresenceBatch()
        for cursor in gathering.entering:
            self._add(cursor)
        if gathering.keys:
            self._fresh += gathering.lines(self.name, len(self.members))
        self._publish()
        for cursor in gathering.entering:
            self.pump(cursor)

    def _add(self, cursor: Cursor) -> None:
        self.members[cursor] = None
        self._sorted = None

    def _remove(self, cursor: Cursor) -> None:
        del self.members[cursor]
        self.detach(cursor)
        self._sorted = None

    def detach(self, cursor: Cursor) -> None:
        """Nothing more is given to this one."""
        cursor.closed = True
        self._unlive(cursor)

    # Fan-out.

    def _publish(self) -> None:
        events, self._fresh = self._fresh, []
        if events:
            for portion, size in _portions(events):
                self._show(portion, size)

    def _show(self, events: list[Event], size: int) -> None:
        before = self.head
        for event in reversed(events):
            if isinstance(event, Message):
                self.head = event.id
                break
        batch = Batch(events, self.head, size)
        self._tail.append(batch)
        self._tail_size += batch.size
        self._fan_out(batch, before)
        while self._tail_size > TAIL_BYTES and len(self._tail) > 1:
            gone = self._tail.popleft()
            self._tail_size -= gone.size
            self._start += 1
            self._start_head = gone.head

    def _fan_out(self, batch: Batch, before: int) -> None:
        full: list[Cursor] = []
        for wire, live in self._live.items():
            data = batch.encoded(wire) if live else b""
            size = len(data)
            for cursor, peer in live.items():
                if peer.full:
                    full.append(cursor)
                elif cursor.unechoed:
                    peer.write(batch.without(wire, cursor.unechoed))
                elif peer.at_once is None:
                    peer.write(data)
                else:  # what is done for each member of each message: as little as can be
                    try:
                        taken = peer.at_once(data)
                    except OSError:
                        taken = 0
                    if taken != size:
                        peer.write(data[taken:])
        for cursor in full:
            self._unlive(cursor)
            cursor.after = cursor.through = before
            cursor.position = self._end - 1

    @property
    def _end(self) -> int:
        return self._start + len(self._tail)

    def _unlive(self, cursor: Cursor) -> None:
        if cursor.live:
            cursor.live = False
            del self._live[cursor.session.wire][cursor]

    # The pump.

    def last_given(self, cursor: Cursor) -> int:
        """The last id that was written to this one."""
        return self.head if cursor.live else cursor.after

    def pump(self, cursor: Cursor) -> None:
        """Give a member what it lacks, until its peer is full or it is live."""
        if cursor not in self.members:
            return  # it asked to come in, and has no place in the order yet
        peer = cursor.session.peer
        while not (cursor.live or cursor.fetching or cursor.closed or peer.full):
            if cursor.needs_state:
                if self._presence.keys:
                    # else who left would be told after a room line in which they are not
                    self.flush()
                self._send_state(cursor)
            elif cursor.after < cursor.through:
                self._give_history(cursor)
            elif cursor.in_history:
                cursor.in_history = False
                cursor.send(CaughtUp(self.name))
            elif cursor.position < self._start:
                cursor.needs_state = True  # it fell out of the tail
            elif cursor.position < self._end:
                self._give_batch(cursor)
            else:
                cursor.live = True
                self._live.setdefault(cursor.session.wire, {})[cursor] = peer
                cursor.session.on_live()

    def _send_state(self, cursor: Cursor) -> None:
        """
        Tell the room as it is now. What it knows of the log continues from `after`, or it is told
        why not.
        """
        cursor.needs_state = False
        members = [member.name for member in islice(self.members, MAX_NAMES_IN_STATE)]
        cursor.send(
            RoomState(
                self.name, self._ledger.epoch, self.first, self.head, cursor.said, self.topic, members, len(self.members),
                cursor.ref,
            )
        )  # fmt: skip
        cursor.ref = None
        if cursor.reset:
            cursor.reset = False
            cursor.send(Reset(self.name, self._ledger.epoch, self.first, self.head))
        elif cursor.after + 1 < self.first:
            if cursor.resuming:
                cursor.send(Gap(self.name, cursor.after, self.first))
            cursor.after = self.first - 1
        cursor.resuming = True
        cursor.send(Catchup(self.name, self.head))
        cursor.through = self.head
        cursor.position = self._end
        cursor.in_history = True

    def _give_batch(self, cursor: Cursor) -> None:
        batch = self._tail[cursor.position - self._start]
        wire = cursor.session.wire
        cursor.session.peer.write(
            batch.without(wire, cursor.unechoed) if cursor.unechoed else batch.encoded(wire)
        )
        cursor.position += 1
        cursor.after = cursor.through = batch.head

    def _give_history(self, cursor: Cursor) -> None:
        if cursor.after >= self._start_head:
            self._give_page(self._recent(cursor.after, cursor.through), cursor)
            return
        cursor.fetching = True
        page = self._ledger.page(self.name, cursor.after, cursor.through)
        page.addCallbacks(
            self._page_came, lambda _: None, (cursor,)
        )  # where it fails the hub is told, and ends it all

    def _recent(self, after: int, through: int) -> list[Message]:
        """A page from the tail."""
        found: list[Message] = []
        size = 0
        for batch in self._tail:
            if batch.head <= after:
                continue
            for event in batch.events:
                if isinstance(event, Message) and after < event.id <= through:
                    found.append(event)
                    size += len(event.text) + 100
                    if size > 65_536:
                        return found
        return found

    def _page_came(self, page: list[Message], cursor: Cursor) -> None:
        cursor.fetching = False
        if not cursor.closed:
            self._give_page(page, cursor)
            self.pump(cursor)

    def _give_page(self, page: list[Message], cursor: Cursor) -> None:
        session = cursor.session
        encode, me, own = session.wire.encode, session.name, cursor.unechoed
        lines = []
        for message in page:
            if message.id > cursor.after + 1:
                lines.append(encode(Gap(self.name, cursor.after, message.id)))
            cursor.after = message.id
            if own and message.id in own:
                own.discard(message.id)
            else:
                lines.append(encode(message, me, True))
        if not page:
            lines.append(encode(Gap(self.name, cursor.after, cursor.through + 1)))
            cursor.after = cursor.through
        session.peer.write(b"".join(lines))
