"""
A wire of a gateway can tell a member's own words from those of others: by the ref, or label, with
which they were said.
"""

from __future__ import annotations

import msgspec
import pytest

from groupchat.gateways import Opening
from groupchat.wire import jsonlines
from tests.support import Server


class LabellingWire:
    """The JSON wire, on which own messages have their labels. All of it are one wire."""

    capabilities = msgspec.structs.replace(jsonlines.capabilities, echoes_own=False)

    def __getattr__(self, name):
        return getattr(jsonlines, name)

    def __eq__(self, other):
        return isinstance(other, LabellingWire)

    def __hash__(self):
        return hash(LabellingWire)

    def echo(self, own, ref):
        return b'{"type": "echo", "label": "%s"} %s' % (str(ref).encode(), jsonlines.encode(own))


@pytest.fixture
def server():
    server = Server(replay=3)
    speak = lambda connection, first: connection.speak(LabellingWire(), first)  # noqa: E731
    server.factory.register(Opening((b"{",), speak))
    return server


def lines(client):
    """The lines that it was given, without what comes first in each."""
    return [line for line in client.read().decode().splitlines() if '"text"' in line]


def message(id, sender, text):
    return (
        f'{{"type":"message","room":"lobby","id":{id},"at":"2026-11-22T14:03:00.000Z",'
        f'"from":"{sender}","text":"{text}"}}'
    )


def test_an_own_message_comes_in_its_place_with_its_label(server):
    alice, bob = server.json("alice"), server.json("bob")
    for client, text, fields in ((alice, "one", {"ref": "l1"}), (bob, "two", {"ref": "l2"})):
        client.say(text, **fields)
        server.run()
    alice.say("three")
    server.run()
    assert lines(alice) == [
        '{"type": "echo", "label": "l1"} ' + message(1, "alice", "one"),
        message(2, "bob", "two"),
        '{"type": "echo", "label": "None"} ' + message(3, "alice", "three"),
    ]
    assert lines(bob) == [
        message(1, "alice", "one"),
        '{"type": "echo", "label": "l2"} ' + message(2, "bob", "two"),
        message(3, "alice", "three"),
    ]


def test_one_that_reads_slowly_gets_its_labels_too(server):
    alice, bob = server.json("alice"), server.json("bob")
    alice.stall()
    for number in range(60):
        bob.say("x" * 4000)
        if number % 20 == 0:
            alice.say("mine", ref=f"l{number}")
        server.run()
    alice.flow()
    server.run()
    own = [line for line in lines(alice) if "mine" in line]
    assert [line.split()[3] for line in own] == ['"l0"}', '"l20"}', '"l40"}']


def test_in_a_direct_room_the_label_comes_with_the_name_that_the_reader_knows(server):
    pair = [server.json(name) for name in ("alice", "bob")]
    for one in pair:
        one.ask("register", password="correct horse")
    for one, other in zip(pair, ("@bob", "@alice"), strict=True):
        one.ask("join", room=other)
        one.read()
    pair[0].say("psst", room="@bob", ref="l1")
    server.run()
    (own,), (others,) = lines(pair[0]), lines(pair[1])
    assert own.startswith('{"type": "echo", "label": "l1"}') and '"room":"@bob"' in own
    assert '"room":"@alice"' in others and "label" not in others
