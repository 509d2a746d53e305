"""
Removes the leftovers of a killed daemon: twistd's pid file, a Unix socket and its lock.

A process number in a file does not prove that its process still runs: another process may have the
number by now, and in a container always does. A lock ends with its process. So a daemon locks its
pid file, and an unlocked pid file is a leftover.
"""

from __future__ import annotations

import fcntl
import os
import socket
import stat

__all__ = ["clear_pid_file", "clear_socket", "hold"]

_CONNECT_TIMEOUT = 1.0  #: seconds; a socket that accepts no connection within them is in use


def clear_pid_file(path: str) -> bool:
    """
    Remove a pid file that no running daemon holds.

    :returns: whether it is gone; otherwise a running daemon holds it.
    :raises OSError: no pid file can be written there.
    """
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK, 0o644)
    try:
        if not _lock(file) or _is_held(os.read(file, 32), path):
            return False
        try:
            os.write(file, b"%d" % os.getpid())  # fails if the disk is full
        finally:
            os.unlink(path)
        return True
    finally:
        os.close(file)


def hold(path: str) -> None:
    """Lock our pid file until this process ends."""
    try:
        _lock(os.open(path, os.O_RDWR))
    except OSError:
        return  # the ledger's lock still keeps two daemons apart


def _lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_held(content: bytes, path: str) -> bool:
    """
    Whether a twistd that locks nothing (another Twisted application) runs in the directory of this
    pid file.
    """
    if not content.strip().isdigit() or int(content) in (os.getpid(), os.getppid()):
        return False
    process = f"/proc/{int(content)}"
    try:
        with open(f"{process}/cmdline", "rb") as file:
            words = file.read(4096).split(b"\0")[:3]
        here = os.path.dirname(os.path.abspath(path))
        return os.path.samefile(f"{process}/cwd", here) and any(
            os.path.basename(word) == b"twistd" for word in words
        )
    except OSError:
        return False


def clear_socket(path: bytes | str) -> bool:
    """
    Remove a Unix socket that no process listens on, and the lock that Twisted puts beside it.

    :returns: whether there was either.
    """
    path = os.fsdecode(path)
    if not _is_deserted(path):
        return False
    found = False
    for file, is_ours in ((path, stat.S_ISSOCK), (f"{path}.lock", stat.S_ISLNK)):
        try:
            if is_ours(os.lstat(file).st_mode):
                os.unlink(file)
                found = True
        except OSError:
            continue
    return found


def _is_deserted(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(_CONNECT_TIMEOUT)
        try:
            probe.connect(path)
        except (ConnectionRefusedError, FileNotFoundError):
            return True
        except (OSError, ValueError):
            return False
    return False
