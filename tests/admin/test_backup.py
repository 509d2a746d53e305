"""
groupchat-admin backup and check: what they say, and what they refuse.
"""

from __future__ import annotations

import io
import os

import pytest

from groupchat.accounts.store import AccountStore
from groupchat.admin.messages import Progress
from groupchat.admin.meter import Meter
from groupchat.ledgers.retention import RetentionPolicy
from groupchat.ledgers.writer import Writer
from tests.admin.machine import Machine


@pytest.fixture
def ledger(tmp_path):
    path = tmp_path / "chat.db"
    writer = Writer(str(path), RetentionPolicy())
    writer.open()
    yield path
    writer.close()


@pytest.fixture
def saved(capsys, ledger, tmp_path):
    """A backup of an empty ledger."""
    machine = Machine(capsys, str(ledger))
    copy = tmp_path / "copy.db"
    (line,) = machine.run("backup", str(copy))
    assert line == f"{copy} is a copy of the ledger, of {copy.stat().st_size} bytes."
    return machine, copy


def test_a_backup_is_whole(saved):
    machine, copy = saved
    shown = machine.json("check", str(copy))
    assert (shown["kind"], shown["messages"], shown["whole"]) == ("ledger", 0, True)
    assert ["whole", "yes"] in [line.split() for line in machine.run("check", str(copy))]


def test_a_backup_replaces_nothing(saved):
    machine, copy = saved
    (line,) = machine.run("backup", str(copy), status=1)
    assert "is there already" in line


def test_a_backup_ends_when_its_tool_goes_away(capsys, ledger, tmp_path):
    machine = Machine(capsys, str(ledger))
    protocol = machine.connect()
    machine.worker.before = protocol.connectionLost
    protocol.dataReceived(b'{"verb": "backup", "file": "%s/copy.db"}\n' % bytes(tmp_path))
    assert not list(tmp_path.glob("copy*"))
    machine.worker.before = None
    machine.run("backup", str(tmp_path / "copy.db"))


def test_a_ledger_in_memory_has_no_file_to_copy(machine):
    (line,) = machine.run("backup", "copy.db", status=1)
    assert "in no file" in line


def test_the_server_takes_whole_paths_only(capsys, ledger):
    machine = Machine(capsys, str(ledger))
    (reply,) = machine.ask("", b'{"verb": "backup", "file": "copy.db"}')
    assert b"slash" in reply
    (reply,) = machine.ask("", b'{"verb": "backup", "file": "/copy\\u0000.db"}')
    assert b"NUL" in reply


# Checks.


def test_a_damaged_copy_is_found(saved):
    machine, copy = saved
    data = bytearray(copy.read_bytes())
    data[4096:12288] = b"\xff" * 8192
    copy.write_bytes(data)
    (line,) = machine.run("check", str(copy), status=1)
    assert "is damaged" in line


def test_a_file_that_is_no_database_is_found(machine, tmp_path):
    (tmp_path / "copy.db").write_text("no database" * 1000)
    (line,) = machine.run("check", str(tmp_path / "copy.db"), status=1)
    assert "no database at all" in line
    assert "No such file" in machine.run("check", "/nowhere/copy.db", status=1)[0]


def test_a_pipe_is_told_and_not_waited_for(machine, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (line,) = machine.run("check", str(tmp_path / "pipe"), status=1)
    assert line.endswith("is a device, a pipe or a socket, and has to be a file.")


def test_another_programs_file_is_none_of_ours(machine, tmp_path):
    (tmp_path / "copy.db").write_bytes(b"")
    (line,) = machine.run("check", str(tmp_path / "copy.db"), status=1)
    assert "no file of groupchat's" in line


def test_a_ledger_in_use_is_not_checked(machine, ledger):
    (line,) = machine.run("check", str(ledger), status=1)
    assert "is in use" in line


def test_an_accounts_file_can_be_checked_too(machine, tmp_path):
    store = AccountStore(str(tmp_path / "chat.accounts"))
    store.open()
    store.close()
    shown = machine.json("check", str(tmp_path / "chat.accounts"))
    assert (shown["kind"], shown["accounts"]) == ("accounts", 0)


# Progress.


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_is_shown_at_a_terminal_and_gone_afterwards():
    terminal = Terminal()
    meter = Meter(terminal, True)
    for _ in range(3):
        meter.show(Progress(1, 4))
    assert terminal.getvalue() == "\r\x1b[K25 %", "each share once"
    meter.clear()
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_progress_is_not_shown_in_a_pipe_or_if_it_is_not_wanted():
    pipe, terminal = io.StringIO(), Terminal()
    for meter in (Meter(pipe, True), Meter(terminal, False)):
        meter.show(Progress(1, 4))
        meter.clear()
    assert pipe.getvalue() == terminal.getvalue() == ""
