"""
A snapshot of what a hub's entries have made and no ledger stores: the members, their seats, and the
rooms that these are in. A hub that begins with it goes on like the one that took it.
"""

from __future__ import annotations

import msgspec

from groupchat.core.members import Members
from groupchat.core.room_access import RoomAccess
from groupchat.core.rooms import Rooms
from groupchat.errors import CannotStart

__all__ = ["restore", "take"]


class _Seat(msgspec.Struct, array_like=True):
    """
    :ivar member: the place of its member among the members.
    """

    number: int
    member: int
    client: bytes
    address: str
    since: int
    rooms: dict[str, int]


class _Room(msgspec.Struct, array_like=True):
    name: str
    head: int
    first: int
    topic: str
    topic_by: str
    owner: str
    private: bool
    invited: list[str]


class _State(msgspec.Struct, array_like=True):
    """
    :ivar members: name and account of each, in the order in which they joined.
    :ivar seats: in the order in which they were taken.
    :ivar names: the rule for names; "": of a node that does not tell.
    """

    max: int | None
    members: list[tuple[str, str]]
    seats: list[_Seat]
    rooms: list[_Room]
    names: str = ""


def take(members: Members, rooms: Rooms, names: str) -> bytes:
    """
    Return a snapshot.

    :param names: the rule for names, on which the order depends.
    """
    places = {member: place for place, member in enumerate(members.all())}
    state = _State(
        members.decided_max,
        [(member.name, member.account) for member in places],
        [
            _Seat(
                seat.number, places[seat.member], seat.client, seat.address, seat.since, seat.rooms
            )
            for seat in members.seats()
        ],
        [
            _Room(
                room.name, room.head, room.first, room.topic, room.topic_by,
                room.access.owner, room.access.private, sorted(room.access.invited),
            )
            for room in rooms.values()
            if not room.deserted
        ],
        names,
    )  # fmt: skip
    return msgspec.msgpack.encode(state)


def restore(data: bytes, members: Members, rooms: Rooms, names: str) -> None:
    """
    Put what a snapshot says in the place of what is there. An empty one: nobody is in.

    :param data: the snapshot; b"": nobody is in.
    :param names: the rule for names here.
    :raises msgspec.ValidationError: it is none.
    :raises CannotStart: it is of a node with another rule for names.
    """
    state = msgspec.msgpack.decode(data, type=_State) if data else _State(None, [], [], [])
    if state.names not in ("", names):
        raise CannotStart(
            f"The other servers of this group have --names {state.names}, and this one has"
            f" --names {names}. Give it theirs, or stop all of them and start them with another."
        )
    rooms.clear()
    members.clear(state.max)
    for room in state.rooms:
        made = rooms.begin(room.name, room.head, room.topic, room.topic_by)
        made.first = room.first
        made.access = RoomAccess(room.owner, room.private, frozenset(room.invited))
    those = [members.add(name, account) for name, account in state.members]
    for one in state.seats:
        seat = members.add_seat(one.number, those[one.member], one.client, one.address, one.since)
        for name, since in one.rooms.items():
            rooms[name].seat(seat, since)
