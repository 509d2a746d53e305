"""The locks that keep other daemons away from a ledger on disk."""

from __future__ import annotations

import fcntl
import os
import sys

from groupchat.errors import CannotOpen, CannotOpenYet
from groupchat.sqlite_header import check_wal, is_special

__all__ = ["Locks"]


class Locks:
    """
    Locks on a ledger, whichever path leads to it: the lock file is beside the file itself, and on
    Linux the file is locked, too, since it may have a second name (a hard link). Elsewhere SQLite's
    own locks would be in the way of that.

    :param path: of the ledger, as the operator gave it.
    :param real: the file's one path.
    """

    def __init__(self, path: str, real: str) -> None:
        self._path = path
        self._real = real
        self._files: list[int] = []

    def acquire(self) -> None:
        """
        Lock the ledger. Creates the file if it is missing.

        :raises CannotOpen: it is no file, only its WAL is there, or another daemon has locked it.
        :raises OSError: it can't be opened.
        """
        real = self._real
        if is_special(real):
            raise CannotOpen(
                f"the ledger {self._path} is a device, a pipe or a socket, and has to be a file"
            )
        check_wal(f"the ledger {self._path}", real)
        # the ledger stays open: to close it would drop SQLite's own locks
        for path in (real, f"{real}-lock"):
            self._files.append(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        for file in self._files if sys.platform == "linux" else self._files[1:]:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CannotOpenYet(
                    f"the ledger {self._path} is in use by another daemon", "Stop that one"
                ) from None

    def is_in_place(self) -> bool:
        """Return whether the path still leads to the file that is locked."""
        try:
            return os.path.samestat(os.fstat(self._files[0]), os.stat(self._real))
        except OSError:
            return False

    def read(self, offset: int, size: int) -> bytes:
        """Return bytes of the ledger. (To open and close it again would drop SQLite's locks.)"""
        return os.pread(self._files[0], size, offset)

    def write(self, offset: int, data: bytes) -> None:
        """Write bytes to the ledger, past SQLite."""
        os.pwrite(self._files[0], data, offset)

    def sync(self) -> None:
        os.fsync(self._files[0])

    def release(self) -> None:
        while self._files:
            os.close(self._files.pop())
