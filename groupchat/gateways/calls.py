"""
The requests of callers: to say something in a room without being in it, and questions about rooms.

A caller is told no more of a room, and may do no more in it, than if it had joined it: the ledger
is asked first, as on joining.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec

from groupchat.core.direct_rooms import is_direct
from groupchat.core.entries import LookEntry, MessageEntry
from groupchat.core.log_reader import LogReader
from groupchat.core.queries import LINES_PER_SEARCH, ROWS_PER_ANSWER, member_rows, room_rows
from groupchat.core.search import SearchQuery
from groupchat.wire import errors, events, names

if TYPE_CHECKING:
    from groupchat.core.callers import Caller
    from groupchat.core.hub import Hub
    from groupchat.wire.events import Message

__all__ = ["Calls", "Said"]


class Said(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    A message that is stored.

    :ivar room: the name of its room, as the caller knows it.
    :ivar id: its number there; None if it was stored so long ago that it is no longer known.
    """

    room: str
    id: int | None = None


class Calls:
    """
    :param hub: the node.
    :param now: the time in milliseconds since 1970.
    """

    def __init__(self, hub: Hub, now: Callable[[], int]) -> None:
        self._callers = hub.callers
        self._rooms = hub.rooms
        self._room_names = hub.room_names
        self._ledger = hub.ledger
        self._settings = hub.settings
        self._outage = hub.outage
        self._posted = hub.posted
        self._now = now

    async def look(self, caller: Caller, name: str) -> LookEntry:
        """
        Return the state of a room.

        :param name: of the room, as the caller knows it.
        :raises Refused: there is no such room, or it is not open to the caller.
        """
        room = self._room_names.to_join(name, caller.account)
        entry = LookEntry(room, account=caller.account)
        await self._posted(entry)
        if entry.refusal is not None:
            raise entry.refusal
        return entry

    async def _state(self, caller: Caller, name: str) -> LookEntry:
        """
        Return the state of a room, like `look`, for a question. While the ledger can't be reached,
        it is the one in memory.
        """
        if self._outage.is_over:
            return await self.look(caller, name)
        room = self._room_names.to_join(name, caller.account)
        here = self._rooms.get(room)
        if here is None or not here.access.admits(caller.account):
            raise errors.unreadable()
        entry = LookEntry(room, account=caller.account)
        entry.head = here.head
        return entry

    def label(self, caller: Caller, room: str) -> str:
        """Return the name of a room as the caller knows it, by its internal name."""
        return self._room_names.label_of(room, caller.account)

    # Saying.

    async def say(
        self,
        caller: Caller,
        name: str,
        text: str,
        act: bool = False,
        key: str | None = None,
        notice: bool = False,
    ) -> Said:
        """
        Say something in a room. Returns once it is stored.

        :param name: of the room, as the caller knows it.
        :param key: the same words under the same key are stored once; None: each time.
        :raises Conflict: something else was said under this key.
        :raises Refused: it can't be said.
        """
        self._callers.take(caller)
        room = await self._enterable(caller, name)
        refusal: errors.Refused | None = None
        try:
            self._check_count(room)
            text = names.message_text(text)
            self._callers.check_may_speak(caller)
        except errors.Refused as refused:
            if key is None:
                raise
            text, refusal = names.visible(text), refused  # but it may be stored under this key
        client, n = (_client(caller, key), 1) if key is not None else (b"", None)
        entry = MessageEntry(
            room, caller.name, text, self._now(),
            act=act, client=client, n=n, notice=notice, account=caller.account,
        )  # fmt: skip
        entry.refusal = refusal
        await self._posted(entry)
        if isinstance(entry.refusal, errors.Conflict):
            raise errors.Conflict("Something else was said with this key. Take another.")
        if entry.refusal is not None:
            raise entry.refusal
        return Said(self.label(caller, room), entry.id)

    async def _enterable(self, caller: Caller, name: str) -> str:
        """
        Return the internal name of a room that is open to a caller.

        :raises NotAllowed: it is not.
        """
        room = self._room_names.to_join(name, caller.account)
        here = self._rooms.get(room)
        if here is None:
            return (await self.look(caller, name)).room
        if not here.access.admits(caller.account):
            raise errors.not_open()
        return room

    def _check_count(self, room: str) -> None:
        """
        Check that a room may begin to exist, if it does not.

        :raises TooMany: there are too many.
        """
        if room in self._rooms or is_direct(room) or self._rooms.listed < self._settings.max_rooms:
            return
        raise errors.TooMany(
            f"The server has {self._rooms.listed} rooms, and takes no more. Use one that exists."
        )

    # Questions.

    async def history(
        self, caller: Caller, name: str, before: int | None, after: int | None, limit: int
    ) -> events.History:
        """
        Return a page of a room's history, like `ILedger.history`.

        :raises Refused: it can't be had.
        """
        self._callers.take(caller)
        state = await self._state(caller, name)
        newest = state.head + 1
        before = newest if before is None else min(before, newest)
        found, more = await self._reader(state.room).history(before, limit, after)
        label = self.label(caller, state.room)
        return events.History(label, _labelled(found, label), more)

    async def search(
        self, caller: Caller, name: str, query: SearchQuery, before: int | None, limit: int
    ) -> events.Found:
        """
        Return the newest messages of a room that a query finds.

        :raises Refused: they can't be had.
        """
        self._callers.take(caller, LINES_PER_SEARCH)
        state = await self._state(caller, name)
        newest = state.head + 1
        before = newest if before is None else min(before, newest)
        found = await self._reader(state.room).search(query, before, limit)
        label = self.label(caller, state.room)
        older = found.reached if found.more else None
        return events.Found(label, _labelled(found.messages, label), found.more, older)

    def _reader(self, room: str) -> LogReader:
        here = self._rooms.get(room)
        return here.reader if here is not None else LogReader(room, self._ledger)

    async def who(self, caller: Caller, name: str, after: str) -> events.Who:
        """
        Return the members of a room, by name.

        :param after: only those after this name.
        :raises Refused: they can't be had.
        """
        self._callers.take(caller)
        state = await self._state(caller, name)
        if is_direct(state.room):
            raise errors.NotAllowed("A direct room has no list: its members are you two.")
        room = self._rooms.get(state.room)
        if room is None:
            return events.Who(state.room, [], 0)
        rows = member_rows(room, after, self._callers.may_see_addresses(caller))
        return events.Who(state.room, rows, len(room.members))

    async def rooms(self, caller: Caller, after: str) -> events.Rooms:
        """
        Return the rooms that have members or stored messages, by name.

        :param after: only those after this name.
        :raises TooOften: the caller's rate is exceeded.
        """
        self._callers.take(caller)
        topics = await self._ledger.rooms(caller.account)
        rows = room_rows(self._rooms, topics, caller.account)
        page = [row for row in rows if row.room > names.key(after)][:ROWS_PER_ANSWER]
        return events.Rooms(page, len(rows))


def _client(caller: Caller, key: str) -> bytes:
    """
    Return what stands for a key in the ledger: a client that says one thing. The keys of one caller
    are not those of another.
    """
    whose = caller.account or f" {names.key(caller.name)}"
    return blake2b(f"{whose}\0{key}".encode(), digest_size=16, person=b"idempotency-key").digest()


def _labelled(messages: list[Message], label: str) -> list[Message]:
    """Return messages with the name of their room as a caller knows it."""
    return [
        message if message.room == label else msgspec.structs.replace(message, room=label)
        for message in messages
    ]
