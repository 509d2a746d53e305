"""
Files that are there as a whole, or not at all; and only ours to read.
"""

from __future__ import annotations

import os
import tempfile


def replace(path: str, data: bytes) -> None:
    """
    Write a file (mode 0600), or put another in its place, synced.

    :raises OSError: it can't be done; what was there still is.
    """
    descriptor, fresh = tempfile.mkstemp(prefix=f".{os.path.basename(path)}.", dir=os.path.dirname(path) or ".")
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        os.replace(fresh, path)
    except BaseException:
        os.unlink(fresh)
        raise
