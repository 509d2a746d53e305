"""
Callers: those that ask by single requests, without a session. A caller is an account, a guest under
a name that nobody else has, or nobody in particular, who may only read.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import TYPE_CHECKING

import msgspec

from groupchat.core.ratelimit import KeyedTokenBuckets, client_prefix
from groupchat.core.recent_passwords import RecentPasswords
from groupchat.core.tokens import token_digest
from groupchat.wire import errors

if TYPE_CHECKING:
    from groupchat.core.access import AccessPolicy
    from groupchat.core.members import Members
    from groupchat.core.permissions import Account
    from groupchat.settings import Settings

__all__ = ["Caller", "Callers"]


class Caller(msgspec.Struct, frozen=True):
    """
    Somebody that asks.

    :ivar address: of the client, as people write it.
    :ivar name: the name under which it speaks; "" if it may only read.
    :ivar account: the id of its account; "" for a guest.
    :ivar token: the digest of the token that it gave; b"" for none.
    """

    address: str
    name: str = ""
    account: str = ""
    token: bytes = b""


class Callers:
    """
    Decides who may call, and how often.

    :param access: knows bans, accounts and passwords.
    :param members: whose names no guest may have.
    :param seconds: a monotonic clock, in seconds.
    """

    def __init__(
        self,
        access: AccessPolicy,
        members: Members,
        settings: Settings,
        seconds: Callable[[], float],
    ) -> None:
        self._access = access
        self._members = members
        self._settings = settings
        self._seconds = seconds
        self._recent = RecentPasswords(seconds)
        self._rate = (0.0, 0.0)  # the rate and the burst of the buckets
        self._buckets = KeyedTokenBuckets(0.0, 0.0, seconds)

    # Identity.

    def anonymous(self, address: str) -> Caller:
        """
        Return a caller that may only read.

        :raises BadPassword: only members may read here.
        :raises Disconnect: the address is banned.
        """
        caller = Caller(address)
        self.check(caller)
        if self._settings.members_only:
            raise errors.BadPassword(errors.MEMBERS_ONLY.text, asked=True)
        return caller

    def guest(self, name: str, address: str) -> Caller:
        """
        Return a guest.

        :raises Refused: nobody may call under this name, or it is somebody else's.
        :raises Disconnect: the guest is banned, or only members are let in.
        """
        caller = Caller(address, self._settings.names.person(name))
        self.check(caller)
        self._access.identify(caller.name, b"")
        self._members.check_free(caller.name)
        return caller

    def bearer(self, token: str, address: str) -> Caller:
        """
        Return the caller that a token makes.

        :raises BadPassword: there is no such token.
        :raises TooOften: there were too many attempts.
        :raises Disconnect: the account or the address is banned.
        """
        account = self._access.check_token(token, address)
        return self._owner(account, address, token_digest(token))

    async def owner(self, name: str, password: str, address: str) -> Caller:
        """
        Return the caller with an account.

        :raises Refused: that is not the password of this name, or there were too many attempts.
        :raises Disconnect: the account or the address is banned.
        """
        name = self._settings.names.person(name)
        self.check(Caller(address, name))
        known = self._access.owner(name)
        if known is not None and self._recent.has(known, password):
            return self._owner(known, address)
        account = await self._access.check(name, password, address)
        self._recent.add(account, password)
        return self._owner(account, address)

    def _owner(self, account: Account, address: str, token: bytes = b"") -> Caller:
        caller = Caller(address, account.name, account.id, token)
        self.check(caller)
        return caller

    # Permissions.

    def check(self, caller: Caller) -> None:
        """
        Check that a caller may still call: later, too, where it goes on reading.

        :raises BadPassword: its token was revoked, or its account is gone.
        :raises Disconnect: it is banned.
        """
        if caller.token and not self._access.is_valid_token(caller.token):
            raise errors.BadPassword("That token was revoked.")
        if caller.account and not self._access.is_account(caller.account):
            raise errors.BadPassword("That name is not registered any more.")
        bye = self._access.ban_on_address(caller.address, caller.name)
        if bye is None and caller.name:
            bye = self._access.ban_on_person(caller.name, b"")
        if bye is not None:
            raise errors.Disconnect(bye)

    def take(self, caller: Caller, lines: int = 1) -> None:
        """
        Count a request of a caller: an account has its own rate, guests share that of their
        address.

        :param lines: how many lines of a member it counts as.
        :raises TooOften: the rate is exceeded.
        """
        rate = (self._settings.rate, max(1.0, self._settings.burst))
        if rate != self._rate:
            self._rate, self._buckets = rate, KeyedTokenBuckets(*rate, self._seconds)
        who = caller.account or f" {client_prefix(caller.address)}"
        wait = self._buckets.take(who, min(lines, rate[1]))
        if wait:
            retry = ceil(wait)
            raise errors.TooOften(f"Too many requests. Try again in {retry} s.", retry=retry)

    def check_may_speak(self, caller: Caller) -> None:
        """
        Check that a caller may speak.

        :raises Muted: an operator has muted it.
        """
        self._access.check_may_speak(caller.name, b"")

    def may_see_addresses(self, caller: Caller) -> bool:
        """Return whether a caller sees the addresses of members."""
        seen_by = self._settings.show_addresses
        operator = bool(caller.account) and self._access.is_operator(caller.account)
        return seen_by == "everyone" or (seen_by == "operators" and operator)
