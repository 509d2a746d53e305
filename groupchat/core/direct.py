"""
Direct rooms: the rooms of two accounts, of which each knows one by the name of the other.

A direct room is a room like any, but for its name, which differs by reader, and for its members,
which are always the two. `groupchat.core.direct_rooms` has the internal names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
from twisted.logger import Logger
from zope.interface import implementer

from groupchat.core.counters import Counters
from groupchat.core.direct_rooms import direct_room, parties
from groupchat.core.presence import REPLACED
from groupchat.core.room import Room
from groupchat.interfaces import IAccounts, ILedger
from groupchat.wire import errors, events, names
from groupchat.wire.events import Event
from groupchat.wire.interfaces import Capabilities, IWire, Reference

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall
    from twisted.python.failure import Failure

    from groupchat.core.cursor import Cursor
    from groupchat.core.members import Members
    from groupchat.core.permissions import Account
    from groupchat.core.seat import Seat
    from groupchat.core.session import Session
    from groupchat.wire.commands import Command
    from groupchat.wire.events import Departure

__all__ = ["MAX_ROOMS_IN_DIRECT", "DirectRoom", "DirectRooms", "LabelledWire"]

MAX_ROOMS_IN_DIRECT = 1000  #: direct rooms in one line; more lines follow


class DirectRooms:
    """
    Knows which direct rooms there are, and by which names.

    :param ledger: tells which of them have messages.
    """

    log = Logger()

    def __init__(self, accounts: IAccounts, members: Members, ledger: ILedger) -> None:
        self._accounts = accounts
        self._members = members
        self._ledger = ledger

    def resolve(self, name: str, account: str) -> str:
        """
        Return the internal name of a direct room.

        :param name: ``@NAME``, as a client writes it.
        :param account: the id of the client's account; "" for a guest.
        :raises NoSuchName: one of the two has no account, or they are the same.
        """
        room = self.between(account, name.removeprefix(names.DIRECT))
        if room is None:
            raise errors.NoSuchName(
                f'There is no direct room "{names.printable(name)}":'
                " it takes two registered names, yours and another."
            )
        return room

    def between(self, account: str, name: str) -> str | None:
        """Return the internal name of the direct room of an account and a name, or None."""
        other = self.account_named(name)
        own = self._accounts.permissions.with_id(account)
        if own is None or other is None or other.id == account:
            return None
        return direct_room(account, other.id)

    def exists(self, room: str, account: str) -> bool:
        """
        Return whether a direct room is one of an account, and both of its accounts still exist.

        :param room: its internal name.
        """
        ids, with_id = parties(room), self._accounts.permissions.with_id
        return account in ids and all(with_id(one) is not None for one in ids)

    def account_named(self, name: str) -> Account | None:
        """Return the account of the member of this name, or that which is registered so."""
        permissions = self._accounts.permissions
        member = self._members.named(name)
        present = permissions.with_id(member.account) if member is not None else None
        return present or permissions.owner(name)

    def label(self, room: str, account: str) -> str:
        """
        Return the name of a direct room for one of the two; for anybody else, the name is as given.

        :param room: its internal name, or what a client has given as such.
        """
        ids = parties(room)
        if account not in ids:
            return room
        other = ids[ids[0] == account]
        found = self._accounts.permissions.with_id(other)
        return names.DIRECT + (found.key if found is not None else other)

    def names(self, room: str) -> list[str]:
        """Return the names of the two, as they are registered, in alphabetical order."""
        found = map(self._accounts.permissions.with_id, parties(room))
        return sorted((one.name for one in found if one is not None), key=names.key)

    def announce(self, session: Session) -> None:
        """Tell a session the direct rooms of its account that have messages, if there are any."""

        def tell(found: dict[str, tuple[int, int]]) -> None:
            rooms = [
                (self.label(room, account), events.DirectRoom(head, mark))
                for room, (head, mark) in found.items()
                if len(self.names(room)) == len(parties(room))
            ]
            if session.ended:
                return
            for start in range(0, len(rooms), MAX_ROOMS_IN_DIRECT):
                some = rooms[start : start + MAX_ROOMS_IN_DIRECT]
                session.send(events.Direct(dict(some)))

        def failed(failure: Failure) -> None:
            if failure.check(errors.Unavailable):
                session.end(errors.AWAY)
            else:
                self.log.failure("The direct rooms could not be read", failure)

        account = session.account
        self._ledger.direct_rooms(account).addCallback(tell).addErrback(failed)


class DirectRoom(Room):
    """
    A direct room. Its members are always the two, so nobody is told of presence.

    :param names: returns the names of the two. (A room can be there before the accounts are read.)
    """

    is_direct = True

    def __init__(
        self,
        name: str,
        head: int,
        ledger: ILedger,
        call_later: Callable[..., IDelayedCall],
        counters: Counters,
        names: Callable[[], list[str]],
    ) -> None:
        super().__init__(name, head, ledger, call_later, counters)
        self._names = names

    def join(self, seat: Seat, since: int, cursor: Cursor | None) -> None:
        """Give a session the room line, and tell nobody."""
        seat.rooms[self.name] = since
        self._add(seat, cursor)
        if cursor is not None:
            self.pump(cursor)

    def leave(self, seat: Seat, by: int, why: Departure) -> None:
        """Let a seat leave, if it is here, and tell nobody."""
        if self._attendance.has(seat):
            self._remove(seat)

    def rename(self, old: str, new: str) -> None:
        """Tell nobody: each of the two knows the room by the other's registered name."""

    def replace(self, old: Seat, new: Seat, since: int) -> None:
        """Let the old seat of a client leave: the new one joins by itself."""
        self.leave(old, old.node, REPLACED)

    def member_names(self, limit: int) -> tuple[list[str], int]:
        """Return the names of the two, whether they are here or not."""
        both = self._names()
        return both, len(both)


@implementer(IWire)
class LabelledWire(msgspec.Struct, frozen=True):
    """
    A wire to one of the two members of a direct room: its lines have the room's name for that one.

    :ivar wire: the wire of the client.
    :ivar label: the room's name.
    """

    wire: IWire
    label: str

    @property
    def name(self) -> str:
        return self.wire.name

    @property
    def capabilities(self) -> Capabilities:
        return self.wire.capabilities

    def decode(self, line: bytes, inside: bool = True) -> Command:
        return self.wire.decode(line, inside)

    def about(self, line: bytes) -> Reference:
        return self.wire.about(line)

    def encode(self, event: Event, me: str = "", past: bool = False) -> bytes:
        return self.wire.encode(self._labelled(event), me, past)

    def echo(self, own: events.Message, ref: str | None) -> bytes:
        return self.wire.echo(msgspec.structs.replace(own, room=self.label), ref)

    def encode_all(self, told: list[Event]) -> bytes:
        return self.wire.encode_all([self._labelled(event) for event in told])

    def _labelled(self, event: Event) -> Event:
        if isinstance(event, events.History | events.Found):
            messages = [self._labelled(message) for message in event.messages]
            return msgspec.structs.replace(event, room=self.label, messages=messages)
        return msgspec.structs.replace(event, room=self.label)
