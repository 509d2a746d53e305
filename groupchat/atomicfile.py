"""
Files that are there as a whole, or not at all; and only ours to read. And whether there is room for
them.
"""

from __future__ import annotations

import errno
import os
import tempfile

_FULL = (errno.ENOSPC, errno.EDQUOT)
_PROBE = 64 << 10  #: bytes, twice what SQLite needs to begin with


def is_full(error: Exception, path: str) -> bool:
    """
    Whether an error with a file is due to a full disk.

    SQLite calls it so only where it can't write; where it can't make or map a file beside it, the
    disk itself is asked.
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


def write_atomic(path: str, data: bytes) -> None:
    """
    Write a file (mode 0600), or put another in its place, synced.

    :raises OSError: it can't be done; what was there still is.
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
