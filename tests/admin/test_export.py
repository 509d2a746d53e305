"""
groupchat-admin export: all messages of a room, in each form, and never as markup.
"""

from __future__ import annotations

import json
from html.parser import HTMLParser

import pytest

from groupchat.ops.admin_protocol import AdminProtocol

EVIL = "<script>alert(1)</script> & \x1b[31mred \u202e\" '"


@pytest.fixture
def talk(machine):
    """A room in which people have talked."""
    alice, bob = machine.server.json("alice"), machine.server.json("bob")
    alice.say("helo")
    alice.act("waves")
    machine.server.run()
    alice.ask("say", room="lobby", text="hello", replaces=1)
    bob.say(EVIL)
    bob.say("a secret")
    machine.server.run()
    assert bob.ask("say", room="lobby", redacts=5) != []
    return machine


def test_text_has_a_line_for_each_message(talk):
    lines = talk.run("export", "lobby")
    assert all(line.isprintable() for line in lines)
    assert [line.partition("  ")[2] for line in lines if "script" not in line] == [
        "alice: helo",
        "* alice waves",
        "alice: hello (in place of 1)",
        "bob said message 5, which was removed",
        "bob removed message 5",
    ]
    assert lines[0].startswith("2026-11-22 14:03:00  ")


def test_json_has_an_object_for_each_message(talk):
    lines = talk.run("export", "lobby", "json")
    messages = [json.loads(line) for line in lines]
    assert [message["id"] for message in messages] == [1, 2, 3, 4, 5, 6]
    assert messages[2]["replaces"] == 1
    assert messages[4]["redacted"] is True
    assert lines == talk.run("--json", "export", "lobby")


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags = []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)


def test_html_has_no_markup_of_members(talk):
    page = "\n".join(talk.run("export", "lobby", "html"))
    assert "&lt;script&gt;" in page
    assert "\x1b" not in page
    assert "a secret" not in page
    parser = Tags()
    parser.feed(page)
    assert set(parser.tags) <= {
        "html", "head", "meta", "title", "style", "body", "h1", "p", "time", "b", "i", "a", "span",
    }  # fmt: skip
    assert parser.tags.count("p") == 6


def test_a_long_room_is_exported_whole(machine):
    alice = machine.server.json("alice")
    for number in range(300):
        alice.say(f"{number} {'x' * 1000}")
    machine.server.run()
    lines = machine.run("export", "lobby", "json")
    assert [json.loads(line)["id"] for line in lines] == list(range(1, 301))


def test_an_export_waits_for_a_tool_that_is_behind(machine):
    alice = machine.server.json("alice")
    for number in range(300):
        alice.say(f"{number} {'x' * 1000}")
    machine.server.run()
    protocol = machine.connect()
    assert isinstance(protocol, AdminProtocol)
    protocol.pauseProducing()
    protocol.dataReceived(b'{"verb": "export", "room": "lobby"}\n')
    machine.server.run()
    assert protocol.transport.value().count(b"\n") == 1
    protocol.pauseProducing()
    protocol.resumeProducing()
    machine.server.run()
    assert protocol.transport.disconnecting
    protocol.connectionLost()


def test_an_export_ends_with_its_tool(machine):
    alice = machine.server.json("alice")
    alice.say("hello")
    machine.server.run()
    protocol = machine.connect()
    protocol.pauseProducing()
    protocol.dataReceived(b'{"verb": "export", "room": "lobby"}\n')
    protocol.connectionLost()
    assert machine.run("who") != []


@pytest.mark.parametrize("room", ["nowhere", "@alice", "no room", ""])
def test_a_room_that_has_no_messages_is_refused(machine, room):
    assert machine.run("export", room, status=1)


def test_a_form_that_does_not_exist_is_refused_by_both_sides(machine):
    assert machine.run("export", "lobby", "pdf", status=2)
    (reply,) = machine.ask("", b'{"verb": "export", "room": "lobby", "form": "pdf"}')
    assert json.loads(reply)["type"] == "failed"
