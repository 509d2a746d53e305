"""Keeps rooms, begun lines and hidden names of a server from run to run."""

from __future__ import annotations

import contextlib
from pathlib import Path
from urllib.parse import quote

import msgspec

from groupchat import atomicfile

__all__ = ["Kept", "KeptFile"]

_MAX_FILE_BYTES = 4_000_000


class Kept(msgspec.Struct):
    """
    :ivar rooms: the rooms, in their order.
    :ivar drafts: lines that were begun, by room.
    :ivar ignored: keys of names whose words are hidden.
    """

    rooms: list[str] = []
    drafts: dict[str, str] = {}
    ignored: list[str] = []


class KeptFile:
    """
    The file for one name at one server.

    :param folder: where it is.
    :param owner: the name and the server, as NAME@HOST:PORT.
    """

    def __init__(self, folder: Path, owner: str) -> None:
        self._path = folder / f"screen-{quote(owner, safe='@')}"

    def read(self) -> Kept:
        """Returns what is kept; nothing if the file can't be read."""
        with contextlib.suppress(OSError, ValueError), self._path.open("rb") as file:
            return msgspec.json.decode(file.read(_MAX_FILE_BYTES), type=Kept)
        return Kept()

    def save(self, kept: Kept) -> None:
        """Write the file. A failure to write is ignored."""
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            atomicfile.write_atomic(str(self._path), msgspec.json.encode(kept))
