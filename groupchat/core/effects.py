"""
The closed table of effects: what each entry does once the ledger has handed it back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from groupchat.core.entries import (
    CloseEntry,
    CorrectionEntry,
    DirectMessageEntry,
    Entry,
    ImportEntry,
    InviteEntry,
    JoinEntry,
    LeaveEntry,
    LookEntry,
    MarkEntry,
    MessageEntry,
    PrivacyEntry,
    QuitEntry,
    RenameEntry,
    TopicEntry,
    TopicQuery,
)
from groupchat.core.group_entries import (
    AccountsChangedEntry,
    EndEntry,
    LoginEntry,
    LogoutEntry,
    MaxEntry,
    NodeEndsEntry,
    NodeGoneEntry,
    NoticeEntry,
    RegisteredEntry,
)
from groupchat.core.marks import Marks
from groupchat.core.membership import Membership
from groupchat.core.naming import Naming
from groupchat.core.orders import Orders
from groupchat.core.privacy import Privacy
from groupchat.core.speaking import Speaking
from groupchat.core.telling import Telling
from groupchat.core.topics import Topics
from groupchat.core.watching import Watching

__all__ = ["Effects", "table"]

#: Any: each effect takes the entries of its own type.
Effects = Mapping[type[Entry], Callable[[Any], None]]


def table(
    speaking: Speaking,
    telling: Telling,
    topics: Topics,
    marks: Marks,
    membership: Membership,
    watching: Watching,
    naming: Naming,
    privacy: Privacy,
    orders: Orders,
) -> Effects:
    """Return the effect of each entry."""
    return {
        MessageEntry: speaking.said,
        CorrectionEntry: speaking.corrected,
        ImportEntry: speaking.said,
        DirectMessageEntry: telling.told,
        TopicEntry: topics.changed,
        TopicQuery: topics.asked,
        MarkEntry: marks.marked,
        JoinEntry: membership.joined,
        LeaveEntry: membership.left,
        LookEntry: watching.looked,
        QuitEntry: membership.quit,
        RenameEntry: naming.renamed,
        PrivacyEntry: privacy.changed,
        InviteEntry: privacy.invited,
        CloseEntry: privacy.closed,
        LoginEntry: membership.logged_in,
        LogoutEntry: membership.logged_out,
        NodeEndsEntry: membership.node_ends,
        NodeGoneEntry: membership.node_gone,
        RegisteredEntry: naming.registered,
        EndEntry: orders.ended,
        NoticeEntry: orders.noticed,
        MaxEntry: orders.max_changed,
        AccountsChangedEntry: orders.accounts_changed,
    }
