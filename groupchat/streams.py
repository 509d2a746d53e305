"""
Standard input, output and error, whatever a program was given for them: closed, full, or in an
encoding that lacks letters.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator


def prepare() -> None:
    """
    Let everything be printed: what an encoding can't write as an escape, and where a stream is
    closed, nothing.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 (it stays open)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def open_standard(flags: int = os.O_RDWR) -> None:
    """
    Put /dev/null where a standard descriptor is closed, so that no socket or file gets its number.

    :param flags: how it is opened; for reading only, what is written there is an error.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, flags)


@contextlib.contextmanager
def written() -> Iterator[None]:
    """
    Write what is printed within before this ends.

    :raises OSError: it can't be written; nothing more is tried, so that Python has nothing to
        complain about at its end.
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
