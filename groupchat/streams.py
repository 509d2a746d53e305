"""
Makes standard input, output and error usable even if they are closed, full, or in an encoding that
lacks characters.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator

__all__ = ["open_standard", "prepare", "written"]


def prepare() -> None:
    """
    Make printing safe: characters that the encoding lacks become escapes, and a closed stream
    swallows its output.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 (it stays open)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def open_standard(flags: int = os.O_RDWR) -> None:
    """
    Open /dev/null for each closed standard descriptor, so that no socket or file gets its number.

    :param flags: for os.open; with os.O_RDONLY, writing there is an error.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, flags)


@contextlib.contextmanager
def written() -> Iterator[None]:
    """
    Flush standard output at the end of the block.

    :raises OSError: the output cannot be written. Standard output is /dev/null from then on, so
        that Python does not report the error again when it exits.
    """
    try:
        yield
    finally:
        try:
            sys.stdout.flush()
        except OSError:
            with contextlib.suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise
