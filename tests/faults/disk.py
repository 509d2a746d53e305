"""
A disk that can fail: `shim.c` between SQLite and the kernel, the switches for it, and what a power
cut leaves.

The shim journals what is written and not synced. A power cut is a SIGKILL, and then each of these
writes is taken back, or kept, or kept in part, by chance: a disk may have got any of them.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

SOURCE = Path(__file__).with_name("shim.c")
SECTOR = 512  #: bytes that are written as a whole or not at all
_RECORD = struct.Struct("4q")
_SWITCHES = ("delay", "sync_error", "write_error", "full")


def compiler() -> str | None:
    """The C compiler, where there is one."""
    return shutil.which("cc")


class Disk:
    """
    :param directory: for the shim and its switches.
    :param ledger: the file that the faults are for.
    """

    def __init__(self, directory: Path, ledger: Path) -> None:
        self._ledger = ledger
        self._control = directory / "switches"
        self._shim = directory / "shim.so"
        self._switches = dict.fromkeys(_SWITCHES, 0)
        subprocess.run(
            ["cc", "-O2", "-shared", "-fPIC", "-o", self._shim, SOURCE, "-ldl", "-lpthread"],
            check=True,
            timeout=60,
        )
        self.switch()

    @property
    def environment(self) -> dict[str, str]:
        """Returns the environment that puts the shim before a program."""
        return {
            "LD_PRELOAD": str(self._shim),
            "FAULTS_LEDGER": str(self._ledger),
            "FAULTS_CONTROL": str(self._control),
        }

    def switch(self, **switches: int) -> None:
        """
        Set some switches.

        :param switches: delay (milliseconds that a sync takes), sync_error and write_error (an
            errno), full.
        """
        self._switches.update(switches)
        with self._control.open("r+b" if self._control.exists() else "wb") as control:
            control.write(struct.pack("4i", *self._switches.values()))

    def heal(self) -> None:
        """From now on the disk does what it should."""
        self.switch(**dict.fromkeys(_SWITCHES, 0))

    def lose_power(self, rng: Random) -> int:
        """
        Leave of the files what a power cut may have left. Nobody may have them open.

        :returns: how many writes were not synced.
        """
        lost = 0
        for path in (self._ledger, Path(f"{self._ledger}-wal")):
            journal = Path(f"{path}.unsynced")
            if journal.exists() and path.exists():
                lost += _cut(path, list(_read(journal.read_bytes())), rng)
            journal.unlink(missing_ok=True)
        Path(f"{self._ledger}-shm").unlink(missing_ok=True)  # that is memory
        return lost


class _Write(NamedTuple):
    """One write; where `new` is None, a cut of the file at `offset`."""

    offset: int
    size_before: int
    old: bytes
    new: bytes | None


def _read(journal: bytes) -> Iterator[_Write]:
    """The writes in a journal. The last one may be torn: that one was not begun."""
    at = 0
    while at + _RECORD.size <= len(journal):
        offset, size, old, new = _RECORD.unpack_from(journal, at)
        at += _RECORD.size
        if at + old + new > len(journal):
            return
        before, after = journal[at : at + old], journal[at + old : at + old + new]
        at += old + new
        yield (
            _Write(offset, size, before, after)
            if offset >= 0
            else _Write(-1 - offset, size, before, None)
        )


def _cut(path: Path, writes: list[_Write], rng: Random) -> int:
    """Take everything back, and then do some of it again."""
    chance = rng.choice((0.0, 0.0, 0.5, 0.9))
    with path.open("r+b") as file:
        for write in reversed(writes):
            file.seek(write.offset)
            file.write(write.old)
            file.truncate(write.size_before)
        for write in writes:
            if rng.random() < chance:
                _do_again(file, write, rng)
    return len(writes)


def _do_again(file: Any, write: _Write, rng: Random) -> None:
    if write.new is None:
        file.truncate(write.offset)
        return
    sectors = -(-len(write.new) // SECTOR)
    kept = write.new if rng.random() < 0.8 else write.new[: rng.randrange(sectors + 1) * SECTOR]
    file.seek(write.offset)
    file.write(kept)
