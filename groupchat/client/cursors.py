"""
Keeps how far each room was read, from one run to the next, beside the client secret.

The file is written rarely: after a crash some messages are shown again, but none is left out. If
it can't be read, the newest few messages are shown, as in a first run.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from groupchat import atomicfile
from groupchat.wire.commands import Position

__all__ = ["SAVE_INTERVAL", "Cursors"]

SAVE_INTERVAL = 5.0  #: seconds between two times that the file is written
_MAX_FILE_BYTES = 1_000_000


class Cursors:
    """
    The file of positions.

    :param path: the file.
    :param writable: whether this process may write it: of several terminals of one name, only the
        first may.
    """

    def __init__(self, path: Path, writable: bool) -> None:
        self._path = path
        self._writable = writable
        self._saved: Mapping[str, Position] = {}

    def read(self) -> dict[str, Position]:
        """Returns the positions in the file, by room."""
        with contextlib.suppress(OSError, ValueError):  # what msgspec raises is a ValueError
            with self._path.open("rb") as file:
                found = msgspec.json.decode(file.read(_MAX_FILE_BYTES), type=dict[str, Position])
            self._saved = {
                room: position for room, position in found.items() if position.epoch is not None
            }
        return dict(self._saved)

    def save(self, positions: Mapping[str, Position]) -> None:
        """Write these positions if they changed. A failure to write is ignored: chat goes on."""
        if self._writable and positions != self._saved:
            with contextlib.suppress(OSError):
                atomicfile.write_atomic(str(self._path), msgspec.json.encode(positions))
            self._saved = dict(positions)
