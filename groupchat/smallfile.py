"""
Reads small files whole. No pipe without a writer and no endless file can hold the program up.
"""

from __future__ import annotations

import errno
import os
import stat

__all__ = ["read"]


def read(path: str, limit: int) -> bytes:
    """
    Return what is in a file; the system's null device is an empty one.

    :param limit: the most bytes that it may have.
    :raises OSError: it can't be read, is no file, or is too long; `strerror` says why.
    """
    # O_NONBLOCK: to open a pipe would wait for its writer
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        if not is_file and os.path.realpath(path) != os.devnull:
            raise OSError(errno.EINVAL, "it is a device or a pipe, and has to be a file")
        data = file.read(limit + 1)
    if len(data) > limit:
        raise OSError(errno.EFBIG, f"it is longer than {limit >> 10} KiB")
    return data
