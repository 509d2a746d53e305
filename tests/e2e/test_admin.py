"""
groupchat-admin beside a real daemon: the socket, who may use it, and what is left after kill -9.
"""

from __future__ import annotations

import json
import os
import stat

import pytest_twisted

from tests.e2e.support import Sandbox


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
