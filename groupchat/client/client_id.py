"""
The client secret: what makes a client's own count of its messages hold across connections and
restarts.

One for each name, host and port, on this machine also for each certificate, in a file of its own
that holds nothing else, and locked while it is in use: a second terminal takes another. Where
nothing can be kept, a fresh one lasts as long as the process.
"""

from __future__ import annotations

import contextlib
import fcntl
import glob
import os
import re
import secrets
from pathlib import Path
from urllib.parse import quote

from groupchat.client.address import socket_path
from groupchat.client.cursors import Cursors
from groupchat.wire import names

_PATTERN = re.compile(r"[A-Za-z0-9_-]{16,64}")
_REST = re.compile(r"(?:\.\d+|\.cursors)?")  #: what stands behind the place in the names of files
_MAX_IDS_PER_NAME = 100  #: secrets for one name at one place, at most


class ClientId:
    """
    A client secret, ours until `close`.

    :ivar value: the secret itself.
    :ivar secondary: whether it is a further one, as another process uses the first: a server may know
        only that.
    :ivar cursors: how far the rooms were read under this name; None where nothing can be kept.
    """

    def __init__(
        self, value: str, descriptor: int | None = None, cursors: Cursors | None = None
    ) -> None:
        self.value = value
        self.secondary = False
        self.cursors = cursors
        self._descriptor = descriptor

    def close(self) -> None:
        """Let others use it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def make() -> str:
    """A secret that nobody had before."""
    return secrets.token_urlsafe(24)


def directory() -> Path:
    """
    Where the secrets of this account are; one that has no home keeps nothing, as this can't be a
    directory.
    """
    try:
        state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    except RuntimeError:
        state = os.devnull
    return Path(state) / "groupchat"


def claim(
    name: str, host: str, port: int, where: Path, certificate: str = "", inherits: bool = False
) -> ClientId:
    """
    The first secret for this name at this place that no other process uses.

    :param certificate: of the server, where several may be at the place: another one has other
        secrets.
    :param inherits: whether secrets of the place that say no certificate become this server's.
    """
    place = _place(host, port)
    old = f"{names.key(name)}@{place}"
    stem = old + _mark(certificate)
    try:
        where.mkdir(mode=0o700, parents=True, exist_ok=True)
        if inherits:
            _inherit(where, old, stem)
        claimed = _first_free(where, stem)
    except OSError:
        claimed = None  # a read-only home is no reason not to chat
    return claimed or ClientId(make())


def forget(host: str, port: int, where: Path, certificate: str) -> None:
    """Remove what all names have for this server."""
    pattern = f"*@{glob.escape(_place(host, port) + _mark(certificate))}*"
    with contextlib.suppress(OSError):
        for path in where.glob(pattern):
            path.unlink()


def _place(host: str, port: int) -> str:
    return f"{quote(host if socket_path(host) else host.lower(), safe='')}:{port}"


def _mark(certificate: str) -> str:
    return f"#{quote(certificate.removeprefix('SHA256:'), safe='')}" if certificate else ""


def _inherit(where: Path, old: str, new: str) -> None:
    for path in where.glob(f"{glob.escape(old)}*"):
        rest = path.name.removeprefix(old)
        if _REST.fullmatch(rest) and not (where / (new + rest)).exists():
            with contextlib.suppress(FileNotFoundError):  # another run was faster
                path.rename(where / (new + rest))


def _first_free(where: Path, stem: str) -> ClientId | None:
    for number in range(_MAX_IDS_PER_NAME):
        claimed = _claim(where / (f"{stem}.{number}" if number else stem))
        if claimed:
            claimed.secondary = number > 0
            claimed.cursors = Cursors(where / f"{stem}.cursors", ours=not number)
            return claimed
    return None


def _claim(path: Path) -> ClientId | None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return ClientId(_read(descriptor) or _write(descriptor), descriptor)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:
        os.close(descriptor)
        raise


def _read(descriptor: int) -> str | None:
    text = os.read(descriptor, 100).decode("ascii", errors="replace").strip()
    return text if _PATTERN.fullmatch(text) else None


def _write(descriptor: int) -> str:
    value = make()
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{value}\n".encode(), 0)
    os.fsync(descriptor)
    return value
