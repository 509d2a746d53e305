"""
Whatever happens on several nodes, and in whichever order each of them hears of it: in the end all
know the same members in the same rooms, and so do the clients.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.cluster.group import Group
from tests.core.accounts import PASSWORD
from tests.support import JsonClient, apply_presence, examples, secret

NAMES = ["alice", "bob", "ann", "Ann", "ben"]  # the first two are registered
ROOMS = ["lobby", "dev", "den"]
MAX = 4

nodes, clients = st.integers(0, 2), st.integers(0, 5)
names, rooms = st.sampled_from(NAMES), st.sampled_from(ROOMS)


class Reader:
    """A client that keeps the lists of its rooms by what it is told."""

    def __init__(self, client: JsonClient) -> None:
        self.client = client
        self.rooms: dict[str, set[str]] = {}

    def read(self) -> None:
        for event in self.client.events():
            self._apply(event)

    def _apply(self, event: dict[str, Any]) -> None:
        if event["type"] == "room":
            self.rooms[event["room"]] = set(event["members"])
        elif event["type"] == "presence" and event["room"] in self.rooms:
            apply_presence(self.rooms[event["room"]], event)


class Nodes(RuleBasedStateMachine):
    """Three nodes, each of which hears of the others when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.readers: list[Reader] = []

    @initialize(large=st.sampled_from([1, 2, 200]))
    def begin(self, large: int) -> None:
        self.stack.enter_context(patch("groupchat.core.room.LARGE_ROOM", large))
        path = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.group = Group(3, str(path / "accounts.db"), max=MAX, devices=2)
        self.group.register("alice", operators=("bob",))

    def teardown(self) -> None:
        try:
            if hasattr(self, "group"):
                self.settle()
        finally:
            self.stack.close()

    def reader(self, number: int) -> Reader | None:
        those = [reader for reader in self.readers if not reader.client.gone]
        return those[number % len(those)] if those else None

    def do(self, number: int, type: str, **fields: object) -> None:
        reader = self.reader(number)
        if reader is not None:
            reader.client.do(type, **fields)
            self.group.run()

    # The clients.

    @rule(node=nodes, name=names, device=clients, some=st.sets(rooms, max_size=3))
    def log_in(self, node: int, name: str, device: int, some: set[str]) -> None:
        server = self.group.nodes[node]
        client = server.connect()
        assert isinstance(client, JsonClient)
        fields = {"password": PASSWORD} if name in NAMES[:2] else {}
        client.hello(name, client=secret(f"d{device}"), rooms=dict.fromkeys(sorted(some)), **fields)
        self.readers.append(Reader(client))
        self.group.run()

    @rule(number=clients)
    def lose(self, number: int) -> None:
        reader = self.reader(number)
        if reader is not None:
            reader.client.close()
            self.group.run()

    @rule(number=clients, name=st.sampled_from([*NAMES[2:], "cat"]))
    def rename(self, number: int, name: str) -> None:
        self.do(number, "rename", name=name)

    @rule(number=clients, room=rooms)
    def join(self, number: int, room: str) -> None:
        self.do(number, "join", room=room)

    @rule(number=clients, room=rooms)
    def leave(self, number: int, room: str) -> None:
        self.do(number, "leave", room=room)

    @rule(number=clients, room=rooms)
    def say(self, number: int, room: str) -> None:
        self.do(number, "say", room=room, text="hello")

    @rule(number=clients, room=rooms)
    def set_topic(self, number: int, room: str) -> None:
        self.do(number, "topic", room=room, text="tea")

    @rule(number=clients, private=st.booleans())
    def change_privacy(self, number: int, private: bool) -> None:
        self.do(number, "private", room="den", private=private)

    @rule(number=clients, name=names)
    def kick(self, number: int, name: str) -> None:
        self.do(number, "kick", name=name)

    @rule(number=clients, name=names)
    def ban_and_unban(self, number: int, name: str) -> None:
        self.do(number, "ban", name=name)
        self.do(number, "unban", name=name)

    @rule(number=clients, max=st.integers(1, MAX))
    def change_max(self, number: int, max: int) -> None:
        self.do(number, "max", max=max)

    # The nodes.

    @rule(node=nodes)
    def slow_down(self, node: int) -> None:
        self.group.ledger(node).slow = True

    @rule(node=nodes)
    def hear_a_bit(self, node: int) -> None:
        self.group.ledger(node).look_at_one()
        self.group.run()

    @rule(node=nodes)
    def catch_up(self, node: int) -> None:
        self.group.ledger(node).slow = False
        self.group.ledger(node).look()
        self.group.run()

    @rule(node=nodes, by=st.integers(1, 2))
    def take_for_dead(self, node: int, by: int) -> None:
        other = self.group.ledger((node + by) % 3)
        self.group.order.fence(self.group.ledger(node), other.node)
        self.group.run()

    @rule()
    def wait(self) -> None:
        self.group.run(0.2)

    @rule()
    def settle(self) -> None:
        for node in self.group.nodes:
            node.ledger.slow = False
            node.ledger.look()
        self.group.run(1)
        self.group.check()
        assert self.group.nodes[0].hub.members.count <= MAX + 1
        for reader in self.readers:
            reader.read()
            self.look_at(reader)

    def look_at(self, reader: Reader) -> None:
        """Each room has the members that a client was told of."""
        session = reader.client.protocol.session
        if session is None or session.ended or not session.joined:
            return
        hub = reader.client.server.hub
        assert {room: reader.rooms[room] for room in session.rooms.cursors} == {
            room: {member.name for member in hub.rooms[room].members}
            for room in session.rooms.cursors
        }

    @invariant()
    def each_node_is_consistent(self) -> None:
        for node in self.group.nodes if hasattr(self, "group") else ():
            assert node.hub.members.is_consistent()


def test_in_the_end_all_nodes_know_the_same():
    run_state_machine_as_test(
        Nodes,
        settings=settings(
            examples(0.5),
            stateful_step_count=40,
            phases=(Phase.explicit, Phase.reuse, Phase.generate),
            suppress_health_check=[*HealthCheck],
        ),
    )
