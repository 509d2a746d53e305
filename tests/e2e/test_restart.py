"""
The start after a sudden end, with what that left behind; and beside a daemon that runs.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import pytest_twisted

from tests.e2e.support import Daemon, Place, until


async def started(place: Place, *options: str) -> Daemon:
    """The daemon as README.rst starts it."""
    daemon = place.twistd("--port", "0", "--max", "5", *options, pidfile=None)
    await daemon.listens()
    return daemon


@pytest.mark.parametrize("content", ["1", "", "no number", str(os.getpid())])
@pytest_twisted.ensureDeferred
async def test_a_pid_file_of_a_killed_daemon_does_not_keep_the_next_from_starting(
    place: Place, content: str
):
    file = place.directory / "twistd.pid"
    file.write_text(content)
    daemon = await started(place)
    assert file.read_text() == str(daemon.pid)
    await daemon.stop()
    assert not file.exists()


@pytest_twisted.ensureDeferred
async def test_a_second_daemon_on_one_ledger_is_refused_and_the_first_keeps_its_pid_file(
    place: Place,
):
    first = await started(place)
    second = place.twistd("--port", "0", "--max", "5", pidfile=None)
    assert await second.ended() == 75
    assert second.err.text.startswith(
        "groupchat: the ledger groupchat.db is in use by another daemon."
    )
    os.kill(int((place.directory / "twistd.pid").read_text()), signal.SIGTERM)
    assert await first.ended(5) == 0


@pytest_twisted.ensureDeferred
async def test_two_daemons_run_in_one_directory(place: Place):
    first = await started(place)
    second = await started(place, "--ledger", "memory")
    assert (place.directory / "twistd.pid").read_text() == str(first.pid)
    await second.stop()
    assert (place.directory / "twistd.pid").read_text() == str(first.pid)
    await first.stop()


@pytest_twisted.ensureDeferred
async def test_a_pid_file_that_can_t_be_written_is_refused_where_it_was_asked_for(place: Place):
    daemon = place.twistd("--port", "0", pidfile="missing/x.pid")
    assert await daemon.ended() == 1
    assert daemon.err.text.startswith(
        "groupchat: the pid file missing/x.pid can't be written: No such file or directory."
    )


@pytest_twisted.ensureDeferred
async def test_in_the_background_a_stale_pid_file_is_replaced_and_a_held_one_refused(place: Place):
    file = place.directory / "twistd.pid"
    file.write_text("1")
    assert await place.run("twistd", "groupchat", "--port", "0", "--max", "5") == []
    pid = int(file.read_text())
    try:
        second = place.start(
            "twistd", "groupchat", "--port", "0", "--max", "5", "--ledger", "memory"
        )
        assert await second.ended() == 1
        assert second.err.text.startswith(
            "groupchat: the pid file twistd.pid is that of another daemon that runs."
        )
        assert int(file.read_text()) == pid
        log = place.directory / "twistd.log"
        await until(lambda: "Listening on" in log.read_text(), "the daemon's start")
    finally:
        os.kill(pid, signal.SIGTERM)
    await until(lambda: not Path(f"/proc/{pid}").exists(), "the daemon's end")
    assert not file.exists()


# Unix sockets.


@pytest_twisted.ensureDeferred
async def test_a_unix_socket_of_a_killed_daemon_does_not_keep_the_next_from_starting(place: Place):
    daemon = await place.daemon("--listen", "unix:chat.sock", port=None)
    await daemon.kill()
    lock = place.directory / "chat.sock.lock"
    lock.unlink()
    lock.symlink_to("1")  # the number lives again
    daemon = await place.daemon("--listen", "unix:chat.sock", port=None)
    alice = await place.socket(place.directory / "chat.sock")
    alice.send("alice")
    await alice.line("-- Welcome to lobby, alice.*")
    await daemon.stop()
    assert not lock.is_symlink()


@pytest_twisted.ensureDeferred
async def test_a_unix_socket_on_which_another_daemon_listens_is_refused(place: Place):
    await place.daemon("--listen", "unix:chat.sock", port=None)
    second = place.twistd("--listen", "unix:chat.sock", "--ledger", "memory", "--max", "5")
    assert await second.ended() == 75
    assert second.err.text.startswith(
        "groupchat: can't listen on unix:chat.sock: another daemon does."
    )
    alice = await place.socket(place.directory / "chat.sock")
    alice.send("alice")
    await alice.line("-- Welcome to lobby, alice.*")
