"""
groupchat-admin beside a real daemon: the socket, who may use it, and what is left after kill -9.
"""

from __future__ import annotations

import json
import os
import stat

import pytest_twisted

from tests.e2e.support import Daemon, Sandbox, Socket, until


@pytest_twisted.ensureDeferred
async def test_the_socket_is_there_for_its_owner_while_the_server_runs(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    socket = sandbox.directory / "groupchat.sock"
    assert stat.S_IMODE(socket.stat().st_mode) == 0o600
    (line,) = await sandbox.run("groupchat-admin", "status", "--json")
    assert json.loads(line)["pid"] == daemon.pid
    await daemon.stop()
    assert not socket.exists()
    tool = sandbox.start("groupchat-admin", "status")
    assert await tool.ended() == 3
    (line,) = tool.err.lines
    assert "no server runs in" in line


@pytest_twisted.ensureDeferred
async def test_it_works_while_the_server_is_full_and_names_the_user_of_the_machine(
    sandbox: Sandbox,
):
    daemon = await sandbox.daemon("--max", "1")
    alice = await sandbox.member("alice", daemon)
    await (await sandbox.json("bob", daemon)).event("bye", code="full")
    assert await sandbox.run("groupchat-admin", "kick", "alice", "sorry") == ["alice is sent out."]
    await alice.event("bye", code="kicked", text="!admin sent you out: sorry")
    (entry,) = await sandbox.run("groupchat-passwd", "--log")
    (user,) = await sandbox.run("id", "-un")
    assert entry.split()[1:4] == [f"!{user}", "kick", "alice:"]


@pytest_twisted.ensureDeferred
async def test_after_kill_9_the_tool_says_so_and_the_next_server_takes_the_socket(
    sandbox: Sandbox,
):
    daemon = await sandbox.daemon("--admin-socket", "here")
    here = ("groupchat-admin", "--admin-socket", "here")
    await sandbox.run(*here, "who")
    await daemon.kill()
    tool = sandbox.start(*here, "who")
    assert await tool.ended() == 3
    assert tool.err.lines == [
        "groupchat-admin: no server listens at here any more. Start it, and try again."
    ]
    daemon = await sandbox.again(daemon, "--admin-socket", "here")
    assert await sandbox.run(*here, "who") == ["(none)"]


@pytest_twisted.ensureDeferred
async def test_a_user_without_the_right_is_told_so(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    await sandbox.run("chmod", "000", "groupchat.sock")
    powerless = ("setpriv", "--bounding-set=-all", "--inh-caps=-all") if os.geteuid() == 0 else ()
    tool = sandbox.start(*powerless, "groupchat-admin", "who")
    assert await tool.ended() == 4
    (line,) = tool.err.lines
    assert line.startswith("groupchat-admin: you have no right to groupchat.sock.")
    await daemon.stop()


@pytest_twisted.ensureDeferred
async def test_a_socket_that_cannot_be_made_is_an_error_in_the_log_only(sandbox: Sandbox):
    daemon = sandbox.twistd("--port", "0", "--admin-socket", "nowhere/here")
    await daemon.line(".*groupchat-admin can't be used: cannot listen on admin socket.*")
    await daemon.listens()
    await daemon.stop()


@pytest_twisted.ensureDeferred
async def test_reload_is_in_the_log(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    await sandbox.run("groupchat-admin", "reload")
    await daemon.line(".*The accounts file groupchat.accounts is read.")


TEXT = "x" * 2000


async def filled(sandbox: Sandbox, daemon: Daemon, count: int) -> Socket:
    """Returns a member that has said so much."""
    alice = await sandbox.member("alice", daemon)
    alice.say(*(f"{number} {TEXT}" for number in range(1, count + 1)), first=1)
    await alice.event("message", id=count)
    return alice


@pytest_twisted.ensureDeferred
async def test_a_backup_under_load_is_whole_and_a_server_starts_with_it(sandbox: Sandbox):
    daemon = await sandbox.daemon("--rate", "0")
    alice = await filled(sandbox, daemon, 3000)
    tool = sandbox.start("groupchat-admin", "backup", "copy.db")
    for number in range(3001, 3201):
        alice.say(f"{number}", first=number)
        await alice.event("message", id=number)
    assert await tool.ended() == 0
    await sandbox.run("groupchat-admin", "check", "copy.db")
    await daemon.stop()
    daemon = await sandbox.daemon("--ledger", "sqlite:copy.db")
    texts = await sandbox.kept(daemon)
    assert len(texts) >= 3000
    assert [int(text.split()[0]) for text in texts] == list(range(1, len(texts) + 1))


@pytest_twisted.ensureDeferred
async def test_after_kill_9_in_a_backup_there_is_no_copy_and_the_next_one_is_made(
    sandbox: Sandbox,
):
    daemon = await sandbox.daemon("--rate", "0")
    await filled(sandbox, daemon, 3000)
    tool = sandbox.start("groupchat-admin", "backup", "copy.db")
    partial = sandbox.directory / "copy.db.partial"
    await until(partial.exists, "the copy")
    await daemon.kill()
    assert await tool.ended() == 5
    assert not (sandbox.directory / "copy.db").exists()
    daemon = await sandbox.again(daemon)
    await sandbox.run("groupchat-admin", "backup", "copy.db")
    assert not partial.exists()
    await sandbox.run("groupchat-admin", "check", "copy.db")
    await daemon.stop()


@pytest_twisted.ensureDeferred
async def test_a_server_that_stops_in_a_backup_does_not_wait_for_it(sandbox: Sandbox):
    daemon = await sandbox.daemon("--rate", "0")
    await filled(sandbox, daemon, 3000)
    tool = sandbox.start("groupchat-admin", "backup", "copy.db")
    await until((sandbox.directory / "copy.db.partial").exists, "the copy")
    await daemon.stop()
    assert await tool.ended() == 5
    assert not list(sandbox.directory.glob("copy*"))


@pytest_twisted.ensureDeferred
async def test_a_big_room_is_exported_whole(sandbox: Sandbox):
    daemon = await sandbox.daemon("--rate", "0")
    await filled(sandbox, daemon, 3000)
    lines = await sandbox.run("groupchat-admin", "export", "lobby", "json")
    assert [json.loads(line)["id"] for line in lines] == list(range(1, 3001))
    assert await sandbox.run("sh", "-c", "groupchat-admin export lobby | head -n 1")
    await daemon.stop()


@pytest_twisted.ensureDeferred
async def test_what_a_person_said_is_in_no_file_soon_after_it_is_forgotten(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    alice = await sandbox.member("alice", daemon)
    alice.say("s3cr3t words", "more s3cr3t words")
    await alice.event("message", id=2)
    (line,) = await sandbox.run("groupchat-admin", "forget", "alice", "--yes")
    assert line.startswith("2 messages of alice are removed.")
    await alice.event("message", redacts=2)
    files = [sandbox.directory / f"groupchat.db{suffix}" for suffix in ("", "-wal")]
    await until(lambda: all(b"s3cr3t" not in file.read_bytes() for file in files), "the end of it")
    await daemon.stop()


@pytest_twisted.ensureDeferred
async def test_a_ledger_is_compacted_while_members_talk(sandbox: Sandbox):
    daemon = await sandbox.daemon("--rate", "0")
    alice = await filled(sandbox, daemon, 300)
    await sandbox.run("groupchat-admin", "forget", "alice", "--yes")
    tool = sandbox.start("groupchat-admin", "compact")
    alice.say("still here", first=301)
    await alice.event("message", text="still here")
    assert await tool.ended() == 0
    (line,) = tool.out.lines
    assert " has " in line and "(before: " in line
    await daemon.stop()


@pytest_twisted.ensureDeferred
async def test_an_import_that_was_killed_with_the_server_goes_on_and_others_talk(
    sandbox: Sandbox,
):
    daemon = await sandbox.daemon()
    alice = await sandbox.member("alice", daemon)
    bob = await sandbox.member("bob", daemon, rooms={"dev": {}})
    said = {"at": "2024-01-15T10:20:30Z", "from": "eve"}
    lines = [json.dumps({**said, "text": str(number)}) for number in range(3000)]
    (sandbox.directory / "log").write_text("\n".join(lines))
    tool = sandbox.start("groupchat-admin", "import", "dev", "log")
    await bob.event("message", text="60")
    alice.say("meanwhile")
    await alice.event("message", text="meanwhile")
    await daemon.kill()
    assert await tool.ended() == 5
    daemon = await sandbox.again(daemon)
    (line,) = await sandbox.run("groupchat-admin", "import", "dev", "log")
    assert line.endswith("messages are imported into dev.")
    exported = await sandbox.run("groupchat-admin", "export", "dev", "json")
    assert [json.loads(line)["text"] for line in exported] == [str(n) for n in range(3000)]
    await daemon.stop()
