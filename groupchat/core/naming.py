"""
Changes of names: a member takes another one, or makes its present one its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from groupchat.core.access import AccessPolicy
from groupchat.core.entries import Entry, RenameEntry
from groupchat.core.group_entries import RegisteredEntry
from groupchat.core.permissions import AuditEntry
from groupchat.core.ratelimit import TokenBucket
from groupchat.interfaces import IAccounts
from groupchat.settings import Settings
from groupchat.wire import commands, errors, events

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from groupchat.core.delivery import Delivery
    from groupchat.core.members import Members
    from groupchat.core.membership import Membership
    from groupchat.core.session import Session

__all__ = ["Naming", "RenameLimit"]


class RenameLimit:
    """
    Limits the changes of one member's name: they are told to others, or stored.

    :param rate: changes a minute; 0: no limit.
    :param seconds: a monotonic clock, in seconds.
    """

    __slots__ = ("_bucket", "_rate", "_seconds")

    def __init__(self, rate: int, seconds: Callable[[], float]) -> None:
        self._rate = rate
        self._seconds = seconds
        self._bucket: TokenBucket | None = None  # few members change their names

    def take(self) -> None:
        """
        Count a change.

        :raises TooOften: the limit is reached.
        """
        if self._bucket is None:
            self._bucket = TokenBucket(self._rate / 60, self._rate, self._seconds)
        wait = self._bucket.take()
        if wait:
            retry = round(wait + 0.5)
            raise errors.TooOften(
                f"Too many name changes: at most {self._rate} a minute. Try again in {retry} s.",
                retry=retry,
            )


class Naming:
    """
    :param access: decides who may have which name.
    :param membership: tells the rooms.
    :param post: gives an entry to the ledger.
    :param posted: likewise; fires once it has come back.
    :param now: the time in milliseconds since 1970.
    """

    def __init__(
        self,
        settings: Settings,
        delivery: Delivery,
        access: AccessPolicy,
        members: Members,
        membership: Membership,
        accounts: IAccounts,
        post: Callable[[Entry], None],
        posted: Callable[[Entry], Deferred[None]],
        now: Callable[[], int],
    ) -> None:
        self._settings = settings
        self._delivery = delivery
        self._access = access
        self._members = members
        self._membership = membership
        self._accounts = accounts
        self._post = post
        self._posted = posted
        self._now = now

    def rename(self, session: Session, command: commands.Rename) -> None:
        """
        Give a member another name. Its next lines wait for that.

        :raises Refused: it can't have this name, or changes names too often.
        """
        name = self._settings.names.person(command.name)
        self._access.check_may_speak(session.name, session.client)
        self._access.check_rename(name, session.client, session.account)
        session.member.rename_limit.take()
        entry = RenameEntry(name, session.seat, session, command.ref)
        entry.held = list(session.member.sessions)
        for held in entry.held:  # else it would say more under the old name
            held.flow.expect_reply()
        self._post(entry)

    def renamed(self, entry: RenameEntry) -> None:
        """Give a member, on all its devices, another name, unless that is taken; and answer."""
        for held in entry.held or ():
            self._delivery.go_on(held)
        seat = self._members.seat(entry.seat)
        if seat is None:
            return
        try:
            self._members.check_free(entry.name, seat.member)
        except errors.NameTaken as taken:
            entry.refusal = taken
        else:
            self._membership.rename(seat.member, entry.name)
        self._delivery.answer(entry)

    def register(self, session: Session, command: commands.Register) -> None:
        """
        Make a member's name its own, under a password.

        :raises Refused: it can't be.
        """
        self._access.check_length(command.password)
        account = self._access.check_registration(session.name, session.account)
        session.member.rename_limit.take()
        if session.has_client_id:
            account = account.with_client(session.client)
        audit = AuditEntry(self._now(), session.name, "register", session.name)

        def answer(_: None) -> None:
            text = f"The name {account.name} is yours: from now on it needs your password."
            session.send(events.Done(text, command.ref))

        saved = self._accounts.register(account, command.password, audit)
        entry = RegisteredEntry(session.seat, account.id)
        session.await_reply(saved.addCallback(lambda _: self._posted(entry)), answer, command)

    def registered(self, entry: RegisteredEntry) -> None:
        """Let a member have an account."""
        seat = self._members.seat(entry.seat)
        if seat is not None:
            self._members.register(seat.member, entry.account)
