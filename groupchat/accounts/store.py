"""
The keeper of accounts: the rights that hold, in step with their file, and whose password is right.

twisted.cred is the seam: the keeper is a checker itself, and asks others beside it. What blocks is
done by workers.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword, UsernamePassword
from twisted.cred.error import LoginFailed, UnauthorizedLogin
from twisted.internet.defer import Deferred, inlineCallbacks, maybeDeferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from groupchat.accounts import passwords
from groupchat.accounts.database import AccountsDatabase
from groupchat.accounts.worker import Worker
from groupchat.core.permissions import Account, AuditEntry, Permissions, Restriction
from groupchat.core.throttledlog import Trouble
from groupchat.errors import CannotStart
from groupchat.interfaces import IAccounts
from groupchat.settings import MAX_PASSWORD
from groupchat.wire.errors import Unavailable

POLL_INTERVAL = 0.5  #: seconds in which it is seen that the file was changed from outside

Work = Callable[..., "Deferred[Any]"]


@implementer(IAccounts, ICredentialsChecker)
class AccountStore:
    """
    :param path: of the accounts file, or ":memory:".

    :ivar others: checkers that are asked where a password is not kept here.
    """

    log = Logger()
    credentialInterfaces = (IUsernamePassword,)

    def __init__(self, path: str) -> None:
        self.rights = Permissions()
        self.registers = True
        self.others: Sequence[Any] = ()
        self.path = path
        self._file = AccountsDatabase(path)
        self._trouble = Trouble(f"read the accounts file {path}", self.log)
        self._workers: Sequence[Worker] = ()
        self._filing: Work = maybeDeferred  # at once, where nobody is employed for it
        self._hashing: Work = maybeDeferred
        self._looking: LoopingCall | None = None

    def employ(self, filing: Worker, hashing: Worker, clock: Any) -> None:
        """
        Let workers do what blocks, and look after the file from time to time. To be called before
        `open`.

        :param filing: does what concerns the file.
        :param hashing: does what concerns passwords.
        :param clock: provides `seconds` and `callLater`.
        """
        self._workers = (filing, hashing)
        self._filing, self._hashing = filing.do, hashing.do
        self._looking = LoopingCall(self.look)
        self._looking.clock = clock

    def open(self) -> None:
        """
        :raises groupchat.errors.CannotStart: the file can't be opened.
        """
        self._file.open()
        try:
            self.rights = self._file.load()
        except sqlite3.Error as error:
            raise CannotStart(
                f"the accounts file {self.path}: {error}. Restore a backup, or choose another by --auth."
            ) from None
        for worker in self._workers:
            worker.start()
        self._hashing(passwords.dummy_hash)
        if self._looking is not None:
            self._looking.start(POLL_INTERVAL, now=False)

    def close(self) -> None:
        if self._looking is not None:
            self._looking.stop()
        for worker in self._workers:
            worker.stop()
        self._file.close()

    def look(self) -> Deferred[None]:
        """See whether the file was changed from outside."""

        def loaded(rights: Permissions | None) -> None:
            self._trouble.worked()
            if rights is not None:
                self.rights = rights

        looked: Deferred[Any] = self._filing(self._file.load_if_changed)
        return looked.addCallback(loaded).addErrback(self._unreadable)

    def _unreadable(self, failure: Failure) -> None:
        self._trouble.failed(failure.getErrorMessage())

    # Passwords.

    def knows(self, name: str) -> bool:
        return self.rights.owner(name) is not None or any(
            one.knows(name) for one in self.others if hasattr(one, "knows")
        )

    @inlineCallbacks
    def check(self, name: str, password: str) -> Any:
        if len(password.encode()) > MAX_PASSWORD:
            password = ""  # it is nobody's, and takes as long
        credentials = UsernamePassword(name.encode(), password.encode())
        for checker in (self, *self.others):
            try:
                yield maybeDeferred(checker.requestAvatarId, credentials)
            except LoginFailed:
                continue
            account = self.rights.owner(name)
            if account is None:  # from now on it is nobody else's here
                account = Account(name)
                yield self.keep(account, AuditEntry(int(time.time() * 1000), name, "come in", name))
            return account
        return None

    def requestAvatarId(self, credentials: Any) -> Deferred[bytes | tuple[()]]:
        """
        :raises UnauthorizedLogin: (as its failure) that is not the password.
        """
        account = self.rights.owner(credentials.username.decode())

        def judge(fits: bool) -> bytes | tuple[()]:
            if account is None or not fits:
                raise UnauthorizedLogin
            return account.name.encode()

        asked = self._hashing(
            passwords.verify, account.password if account else "", credentials.password.decode()
        )
        return asked.addCallback(judge)

    # Changes.

    @inlineCallbacks
    def register(self, account: Account, password: str, deed: AuditEntry) -> Any:
        kept = yield self._hashing(passwords.hash_password, password)
        yield self.keep(msgspec.structs.replace(account, password=kept), deed)

    def keep(self, thing: Account | Restriction | None, deed: AuditEntry) -> Deferred[None]:
        def hold(_: Any) -> None:
            if isinstance(thing, Account):
                self.rights.add_account(thing)
            elif thing is not None:
                self.rights.add_restriction(thing)

        return self._write(self._file.keep, thing, deed).addCallback(hold)

    def remember(self, account: Account, client: bytes) -> Deferred[None]:
        def hold(kept: bool) -> None:
            held = self.rights.owner(account.name)
            if kept and held is not None and held.password == account.password:
                self.rights.add_account(held.with_client(client))

        return self._write(self._file.remember, account, client).addCallback(hold)

    def drop(self, thing: Account | Restriction, deed: AuditEntry) -> Deferred[None]:
        def hold(_: Any) -> None:
            if isinstance(thing, Account):
                self.rights.remove_account(thing)
            else:
                self.rights.remove_restriction(thing)

        return self._write(self._file.drop, thing, deed).addCallback(hold)

    def deeds(self, count: int) -> Deferred[list[AuditEntry]]:
        """The newest lines of the audit log, the oldest of them first."""
        deeds: Deferred[list[AuditEntry]] = self._filing(self._file.deeds, count)
        return deeds

    def _write(self, change: Callable[..., Any], thing: Any, more: Any) -> Deferred[Any]:
        def failed(failure: Failure) -> None:
            if failure.check(sqlite3.Error):
                self.log.error(
                    "The accounts file can't be written: {why}", why=failure.getErrorMessage()
                )
                raise Unavailable(
                    "That can't be kept just now: an operator can see why in the log."
                )
            failure.raiseException()

        return self._filing(change, thing, more).addErrback(failed)
