"""
The start after a sudden end, with what that left behind; and beside a daemon that runs.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import pytest_twisted

from tests.e2e.support import Daemon, Sandbox, until


async def started(sandbox: Sandbox, *options: str) -> Daemon:
    """The daemon as README.rst starts it."""
    daemon = sandbox.twistd("--port", "0", "--max", "5", *options, pidfile=None)
    await daemon.listens()
    return daemon


@pytest.mark.parametrize(
    "content", ["1", "", "no number", pytest.param(str(os.getpid()), id="ours")]
)
@pytest_twisted.ensureDeferred
async def test_a_pid_file_of_a_killed_daemon_does_not_keep_the_next_from_starting(
    sandbox: Sandbox, content: str
):
    file = sandbox.directory / "twistd.pid"
    file.write_text(content)
    daemon = await started(sandbox)
    assert file.read_text() == str(daemon.pid)
    await daemon.stop()
    assert not file.exists()


@pytest_twisted.ensureDeferred
async def test_a_second_daemon_on_one_ledger_is_refused_and_the_first_keeps_its_pid_file(
    sandbox: Sandbox,
):
    first = await started(sandbox)
    second = sandbox.twistd("--port", "0", "--max", "5", pidfile=None)
    assert await second.ended() == 75
    assert second.err.text.startswith(
        "groupchat: the ledger groupchat.db is in use by another daemon."
    )
    os.kill(int((sandbox.directory / "twistd.pid").read_text()), signal.SIGTERM)
    assert await first.ended(5) == 0


@pytest_twisted.ensureDeferred
async def test_two_daemons_run_in_one_directory(sandbox: Sandbox):
    first = await started(sandbox)
    second = await started(sandbox, "--ledger", "memory")
    assert (sandbox.directory / "twistd.pid").read_text() == str(first.pid)
    await second.stop()
    assert (sandbox.directory / "twistd.pid").read_text() == str(first.pid)
    await first.stop()


@pytest_twisted.ensureDeferred
async def test_a_pid_file_that_can_t_be_written_is_refused_where_it_was_asked_for(sandbox: Sandbox):
    daemon = sandbox.twistd("--port", "0", pidfile="missing/x.pid")
    assert await daemon.ended() == 1
    assert daemon.err.text.startswith(
        "groupchat: the pid file missing/x.pid cannot be written: No such file or directory."
    )


@pytest_twisted.ensureDeferred
async def test_in_the_background_a_stale_pid_file_is_replaced_and_a_held_one_refused(
    sandbox: Sandbox,
):
    file = sandbox.directory / "twistd.pid"
    file.write_text("1")
    assert await sandbox.run("twistd", "groupchat", "--port", "0", "--max", "5") == []
    pid = int(file.read_text())
    try:
        second = sandbox.start(
            "twistd", "groupchat", "--port", "0", "--max", "5", "--ledger", "memory"
        )
        assert await second.ended() == 1
        assert second.err.text.startswith(
            "groupchat: the pid file twistd.pid belongs to another running daemon."
        )
        assert int(file.read_text()) == pid
        log = sandbox.directory / "twistd.log"
        await until(lambda: "Listening on" in log.read_text(), "the daemon's start")
    finally:
        os.kill(pid, signal.SIGTERM)
    await until(lambda: not Path(f"/proc/{pid}").exists(), "the daemon's end")
    assert not file.exists()


# Unix sockets.


@pytest_twisted.ensureDeferred
async def test_a_unix_socket_of_a_killed_daemon_does_not_keep_the_next_from_starting(
    sandbox: Sandbox,
):
    daemon = await sandbox.daemon("--listen", "unix:chat.sock", port=None)
    await daemon.kill()
    lock = sandbox.directory / "chat.sock.lock"
    lock.unlink()
    lock.symlink_to("1")  # the number lives again
    daemon = await sandbox.daemon("--listen", "unix:chat.sock", port=None)
    alice = await sandbox.socket(sandbox.directory / "chat.sock")
    alice.send("alice")
    await alice.line("-- Welcome to lobby, alice.*")
    await daemon.stop()
    assert not lock.is_symlink()


@pytest_twisted.ensureDeferred
async def test_a_unix_socket_on_which_another_daemon_listens_is_refused(sandbox: Sandbox):
    await sandbox.daemon("--listen", "unix:chat.sock", port=None)
    second = sandbox.twistd("--listen", "unix:chat.sock", "--ledger", "memory", "--max", "5")
    assert await second.ended() == 75
    assert second.err.text.startswith(
        "groupchat: cannot listen on unix:chat.sock: another daemon does."
    )
    alice = await sandbox.socket(sandbox.directory / "chat.sock")
    alice.send("alice")
    await alice.line("-- Welcome to lobby, alice.*")
