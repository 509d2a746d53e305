"""
The access policy: decides who may log in, and under which name, by bans, accounts and passwords.

It only decides. The hub logs people in and counts them; the accounts (`IAccounts`) are stored
elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from groupchat.core.attempt_limits import AttemptLimits
from groupchat.core.permissions import BAN, MUTE, Account, Restriction
from groupchat.core.ratelimit import client_prefix
from groupchat.core.tokens import TOKEN_PREFIX, token_digest
from groupchat.interfaces import IAccounts
from groupchat.settings import MAX_PASSWORD, Settings
from groupchat.wire import errors, names
from groupchat.wire.events import Bye
from groupchat.wire.timestamps import stamp

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

__all__ = ["AccessPolicy"]

_TOKEN_NAME = len(TOKEN_PREFIX) + 8  #: characters of a token that tell it from others


class AccessPolicy:
    """
    Decides who may log in, take a name, register and speak.

    :param seconds: a monotonic clock, in seconds.
    :param now: the time in milliseconds since 1970.
    """

    def __init__(
        self,
        accounts: IAccounts,
        settings: Settings,
        seconds: Callable[[], float],
        now: Callable[[], int],
    ) -> None:
        self._accounts = accounts
        self._settings = settings
        self._now = now
        self._attempts = AttemptLimits(seconds)

    # Before login.

    def ban_on_address(self, address: str, name: str = "") -> Bye | None:
        """
        Return the ban that keeps an address out, or None.

        :param name: the name to log in under. Operators are never kept out by their address: they
            need their password from everywhere.
        """
        if name and self._accounts.permissions.is_operator(name):
            return None
        found = self._accounts.permissions.on_address(address, self._now())
        return _banned(found)

    def ban_on_person(self, name: str, client: bytes) -> Bye | None:
        """Return the ban on a name or a client, or None."""
        found = self._accounts.permissions.on_person(BAN, name, client, self._now())
        return _banned(found)

    def recognise(self, name: str, client: bytes) -> Account | None:
        """Return the account with this name if the client needs no password for it, else None."""
        account = self._accounts.permissions.owner(name)
        return account if account is not None and client in account.clients else None

    def is_operator(self, account: str) -> bool:
        """
        Return whether an account is an operator's.

        :param account: its id.
        """
        found = self._accounts.permissions.with_id(account)
        return found is not None and found.operator

    def identify(self, name: str, client: bytes) -> Account | None:
        """
        Identify a client without a password: return the account, or None for a guest.

        :raises NameTaken: it could be mistaken for a registered name.
        :raises BadPassword: the name is registered: the client has to give its password.
        :raises Disconnect: only members may log in, and the name is not registered.
        """
        account = self.recognise(name, client)
        if account is not None:
            return account
        if self._accounts.knows(name):
            raise errors.BadPassword(
                f'The name "{name}" is registered: its password is needed.', asked=True
            )
        self._refuse_confusable(name)
        if self._settings.members_only:
            raise errors.Disconnect(errors.MEMBERS_ONLY)
        return None

    @staticmethod
    def check_length(password: str) -> None:
        """
        Check that this can be a password.

        :raises BadPassword: it is empty, or longer than `MAX_PASSWORD`.
        """
        if not 1 <= len(password.encode()) <= MAX_PASSWORD:
            raise errors.BadPassword(f"A password has 1 to {MAX_PASSWORD} bytes.")

    def check(self, name: str, password: str, address: str) -> Deferred[Account]:
        """
        Check a password. Returns a Deferred of the account; a wrong password takes as long to
        reject whether or not the name is registered.

        :raises BadPassword: it can't be a password; or (as the failure) it is wrong.
        :raises TooOften: there were too many attempts.
        """
        self.check_length(password)
        key, origin = names.key(name), client_prefix(address)
        taken, wait = self._attempts.take(key, origin)
        if wait:
            retry = round(wait + 0.5)
            raise errors.TooOften(
                f"Too many passwords were tried. Try again in {retry} s.", retry=retry
            )

        def on_checked(account: Account | None) -> Account:
            if account is None:
                raise errors.BadPassword(f'That is not the password of "{name}".')
            self._attempts.succeeded(key, origin, taken)
            return account

        return self._accounts.check(name, password).addCallback(on_checked)

    def check_token(self, secret: str, address: str) -> Account:
        """
        Return the account as which a token lets requests act. Wrong tokens are limited like wrong
        passwords; the beginning of a token stands for the name.

        :raises BadPassword: there is no such token.
        :raises TooOften: there were too many attempts.
        """
        key, origin = f" {secret[:_TOKEN_NAME]}", client_prefix(address)
        taken, wait = self._attempts.take(key, origin)
        if wait:
            retry = round(wait + 0.5)
            raise errors.TooOften(
                f"Too many tokens were tried. Try again in {retry} s.", retry=retry
            )
        account = self._accounts.permissions.bearer(token_digest(secret))
        if account is None:
            raise errors.BadPassword("There is no such token. It may have been revoked.")
        self._attempts.succeeded(key, origin, taken)
        return account

    def owner(self, name: str) -> Account | None:
        """Return the account with this name, or None."""
        return self._accounts.permissions.owner(name)

    def is_account(self, account: str) -> bool:
        """
        Return whether there is an account.

        :param account: its id.
        """
        return self._accounts.permissions.with_id(account) is not None

    def is_valid_token(self, digest: bytes) -> bool:
        """Return whether a token still lets requests act as an account."""
        return self._accounts.permissions.bearer(digest) is not None

    def remember(self, account: Account, client: bytes) -> None:
        """
        Let the client that gave the password of an account log in without it from now on.

        Where the password is kept elsewhere, nothing here learns when it changes: each login needs
        it.
        """
        if account.password and client not in account.clients:
            kept = self._accounts.remember(account, client)
            kept.addErrback(
                lambda failure: failure.trap(errors.Unavailable)
            )  # the log has it; the password is asked for once more

    # After login.

    def check_rename(self, name: str, client: bytes, account: str) -> None:
        """
        Check that a member may take this name.

        :param account: the id of the account that the member logged in with; "" for a guest.
        :raises NameTaken: it is registered by another, or could be mistaken for such a name.
        :raises NotAllowed: it is banned; or it is not registered, and only members are allowed.
        """
        if self.ban_on_person(name, b""):
            raise errors.NotAllowed("That name is banned. Take another.")
        owner = self._accounts.permissions.owner(name)
        if owner is not None and (owner.id == account or client in owner.clients):
            return
        if self._accounts.knows(name):
            raise errors.NameTaken(
                f'The name "{name}" is registered. Log in under it, with its password.'
            )
        self._refuse_confusable(name)
        if self._settings.members_only:
            raise errors.NotAllowed(
                "This server is for registered members only, and that name is not registered."
            )

    def check_registration(self, name: str, account: str) -> Account:
        """
        Return the account, its own or a new one, whose password a member may set.

        :raises NameTaken: it is registered by another, or could be mistaken for such a name.
        :raises NotAllowed: passwords are kept elsewhere.
        """
        if not self._accounts.registers:
            raise errors.NotAllowed("Passwords are kept elsewhere here. Ask an operator.")
        owner = self._accounts.permissions.owner(name)
        if owner is not None and owner.id == account:
            return owner
        if self._accounts.knows(name):
            raise errors.NameTaken(f'The name "{name}" is registered by another.')
        self._refuse_confusable(name)
        return Account(name)

    def check_may_speak(self, name: str, client: bytes) -> None:
        """
        Check that a member may speak.

        :raises Muted: an operator has muted the member.
        """
        permissions = self._accounts.permissions
        if permissions.is_empty:
            return
        found = permissions.on_person(MUTE, name, client, self._now())
        if found is not None:
            raise errors.muted(found.text, stamp(found.until) if found.until else None)

    def _refuse_confusable(self, name: str) -> None:
        if self._accounts.permissions.is_confusable(name):
            raise errors.NameTaken(
                f'The name "{name}" looks like a registered one. Choose another.'
            )


def _banned(found: Restriction | None) -> Bye | None:
    if found is None:
        return None
    return errors.banned(found.text, stamp(found.until) if found.until else None)
