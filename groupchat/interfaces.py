"""
The seams between the rooms of the house, and nothing else.
"""

from __future__ import annotations

from zope.interface import Attribute, Interface


class IOutbound(Interface):
    """The way out of one connection: write-only, bounded, never raises."""

    full = Attribute("Whether more than 64 KiB wait to be read: what can wait is kept back then.")
    at_once = Attribute(
        "Takes bytes as `socket.send` does (any OSError: none of them), and leaves the rest to be written. None where"
        " something is in the way."
    )
    waiting = Attribute("Whether anything waits to be read.")
    address = Attribute("The address of the other side, as people write it.")

    def write(data):
        """
        Send these bytes, and what is held before them. Does nothing where the connection is gone.

        :param data: whole lines.
        """

    def hold(data):
        """Keep these bytes for the next write or `flush`."""

    def flush():
        """Send what is held."""

    def finish(data):
        """Send these bytes and close; what comes in from now on is nobody's."""

    def abort():
        """Close at once."""


class ILedger(Interface):
    """
    Gives each draft its place in its room's log, makes it durable, and only then hands it back.

    Answers come by `ILedgerOwner.appended`, in the order posted, and never inside `post`. Reading
    is a cold path and answers by Deferred.
    """

    epoch = Attribute("The name of this run of the log, once open.")

    def open(owner):
        """
        Begin a new epoch. Everything found is synced before this returns.

        :param owner: an `ILedgerOwner`.
        :raises groupchat.errors.CannotStart: it can't be opened.
        """

    def post(draft):
        """
        Take a `groupchat.core.entries.Entry`; it comes back by `appended` with what became of it
        written on it.
        """

    def page(room, after, through):
        """
        A Deferred of the messages with after < id <= through, ascending, at most 64 KiB of text
        (but at least one). Empty where none of them is kept.
        """

    def history(room, before, limit):
        """
        A Deferred of (messages, more): the newest `limit` with id < before, ascending; cut like
        `page`.
        """

    def rooms():
        """A Deferred of {name: topic} of the rooms in which messages are kept."""

    def close():
        """Store what was posted, and close. A Deferred that fires with None."""


class ILedgerOwner(Interface):
    """To whom a ledger answers. Called in the reactor's thread."""

    def appended(batch):
        """
        These drafts have their places and are durable.

        :param batch: a list of drafts in the order posted.
        """

    def failed(reason):
        """
        It is not known what became of the drafts in flight. Nothing may be answered from now on.

        :param reason: one line for the log.
        """


class IAccounts(Interface):
    """Keeps accounts, bans, mutes and the audit log. A cold path: it answers by Deferred."""

    rights = Attribute("The `groupchat.core.permissions.Permissions` that hold now.")
    registers = Attribute(
        "Whether people can make accounts here; else passwords come from elsewhere."
    )

    def open():
        """
        Begin.

        :raises groupchat.errors.CannotStart: the file of accounts can't be opened.
        """

    def close():
        """End."""

    def knows(name):
        """Whether there is a password for this name, here or elsewhere."""

    def check(name, password):
        """
        A Deferred of the `groupchat.core.permissions.Account` whose password this is, or None.
        Takes as long for a name without.
        """

    def register(account, password, deed):
        """
        Keep an account under this password: a Deferred that fires once that is on disk, and holds.

        :raises groupchat.wire.errors.Unavailable: (as its failure) it can't be done just now.
        """

    def save(thing, deed):
        """
        Keep an account or a measure, or (None) only a line of the audit log; otherwise like
        `register`.

        :param deed: a `groupchat.core.permissions.AuditEntry`.
        """

    def remember(account, client):
        """
        From now on this client logs in under this account without a password, unless that has
        changed meanwhile. Nothing is told in the audit log. A Deferred that fires once that is on
        disk, and holds; otherwise like `register`.

        :param client: the digest of its secret.
        """

    def delete(thing, deed):
        """Let an account or a measure no longer hold; otherwise like `save`."""
