"""
How far each room was read here, kept from one run to the next beside the client secret.

It is written rarely: after a crash some is seen again, but nothing is left out. What can't be read
counts for nothing: then the newest few messages are shown, as the first time.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from groupchat import atomicfile
from groupchat.wire.commands import Position

SAVE_INTERVAL = 5.0  #: seconds between two times that it is written
_MOST = 1_000_000  #: bytes of the file, at most


class Cursors:
    """
    :param path: the file.
    :param ours: whether it is ours to write: of several terminals of one name, only the first
        one's.
    """

    def __init__(self, path: Path, ours: bool) -> None:
        self._path = path
        self._ours = ours
        self._kept: Mapping[str, Position] = {}

    def read(self) -> dict[str, Position]:
        """The places that were kept, by room."""
        with contextlib.suppress(OSError, ValueError):  # what msgspec raises is a ValueError
            with self._path.open("rb") as file:
                positions = msgspec.json.decode(file.read(_MOST), type=dict[str, Position])
            self._kept = {
                room: place for room, place in positions.items() if place.epoch is not None
            }
        return dict(self._kept)

    def keep(self, positions: Mapping[str, Position]) -> None:
        """
        Write these down, if they are others than before. Where that can't be, there is no reason
        not to chat.
        """
        if self._ours and positions != self._kept:
            with contextlib.suppress(OSError):
                atomicfile.write_atomic(str(self._path), msgspec.json.encode(positions))
            self._kept = dict(positions)
