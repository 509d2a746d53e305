"""
The verb import of the admin socket: stores messages that were said elsewhere, in order and with
their times. The tool sends them, some at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec
from twisted.internet.defer import DeferredList

from groupchat.admin.messages import Done, Failed, Progress, Reply, Resume, Start, messages_are
from groupchat.admin.said import Said, folded
from groupchat.core.entries import ImportEntry
from groupchat.core.hub import Hub
from groupchat.core.operators import MACHINE
from groupchat.core.permissions import AuditEntry
from groupchat.ops.admin_protocol import Call, Verbs
from groupchat.wire import names
from groupchat.wire.errors import BadField

__all__ = ["Importing"]

T = TypeVar("T")
_start = msgspec.json.Decoder(Start)
_chunk = msgspec.json.Decoder(list[Said])


class Importing:
    """
    :param possible: whether the ledger takes imports.
    :param now: the time in milliseconds since 1970.
    """

    def __init__(self, hub: Hub, possible: bool, now: Callable[[], int]) -> None:
        self._hub = hub
        self._possible = possible
        self._now = now

    @property
    def verbs(self) -> Verbs:
        return {"import": self._import}

    async def _import(self, call: Call) -> Reply:
        if not self._possible:
            return Failed("Only a ledger in a file (--ledger sqlite:PATH) takes imports.")
        room = self._hub.settings.names.room(call.arguments["room"])
        start = _decoded(_start, await call.receive())
        file = folded(b"", start.first)
        done, chain = await self._progress(room, file)
        call.report(Resume(done, chain))
        if done >= start.count:
            return Done(f"{room} has all messages of this file already: {start.count}.")
        audit = AuditEntry(self._now(), call.by.name, "import", room)
        await self._hub.accounts.save(None, audit)
        before = done
        while done < start.count:
            entries = []
            for said in _decoded(_chunk, await call.receive())[: start.count - done]:
                done, chain = done + 1, folded(chain, said)
                entries.append(self._entry(room, said, file, done, chain))
            await DeferredList([self._hub.posted(entry) for entry in entries])
            if problem := _problem(entries):
                return Failed(problem)
            call.report(Progress(done, start.count))
        return Done(f"{messages_are(done - before)} imported into {room}.")

    async def _progress(self, room: str, file: bytes) -> tuple[int, bytes]:
        """Return how many messages of a file are stored, and their digest."""
        question = ImportEntry(room, "", "", 0, file=file)
        await self._hub.posted(question)
        return question.number, question.chain

    def _entry(self, room: str, said: Said, file: bytes, number: int, chain: bytes) -> ImportEntry:
        """
        :raises Refused: it can't be stored.
        """
        if not 0 < said.at <= self._now():
            raise BadField(f"Message {number}: its time is before 1970, or has not come yet.")
        sender = names.rule_for(said.sender).person(said.sender)
        text = names.message_text(said.text)
        return ImportEntry(
            room, sender, text, said.at,
            act=said.act, notice=said.notice, account=MACHINE, file=file, number=number,
            chain=chain,
        )  # fmt: skip


def _decoded(decoder: msgspec.json.Decoder[T], line: bytes) -> T:
    try:
        return decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BadField("This is no import as this server knows it.") from None


def _problem(entries: list[ImportEntry]) -> str:
    for entry in entries:
        if entry.refusal is not None:
            return f"Not everything is imported: {entry.refusal} Run this again."
    return ""
