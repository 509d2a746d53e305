"""
The client secret: what makes a client's own count of its messages hold across connections and restarts.

One for each name, host and port, in a file of its own that holds nothing else, and locked while it is in use: a second
terminal takes another. Where nothing can be kept, a fresh one lasts as long as the process.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from groupchat import names
from groupchat.client.address import socket_path
from groupchat.client.cursors import Cursors

_SECRET = re.compile(r"[A-Za-z0-9_-]{16,64}")
_TERMINALS = 100  #: secrets for one name at one place, at most


class Secret:
    """
    A client secret, ours until `close`.

    :ivar value: the secret itself.
    :ivar spare: whether it is a further one, as another process uses the first: a server may know only that.
    :ivar cursors: how far the rooms were read under this name; None where nothing can be kept.
    """

    def __init__(self, value: str, descriptor: int | None = None, cursors: Cursors | None = None) -> None:
        self.value = value
        self.spare = False
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
    """Where the secrets of this account are; one that has no home keeps nothing, as this can't be a directory."""
    try:
        state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    except RuntimeError:
        state = os.devnull
    return Path(state) / "groupchat"


def claim(name: str, host: str, port: int, where: Path) -> Secret:
    """The first secret for this name at this place that no other process uses."""
    place = host if socket_path(host) else host.lower()
    stem = f"{names.key(name)}@{quote(place, safe='')}:{port}"
    try:
        where.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number in range(_TERMINALS):
            claimed = _claim(where / (f"{stem}.{number}" if number else stem))
            if claimed:
                claimed.spare = number > 0
                claimed.cursors = Cursors(where / f"{stem}.cursors", ours=not number)
                return claimed
    except OSError:
        pass  # a read-only home is no reason not to chat
    return Secret(make())


class Turn:
    """
    The secret of a script, which goes over to the first one as soon as no other process uses that.

    :param claimed: the one that it has now.
    :param again: claims one.
    """

    cursors = None  #: a script reads no history

    def __init__(self, claimed: Secret, again: Callable[[], Secret]) -> None:
        self._claimed = claimed
        self._again = again

    @property
    def spare(self) -> bool:
        """Whether another process still uses the first one."""
        return self._claimed.spare

    def take(self) -> str:
        """The best secret that can be had now."""
        if self._claimed.spare:
            found = self._again()
            if found.spare:
                found.close()
            else:
                self._claimed.close()
                self._claimed = found
        return self._claimed.value

    def close(self) -> None:
        """Let others use it."""
        self._claimed.close()


def _claim(path: Path) -> Secret | None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return Secret(_read(descriptor) or _write(descriptor), descriptor)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:
        os.close(descriptor)
        raise


def _read(descriptor: int) -> str | None:
    text = os.read(descriptor, 100).decode("ascii", errors="replace").strip()
    return text if _SECRET.fullmatch(text) else None


def _write(descriptor: int) -> str:
    value = make()
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{value}\n".encode(), 0)
    os.fsync(descriptor)
    return value
