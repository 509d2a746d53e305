"""
The scripts of docs/operating.rst that back up a server and restore it on a new machine, run as they
stand there.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from textwrap import dedent

import pytest_twisted

from tests.e2e.support import Daemon, Sandbox

DOCUMENT = Path(__file__).parents[2] / "docs" / "operating.rst"
OWNER = {"password": "secret"}
KEPT = ["groupchat.db", "groupchat.accounts", "groupchat.pem"]
SERVICE = 54321  #: the number of the service's user, where the test is run by root


def scripts() -> list[str]:
    """Returns the scripts for backing up and restoring that the document shows."""
    section = (
        DOCUMENT.read_text().partition("\nBackup and restore\n")[2].partition("\nThe log\n")[0]
    )
    found = re.findall(r"(?<=::\n\n)    #!/bin/sh\n(?:    .*\n|\n(?=    ))*", section)
    assert len(found) == 2
    return [dedent(script) for script in found]


def set_in(script: str, machine: Path, backups: Path) -> str:
    """The script for a machine that is a directory, where no systemd starts and stops anything."""
    for path in ("/var/lib/groupchat", "/etc/default/groupchat"):
        assert path in script
        script = script.replace(path, f"{machine}{path}")
    script = script.replace("/root/", f"{backups}/")
    return script.replace("set -eu\n", "set -eu\nsystemctl() { :; }\n")


def machine_in(directory: Path) -> Path:
    """A machine on which the service is set up."""
    (directory / "etc/default").mkdir(parents=True)
    (directory / "etc/default/groupchat").write_text(
        f'GROUPCHAT_OPTIONS="--server-name {directory.name}"\n'
    )
    state = directory / "var/lib/groupchat"
    state.mkdir(parents=True)
    if os.geteuid() == 0:
        os.chown(state, SERVICE, SERVICE)
    return directory


async def started(sandbox: Sandbox, machine: Path) -> Daemon:
    daemon = sandbox.groupchat(
        "sh", "-c", 'cd "$0" && exec groupchat --port 0 --max 9', str(machine / "var/lib/groupchat")
    )
    await daemon.listens()
    return daemon


@pytest_twisted.ensureDeferred
async def test_all_that_a_server_knew_is_restored_on_a_new_machine_for_its_own_user(
    sandbox: Sandbox,
):
    sandbox.needs("sqlite3")
    backup, restore = scripts()
    backups = sandbox.directory / "backups"
    backups.mkdir()

    old = machine_in(sandbox.directory / "old")
    accounts = ("-f", str(old / "var/lib/groupchat/groupchat.accounts"))
    passwd = sandbox.start("groupchat-passwd", *accounts, "alice")
    passwd.send("secret")
    assert await passwd.ended() == 0
    await sandbox.run("groupchat-passwd", *accounts, "--operator", "alice")
    daemon = await started(sandbox, old)
    print_of_old = (await daemon.line(".*Encrypted with the certificate (.*)"))[1]
    bob = await sandbox.member("bob", daemon)
    alice = await sandbox.socket(daemon.port)
    alice.send("alice", "secret")
    await alice.says("-- You are up to date.")
    alice.send("good morning", "/ban mallory 7d spam")
    await bob.event("message", text="good morning")
    await alice.line("-- mallory is banned.*")
    await sandbox.run("sh", "-c", set_in(backup, old, backups))
    await daemon.kill()

    new = machine_in(sandbox.directory / "new")
    daemon = await started(sandbox, new)
    await sandbox.member("carol", daemon)
    await daemon.kill()  # whatever it leaves there
    (saved,) = backups.iterdir()
    await sandbox.run("sh", "-c", set_in(restore, new, backups), "sh", str(saved))

    state = new / "var/lib/groupchat"
    for file in map(state.joinpath, KEPT):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert (file.stat().st_uid, file.stat().st_gid) == (
            state.stat().st_uid,
            state.stat().st_gid,
        )
    assert stat.S_IMODE(saved.stat().st_mode) == 0o700
    assert "old" in (new / "etc/default/groupchat").read_text()
    daemon = await started(sandbox, new)
    assert (await daemon.line(".*Encrypted with the certificate (.*)"))[1] == print_of_old
    assert await sandbox.kept(daemon) == ["good morning"]
    await (await sandbox.json("mallory", daemon)).event("bye", code="banned")
    await (await sandbox.json("alice", daemon, **OWNER)).event("welcome", operator=True)
    audit = await sandbox.run("groupchat-passwd", "-f", str(state / "groupchat.accounts"), "--log")
    assert [line.split()[2:4] for line in audit] == [
        ["password", "alice"],
        ["op", "alice"],
        ["ban", "mallory"],
    ]
