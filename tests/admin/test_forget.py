"""
groupchat-admin forget: everything that a person has said is gone, and nothing else is.
"""

from __future__ import annotations

import json

import pytest

from tests.admin.machine import Machine
from tests.ledgers.keeping import on_disk
from tests.ledgers.test_erasure import SOON, files_with

SECRET = "s3cr3t words that nobody else says"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "chat.db"


@pytest.fixture
def disk(capsys, path):
    machine = Machine(capsys, str(path), on_disk(path))
    yield machine
    machine.server.ledger.close()
    machine.server.run()


def exported(machine, room="lobby"):
    lines = machine.run("export", room, "json")
    return [
        (message["from"], message["text"], message.get("redacted", False))
        for message in map(json.loads, lines)
        if "redacts" not in message
    ]


def test_what_was_said_under_a_name_is_gone_from_the_files_in_all_rooms(disk, path):
    alice = disk.server.json("Alice", rooms={"lobby": {}, "dev": {}})
    bob = disk.server.json("bob")
    alice.say(SECRET)
    bob.say("hello")
    alice.say(SECRET, room="dev")
    disk.server.run()
    bob.events()
    (line,) = disk.run("forget", "alice", "--yes")
    assert line.startswith("2 messages of alice are removed.")
    assert exported(disk) == [("Alice", "", True), ("bob", "hello", False)]
    assert exported(disk, "dev") == [("Alice", "", True)]
    (told,) = bob.events()
    assert (told["redacts"], told["from"], told["id"]) == (1, "!admin", 3)
    disk.server.run(SOON)
    assert files_with(path, "s3cr3t") == []


def test_what_replaced_a_message_is_gone_with_it(disk, path):
    alice = disk.server.json("alice")
    alice.say("helo")
    disk.server.run()
    alice.ask("say", room="lobby", text=SECRET, replaces=1)
    (line,) = disk.run("forget", "alice", "--yes")
    assert line.startswith("1 message of alice is")
    disk.server.run(SOON)
    assert files_with(path, "s3cr3t") == []


def test_many_messages_are_removed_in_portions(disk):
    alice = disk.server.json("alice")
    for number in range(120):
        alice.say(f"text {number}")
    disk.server.run()
    (line,) = disk.run("forget", "alice", "--yes")
    assert line.startswith("120 messages")
    assert {text for _, text, _ in exported(disk)} == {""}


def test_a_registered_name_is_forgotten_under_its_other_names_too(disk):
    alice = disk.server.json("alice")
    alice.ask("register", password="secret")
    alice.ask("rename", name="al")
    alice.say(SECRET)
    disk.server.run()
    disk.run("forget", "alice", "--yes")
    assert exported(disk) == [("al", "", True)]


def test_it_is_in_the_audit_log(disk):
    disk.server.json("alice").say("hello")
    disk.server.run()
    disk.run("forget", "alice", "--yes")
    found = []
    disk.server.accounts.audit_entries(9).addCallback(found.extend)
    assert [(entry.verb, entry.target) for entry in found] == [("forget", "alice")]


def test_a_second_time_there_is_nothing_to_remove(disk):
    disk.server.json("alice").say("hello")
    disk.server.run()
    disk.run("forget", "alice", "--yes")
    (line,) = disk.run("forget", "alice", "--yes", status=1)
    assert line == 'groupchat-admin: Nothing is stored that was said under the name "alice".'


def test_a_name_that_quotes_or_matches_is_that_name_only(disk):
    disk.server.json("alice").say("hello")
    disk.server.run()
    for name in ("%", "al_ce", "' OR 1=1 --", "alic", '"'):
        disk.run("forget", name, "--yes", status=1)
    assert exported(disk) == [("alice", "hello", False)]


def test_a_server_in_memory_says_so(machine):
    (line,) = machine.run("forget", "alice", "--yes", status=1)
    assert "in memory" in line


def test_without_yes_and_without_a_terminal_nothing_is_done(disk):
    disk.server.json("alice").say("hello")
    disk.server.run()
    (line,) = disk.run("forget", "alice", status=2)
    assert "--yes" in line
    assert exported(disk) == [("alice", "hello", False)]


@pytest.mark.parametrize(("answer", "status"), [("y", 0), ("yes", 0), ("", 1), ("no", 1)])
def test_at_a_terminal_the_tool_asks(disk, monkeypatch, answer, status):
    disk.server.json("alice").say("hello")
    disk.server.run()
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda question: answer)
    disk.run("forget", "alice", status=status)
    assert exported(disk) == [("alice", "" if not status else "hello", not status)]


def test_in_a_database_everything_is_gone_too(capsys, engine):
    from tests.ledgers.nodes import database, on_postgresql

    machine = Machine(capsys, "", on_postgresql(database(engine)))
    alice, bob = machine.server.json("Alice"), machine.server.json("bob")
    alice.say(SECRET)
    bob.say("hello")
    machine.server.run()
    alice.say("helo")
    machine.server.run()
    alice.ask("say", room="lobby", text=SECRET, replaces=3)
    machine.server.run()
    machine.run("forget", "alice", "--yes")
    assert exported(machine)[:3] == [
        ("Alice", "", True),
        ("bob", "hello", False),
        ("Alice", "", True),
    ]
    found = engine.execute("SELECT count(*) FROM groupchat.messages WHERE text <> ''", "ledger")
    assert found == [(1,)]
    machine.server.ledger.close()
    machine.server.run()


def test_what_postgresql_does_itself_is_said(capsys):
    from groupchat.ops.admin_database import DATABASE_VERBS

    class Database(Machine):
        def verbs(self):
            return {**super().verbs(), **DATABASE_VERBS}

    machine = Database(capsys)
    (backup,) = machine.run("backup", "x.db", status=1)
    (compact,) = machine.run("compact", status=1)
    assert "pg_dump" in backup and "VACUUM" in compact
