"""
--check: files that could not be used are told in one line, and nothing is touched or started.
"""

from __future__ import annotations

import os
import sqlite3

import pytest
from twisted.internet.testing import MemoryReactorClock

from groupchat.accounts.store import AccountStore
from groupchat.ledgers.sqlite import SQLiteLedger
from groupchat.server import tls
from groupchat.tap import Options, makeService


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The present directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(*arguments, twistd=None):
    """Returns the status and the line with which it ends."""
    options = Options()
    options.parent = twistd
    reactor = MemoryReactorClock()
    with pytest.raises(SystemExit) as ended:
        options.parseOptions(["--check", *arguments])
        makeService(options, reactor)
    assert not reactor.tcpServers and not reactor.getDelayedCalls()
    return ended.value.code


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def database(path, application, version):
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA application_id = {application}")
        db.execute(f"PRAGMA user_version = {version}")
        db.execute("CREATE TABLE x (y)")
    db.close()


def test_a_new_directory_is_good_and_stays_empty(here, capsys):
    assert check() == 0
    assert capsys.readouterr().out == "groupchat: these options and their files can be used.\n"
    assert content(here) == {}


def test_files_of_a_server_are_good_and_stay_as_they_are(here):
    class Owner:
        def appended(self, batch): ...

        def failed(self, reason): ...

    ledger = SQLiteLedger(MemoryReactorClock(), "groupchat.db")
    ledger.open(Owner())
    accounts = AccountStore("groupchat.accounts")
    accounts.open()
    (here / "groupchat.pem").write_bytes(tls.make())
    before = content(here)
    assert check() == 0, "while it runs"
    assert content(here) == before
    accounts.close()
    ledger.close()
    before = content(here)
    assert check() == 0, "afterwards"
    assert content(here) == before


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--ledger", "sqlite:none/x.db"], "the ledger none/x.db: there is none, and it cannot"),
        (["--ledger", "sqlite:folder"], "the ledger folder: Is a directory."),
        (["--ledger", "sqlite:text"], "the ledger text: it is damaged, or no database at all."),
        (["--ledger", "sqlite:cut"], "the ledger cut: it is damaged, or no database at all."),
        (["--ledger", "sqlite:other"], "the ledger other belongs to another program."),
        (["--ledger", "sqlite:newer"], "the ledger newer was written by a newer groupchat."),
        (["--ledger", "sqlite:gone"], "the ledger gone is missing or empty, and its -wal has"),
        (["--auth", "sqlite:other"], "the accounts file other belongs to another program."),
        (["--certificate", "none.pem"], "the certificate none.pem: No such file or directory."),
        (["--certificate", "text"], "the certificate text: it does not hold a certificate"),
        (["--ledger", "sqlite:pipe"], "the ledger pipe is a device, a pipe or a socket"),
        (["--ledger", "sqlite:/dev/null"], "the ledger /dev/null is a device"),
        (["--auth", "sqlite:pipe"], "the accounts file pipe is a device, a pipe or a socket"),
        (["--auth", "argon2:pipe"], '--auth "argon2:pipe": the file cannot be read: it is a dev'),
        (["--certificate", "pipe"], "the certificate pipe: it is a device or a pipe, and has to"),
        (["--motd", "pipe"], "--motd pipe cannot be read: it is a device or a pipe, and has to be"),
        (["--listen", "nonsense"], '--listen "nonsense": '),
        (["--max", "0"], "--max takes a whole number"),
    ],
)
def test_what_could_not_be_used_is_told_in_one_line(here, arguments, told):
    (here / "folder").mkdir()
    (here / "text").write_text("hello")
    (here / "gone-wal").write_text("messages")
    os.mkfifo(here / "pipe")
    database("other", 1, 1)
    database("newer", 0x67726368, 999)
    (here / "cut").write_bytes((here / "newer").read_bytes()[:50])
    text = check(*arguments)
    assert text.startswith(f"groupchat: {told}")
    assert "\n" not in text


def test_the_pid_file_of_a_running_daemon_is_left_alone(here):
    (here / "twistd.pid").write_text("1")
    twistd = {"pidfile": "twistd.pid", "nodaemon": 1}
    assert check(twistd=twistd) == 0
    assert twistd["pidfile"] == "", "so that twistd does not look at it either"
    assert content(here) == {"twistd.pid": b"1"}
