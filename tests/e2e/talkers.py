"""Clients that go on talking, whatever becomes of the nodes that they know."""

from __future__ import annotations

from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred

from groupchat.client import Chat, Policy
from groupchat.wire.events import Message, Presence
from tests.e2e.support import until

#: Seconds until a client can talk again: nodes wait 10 s for their database, clients some more.
PATIENCE = 30.0


class Talker:
    """
    A client that says one thing after the other as long as it is not told to stop.

    :ivar said: the id of each message, in the order said.
    :ivar seen: the events that it was shown.
    """

    def __init__(self, name: str, ports: list[int]) -> None:
        self.name = name
        self.said: list[int | None] = []
        self.seen: list[Any] = []
        others = [("127.0.0.1", port) for port in ports[1:]]
        self.chat = Chat(
            reactor,  # type: ignore[arg-type]
            name,
            "127.0.0.1",
            ports[0],
            tls=False,
            secret=name * 8,
            others=others,
            policy=Policy(random=lambda: 0.1),
        )
        self._stopping = False

    async def begin(self) -> None:
        await self.chat.start()
        self._reading = Deferred.fromCoroutine(self._read())
        self._talking = Deferred.fromCoroutine(self._talk())

    async def _read(self) -> None:
        async for received in self.chat.events():
            self.seen.append(received.event)

    async def _talk(self) -> None:
        while not self._stopping:
            self.said.append(await self.chat.say("lobby", f"{self.name} {len(self.said)}"))

    async def goes_on(self, count: int) -> None:
        """Wait until it has said this number of messages more."""
        enough = len(self.said) + count
        await until(lambda: len(self.said) >= enough, f"{self.name} goes on", PATIENCE)

    async def stop(self) -> None:
        """Wait for the last answer, which raises what any of them has raised."""
        self._stopping = True
        await self._talking

    async def leave(self) -> None:
        await self.chat.leave_server()
        await self._reading

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.seen if isinstance(event, kind)]

    def presence(self) -> set[str]:
        """Those who it was told have come or gone."""
        return {name for event in self.of(Presence) for name in (*event.left, *event.joined)}


def talkers(ports: list[int]) -> list[Talker]:
    """Three talkers, each of which begins with another node."""
    return [Talker(name, ports[at:] + ports[:at]) for at, name in enumerate(("ann", "ben", "cid"))]


async def check_promise(clients: list[Talker], kept: list[str]) -> None:
    """
    Check that each message is stored once and in its order, and was shown to all, once.

    :param kept: what is stored in the lobby.
    """
    last = max(talker.said[-1] or 0 for talker in clients)
    for talker in clients:
        await until(lambda seen=talker: seen.of(Message)[-1].id == last, "it has seen all")
        told = [message.id for message in talker.of(Message)]
        assert told == sorted(set(told))
        mine = [text for text in kept if text.startswith(talker.name)]
        assert mine == [f"{talker.name} {number}" for number in range(len(talker.said))]
        assert [kept[(id or 0) - 1] for id in talker.said] == mine
