"""
The members: everybody who has logged in, on whichever node, each with a name of its own.

They change by entries that come from the ledger, and by nothing else: so they are the same on each
node. Only the sessions are this node's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from groupchat.core.admission import Admission
from groupchat.core.arrival_log import ArrivalLog
from groupchat.core.group_entries import LoginEntry
from groupchat.core.member import Member
from groupchat.core.naming import RenameLimit
from groupchat.core.registry import Registry
from groupchat.core.seat import NODE_SHIFT, Seat
from groupchat.core.throttledlog import ThrottledLog
from groupchat.interfaces import ILedger
from groupchat.settings import Settings
from groupchat.wire import errors, names

if TYPE_CHECKING:
    from groupchat.core.session import Session

__all__ = ["Members"]


class Members:
    """
    :param ledger: tells which node this is.
    :param log: where logins and departures of this node are logged.
    :param seconds: a monotonic clock, in seconds.

    :ivar sessions: the sessions of this node that have logged in, in the order in which they did.
    :ivar log: about these sessions.
    :ivar entering: those whose logins are on their way, by the numbers of their seats.
    """

    def __init__(
        self,
        settings: Settings,
        ledger: ILedger,
        log: ThrottledLog,
        seconds: Callable[[], float],
    ) -> None:
        self.sessions: dict[Session, None] = {}
        self.entering: dict[int, Session] = {}
        self._registry = Registry(settings.names)
        self._admission = Admission(self._registry)
        self._settings = settings
        self._ledger = ledger
        self.log = ArrivalLog(log, self)
        self._seconds = seconds
        self._taken = 0  # numbers of seats

    @property
    def count(self) -> int:
        """The number of members."""
        return len(self._registry.members)

    @property
    def max(self) -> int:
        """The number of members that can be in."""
        decided = self._admission.max
        return self._settings.max if decided is None else decided

    @property
    def decided_max(self) -> int | None:
        """The number that an operator has set; None: the settings hold."""
        return self._admission.max

    def decide_max(self, max: int) -> None:
        """Let this many members be in, whatever the settings say."""
        self._admission.max = max

    def named(self, name: str) -> Member | None:
        """Return the member with this name."""
        return self._registry.member_named(name)

    def present(self, name: str) -> Member:
        """
        Return the member with this name.

        :raises NoSuchName: nobody has it.
        """
        member = self.named(name)
        if member is None:
            raise errors.NoSuchName(f'Nobody here is called "{names.printable(name)}".')
        return member

    def all(self) -> list[Member]:
        """Return all members, in the order in which they joined."""
        return list(self._registry.members)

    def seats(self) -> list[Seat]:
        """Return all seats, in the order in which they were taken."""
        return list(self._registry.seats.values())

    def seat(self, number: int) -> Seat | None:
        """Return the seat of a number, if it is taken."""
        return self._registry.seats.get(number)

    def of_node(self, node: int) -> list[Seat]:
        """Return the seats that are on a node."""
        return [seat for seat in self._registry.seats.values() if seat.node == node]

    def of_account(self, account: str) -> list[Session]:
        """
        Return the sessions of this node that are logged in to an account, under whatever name.

        :param account: its id.
        """
        found = (seat.session for seat in self._registry.of_account(account))
        return [session for session in found if session is not None]

    def to_rename(self, client: bytes, name: str) -> list[Session]:
        """
        Return the session of this node, if there is one, that a client has under another name than
        the one under which it logs in again.
        """
        seat = self._registry.of_client(client)
        if seat is None or seat.session is None or seat.member.name == name:
            return []
        return [seat.session]

    def recipients(self, name: str) -> list[Session]:
        """
        Return the sessions of this node of a member that can be told something.

        :raises NoSuchName: nobody has this name.
        :raises Unavailable: the member is behind in reading, on every device, and all of them are
            here.
        """
        member = self.present(name)
        reading = [session for session in member.sessions if not session.peer.full]
        if not reading and all(seat.node == self._ledger.node for seat in member.seats):
            raise errors.Unavailable(f"{member.name} can't read just now. Try again later.")
        return reading

    # Seats.

    def new_seat(self, session: Session) -> int:
        """Return a number for the seat of a session that is about to log in."""
        self._taken += 1
        number = self._ledger.node << NODE_SHIFT | self._taken
        self.entering[number] = session
        return number

    def admit(self, entry: LoginEntry) -> tuple[Seat, list[Seat]]:
        """
        Let a session take its seat. Returns the seat, and those that it replaces: they are still
        there, and have to be removed.

        :raises NameTaken: another member has the name, or one that could be read as it.
        :raises Disconnect: the group is full, or the member has too many devices.
        """
        self.entering.pop(entry.seat, None)
        member, replaced = self._admission.judge(entry)
        if member is None:
            member = self._member(entry.name, entry.account)
        seat = Seat(entry.seat, member, entry.client, entry.address, entry.since)
        member.seats[seat] = None
        return seat, replaced

    def seated(self, seat: Seat) -> None:
        """Index a seat, and its member if that is new: the seats that it replaces are removed."""
        self._registry.add_seat(seat)
        if seat.member not in self._registry.members:
            self._registry.add(seat.member)
        if seat.node == self._ledger.node:
            self.log.joined(seat)

    def remove(self, seat: Seat) -> None:
        """Free a seat. With the last one of its member, name and place are free."""
        member = seat.member
        del member.seats[seat]
        self._registry.remove_seat(seat)
        if not member.seats:
            self._registry.remove(member)
        if seat.node == self._ledger.node:
            self.log.left(seat)

    def forget(self, session: Session) -> None:
        """Give a session of this node nothing more: it has ended."""
        self.sessions.pop(session, None)
        seat = self.seat(session.seat)
        if seat is not None:
            seat.session = None

    def _member(self, name: str, account: str) -> Member:
        return Member(name, account, RenameLimit(self._settings.rename_rate, self._seconds))

    # From a snapshot.

    def clear(self, max: int | None) -> None:
        """
        Forget everybody.

        :param max: as `decided_max`.
        """
        self._registry.clear()
        self._admission.max = max
        self.entering.clear()

    def add(self, name: str, account: str) -> Member:
        """Add a member, whose seats are added next."""
        member = self._member(name, account)
        self._registry.add(member)
        return member

    def add_seat(
        self, number: int, member: Member, client: bytes, address: str, since: int
    ) -> Seat:
        """Add a seat of another node."""
        seat = Seat(number, member, client, address, since)
        member.seats[seat] = None
        self._registry.add_seat(seat)
        return seat

    # Names.

    def check_free(self, name: str, member: Member | None = None) -> None:
        """
        Check that a member, or a guest without a seat, may have a name.

        :raises NameTaken: another member has the name, or one that could be read as it.
        """
        self._registry.check_free(name, member)

    def rename(self, member: Member, name: str) -> None:
        """Give a member another name that is free."""
        self._registry.rename(member, name)
        for session in member.sessions:
            session.name = name

    def register(self, member: Member, account: str) -> None:
        """
        Let a member have an account, which other devices can log in to.

        :param account: its id.
        """
        self._registry.set_account(member, account)
        for session in member.sessions:
            session.account = account

    def is_consistent(self) -> bool:
        """Return whether nothing is indexed but what the members have; for tests."""
        return self._registry.is_consistent()
