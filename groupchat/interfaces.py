"""The seams between packages, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from zope.interface import Attribute, Interface

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from groupchat.core.entries import Entry
    from groupchat.core.permissions import (
        Account,
        AuditEntry,
        Permissions,
        Restriction,
        Token,
    )
    from groupchat.core.search import Found, SearchQuery
    from groupchat.wire.events import Message

__all__ = ["IAccounts", "ILedger", "ILedgerOwner", "IOutbound"]


class IOutbound(Interface):
    """The way out of one connection: write-only, bounded, never raises."""

    address: str = Attribute("The client's address, as people write it.")
    full: bool = Attribute("Whether more than 64 KiB wait to be read: what can wait is held back.")
    waiting: bool = Attribute("Whether anything waits to be read.")
    try_send: Callable[[bytes], int] | None = Attribute(
        "Takes bytes as `socket.send` does (any OSError: none of them), and leaves the rest to"
        " `write`. None where something is in the way."
    )

    def write(data: bytes) -> None:
        """
        Send whole lines, after those in the buffer. Does nothing where the connection is gone.
        """

    def buffer(data: bytes) -> None:
        """Keep whole lines for the next `write` or `flush`: they go out as one."""

    def flush() -> None:
        """Send what is in the buffer."""

    def finish(data: bytes) -> None:
        """Send whole lines and close; nothing is read any more."""

    def abort() -> None:
        """Close at once."""


class ILedger(Interface):
    """
    Gives each entry its place in its room's log, makes it durable, and only then hands it back.

    Answers come by `ILedgerOwner.appended`, in the order posted, and never inside `post`. Reading
    is a cold path and answers by Deferred.

    Several nodes can share a log. Then `appended` brings the entries of all nodes, in one order
    that is the same on each: those that were posted here are the very objects that were posted, and
    those of other nodes have nothing in their slots that are local (`core.entries.LOCAL`). A
    node's own entries still come back in the order posted.
    """

    node: int = Attribute(
        "The number of this node among those that share the log, once open; 0 where it is alone."
        " It changes only before `ILedgerOwner.restore`."
    )

    is_alone: bool = Attribute("Whether no other node shares the log, but such as end.")

    epoch: str = Attribute(
        "The name of this run of the log, once open. It changes only before `rewound`."
    )

    trouble: str = Attribute('The reason why messages are refused now, as a line; "" for none.')

    def open(owner: ILedgerOwner) -> None:
        """
        Begin a new epoch, unless other nodes are in it. Everything found is synced before this
        returns. Where there are other nodes, the owner is restored, and caught up with them.

        :raises groupchat.errors.CannotStart: the ledger cannot be opened.
        """

    def post(entry: Entry) -> None:
        """Take an entry; it comes back by `appended`, with its outcome written on it."""

    def page(room: str, after: int, through: int) -> Deferred[list[Message]]:
        """
        Return the messages with after < id <= through, ascending.

        At most 64 KiB of text, but at least one message; empty where none of them is stored.
        """

    def history(
        room: str, before: int, limit: int, after: int | None = None
    ) -> Deferred[tuple[list[Message], bool]]:
        """
        Return the newest messages with id < before, ascending, and whether there are older ones.

        At most `limit`, and bounded like a `page`.

        :param after: return instead the oldest messages with after < id < before, and whether
            there are newer ones among these.
        """

    def search(room: str, query: SearchQuery, before: int, limit: int) -> Deferred[Found]:
        """
        Return the newest messages with id < before that a query finds, at most `limit`.

        One answer searches a bounded number of messages.
        """

    def rooms(account: str = "") -> Deferred[dict[str, str]]:
        """
        Return the rooms in which messages are stored, each with its topic: those that are open, and
        the private ones that this account may join. Direct rooms are not among them.
        """

    def direct_rooms(account: str) -> Deferred[dict[str, tuple[int, int]]]:
        """
        Return the direct rooms of an account in which messages are stored, each with its newest id
        and the account's mark.
        """

    def ping() -> Deferred[None]:
        """Fire once the ledger has got round to it: what stores messages works."""

    def hand_over() -> Deferred[None]:
        """
        Tell other nodes that this one ends. Its seats are kept for some seconds, so that its
        clients can take them over. Fires once that is stored, and all that was posted before.
        """

    def close() -> Deferred[None]:
        """
        Store what was posted, and close. Without `hand_over` before it, other nodes are told that
        this one is gone, with all its seats.
        """


class ILedgerOwner(Interface):
    """The object that a ledger answers to, in the reactor's thread."""

    def appended(batch: list[Entry]) -> None:
        """
        Take entries that have their places and are durable, in their order.

        Their effect on the group (its members, who is in which room) must follow from them and
        from the entries before them alone: all nodes have to come to the same result.
        """

    def snapshot() -> bytes:
        """
        Return all that the entries so far have made, and that is not stored: the members, who is in
        which room, and how many members can be in.
        """

    def restore(state: bytes) -> None:
        """
        Begin with what a `snapshot` says, of this node or another; b"": nobody is in. The entries
        after it come next.

        The sessions that are logged in here are not in it: they are ended before (`fenced`).
        """

    def stalled() -> None:
        """
        Take note that what is posted waits, since the log can't be reached. The node can still read
        the messages that it has.
        """

    def resumed() -> None:
        """Take note that the log can be reached again: what was posted comes back."""

    def fenced() -> None:
        """
        End all sessions, so that the clients come again: this node was taken for dead, and the
        others have freed its seats. Entries that it has posted do not come back. `restore` follows,
        as another node.
        """

    def rewound() -> None:
        """
        End all sessions, so that the clients come again: the log is another one than before, such
        as a restored backup. `restore` follows.
        """

    def failed(reason: str) -> None:
        """
        Answer nothing from now on: the outcome of the entries in flight is unknown.

        :param reason: one line for the log.
        """


class IAccounts(Interface):
    """Accounts, bans, mutes and the audit log. A cold path: it answers by Deferred."""

    permissions: Permissions = Attribute("The permissions that hold now.")
    changed: Callable[[], None] = Attribute(
        "Called when an account or a restriction is saved or deleted here. The hub sets it."
    )
    registers: bool = Attribute(
        "Whether members can make accounts here; else passwords are kept elsewhere."
    )

    def open() -> None:
        """
        Begin.

        :raises groupchat.errors.CannotStart: the accounts file cannot be opened.
        """

    def close() -> None:
        """End."""

    def reload() -> Deferred[None]:
        """Read the files again. The log says which cannot be read; those keep what they had."""

    def knows(name: str) -> bool:
        """Return whether there is a password for this name, here or elsewhere."""

    def check(name: str, password: str) -> Deferred[Account | None]:
        """
        Return the account that this password is right for.

        Takes equally long where there is none.
        """

    def register(account: Account, password: str, audit: AuditEntry) -> Deferred[None]:
        """
        Save an account under this password. Fires once that is on disk, and holds.

        :raises groupchat.wire.errors.Unavailable: (as its failure) it cannot be done now.
        """

    def remember(account: Account, client: bytes) -> Deferred[None]:
        """
        Let a client log in to an account without its password from now on, if that has not changed
        since it was checked.

        :param client: the digest of its secret.
        :raises groupchat.wire.errors.Unavailable: (as its failure) it cannot be done now.
        """

    def save(thing: Account | Restriction | Token | None, audit: AuditEntry) -> Deferred[None]:
        """
        Save an account, a restriction or a token, or (None) only the audit entry; else like
        `register`. An account keeps its tokens.
        """

    def delete(thing: Account | Restriction | Token, audit: AuditEntry) -> Deferred[None]:
        """Delete an account, a restriction or a token; otherwise like `register`."""
