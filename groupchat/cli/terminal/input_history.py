"""
Lines that were typed before: to go back to, and to search in. A file keeps them from run to run.

Lines that hold a password are not kept.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from groupchat import atomicfile
from groupchat.wire import plain

__all__ = ["MAX_KEPT", "InputHistory"]

MAX_KEPT = 1000  #: lines that are kept
MAX_LENGTH = 4000  #: characters of a line that is kept
_MAX_FILE_BYTES = 50_000_000
_SECRET = "/register"


class InputHistory:
    """
    The lines that were typed, oldest first.

    :param path: the file that keeps them; None to keep none.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lines: list[str] = _read(path) if path is not None else []
        self._saved = len(self._lines)
        self._index = len(self._lines)
        self._draft = ""

    def add(self, line: str) -> None:
        """Keep a line that was typed, and start at the end again."""
        repeated = bool(self._lines) and self._lines[-1] == line
        kept = line.strip() and len(line) <= MAX_LENGTH and not _is_secret(line)
        if kept and not repeated:
            self._lines = [*self._lines, line][-MAX_KEPT:]
            self._saved = -1
        self.reset()

    def reset(self) -> None:
        """Start at the end again."""
        self._index = len(self._lines)
        self._draft = ""

    def older(self, current: str) -> str | None:
        """Returns the line before; None if there is none. `current` is kept to come back to."""
        if self._index == 0:
            return None
        if self._index == len(self._lines):
            self._draft = current
        self._index -= 1
        return self._lines[self._index]

    def newer(self) -> str | None:
        """Returns the line after; None if there is none."""
        if self._index >= len(self._lines):
            return None
        self._index += 1
        return self._draft if self._index == len(self._lines) else self._lines[self._index]

    def search(self, part: str, skip: int = 0) -> str | None:
        """
        Returns the newest line that has this part, without regard to case; None if none has.

        :param skip: matches to pass over, so that older ones are found.
        """
        if not part:
            return None
        wanted = part.lower()
        found: list[str] = []
        for line in reversed(self._lines):
            if wanted in line.lower() and line not in found:
                found.append(line)
                if len(found) > skip:
                    return line
        return None

    def save(self) -> None:
        """Write the file if something was added. A failure to write is ignored."""
        if self._path is None or self._saved == len(self._lines):
            return
        with contextlib.suppress(OSError):
            atomicfile.write_atomic(str(self._path), json.dumps(self._lines).encode())
            self._saved = len(self._lines)


def _is_secret(line: str) -> bool:
    return plain.about(line.encode(errors="replace")).get("ref") == _SECRET


def _read(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(_MAX_FILE_BYTES))
    except (OSError, ValueError):
        return []
    if not isinstance(found, list):
        return []
    return [line for line in found if isinstance(line, str)][-MAX_KEPT:]
