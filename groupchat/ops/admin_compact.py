"""
The verb compact of the admin socket: gives the free space in the ledger's file back to the file
system, while members talk.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from twisted.internet.defer import Deferred

from groupchat.admin.messages import Done, Failed, Progress, Reply
from groupchat.admin.show import number_of_bytes
from groupchat.ops.admin_protocol import Call, Verbs

__all__ = ["Compact", "Compacting"]

#: Gives all free space back; calls a function with the number of pages that are left, which returns
#: whether to go on. Fires at the end.
Compact = Callable[[Callable[[int], bool]], Deferred[None]]


class Compacting:
    """
    :param ledger: the path of the ledger.
    :param compact: compacts it; None: it is in no file.
    """

    def __init__(self, ledger: str, compact: Compact | None) -> None:
        self._ledger = os.path.realpath(ledger)
        self._compact = compact
        self._running = False

    @property
    def verbs(self) -> Verbs:
        return {"compact": self._run}

    async def _run(self, call: Call) -> Reply:
        if self._compact is None:
            return Failed("The ledger of this server is in no file: there is nothing to compact.")
        if self._running:
            return Failed("The ledger is being compacted already.")
        self._running = True
        before = os.stat(self._ledger).st_size
        try:
            await self._compact(_reporter(call))
        finally:
            self._running = False
        size = os.stat(self._ledger).st_size
        return Done(
            f"{self._ledger} has {number_of_bytes(size)} now (before: {number_of_bytes(before)})."
        )


def _reporter(call: Call) -> Callable[[int], bool]:
    most = 0

    def report(left: int) -> bool:
        nonlocal most
        most = max(most, left)
        call.report(Progress(most - left, most))
        return not call.is_over()

    return report
