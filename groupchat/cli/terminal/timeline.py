"""
A room as a person reads it: what was said, what is not stored yet, and where the news begins.

Sans-I/O, and without rows or columns: `groupchat.cli.terminal.rows` lays lines out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum

__all__ = [
    "MAX_LINES_ELSEWHERE",
    "MAX_LINES_HERE",
    "Kind",
    "Line",
    "Pending",
    "Presence",
    "Timeline",
]

MAX_LINES_HERE = 10_000  #: lines kept of the room in view
MAX_LINES_ELSEWHERE = 1_000  #: lines kept of each other room; older ones are asked for again
_MAX_NAMES = 2  #: names in a line about joins


class Kind(Enum):
    """The kind of a line."""

    MESSAGE = "somebody said it"
    ACT = "somebody does it"
    TELL = "somebody said it to one person only"
    PRESENCE = "members that joined or left"
    NOTICE = "the server or the client says it"
    ANSWER = "it answers a command"
    ERROR = "it is about something that went wrong"


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """
    A line of a room. Lines never change: another one takes the place of a line.

    :ivar kind: its kind.
    :ivar text: the text.
    :ivar sender: the member that said it; "" if nobody did.
    :ivar at: when, in the time zone of the reader; None if that is not known.
    :ivar id: its id in the room; None if it has none.
    :ivar own: whether the reader said it.
    :ivar mention: whether it names the reader.
    :ivar waiting: whether it is not stored yet.
    :ivar edited: whether it was corrected.
    :ivar removed: whether it was removed, so that its text is gone.
    """

    kind: Kind
    text: str
    sender: str = ""
    at: datetime | None = None
    id: int | None = None
    own: bool = False
    mention: bool = False
    waiting: bool = False
    edited: bool = False
    removed: bool = False


@dataclass(slots=True, eq=False)
class Presence:
    """Members that joined, left and were renamed, one change after the other."""

    joined: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)

    def add(self, left: Iterable[str], renamed: dict[str, str], joined: Iterable[str]) -> None:
        """Add a change. A member that joined and left again has done neither."""
        for name in left:
            _toggle(name, self.joined, self.left)
        for old, new in renamed.items():
            self._rename(old, new)
        for name in joined:
            _toggle(name, self.left, self.joined)

    def _rename(self, old: str, new: str) -> None:
        if old in self.joined:
            self.joined[self.joined.index(old)] = new
            return
        first = next((known for known, last in self.renamed.items() if last == old), old)
        self.renamed.pop(first, None)
        if first != new:
            self.renamed[first] = new

    @property
    def text(self) -> str:
        """The changes as a sentence; "" if there are none."""
        parts = [f"{old} is now {new}" for old, new in self.renamed.items()]
        if self.joined:
            parts.append(f"{_list(self.joined)} joined")
        if self.left:
            parts.append(f"{_list(self.left)} left")
        return "; ".join(parts) + "." * bool(parts)


def _toggle(name: str, undone: list[str], done: list[str]) -> None:
    if name in undone:
        undone.remove(name)
    elif name not in done:
        done.append(name)


def _list(names: list[str]) -> str:
    more = len(names) - _MAX_NAMES
    if more > 0:
        return f"{', '.join(names[:_MAX_NAMES])} and {more} more"
    return " and ".join(names)


@dataclass(slots=True, eq=False)
class Pending:
    """
    A message of the reader on its way.

    :ivar line: how it looks.
    :ivar id: its id, once it is stored.
    :ivar answered: whether the server has stored or refused it.
    """

    line: Line
    id: int | None = None
    answered: bool = False


def _typed(line: Line) -> str:
    if line.kind is Kind.ACT:
        return f"/me {line.text}"
    return f"/{line.text}" if line.text.startswith("/") else line.text


def _is_alike(pending: Pending, line: Line) -> bool:
    unanswered = not pending.answered
    return unanswered and (pending.line.kind, pending.line.text) == (line.kind, line.text)


class Timeline:
    """
    The lines of a room.

    Each line has a position. Positions count up, and a line keeps its position while others are
    added before or behind it. The reader's own messages that are not in the log yet stand behind
    all others.

    :ivar first: the position of the oldest line.
    :ivar head: the newest id of the room, as far as it is known.
    :ivar newest: the newest id that has arrived.
    :ivar mark: the id up to which the reader has read.
    :ivar news: the position before which "new" is shown; None if it is not.
    :ivar mentions: unread lines that name the reader.
    :ivar complete: whether no older messages exist.
    """

    def __init__(self) -> None:
        self.first = 0
        self.head = 0
        self.newest = 0
        self.mark = 0
        self.news: int | None = None
        self.mentions = 0
        self.complete = False
        self._lines: deque[Line] = deque()
        self._by_id: dict[int, int] = {}  # positions
        self._pending: list[Pending] = []
        self._presence: Presence | None = None  # of the last line
        self._limit = MAX_LINES_ELSEWHERE
        self._oldest: int | None = None  # the id that older pages begin before

    # Reading.

    def __len__(self) -> int:
        return len(self._lines) + len(self._pending)

    @property
    def end(self) -> int:
        """The position behind the last line."""
        return self.first + len(self)

    def __getitem__(self, position: int) -> Line:
        index = position - self.first
        if index < 0:
            raise IndexError(position)
        if index < len(self._lines):
            return self._lines[index]
        return self._pending[index - len(self._lines)].line

    @property
    def unread(self) -> int:
        """Messages after the mark. Ids have no holes, so that none has to be loaded to know it."""
        return max(0, self.head - self.mark)

    @property
    def oldest_id(self) -> int | None:
        """Older messages are those before this id; None if none has arrived."""
        if self._oldest is not None:
            return self._oldest
        return next((line.id for line in self._lines if line.id is not None), None)

    @property
    def waiting(self) -> int:
        """The reader's messages that are not stored yet."""
        return len(self.unsaid)

    @property
    def unsaid(self) -> list[str]:
        """Returns these, as they were typed."""
        return [_typed(one.line) for one in self._pending if not one.answered]

    def position_of(self, message_id: int) -> int | None:
        """Returns where a message is; None if it is not here."""
        return self._by_id.get(message_id)

    # Lines of others, and of the server.

    def add(self, line: Line) -> None:
        """Add a line behind all that the room's log has so far."""
        self._presence = None
        self._append(line)

    def add_presence(
        self, left: Iterable[str], renamed: dict[str, str], joined: Iterable[str]
    ) -> None:
        """Add a change of members; changes that follow each other are one line."""
        if self._presence is None:
            self._presence = Presence()
        else:
            self._pop()
        presence = self._presence
        presence.add(left, renamed, joined)
        if presence.text:
            self._append(Line(Kind.PRESENCE, presence.text))
        else:
            self._presence = None

    def _append(self, line: Line) -> None:
        if line.id is not None:
            self._by_id[line.id] = self.first + len(self._lines)
            self.arrived(line.id)
        self._lines.append(line)
        self._trim()

    def _pop(self) -> None:
        self._lines.pop()
        if self.news is not None and self.news > self.first + len(self._lines):
            self.news = None

    def prepend(self, lines: list[Line], more: bool, oldest: int | None = None) -> None:
        """
        Add older lines before all others.

        :param oldest: the id up to which everything is known now, if there is no line for it.
        :param more: whether still older ones exist.
        """
        self.complete = not more
        self._oldest = oldest
        for line in reversed(lines):
            self.first -= 1
            if line.id is not None:
                self._by_id[line.id] = self.first
            self._lines.appendleft(line)

    def replace(self, message_id: int, **changes: object) -> bool:
        """Change the line of a message. Returns whether it is here."""
        position = self._by_id.get(message_id)
        if position is None:
            return False
        index = position - self.first
        self._lines[index] = replace(self._lines[index], **changes)  # type: ignore[arg-type]
        return True

    def clear(self) -> None:
        """Forget all lines but those that are not stored yet."""
        self.first += len(self._lines)
        self._lines.clear()
        self._by_id.clear()
        self._presence = self.news = self._oldest = None
        self.complete = False

    # The reader's own messages.

    def say(self, line: Line) -> Pending:
        """Add a message of the reader; it waits until `stored` or `refused`."""
        pending = Pending(line)
        self._pending.append(pending)
        return pending

    def stored(self, pending: Pending, message_id: int | None) -> None:
        """The server has stored a message of the reader."""
        pending.answered = True
        pending.id = message_id
        pending.line = replace(pending.line, waiting=False)
        if message_id is None or message_id in self._by_id:
            self._drop(pending)

    def refused(self, pending: Pending) -> None:
        """The server has refused a message of the reader for good."""
        pending.answered = True
        self._drop(pending)

    def add_own(self, line: Line) -> None:
        """A message of the reader has its place in the log: it no longer stands behind it."""
        found = next((one for one in self._pending if line.id and one.id == line.id), None)
        if found is None:  # its answer may have been lost with an earlier chat
            found = next((one for one in self._pending if _is_alike(one, line)), None)
        self.add(line)
        if found is not None:
            self._drop(found)

    def _drop(self, pending: Pending) -> None:
        if pending in self._pending:
            self._pending.remove(pending)

    # Reading on, and forgetting.

    def notice_unread(self, mention: bool) -> None:
        """The last line is news for the reader."""
        self.mentions += mention
        if self.news is None:
            self.news = self.first + len(self._lines) - 1

    def arrived(self, message_id: int) -> None:
        """Everything up to this id has arrived."""
        self.newest = max(self.newest, message_id)
        self.head = max(self.head, message_id)

    def read(self) -> None:
        """The reader has seen everything that has arrived."""
        self.mark = max(self.mark, self.newest)
        self.mentions = 0

    def read_up_to(self, message_id: int) -> None:
        """The reader has seen everything up to this id, perhaps on another device."""
        self.mark = max(self.mark, message_id)
        if not self.unread:
            self.mentions = 0

    def forget_news(self) -> None:
        """The reader leaves the room, or says something: no line is new any more."""
        self.news = None

    def in_view(self, visible: bool) -> None:
        """The room came into view, or left it: more or fewer lines are kept."""
        self._limit = MAX_LINES_HERE if visible else MAX_LINES_ELSEWHERE
        self._trim()

    def _trim(self) -> None:
        while len(self._lines) > self._limit:
            line = self._lines.popleft()
            self.first += 1
            self.complete = False
            self._oldest = None
            if line.id is not None:
                self._by_id.pop(line.id, None)
        if self.news is not None and self.news < self.first:
            self.news = self.first
