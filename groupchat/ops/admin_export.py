"""
The verb export of the admin socket: all messages of a room, page by page.
"""

from __future__ import annotations

from groupchat.admin.messages import Done, Failed, Page, Reply
from groupchat.interfaces import ILedger
from groupchat.ops.admin_protocol import Call, Verbs
from groupchat.wire import names

__all__ = ["Exports"]

_NO_END = 2**40 - 1  #: beyond any id


class Exports:
    """
    :param rule: what rooms may be called.
    """

    def __init__(self, ledger: ILedger, rule: names.Rule) -> None:
        self._ledger = ledger
        self._rule = rule

    @property
    def verbs(self) -> Verbs:
        return {"export": self._export}

    async def _export(self, call: Call) -> Reply:
        room, count, last = self._rule.room(call.arguments["room"]), 0, 0
        while not call.is_over():
            messages = await self._ledger.page(room, last, _NO_END)
            if not messages:
                break
            await call.send(Page(messages))
            count, last = count + len(messages), messages[-1].id
        if not count:
            return Failed(f"There are no messages in a room {room}.")
        return Done(f"{count} messages.")
