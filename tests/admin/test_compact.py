"""
groupchat-admin compact: what it says, and that it shows how far it is.
"""

from __future__ import annotations

import pytest

from groupchat.admin.show import number_of_bytes
from groupchat.ledgers.upkeep import PORTION_SECONDS
from tests.admin.machine import Machine
from tests.ledgers.keeping import on_disk


@pytest.fixture
def disk(capsys, tmp_path):
    path = tmp_path / "chat.db"
    machine = Machine(capsys, str(path), on_disk(path))
    machine.seconds = 60.0
    alice = machine.server.json("alice")
    for number in range(180):
        alice.say(f"{number} " + "x" * 4000)
    machine.server.run()
    machine.run("compact")
    machine.run("forget", "alice", "--yes")
    machine.server.run(60.0)
    yield machine
    machine.server.ledger.close()
    machine.server.run()


def test_a_file_gets_smaller(disk, tmp_path):
    before = (tmp_path / "chat.db").stat().st_size
    (line,) = disk.run("compact")
    after = (tmp_path / "chat.db").stat().st_size
    assert after < before
    sizes = f"{number_of_bytes(after)} now (before: {number_of_bytes(before)})"
    assert line == f"{tmp_path}/chat.db has {sizes}."


def test_progress_is_told(disk):
    replies = list(disk.ask("", b'{"verb": "compact"}'))
    assert [b'"progress"' in reply for reply in replies] == [*[True] * (len(replies) - 1), False]
    assert len(replies) > 2


def test_only_one_does_it_at_a_time(disk):
    first, second = disk.connect(), disk.connect()
    for protocol in (first, second):
        protocol.dataReceived(b'{"verb": "compact"}\n')
    disk.server.run(60.0)
    assert b"already" in second.transport.value() and b"already" not in first.transport.value()


def test_it_ends_when_the_tool_goes_away(disk, tmp_path):
    protocol = disk.connect()
    protocol.dataReceived(b'{"verb": "compact"}\n')
    disk.server.run(PORTION_SECONDS)
    protocol.connectionLost()
    disk.server.run(60.0)
    before = (tmp_path / "chat.db").stat().st_size
    disk.run("compact")
    assert (tmp_path / "chat.db").stat().st_size < before, "there was something left"


def test_a_ledger_in_memory_has_no_file(machine):
    (line,) = machine.run("compact", status=1)
    assert "in no file" in line
