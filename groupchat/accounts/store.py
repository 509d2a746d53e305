"""
The account store: keeps permissions in memory in sync with the accounts file, and checks passwords.

The store is a twisted.cred checker itself, and asks other checkers after itself. Workers run what
blocks.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ParamSpec, Protocol, TypeVar, runtime_checkable

import msgspec
from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword, UsernamePassword
from twisted.cred.error import LoginFailed, UnauthorizedLogin
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from zope.interface import implementer

from groupchat.accounts.database import AccountsDatabase
from groupchat.accounts.passwords import Passwords
from groupchat.accounts.storage import Storage, Thing
from groupchat.accounts.worker import InlineWorker, Worker
from groupchat.core.permissions import Account, AuditEntry, Permissions, Token
from groupchat.core.throttledlog import Trouble
from groupchat.errors import CannotOpen
from groupchat.interfaces import IAccounts
from groupchat.settings import MAX_PASSWORD
from groupchat.wire.errors import Unavailable

if TYPE_CHECKING:
    from twisted.internet.interfaces import IReactorTime
    from twisted.python.failure import Failure

__all__ = ["AccountStore"]

POLL_INTERVAL = 0.5  #: seconds between two checks for changes from outside

P = ParamSpec("P")
T = TypeVar("T")


@runtime_checkable
class _KnowsNames(Protocol):
    """A checker that can tell whether it has a password for a name."""

    def knows(self, name: str) -> bool: ...


@runtime_checkable
class _Reloads(Protocol):
    """A checker that can read its file again."""

    def reload(self) -> None: ...


@implementer(IAccounts, ICredentialsChecker)
class AccountStore:
    """
    :param path: of the accounts file, or ":memory:".
    :param passwords: hashes and verifies them.
    :param storage: keeps the accounts instead of a file.

    :ivar others: checkers to ask for names whose password the file does not have.
    """

    log = Logger()
    credentialInterfaces = (IUsernamePassword,)

    def __init__(
        self, path: str, passwords: Passwords | None = None, storage: Storage | None = None
    ) -> None:
        self.permissions = Permissions()
        self.changed: Callable[[], None] = lambda: None
        self.registers = True
        self.others: Sequence[ICredentialsChecker] = ()
        self.path = path
        self._passwords = passwords or Passwords()
        self._file: Storage = storage or AccountsDatabase(path)
        self._trouble = Trouble(f"read {self._file.name}", self.log)
        self._file_worker: Worker = InlineWorker()
        self._hash_worker: Worker = InlineWorker()
        self._polling: LoopingCall | None = None

    def use_workers(self, file_worker: Worker, hash_worker: Worker, clock: IReactorTime) -> None:
        """
        Let workers run what blocks, and poll the file for changes. Call this before `open`.

        :param file_worker: reads and writes the file.
        :param hash_worker: hashes and verifies passwords.
        :param clock: times the polling.
        """
        self._file_worker, self._hash_worker = file_worker, hash_worker
        self._polling = LoopingCall(self.poll)
        self._polling.clock = clock

    def open(self) -> None:
        """
        Open the file and start the workers.

        :raises groupchat.errors.CannotStart: the file cannot be opened.
        """
        self._file.open()
        try:
            self.permissions = self._file.load()
        except self._file.error as error:
            raise CannotOpen(f"{self._file.name}: {error}", "Restore a backup") from None
        self._file_worker.start()
        self._hash_worker.start()
        self._hash_worker.do(self._passwords.prepare)
        if self._polling is not None:
            self._polling.start(POLL_INTERVAL, now=False)

    def close(self) -> None:
        if self._polling is not None:
            self._polling.stop()
        self._file_worker.stop()
        self._hash_worker.stop()
        self._file.close()

    def poll(self) -> Deferred[None]:
        """Load the permissions again if another process has changed the file."""

        def loaded(permissions: Permissions | None) -> None:
            self._trouble.worked()
            if permissions is not None:
                self.permissions = permissions

        polled = self._file_worker.do(self._file.load_if_changed)
        return polled.addCallback(loaded).addErrback(self._unreadable)

    def reload(self) -> Deferred[None]:
        for checker in self.others:
            if isinstance(checker, _Reloads):
                checker.reload()
        return self.poll().addCallback(self._log_reload)

    def _log_reload(self, _: None) -> None:
        if not self._trouble.failing:
            self.log.info("T{name} is read.", name=self._file.name[1:])

    def _unreadable(self, failure: Failure) -> None:
        self._trouble.failed(failure.getErrorMessage())

    # Passwords.

    def knows(self, name: str) -> bool:
        return self.permissions.owner(name) is not None or any(
            checker.knows(name) for checker in self.others if isinstance(checker, _KnowsNames)
        )

    def check(self, name: str, password: str) -> Deferred[Account | None]:
        return Deferred.fromCoroutine(self._check(name, password))

    async def _check(self, name: str, password: str) -> Account | None:
        if len(password.encode()) > MAX_PASSWORD:
            password = ""  # fits no account, and takes as long
        credentials = UsernamePassword(name.encode(), password.encode())
        for checker in (self, *self.others):
            try:
                await maybeDeferred(checker.requestAvatarId, credentials)
            except LoginFailed:
                continue
            account = self.permissions.owner(name)
            if account is None:  # registers the name for the person that the other checker knows
                account = Account(name)
                await self.save(account, AuditEntry(int(time.time() * 1000), name, "log in", name))
            return account
        return None

    def requestAvatarId(self, credentials: IUsernamePassword) -> Deferred[bytes | tuple[()]]:
        """
        :raises UnauthorizedLogin: (as its failure) the password is wrong.
        """
        account = self.permissions.owner(credentials.username.decode())

        def decide(verified: bool) -> bytes | tuple[()]:
            if account is None or not verified:
                raise UnauthorizedLogin
            return account.name.encode()

        stored = account.password if account else ""
        verified = self._hash_worker.do(
            self._passwords.verify, stored, credentials.password.decode()
        )
        return verified.addCallback(decide)

    # Changes.

    def register(self, account: Account, password: str, entry: AuditEntry) -> Deferred[None]:
        def hashed(stored: str) -> Deferred[None]:
            return self.save(msgspec.structs.replace(account, password=stored), entry)

        return self._hash_worker.do(self._passwords.hash, password).addCallback(hashed)

    def save(self, thing: Thing | None, entry: AuditEntry) -> Deferred[None]:
        def apply(_: None) -> None:
            if isinstance(thing, Account):
                self.permissions.add_account(thing)
            elif isinstance(thing, Token):
                self.permissions.add_token(thing)
            elif thing is not None:
                self.permissions.add_restriction(thing)
            if thing is not None:
                self.changed()

        return self._write(self._file.save, thing, entry).addCallback(apply)

    def remember(self, account: Account, client: bytes) -> Deferred[None]:
        def apply(saved: bool) -> None:
            current = self.permissions.owner(account.name)
            if saved and current is not None and current.password == account.password:
                self.permissions.add_account(current.with_client(client))
                self.changed()

        return self._write(self._file.remember, account, client).addCallback(apply)

    def delete(self, thing: Thing, entry: AuditEntry) -> Deferred[None]:
        def apply(_: None) -> None:
            if isinstance(thing, Account):
                self.permissions.remove_account(thing)
            elif isinstance(thing, Token):
                self.permissions.remove_token(thing)
            else:
                self.permissions.remove_restriction(thing)
            self.changed()

        return self._write(self._file.delete, thing, entry).addCallback(apply)

    def audit_entries(self, count: int) -> Deferred[list[AuditEntry]]:
        """Return the newest entries of the audit log, the oldest of them first."""
        return self._file_worker.do(self._file.audit_entries, count)

    def _write(self, change: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> Deferred[T]:
        def failed(failure: Failure) -> T:
            if failure.check(self._file.error):
                self.log.error(
                    "T{name} cannot be written: {why}",
                    name=self._file.name[1:],
                    why=failure.getErrorMessage().partition("\n")[0],
                )
                raise Unavailable("The server cannot save that just now: its log says why.")
            failure.raiseException()

        return self._file_worker.do(change, *arguments, **named).addErrback(failed)
