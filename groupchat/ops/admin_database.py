"""The verbs of the admin socket for which a ledger in PostgreSQL has programs of its own."""

from __future__ import annotations

from groupchat.admin.messages import Failed, Reply
from groupchat.ops.admin_protocol import Call, Verbs

__all__ = ["DATABASE_VERBS"]


async def _backup(call: Call) -> Reply:
    return Failed(
        "The ledger is in PostgreSQL: pg_dump copies it while the server runs, and pg_restore"
        " restores it while no server does."
    )


async def _compact(call: Call) -> Reply:
    return Failed(
        "The ledger is in PostgreSQL, which uses the space of deleted messages again:"
        " VACUUM FULL gives it back."
    )


DATABASE_VERBS: Verbs = {"backup": _backup, "compact": _compact}
