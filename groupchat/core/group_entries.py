"""
Entries about the group as a whole: its members, and what operators tell all nodes.

They are judged by each hub for itself, in `appended`, from nothing but the entry and what the
entries before it have done: so all nodes come to the same result. A ledger gives them their places
and stores none of them. The room's name is "" in all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupchat.core.entries import Entry
from groupchat.core.presence import LOST

if TYPE_CHECKING:
    from groupchat.core.session import Session
    from groupchat.wire.events import Bye, Departure

__all__ = [
    "AccountsChangedEntry", "EndEntry", "LoginEntry", "LogoutEntry", "MaxEntry", "NodeEndsEntry",
    "NodeGoneEntry", "NoticeEntry", "RegisteredEntry",
]  # fmt: skip


class LoginEntry(Entry):
    """
    A session logs in: its seat is taken, or it is refused.

    :ivar seat: the number of the seat, of which the group has no other.
    :ivar name: the name under which it logs in.
    :ivar client: 16 bytes that name the client.
    :ivar account: the id of its account; "" for a guest.
    :ivar owner: whether the name is that of the account.
    :ivar operator: whether the account is an operator's.
    :ivar address: the address of the client, as people write it.
    :ivar since: milliseconds since 1970.
    :ivar devices: the devices that a member can have, on the node that posted this.
    :ivar places: the members that can be in, on that node.
    :ivar rooms: the rooms that it joins next: in these it takes the place of a session that it
        replaces.
    :ivar held: the sessions of this node whose next lines wait for it; None on other nodes.
    """

    __slots__ = (
        "account", "address", "client", "devices", "held", "name", "operator", "owner", "places",
        "rooms", "seat", "since",
    )  # fmt: skip

    def __init__(
        self,
        seat: int,
        name: str,
        client: bytes,
        *,
        account: str = "",
        owner: bool = False,
        operator: bool = False,
        address: str = "",
        since: int = 0,
        devices: int = 8,
        places: int = 100,
        rooms: tuple[str, ...] = (),
        session: Session | None = None,
        ref: str | None = None,
    ) -> None:
        super().__init__("", session, ref)
        self.seat = seat
        self.name = name
        self.client = client
        self.account = account
        self.owner = owner
        self.operator = operator
        self.address = address
        self.since = since
        self.devices = devices
        self.places = places
        self.rooms = rooms
        self.held: list[Session] | None = None


class LogoutEntry(Entry):
    """
    A session is gone, for whatever reason: its seat is free.

    :ivar seat: the number of the seat.
    :ivar why: the reason.
    """

    __slots__ = ("seat", "why")

    def __init__(self, seat: int, why: Departure = LOST) -> None:
        super().__init__("")
        self.seat = seat
        self.why = why


class RegisteredEntry(Entry):
    """
    A member has an account from now on.

    :ivar seat: the number of one of its seats.
    :ivar account: the id of the account.
    """

    __slots__ = ("account", "seat")

    def __init__(self, seat: int, account: str) -> None:
        super().__init__("")
        self.seat = seat
        self.account = account


class EndEntry(Entry):
    """
    Each node ends its own sessions of a member, or of a network.

    :ivar target: the key of the member's name, or a network.
    :ivar seat: the number of one of the member's seats, or 0: it may have another name by now.
    :ivar bye: the last line that they get.
    :ivar ban: whether they are kept out from now on.
    :ivar node: the node that posted this.
    :ivar why: the reason that others are told.
    """

    __slots__ = ("ban", "bye", "node", "seat", "target", "why")

    def __init__(
        self, target: str, seat: int, bye: Bye, ban: bool, node: int, why: Departure
    ) -> None:
        super().__init__("")
        self.target = target
        self.seat = seat
        self.bye = bye
        self.ban = ban
        self.node = node
        self.why = why


class NoticeEntry(Entry):
    """
    A notice for a member, or for everybody.

    :ivar to: the name of the member; None: everybody.
    :ivar text: the notice.
    :ivar by: the operator, as members see the name.
    """

    __slots__ = ("by", "text", "to")

    def __init__(self, to: str | None, text: str, by: str) -> None:
        super().__init__("")
        self.to = to
        self.text = text
        self.by = by


class MaxEntry(Entry):
    """
    An operator sets the number of members that can be in, whatever the nodes' settings say.

    :ivar max: the number.
    """

    __slots__ = ("max",)

    def __init__(self, max: int) -> None:
        super().__init__("")
        self.max = max


class AccountsChangedEntry(Entry):
    """
    The accounts, bans or mutes have changed, and are saved: the other nodes read them again.

    :ivar node: the node that changed them.
    """

    __slots__ = ("node",)

    def __init__(self, node: int) -> None:
        super().__init__("")
        self.node = node


class NodeEndsEntry(Entry):
    """
    A node ends, as it was told to. Its seats are kept until `NodeGoneEntry`, so that its clients
    can take them over at other nodes.

    :ivar node: the node.
    """

    __slots__ = ("node",)

    def __init__(self, node: int) -> None:
        super().__init__("")
        self.node = node


class NodeGoneEntry(Entry):
    """
    A node is gone, and all its seats are free.

    :ivar node: the node.
    :ivar by: the node that found that out.
    """

    __slots__ = ("by", "node")

    def __init__(self, node: int, by: int) -> None:
        super().__init__("")
        self.node = node
        self.by = by
