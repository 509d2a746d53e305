"""
The verb forget of the admin socket: removes everything that a person has said, as an operator
removes a message. Ids stay, and clients hear of it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from groupchat.admin.messages import Done, Failed, Progress, Reply
from groupchat.core.entries import CorrectionEntry
from groupchat.core.hub import Hub
from groupchat.core.operators import MACHINE
from groupchat.core.permissions import AuditEntry
from groupchat.ledgers.authors import said_by
from groupchat.ops.admin_backup import Worker
from groupchat.ops.admin_protocol import Call, Verbs
from groupchat.wire import names
from groupchat.wire.errors import BadField

__all__ = ["Forgetting"]

CHUNK = 50  #: messages that are removed at once: more would hold up those who talk


class Forgetting:
    """
    :param ledger: the path of the ledger, or "" for none.
    :param now: the time in milliseconds since 1970.
    """

    def __init__(self, hub: Hub, ledger: str, worker: Worker, now: Callable[[], int]) -> None:
        self._hub = hub
        self._ledger = ledger
        self._worker = worker
        self._now = now

    @property
    def verbs(self) -> Verbs:
        return {"forget": self._forget}

    async def _forget(self, call: Call) -> Reply:
        name = call.arguments["name"].removeprefix("@")
        if not self._ledger:
            return Failed("This server keeps its ledger in memory: it forgets when it stops.")
        account = self._hub.accounts.permissions.owner(name)
        account_id = account.id if account is not None else ""
        try:
            said = await self._worker.run(lambda: said_by(self._ledger, name, account_id))
        except sqlite3.Error as error:
            return Failed(f"The ledger can't be read: {error}.")
        shown = names.printable(name)
        if not said:
            return Failed(f'Nothing is stored that was said under the name "{shown}".')
        await self._hub.accounts.save(None, AuditEntry(self._now(), call.by.name, "forget", name))
        return await self._remove_all(call, shown, said)

    async def _remove_all(self, call: Call, name: str, said: list[tuple[str, int]]) -> Reply:
        for start in range(0, len(said), CHUNK):
            if call.is_over():
                break
            entries = [self._entry(room, id) for room, id in said[start : start + CHUNK]]
            posted = [self._hub.posted(entry) for entry in entries]
            for done in posted:
                await done
            for entry in entries:
                # BadField: it was removed, or has expired, meanwhile
                if entry.refusal is not None and not isinstance(entry.refusal, BadField):
                    return Failed(f"Not everything is removed: {entry.refusal} Run this again.")
            call.report(Progress(start + len(entries), len(said)))
        return Done(
            f"{len(said)} messages of {name} are removed."
            " Their texts leave the ledger's files within seconds."
        )

    def _entry(self, room: str, id: int) -> CorrectionEntry:
        return CorrectionEntry(
            room, MACHINE, "", self._now(), redacts=id, operator=True, account=MACHINE
        )
