"""
Accounts beside a running daemon: it follows the changes that groupchat-passwd makes, and what
operators do outlasts kill -9.
"""

from __future__ import annotations

import pytest_twisted

from tests.e2e.support import Daemon, Sandbox

OWNER = {"password": "secret"}


async def passwd(sandbox: Sandbox, *arguments: str, typed: str = "") -> list[str]:
    """Run groupchat-passwd, with this typed. Answers with the lines that it prints."""
    program = sandbox.start("groupchat-passwd", *arguments)
    program.send(typed)
    assert await program.ended() == 0, program.err.text
    return program.out.lines


async def is_registered(sandbox: Sandbox, name: str, daemon: Daemon) -> bool:
    """Whether the daemon asks for a password of this name."""
    guest = await sandbox.json(name, daemon)
    return bool((await guest.event("error"))["code"] == "bad-password")


@pytest_twisted.ensureDeferred
async def test_a_running_daemon_heeds_what_the_administrator_changes(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    guest = await sandbox.member("alice", daemon)
    await passwd(sandbox, "--operator", "alice", typed="secret")
    while not await is_registered(sandbox, "alice", daemon):
        pass
    owner = await sandbox.json("alice", daemon, **OWNER)
    await owner.event("welcome", operator=True)
    await guest.event("bye", code="replaced")


@pytest_twisted.ensureDeferred
async def test_what_operators_did_outlasts_kill_9(sandbox: Sandbox):
    await passwd(sandbox, "alice", typed="secret")
    await passwd(sandbox, "--operator", "alice")
    assert (
        b"$argon2id$v=19$m=19456,t=2,p=1$"
        in (sandbox.directory / "groupchat.accounts").read_bytes()
    )
    daemon = await sandbox.daemon()
    alice = await sandbox.member("alice", daemon, **OWNER)
    alice.send(
        {"type": "ban", "name": "bob", "text": "spam", "ref": "1"},
        {"type": "max", "max": 1, "ref": "2"},
    )
    await alice.event("ok", ref="1")
    await alice.event("ok", ref="2")
    await daemon.kill()
    daemon = await sandbox.again(daemon)
    bob = await sandbox.json("bob", daemon)
    await bob.event("bye", code="banned", text="You are banned: spam")
    await sandbox.member("carol", daemon)
    await sandbox.member("dave", daemon)  # the places are those of the start again
    alice = await sandbox.member("alice", daemon, **OWNER)
    alice.send({"type": "unban", "name": "bob", "ref": "1"})
    await alice.event("ok", ref="1")
    await sandbox.member("bob", daemon)
    assert [line.split()[1:] for line in await passwd(sandbox, "--log")][2:] == [
        ["alice", "ban", "bob:", "spam"],
        ["alice", "max", "1"],
        ["alice", "unban", "bob"],
    ]


@pytest_twisted.ensureDeferred
async def test_a_ban_that_is_lifted_from_outside_is_lifted_in_the_running_daemon(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    await sandbox.member("alice", daemon)
    await passwd(sandbox, "--operator", "alice", typed="secret")
    while not await is_registered(sandbox, "alice", daemon):
        pass
    alice = await sandbox.member("alice", daemon, **OWNER)
    alice.send({"type": "ban", "address": "127.0.0.1", "text": "noise", "ref": "1"})
    await alice.event("ok", ref="1")
    await (await sandbox.json("bob", daemon)).event("bye", code="banned")
    assert await passwd(sandbox, "--bans") == ["ban 127.0.0.1 for ever, by alice: noise"]
    assert await passwd(sandbox, "--unban", "127.0.0.1") == ["127.0.0.1 is not banned any more."]
    while True:
        alice.send({"type": "bans", "ref": "2"})
        if not (await alice.event("bans", ref="2"))["count"]:
            break
    await sandbox.member("bob", daemon)


@pytest_twisted.ensureDeferred
async def test_bad_accounts_keep_the_daemon_from_starting_with_one_line(sandbox: Sandbox):
    (sandbox.directory / "groupchat.accounts").write_bytes(b"no database" * 100)
    daemon = sandbox.twistd("--port", "0")
    assert await daemon.ended() == 1
    assert daemon.err.lines == [
        "groupchat: the accounts file groupchat.accounts: file is not a database. "
        "Repair it, or choose another with --auth."
    ]


@pytest_twisted.ensureDeferred
async def test_passwords_are_taken_from_a_file_of_twisteds_own_kind(sandbox: Sandbox):
    (sandbox.directory / "passwords").write_text("alice:secret\n")
    daemon = await sandbox.daemon("--auth", "file:passwords", "--members-only")
    guest = await sandbox.json("bob", daemon)
    await guest.event("bye", code="members-only")
    wrong = await sandbox.json("alice", daemon, password="wrong")
    await wrong.event("error", code="bad-password")
    await sandbox.member("alice", daemon, **OWNER)


@pytest_twisted.ensureDeferred
async def test_a_person_is_asked_for_the_password_once_at_each_client(sandbox: Sandbox):
    await passwd(sandbox, "alice", typed="secret")
    daemon = await sandbox.daemon()
    first = sandbox.connect("alice", daemon, terminal=True)
    await first.prompt("Password for alice: ")
    first.press("secret\n")
    await first.says("-- You are up to date.")
    first.send("/quit")
    assert await first.ended() == 0
    await daemon.kill()
    daemon = await sandbox.again(daemon)
    piped = sandbox.start("groupchat-connect", "--json", "ALICE", f"localhost:{daemon.port}")
    await piped.event("catchup")
    piped.close_input()
    assert await piped.ended() == 0
    assert [line.split()[2] for line in await passwd(sandbox, "--log")] == ["password"]
