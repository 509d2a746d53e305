"""
The client secret: under it the server counts a client's messages, across connections and restarts.

There is a secret for each name, host and port, and on this machine also for each certificate. It
has a file of its own, which is locked while it is in use: a second terminal takes another. If
nothing can be kept, a fresh secret lasts as long as the process.
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

__all__ = ["ClientId", "claim", "directory", "forget", "make"]

_PATTERN = re.compile(r"[A-Za-z0-9_-]{16,64}")
_SUFFIX = re.compile(r"(?:\.\d+|\.cursors)?")  #: of the files' names
_MAX_IDS_PER_NAME = 100  #: secrets of one name at one address


class ClientId:
    """
    A client secret, reserved for this process until `close`.

    :ivar value: the secret itself.
    :ivar secondary: whether another process uses the first one, so that this is a further one. For
        a registered name the server may know only the first.
    :ivar cursors: how far the rooms were read under this name; None if nothing can be kept.
    """

    def __init__(
        self, value: str, descriptor: int | None = None, cursors: Cursors | None = None
    ) -> None:
        self.value = value
        self.secondary = False
        self.cursors = cursors
        self._descriptor = descriptor

    def close(self) -> None:
        """Let other processes use it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def make() -> str:
    """Returns a new random secret."""
    return secrets.token_urlsafe(24)


def directory() -> Path:
    """
    Returns where the secrets of this account are. For an account without a home directory that is
    a path that can't be a directory, so that nothing is kept.
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
    Claim the first secret for this name at this address that no other process uses.

    :param where: the directory of the secrets.
    :param certificate: the server's, if several servers may be at the address.
    :param inherits: whether this server gets the secrets that are kept for the address alone.
    """
    old = f"{names.key(name)}@{_address_part(host, port)}"
    stem = old + _certificate_part(certificate)
    try:
        where.mkdir(mode=0o700, parents=True, exist_ok=True)
        if inherits:
            _inherit(where, old, stem)
        claimed = _first_free(where, stem)
    except OSError:
        claimed = None  # a read-only home is no reason not to chat
    return claimed or ClientId(make())


def forget(host: str, port: int, where: Path, certificate: str) -> None:
    """Remove the secrets and cursors that all names have for this server."""
    pattern = f"*@{glob.escape(_address_part(host, port) + _certificate_part(certificate))}*"
    with contextlib.suppress(OSError):
        for path in where.glob(pattern):
            path.unlink()


def _address_part(host: str, port: int) -> str:
    return f"{quote(host if socket_path(host) else host.lower(), safe='')}:{port}"


def _certificate_part(certificate: str) -> str:
    return f"#{quote(certificate.removeprefix('SHA256:'), safe='')}" if certificate else ""


def _inherit(where: Path, old: str, new: str) -> None:
    for path in where.glob(f"{glob.escape(old)}*"):
        suffix = path.name.removeprefix(old)
        if _SUFFIX.fullmatch(suffix) and not (where / (new + suffix)).exists():
            with contextlib.suppress(FileNotFoundError):  # another process was faster
                path.rename(where / (new + suffix))


def _first_free(where: Path, stem: str) -> ClientId | None:
    for number in range(_MAX_IDS_PER_NAME):
        claimed = _claim(where / (f"{stem}.{number}" if number else stem))
        if claimed:
            claimed.secondary = number > 0
            claimed.cursors = Cursors(where / f"{stem}.cursors", writable=not number)
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
