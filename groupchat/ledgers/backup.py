"""
The online backup of an SQLite file: a copy of one moment, while others write.

It reads in a transaction of its own, so that it begins only once, whatever is written meanwhile.
Until it is done, the WAL grows: see `wal.py`.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable

from groupchat.atomicfile import sync_folder
from groupchat.ledgers.clock import Clock, SystemClock
from groupchat.ledgers.environment import connect

__all__ = ["PARTIAL", "BackupError", "back_up"]

PARTIAL = ".partial"  #: the end of the name of a copy that is not whole yet
PAGES_PER_STEP = 256
REST = 3.0  #: the time that a step leaves to others, in times of its own
MIN_PAUSE = 0.002  #: seconds of rest after each step, at least
MAX_PAUSE = 0.25  #: likewise, at most: the end of the server waits for it

Progress = Callable[[int, int], None]


class BackupError(Exception):
    """There is no copy; the text is one line that says why."""


def back_up(
    source: str,
    target: str,
    progress: Progress,
    is_cancelled: Callable[[], bool],
    clock: Clock | None = None,
) -> int:
    """
    Copy a database. Runs in any thread. Returns the bytes of the copy, which is synced and readable
    by its owner only.

    :param target: is created; until it is whole, it has another name.
    :param progress: is called with the number of pages that are copied, and that of all.
    :raises BackupError: there is no copy, and nothing is left of it.
    """
    if os.path.lexists(target):
        raise BackupError(f"{target} is there already. Choose another name, or remove it.")
    partial = f"{target}{PARTIAL}"
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(partial)  # of a server that was killed
        _copy(source, partial, progress, is_cancelled, clock or SystemClock())
        return _publish(partial, target)
    except sqlite3.Error as error:
        raise BackupError(f"The backup failed: {error}.") from None
    except OSError as error:
        raise BackupError(f"{target}: {error.strerror}. Choose another place.") from None
    finally:
        with contextlib.suppress(OSError):
            os.unlink(partial)


def _copy(
    source: str, partial: str, progress: Progress, is_cancelled: Callable[[], bool], clock: Clock
) -> None:
    with open(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "rb") as file:
        _step_by_step(source, partial, file.fileno(), progress, is_cancelled, clock)
        os.fsync(file.fileno())


def _step_by_step(
    source: str,
    partial: str,
    file: int,
    progress: Progress,
    is_cancelled: Callable[[], bool],
    clock: Clock,
) -> None:
    began = clock.monotonic()

    def on_step(status: int, remaining: int, total: int) -> None:
        nonlocal began
        if is_cancelled():
            raise BackupError("The backup was cancelled.")
        os.fdatasync(file)  # a little each time, so that no big sync holds up messages
        progress(total - remaining, total)
        took = clock.monotonic() - began  # long, if the machine is busy: this thread yields
        clock.sleep(min(MAX_PAUSE, max(MIN_PAUSE, REST * took)))
        began = clock.monotonic()

    with (
        contextlib.closing(connect(os.path.realpath(source), True)) as origin,
        contextlib.closing(connect(os.path.realpath(partial))) as copy,
    ):
        copy.execute("PRAGMA synchronous = OFF")  # it is synced here
        copy.execute("PRAGMA journal_mode = OFF")
        origin.execute("BEGIN")
        origin.execute("SELECT count(*) FROM sqlite_master").fetchone()  # the moment of the copy
        origin.backup(copy, pages=PAGES_PER_STEP, progress=on_step)


def _publish(partial: str, target: str) -> int:
    """Give a whole copy its name, for good. Returns its size."""
    os.link(partial, target)  # unlike a rename, this replaces no file
    sync_folder(target)
    return os.stat(target).st_size
