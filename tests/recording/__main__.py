"""``python -m tests.recording``: makes docs/recording.svg again."""

from __future__ import annotations

import shutil
import socket
import sys
import tempfile
from pathlib import Path

from twisted.internet.defer import ensureDeferred
from twisted.internet.task import react

from tests.e2e.support import Sandbox
from tests.recording.session import Session

TARGET = Path(__file__).parents[2] / "docs" / "recording.svg"
PORT = 9000


def _needs(program: str, package: str = "") -> str:
    return shutil.which(program) or str(Path(sys.executable).parent / program)


async def main(target: Path) -> None:
    """Record the session into this file."""
    try:
        socket.create_server(("", PORT)).close()
    except OSError:
        sys.exit(f"Port {PORT} is in use. Stop the program that listens there, and try again.")
    with tempfile.TemporaryDirectory() as folder:
        sandbox = Sandbox(Path(folder), _needs)
        try:
            film = await Session(sandbox, PORT).record()
        finally:
            await sandbox.end()
    target.write_text(film.svg(), encoding="utf-8")
    print(f"{target}: {len(film.frames)} frames, {target.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    react(lambda _: ensureDeferred(main(target)))
