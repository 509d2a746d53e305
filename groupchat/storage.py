"""
The kinds of storage that a server can have: memory, a file, a database. Each makes the ledger and
what lies beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from groupchat.accounts.store import AccountStore
from groupchat.interfaces import ILedger
from groupchat.ledgers.authors import said_by
from groupchat.ledgers.memory import MemoryLedger
from groupchat.ledgers.retention import RetentionPolicy
from groupchat.ledgers.sqlite import SQLiteLedger
from groupchat.ops.admin_backup import Backups, InThread
from groupchat.ops.admin_compact import Compacting
from groupchat.ops.admin_database import DATABASE_VERBS
from groupchat.ops.admin_forget import Forgetting
from groupchat.ops.admin_import import Importing
from groupchat.ops.admin_protocol import Verbs
from groupchat.server.tls import Certificate
from groupchat.settings import ACCOUNTS_SUFFIX, CERTIFICATE_SUFFIX, is_database

if TYPE_CHECKING:
    from groupchat.clock import IReactor
    from groupchat.core.hub import Hub

__all__ = ["Storage", "make_storage"]

#: The file beside which a server with a database keeps the files that are its own.
DEFAULT_FILE = "groupchat.db"


class Storage(Protocol):
    """
    :ivar ledger: not open yet.
    :ivar file: the path of the ledger's file; "": there is none.
    :ivar place: where the ledger is, for reports, if it is in no file.
    """

    ledger: ILedger
    file: str
    place: str

    def beside(self, suffix: str) -> str:
        """Return the path of a file that is the server's own; "": it has no files."""

    def accounts(self) -> AccountStore:
        """Return the accounts that belong to the ledger."""

    def certificate(self) -> Certificate:
        """Return the self-signed certificate that belongs to the ledger."""

    def verbs(self, hub: Hub, worker: InThread, seconds: Callable[[], float], now: Now) -> Verbs:
        """
        Return the verbs of the admin socket that depend on where the ledger is.

        :param seconds: a monotonic clock, in seconds, for any thread.
        """

    def observe_commits(self, observe: Callable[[float], object]) -> None:
        """Call a function with the seconds that each commit takes."""


Now = Callable[[], int]  #: returns the time in milliseconds since 1970


class Memory:
    """Keeps everything as long as the process lives."""

    file = ""
    place = "memory"

    def __init__(self, reactor: IReactor, keep: RetentionPolicy) -> None:
        self.ledger: ILedger = MemoryLedger(reactor.callLater, keep)

    def beside(self, suffix: str) -> str:
        return ""

    def accounts(self) -> AccountStore:
        return AccountStore(":memory:")

    def certificate(self) -> Certificate:
        return Certificate(None, own=True)

    def verbs(self, hub: Hub, worker: InThread, seconds: Callable[[], float], now: Now) -> Verbs:
        return {
            **Backups("", worker, seconds).verbs,
            **Compacting("", None).verbs,
            **Importing(hub, False, now).verbs,
            **Forgetting(hub, None, "", now).verbs,
        }

    def observe_commits(self, observe: Callable[[float], object]) -> None:
        """Nothing is committed."""


class File:
    """Keeps the ledger in a file, and the rest in files beside it."""

    place = ""

    def __init__(self, reactor: IReactor, path: str, keep: RetentionPolicy) -> None:
        self.file = path
        self._sqlite = SQLiteLedger(reactor, path, keep)
        self.ledger: ILedger = self._sqlite

    def beside(self, suffix: str) -> str:
        return str(Path(self.file).with_suffix(suffix))

    def accounts(self) -> AccountStore:
        return AccountStore(self.beside(ACCOUNTS_SUFFIX))

    def certificate(self) -> Certificate:
        return Certificate(self.beside(CERTIFICATE_SUFFIX), own=True)

    def verbs(self, hub: Hub, worker: InThread, seconds: Callable[[], float], now: Now) -> Verbs:
        soon = "Their texts leave the ledger's files within seconds."
        find = lambda *who: worker.run(lambda: said_by(self.file, *who))  # noqa: E731
        return {
            **Backups(self.file, worker, seconds).verbs,
            **Compacting(self.file, self._sqlite.compact).verbs,
            **Importing(hub, True, now).verbs,
            **Forgetting(hub, find, soon, now).verbs,
        }

    def observe_commits(self, observe: Callable[[float], object]) -> None:
        self._sqlite.on_commit = observe


class Database:
    """
    Keeps everything in PostgreSQL, whose library is not there for everybody.

    :raises ImportError: the library is not there.
    :raises groupchat.errors.CannotStart: the address can't be used.
    """

    file = ""

    def __init__(self, reactor: IReactor, uri: str, keep: RetentionPolicy) -> None:
        from groupchat.ledgers.postgresql.ledger import PostgreSQLLedger

        self._postgresql = PostgreSQLLedger(reactor, uri, keep)
        self.ledger: ILedger = self._postgresql
        self.place = self._postgresql.name

    def beside(self, suffix: str) -> str:
        return str(Path(DEFAULT_FILE).with_suffix(suffix))

    def accounts(self) -> AccountStore:
        from groupchat.accounts.tables import AccountsTables

        link = self._postgresql.link()
        tables = AccountsTables(self.place, link.connection, link.close)
        return AccountStore(":memory:", storage=tables)

    def certificate(self) -> Certificate:
        keep = partial(self._postgresql.keep_file, CERTIFICATE_SUFFIX)
        return Certificate(None, own=True, keep=keep)

    def verbs(self, hub: Hub, worker: InThread, seconds: Callable[[], float], now: Now) -> Verbs:
        soon = "Their texts leave the tables with the next VACUUM."
        return {
            **DATABASE_VERBS,
            **Importing(hub, False, now).verbs,
            **Forgetting(hub, self._postgresql.said_by, soon, now).verbs,
        }

    def observe_commits(self, observe: Callable[[float], object]) -> None:
        self._postgresql.on_commit = observe


def make_storage(reactor: IReactor, ledger: str, keep: RetentionPolicy) -> Storage:
    """
    Return the storage of a server. Nothing is opened yet.

    :param ledger: the path of a file, the address of a database, or "" for memory.
    :raises ImportError: a library that the database needs is not there.
    :raises groupchat.errors.CannotStart: the address of the database can't be used.
    """
    if is_database(ledger):
        return Database(reactor, ledger, keep)
    return File(reactor, ledger, keep) if ledger else Memory(reactor, keep)
