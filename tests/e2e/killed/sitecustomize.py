"""
Kills the program that has this in its ``PYTHONPATH`` while it upgrades the ledger of the present
directory: at each start at the next of `MOMENTS`, with SIGKILL, and exactly there. Before, it notes
the moment and the sizes of the files in the file ``killed``. After the last moment it does nothing.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import sys
from pathlib import Path
from typing import Any

#: the copy is half written; it has all steps of the schema, but not their commit; it is whole; the
#: ledger has the second name under which it stays; the copy has taken the first one
MOMENTS = ("copying", "stepping", "whole", "kept", "replaced")
COPY = "groupchat.db.upgrading"
HALF = 2 << 20  #: bytes of the copy that are written when it is killed
OPCODES = 100  #: of SQLite, after which it looks how many are written
KILLED = Path("killed")

connect = sqlite3.connect


def kill(moment: str) -> None:
    sizes = {path.name: path.stat().st_size for path in Path().iterdir() if path.is_file()}
    with KILLED.open("a") as file:
        print(json.dumps([moment, sizes]), file=file, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)


# Any: what sqlite3 takes and what Python tells its audit hooks
def connect_to_copy_from(path: str, *arguments: Any, **options: Any) -> sqlite3.Connection:
    """`sqlite3.connect`, with which nothing but half of the ledger can be copied."""

    def look() -> int:
        if os.path.exists(COPY) and os.path.getsize(COPY) >= HALF:
            kill("copying")
        return 0

    db = connect(path, *arguments, **options)
    db.set_progress_handler(look, OPCODES)
    return db


def connect_to_step(path: str, *arguments: Any, **options: Any) -> sqlite3.Connection:
    """`sqlite3.connect`, with which the copy's transaction can't be committed."""

    def look(statement: str) -> None:
        if statement.strip() == "COMMIT":
            kill("stepping")

    db = connect(path, *arguments, **options)
    db.set_trace_callback(look if path.endswith(COPY) else None)
    return db


class Files:
    """An audit hook that kills the program between two steps of the copy's publication."""

    def __init__(self, moment: str) -> None:
        self._moment = moment
        self._is_replacing = False

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._is_replacing:  # the next event after it
            self._is_replacing = False
            kill("replaced")
        elif event == "os.link" and self._moment == "whole":
            kill("whole")
        elif event == "os.rename" and str(arguments[0]).endswith(COPY):
            if self._moment == "kept":
                kill("kept")
            self._is_replacing = self._moment == "replaced"


def prepare(moment: str) -> None:
    if moment == "copying":
        sqlite3.connect = connect_to_copy_from
    elif moment == "stepping":
        sqlite3.connect = connect_to_step
    else:
        sys.addaudithook(Files(moment))


def main() -> None:
    done = len(KILLED.read_text().splitlines()) if KILLED.exists() else 0
    if done < len(MOMENTS):
        prepare(MOMENTS[done])


if __name__ == "sitecustomize":
    main()
