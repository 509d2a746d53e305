"""
Writes files atomically, readable by their owner only, syncs folders, and recognises a full disk.
"""

from __future__ import annotations

import errno
import os
import tempfile

__all__ = ["is_full", "sync_folder", "write_atomic"]

_FULL = (errno.ENOSPC, errno.EDQUOT)
_PROBE = 64 << 10  #: bytes, twice as many as SQLite needs to start


def is_full(error: Exception, path: str) -> bool:
    """
    Whether an error with a file is due to a full disk.

    SQLite names the reason only if it cannot write; if it cannot create or map a file beside the
    database, this tries to write a file of its own.
    """
    if isinstance(error, OSError):
        return error.errno in _FULL
    what = str(error)
    if what in ("disk I/O error", "unable to open database file"):
        return not _has_room(os.path.dirname(os.path.realpath(path)))
    return what == "database or disk is full"


def _has_room(folder: str) -> bool:
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(bytes(_PROBE))
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        return error.errno not in _FULL
    return True


def sync_folder(path: str) -> None:
    """Sync the folder of a file: the file keeps its name."""
    folder = os.open(os.path.dirname(path) or ".", os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def write_atomic(path: str, data: bytes) -> None:
    """
    Create or replace a file (mode 0600), and sync it.

    :raises OSError: the file cannot be written; an old file is unchanged.
    """
    descriptor, fresh = tempfile.mkstemp(
        prefix=f".{os.path.basename(path)}.", dir=os.path.dirname(path) or "."
    )
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        os.replace(fresh, path)
    except BaseException:
        os.unlink(fresh)
        raise
