"""
The leftovers of a killed daemon are removed, and those of a running one are left alone.
"""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import sys

import pytest

from groupchat.ops import stale


@pytest.fixture
def path(tmp_path):
    return tmp_path / "twistd.pid"


@pytest.mark.parametrize(
    "content",
    [
        b"1",
        b"",
        b"\0\0\0\0",
        b"garbage",
        b"-1",
        b"0",
        pytest.param(b"%d" % os.getpid(), id="ours"),
        b"9" * 300,
    ],
)
def test_a_pid_file_that_nobody_holds_is_removed_whatever_its_number_is(path, content):
    path.write_bytes(content)
    assert stale.clear_pid_file(str(path))
    assert not path.exists()


def test_where_there_is_none_none_is_made(path):
    assert stale.clear_pid_file(str(path))
    assert not path.exists()


def test_a_pid_file_that_a_daemon_has_locked_is_left_as_it_is(path):
    path.write_text("1")
    with path.open("r+") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert not stale.clear_pid_file(str(path))
    assert path.read_text() == "1"


def test_our_own_is_held_until_we_end(path):
    path.write_text("1")
    script = (
        "import sys; from groupchat.ops import stale; stale.hold(sys.argv[1]);"
        " print(flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        assert not stale.clear_pid_file(str(path))
        holder.kill()
    assert stale.clear_pid_file(str(path))


@pytest.mark.parametrize("elsewhere", [False, True])
def test_another_application_of_twistd_locks_nothing_and_is_known_by_its_directory(
    path, tmp_path, elsewhere
):
    (tmp_path / "other").mkdir()
    (tmp_path / "twistd").write_text("import sys; print(flush=True); sys.stdin.read()")
    where = tmp_path / "other" if elsewhere else tmp_path
    command = [sys.executable, tmp_path / "twistd"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=where
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        path.write_text(str(other.pid))
        assert stale.clear_pid_file(str(path)) is elsewhere
        assert path.exists() is not elsewhere
        other.kill()


def test_where_no_pid_file_can_be_written_that_is_told(tmp_path):
    with pytest.raises(FileNotFoundError):
        stale.clear_pid_file(str(tmp_path / "missing" / "twistd.pid"))


def test_a_pipe_in_its_place_does_not_hang(path):
    os.mkfifo(path)
    with pytest.raises(OSError, match=r"temporarily unavailable|Illegal seek"):
        stale.clear_pid_file(str(path))


# Unix sockets.


@pytest.fixture
def bound(path):
    """A socket that is bound, but does not listen yet."""
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))
        yield bound


def test_a_socket_on_which_nobody_listens_is_removed_with_its_lock(path, bound):
    lock = path.with_name(f"{path.name}.lock")
    lock.symlink_to("1")
    assert stale.clear_socket(bytes(path))
    assert not path.exists() and not lock.is_symlink()


def test_a_lock_without_a_socket_is_removed(path):
    lock = path.with_name(f"{path.name}.lock")
    lock.symlink_to("1")
    assert stale.clear_socket(bytes(path))
    assert not lock.is_symlink()


def test_a_socket_on_which_someone_listens_is_left_alone(path, bound):
    bound.listen()
    assert not stale.clear_socket(str(path))
    assert path.exists()


def test_a_file_in_its_place_is_left_alone(path):
    path.write_text("precious")
    assert not stale.clear_socket(str(path))
    assert path.read_text() == "precious"
