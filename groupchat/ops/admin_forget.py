"""
The verb forget of the admin socket: removes everything that a person has said, as an operator
removes a message. Ids stay, and clients hear of it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from twisted.internet.defer import Deferred

from groupchat.admin.messages import Done, Failed, Progress, Reply, messages_are
from groupchat.core.entries import CorrectionEntry
from groupchat.core.hub import Hub
from groupchat.core.operators import MACHINE
from groupchat.core.permissions import AuditEntry
from groupchat.ops.admin_protocol import Call, Verbs
from groupchat.wire import names
from groupchat.wire.errors import BadField, Unavailable

__all__ = ["Forgetting"]

#: returns the room and the id of each message of a name, and of an account ("": of none)
Find = Callable[[str, str], Deferred[list[tuple[str, int]]]]

CHUNK = 50  #: messages that are removed at once: more would hold up those who talk


class Forgetting:
    """
    :param find: returns the messages of a name and an account; None: the ledger is in memory.
    :param soon: when their texts are gone from the disk, for the answer.
    :param now: the time in milliseconds since 1970.
    """

    def __init__(self, hub: Hub, find: Find | None, soon: str, now: Callable[[], int]) -> None:
        self._hub = hub
        self._find = find
        self._soon = soon
        self._now = now

    @property
    def verbs(self) -> Verbs:
        return {"forget": self._forget}

    async def _forget(self, call: Call) -> Reply:
        name = call.arguments["name"].removeprefix("@")
        if self._find is None:
            return Failed("This server keeps its ledger in memory: it forgets when it stops.")
        account = self._hub.accounts.permissions.owner(name)
        account_id = account.id if account is not None else ""
        try:
            said = await self._find(name, account_id)
        except (sqlite3.Error, Unavailable) as error:
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
        return Done(f"{messages_are(len(said), f' of {name}')} removed. {self._soon}")

    def _entry(self, room: str, id: int) -> CorrectionEntry:
        return CorrectionEntry(
            room, MACHINE, "", self._now(), redacts=id, operator=True, account=MACHINE
        )
