"""
The disk alone: how long it takes to sync a message. A server that shows only synced messages can't
be quicker, on this disk in this hour.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from tempfile import TemporaryFile

PAGE = 4096  #: bytes that are synced
RATE, COUNT = 200, 400  #: syncs a second, and in all, to see how the disk is now


def syncs(folder: Path | None, rate: int, count: int) -> list[float]:
    """
    Append a page to a file and sync it, again and again.

    :param folder: on the disk; None: the usual place.
    :param rate: of them in a second.
    :param count: of them in all.
    :returns: the milliseconds from when each was due until it was synced, in ascending order.
    """
    took = []
    with TemporaryFile(dir=folder, buffering=0) as file:
        begin = time.monotonic()
        for due in (begin + number / rate for number in range(count)):
            time.sleep(max(0.0, due - time.monotonic()))
            file.write(bytes(PAGE))
            os.fdatasync(file.fileno())
            took.append((time.monotonic() - due) * 1000)
    return sorted(took)


def syncs_now(folder: Path | None, scale: float) -> list[float]:
    """See how the disk is now: as `syncs`, for a few seconds."""
    return syncs(folder, RATE, max(2, round(COUNT * scale)))


def p99(took: list[float]) -> float:
    return sorted(took)[len(took) * 99 // 100]
