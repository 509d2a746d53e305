"""
The hub of one node: entries go down to the ledger by `Hub.post`, and come back up by
`Hub.appended`; only what came back is shown.

The hub also builds the parts that sessions share. Each of them posts entries for the commands of
its kind, and delivers them once they are back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred, fail, succeed
from twisted.logger import Logger
from zope.interface import implementer

from groupchat.core import actions, effects, snapshot
from groupchat.core.access import AccessPolicy
from groupchat.core.callers import Callers
from groupchat.core.counters import Counters
from groupchat.core.delivery import Delivery
from groupchat.core.direct import DirectRooms
from groupchat.core.entries import Entry
from groupchat.core.group_entries import AccountsChangedEntry, LogoutEntry, MaxEntry
from groupchat.core.marks import Marks
from groupchat.core.members import Members
from groupchat.core.membership import Membership
from groupchat.core.moderation import Moderation
from groupchat.core.naming import Naming
from groupchat.core.orders import Orders
from groupchat.core.outage import Outage
from groupchat.core.parting import Parting
from groupchat.core.privacy import Privacy
from groupchat.core.queries import Queries
from groupchat.core.room_names import RoomNames
from groupchat.core.rooms import Rooms
from groupchat.core.speaking import Speaking
from groupchat.core.telling import Telling
from groupchat.core.throttledlog import ThrottledLog
from groupchat.core.tokens import Tokens
from groupchat.core.topics import Topics
from groupchat.core.watching import Watching
from groupchat.interfaces import IAccounts, ILedger, ILedgerOwner
from groupchat.settings import Settings
from groupchat.wire import errors
from groupchat.wire.events import Departure

if TYPE_CHECKING:
    from twisted.internet.interfaces import IReactorTime

    from groupchat.wire.events import Bye

__all__ = ["Hub"]


@implementer(ILedgerOwner)
class Hub:
    """
    :param ledger: an `ILedger`; `open` it with this hub as its owner.
    :param clock: provides `seconds` and `callLater`.
    :param now: the time in milliseconds since 1970.
    :param broken: called with a reason when nothing may be answered any more.

    :ivar rooms: the rooms with members or watchers.
    :ivar members: everybody who has logged in, on all nodes.
    :ivar access: decides who may.
    :ivar direct: the direct rooms.
    :ivar moderation: carries out the commands of operators.
    :ivar callers: decides who may ask by single requests.
    :ivar outage: whether the ledger can be reached.
    :ivar room_names: translates the names of rooms.
    :ivar actions: the effect of each command.
    :ivar throttled_log: for lines about addresses.
    :ivar counters: what the node has done so far.
    :ivar now: the time in milliseconds since 1970.
    :ivar stopping: whether nothing more is posted.
    """

    log = Logger()

    def __init__(
        self,
        settings: Settings,
        ledger: ILedger,
        accounts: IAccounts,
        clock: IReactorTime,
        now: Callable[[], int],
        broken: Callable[[str], None],
    ) -> None:
        self.settings = settings
        self.ledger = ledger
        self.accounts = accounts
        self.seconds: Callable[[], float] = clock.seconds
        self.now = now
        self.failed = broken
        self.stopping = False
        self._goodbye = errors.STOPPING
        self._awaited: dict[Entry, Deferred[None]] = {}
        self.outage = Outage(clock.callLater, self._give_up)
        self.counters = Counters()
        self.throttled_log = ThrottledLog(settings.log_rate, clock, self.log)
        self.access = AccessPolicy(accounts, settings, clock.seconds, now)
        self.members = Members(settings, ledger, self.throttled_log, clock.seconds)
        self.callers = Callers(self.access, self.members, settings, clock.seconds)
        self.direct = DirectRooms(accounts, self.members, ledger)
        self.room_names = RoomNames(settings.names, self.direct)
        self.rooms = Rooms(ledger, self.direct, self.post, clock.callLater, self.counters)
        self._delivery = Delivery(self.rooms)
        self.actions, self._effects = self._build(clock, now)

    def _build(
        self, clock: IReactorTime, now: Callable[[], int]
    ) -> tuple[actions.Actions, effects.Effects]:
        """Build the parts behind the commands. Returns the tables of their two sides."""
        settings, accounts, post, delivery = self.settings, self.accounts, self.post, self._delivery
        access, members = self.access, self.members
        membership = Membership(members, delivery, settings)
        watching = Watching(delivery, settings)
        orders = Orders(members, accounts, self.ledger)
        accounts.changed = lambda: post(AccountsChangedEntry(self.ledger.node))
        speaking = Speaking(access, members, delivery, post, now, settings, self.counters)
        telling = Telling(access, members, self.direct, delivery, post, now)
        topics = Topics(access, delivery, post)
        marks = Marks(members, delivery, post)
        queries = Queries(self.rooms, self.ledger, settings, clock.callLater)
        naming = Naming(
            settings, delivery, access, members, membership, accounts, post, self.posted, now
        )
        tokens = Tokens(accounts, clock.seconds, now)
        privacy = Privacy(accounts, self.direct, delivery, post, now)
        moderation = self.moderation = Moderation(
            members, orders, accounts, settings.names, self.ledger, post, self.posted, now
        )
        parting = Parting(access)
        acts = actions.table(
            speaking, telling, topics, marks, queries, naming, tokens, privacy, moderation, parting
        )
        return acts, effects.table(
            speaking, telling, topics, marks, membership, watching, naming, privacy, orders
        )

    def post(self, entry: Entry) -> None:
        """Give an entry its place in its room's order."""
        if not self.stopping:
            self.ledger.post(entry)

    def posted(self, entry: Entry) -> Deferred[None]:
        """
        Like `post`. Fires once the entry is stored or refused, and shown.

        :raises Unavailable: (as its failure) the ledger can't be reached, so nobody knows.
        """
        if self.outage.is_away:
            return fail(errors.unreachable())
        done = self._awaited[entry] = Deferred()
        self.post(entry)
        return done

    def appended(self, batch: list[Entry]) -> None:
        """Deliver a batch: answers first, then to each room what happened in it, in order."""
        for entry in batch:
            try:
                self._effects[type(entry)](entry)
            except Exception:  # the others have their effects all the same
                self.log.failure("An entry could not be shown: {kind}", kind=type(entry).__name__)
        self._delivery.finish()
        if self._awaited:
            for done in [self._awaited.pop(entry) for entry in batch if entry in self._awaited]:
                done.callback(None)

    def decide_max(self, max: int) -> None:
        """Let this many members be in, on all nodes."""
        self.post(MaxEntry(max))

    def snapshot(self) -> bytes:
        return snapshot.take(self.members, self.rooms, self.settings.names.label)

    def restore(self, state: bytes) -> None:
        snapshot.restore(state, self.members, self.rooms, self.settings.names.label)
        self.outage.end()

    def stalled(self) -> None:
        self.outage.begin()

    def resumed(self) -> None:
        self.outage.end()

    def fenced(self) -> None:
        self.log.warn("The other nodes took this one for dead: all sessions are ended.")
        self.outage.go_away(errors.CUT_OFF)

    def rewound(self) -> None:
        self.log.warn("The log is another one than before: all sessions are ended.")
        self.outage.go_away(errors.CUT_OFF)

    def hand_over(self) -> Deferred[None]:
        """
        Let clients go on at the other nodes, if there are any: those that have a secret take over
        their seats there. Fires once the others know.
        """
        if self.ledger.is_alone or not self.outage.is_over:
            return succeed(None)
        self._goodbye = errors.MOVING
        for session in self.members.sessions:
            if not session.has_client_id:
                self.ledger.post(LogoutEntry(session.seat, Departure(self._goodbye.code)))
        return self.ledger.hand_over()

    def stop(self) -> None:
        """End all sessions, and take nothing more."""
        self.stopping = True
        self._end_all(self._goodbye)

    def _end_all(self, bye: Bye) -> None:
        members, watchers = self.members, self.rooms.watchers()
        for session in (*members.sessions, *members.entering.values(), *watchers):
            session.end(bye)

    def _give_up(self, bye: Bye) -> None:
        """End everything that waits for the ledger."""
        self._end_all(bye)
        awaited, self._awaited = self._awaited, {}
        for done in awaited.values():
            done.errback(errors.unreachable())
