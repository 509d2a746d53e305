"""The authors and readers of the ledger on disk: accounts, and the clients of guests."""

from __future__ import annotations

from groupchat.ledgers.database import LedgerDatabase
from groupchat.ledgers.transaction import Transaction

__all__ = ["Identities", "IdentityRow"]

_SEEN_MS = 86_400_000  #: milliseconds after which it is stored again that an identity was seen


class IdentityRow:
    """
    The cached row of an identity.

    :ivar stale: the time from which it has to be stored again that it was seen, in milliseconds
        since 1970.
    """

    __slots__ = ("no", "stale")

    def __init__(self, no: int, seen: int) -> None:
        self.no = no
        self.stale = seen + _SEEN_MS


class Identities:
    """
    The identities, cached. Lives in the writer's thread.

    :param limit: identities in the cache.

    :ivar cache: by the id of an account, or the client of a guest.
    """

    def __init__(self, file: LedgerDatabase, transaction: Transaction, limit: int) -> None:
        self._file = file
        self._transaction = transaction
        self._limit = limit
        self.cache: dict[str | bytes, IdentityRow] = {}

    def find(self, identity: str | bytes) -> int | None:
        """Return the number of an identity, or None where nothing of it is stored."""
        known = self.cache.get(identity)
        if known is not None:
            return known.no
        number: int | None = self._file.value(
            "SELECT no FROM identities WHERE identity = ?", identity
        )
        return number

    def seen(self, identity: str | bytes, at: int) -> IdentityRow:
        """Return the row of an identity, and store it, and that it was seen, if need be."""
        known = self.cache.get(identity)
        if known is not None and at < known.stale:
            return known
        self._transaction.begin()
        number = self.find(identity)
        if number is None:
            number = self._file.insert(
                "INSERT INTO identities (identity, seen) VALUES (?, ?)", identity, at
            )
        else:
            self._file.db.execute("UPDATE identities SET seen = ? WHERE no = ?", (at, number))
        row = self.cache[identity] = IdentityRow(number, at)
        return row

    def forget(self, number: int) -> None:
        """Delete an identity and its marks. Its messages have no known author then."""
        self._file.db.execute("DELETE FROM marks WHERE identity = ?", (number,))
        self._file.db.execute("DELETE FROM identities WHERE no = ?", (number,))

    def trim(self) -> None:
        """Keep the cache small. Call this between batches, like `Clients.trim`."""
        if len(self.cache) > self._limit:
            self.cache.clear()

    def clear(self) -> None:
        """Forget what is cached."""
        self.cache.clear()
