"""
The questions about rooms: who is there, which rooms there are, and their history.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from groupchat.core.search import Found, SearchQuery
from groupchat.interfaces import ILedger
from groupchat.settings import Settings
from groupchat.wire import commands, errors, events, names
from groupchat.wire.events import RoomEntry
from groupchat.wire.timestamps import stamp

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall

    from groupchat.core.cursor import Cursor
    from groupchat.core.room import Room
    from groupchat.core.seat import Seat
    from groupchat.core.session import Session

__all__ = [
    "BIG_PAGE_COOLDOWN", "LINES_PER_SEARCH", "ROWS_PER_ANSWER", "SMALL_PAGE", "Queries",
    "member_rows", "room_rows",
]  # fmt: skip

SMALL_PAGE = 100  #: messages of history after which the next line need not wait
BIG_PAGE_COOLDOWN = 0.05  #: seconds that the next line waits after more
ROWS_PER_ANSWER = 1000  #: rows in an answer to who and rooms
ADDRESSES_PER_ROW = 8  #: addresses in a row of who, so that a line stays below 1 MiB
LINES_PER_SEARCH = 10  #: lines that a search counts as


class Queries:
    """
    Answers at once, or when the ledger has answered.

    :param rooms: all rooms of the node.
    :param call_later: that of a reactor.
    """

    def __init__(
        self,
        rooms: Mapping[str, Room],
        ledger: ILedger,
        settings: Settings,
        call_later: Callable[..., IDelayedCall],
    ) -> None:
        self._rooms = rooms
        self._ledger = ledger
        self._settings = settings
        self._call_later = call_later

    def history(self, session: Session, command: commands.AskHistory) -> None:
        """
        Answer with a page of a room's history.

        :raises NotInRoom: the session is not in the room.
        """
        room, cursor, before = self._position(session, command)

        def answer(found: tuple[list[events.Message], bool]) -> None:
            messages, more = found
            cursor.send(events.History(room.name, messages, more, command.ref))
            if len(messages) > SMALL_PAGE:  # a member that reads history yields to those that talk
                session.flow.expect_reply()
                self._call_later(BIG_PAGE_COOLDOWN, session.flow.replied)

        asked = room.reader.history(before, command.limit, command.after)
        session.await_reply(asked, answer, command)

    def search(self, session: Session, command: commands.Search) -> None:
        """
        Answer with the newest messages of a room that contain all words.

        :raises NotInRoom: the session is not in the room.
        """
        room, cursor, before = self._position(session, command)

        def answer(found: Found) -> None:
            older = found.reached if found.more else None
            cursor.send(events.Found(room.name, found.messages, found.more, older, command.ref))

        session.flow.spend(LINES_PER_SEARCH)
        query = SearchQuery.parse(command.text, command.sender)
        session.await_reply(room.reader.search(query, before, command.limit), answer, command)

    def _position(
        self, session: Session, command: commands.AskHistory | commands.Search
    ) -> tuple[Room, Cursor, int]:
        """Return the room and the cursor of a command, and the id before which it asks."""
        name = session.rooms.resolve(command.room)
        room = self._rooms[name]
        newest = room.head + 1
        before = newest if command.before is None else min(command.before, newest)
        return room, session.rooms.cursors[name], before

    def rooms(self, session: Session, command: commands.AskRooms) -> None:
        """Answer with the rooms that have members or stored messages, by name."""

        def answer(topics: dict[str, str]) -> None:
            rows = room_rows(self._rooms, topics, session.account)
            after = names.key(command.after) if command.after is not None else ""
            page = [row for row in rows if row.room > after][:ROWS_PER_ANSWER]
            session.send(events.Rooms(page, len(rows), command.ref))

        session.await_reply(self._ledger.rooms(session.account), answer, command)

    def who(self, session: Session, command: commands.AskWho) -> None:
        """
        Answer with the members of a room, by name.

        :raises Refused: the session is not in the room, or that is a direct one.
        """
        room = session.rooms.resolve(command.room)
        here = self._rooms[room]
        if here.is_direct:
            raise errors.NotAllowed("A direct room has no list: its members are you two.")
        seen_by = self._settings.show_addresses
        shown = seen_by == "everyone" or (seen_by == "operators" and session.operator)
        rows = member_rows(here, command.after or "", shown)
        session.send(events.Who(room, rows, len(here.members), command.ref))


def room_rows(rooms: Mapping[str, Room], topics: dict[str, str], account: str) -> list[RoomEntry]:
    """
    Return a row for each room that an account may know of, by name.

    :param rooms: those with members.
    :param topics: the topics of those in which messages are stored.
    """
    rows = {name: RoomEntry(name, 0, topic) for name, topic in topics.items()}
    for name, room in rooms.items():
        if room.is_direct or not room.access.admits(account):
            continue
        if not room.members and name not in topics:
            continue  # it is watched, and there is nothing
        rows[name] = RoomEntry(name, len(room.members), room.topic)
    return [rows[name] for name in sorted(rows)]


def member_rows(room: Room, after: str, shown: bool) -> list[events.Member]:
    """
    Return the next members of a room, by name.

    :param after: only those after this name.
    :param shown: whether their addresses are shown.
    """
    page = room.by_name()
    if after:
        key = names.key(after)
        page = [member for member in page if names.key(member.name) > key]
    return [
        _row(member.name, room.name, list(room.members[member]), shown)
        for member in page[:ROWS_PER_ANSWER]
    ]


def _row(name: str, room: str, seats: list[Seat], shown: bool) -> events.Member:
    """
    Return the row of a member.

    :param seats: its seats in the room.
    :param shown: whether the addresses are shown.
    """
    addresses = [seat.address for seat in seats[:ADDRESSES_PER_ROW]] if shown else []
    since = stamp(seats[0].rooms[room])
    return events.Member(name, since, addresses[0] if shown else None, addresses)
