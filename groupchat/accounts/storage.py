"""The place in which accounts are kept, as the store of accounts uses it."""

from __future__ import annotations

from typing import Protocol

from groupchat.core.permissions import Account, AuditEntry, Permissions, Restriction, Token

__all__ = ["Storage", "Thing"]

Thing = Account | Restriction | Token  #: what is saved and deleted, one at a time


class Storage(Protocol):
    """
    Every change is one transaction. This decides nothing about passwords, names or permissions.

    :ivar name: as errors name it: "the accounts file …".
    :ivar error: the class of the errors that reading and changing raise.
    """

    name: str
    error: type[Exception]

    def open(self) -> None:
        """
        Open it, or create it.

        :raises CannotStart: it cannot be opened.
        """

    def close(self) -> None:
        """Close it."""

    def load(self) -> Permissions:
        """Return everything that it holds."""

    def load_if_changed(self) -> Permissions | None:
        """
        Return everything that it holds if another process has changed it since the last `load`,
        otherwise None.
        """

    def audit_entries(self, count: int) -> list[AuditEntry]:
        """Return the newest entries of the audit log, the oldest of them first."""

    def save(self, thing: Thing | None, entry: AuditEntry) -> None:
        """
        Insert or replace an account, restriction or token, and append an entry to the audit log;
        None: only that. An account keeps its tokens.
        """

    def reset(self, account: Account, entry: AuditEntry) -> None:
        """Like `save`, but the account's tokens are deleted."""

    def remember(self, account: Account, client: bytes) -> bool:
        """
        Let a client log in without a password, unless the account's password has changed. Returns
        whether it does so.
        """

    def delete(self, thing: Thing, entry: AuditEntry) -> None:
        """Delete an account, restriction or token, and append an entry to the audit log."""
