"""The file that remembers the certificates of servers, as ssh's known_hosts does."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from groupchat import atomicfile
from groupchat.client.address import UNIX_PREFIX
from groupchat.client.errors import KnownHostsUnreadable
from groupchat.fingerprints import parse_fingerprint

__all__ = ["FILENAME", "KnownHosts"]

FILENAME = "known_hosts"  #: beside the client secrets, whose names all have an @


class KnownHosts:
    """
    The file: ``HOST:PORT SHA256:…`` a line. All other lines in it stay as they are.

    :param path: the file; it need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def find(self, host_key: str) -> list[tuple[int, str]]:
        """
        Returns what is remembered of a server: the number of each line, and its value.

        :raises KnownHostsUnreadable: the file is there, but can't be read. It must not be taken
            for empty: any certificate would pass.
        """
        try:
            lines = self._lines()
        except OSError as error:
            raise KnownHostsUnreadable(self.path, error.strerror) from None
        return [
            (number, _value(line))
            for number, line in enumerate(lines, 1)
            if _is_about(line, host_key)
        ]

    def put(self, host_key: str, value: str) -> None:
        """
        Remember this value for a server in place of all others.

        The file is the old one or the new one, whatever happens.

        :raises OSError: it can't be written.
        """
        lines = self._lines()
        matching = [at for at, line in enumerate(lines) if _is_about(line, host_key)]
        new = f"{host_key} {value}".encode()
        if matching:
            lines[matching[0]] = new
        else:
            lines.append(new)
        self._write([line for at, line in enumerate(lines) if at not in matching[1:]])

    def add(self, host_key: str, value: str, limit: int) -> list[str]:
        """
        Remember one more value for a server.

        :param limit: values to keep, at most; the oldest are dropped.
        :return: the values that were dropped.
        :raises OSError: the file can't be written.
        """
        lines = self._lines()
        matching = [at for at, line in enumerate(lines) if _is_about(line, host_key)]
        dropped = matching[: max(0, len(matching) - limit + 1)]
        kept = [line for at, line in enumerate(lines) if at not in dropped]
        self._write([*kept, f"{host_key} {value}".encode()])
        return [_value(lines[at]) for at in dropped]

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """
        Keep other clients from changing the file.

        :raises OSError: there is no directory for it.
        """
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The directory is locked, as the file itself is replaced.
        directory = os.open(self.path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            with contextlib.suppress(OSError):  # a file system without locks
                fcntl.flock(directory, fcntl.LOCK_EX)
            yield
        finally:
            os.close(directory)

    def _write(self, lines: list[bytes]) -> None:
        atomicfile.write_atomic(str(self.path.resolve()), b"".join(line + b"\n" for line in lines))

    def _lines(self) -> list[bytes]:
        try:
            text = self.path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return []
        return text.removesuffix(b"\n").split(b"\n") if text else []


def _is_about(line: bytes, host_key: str) -> bool:
    word = line.split()[:1]
    return word == [host_key.encode()] or (
        not host_key.startswith(UNIX_PREFIX)
        and [part.lower() for part in word] == [host_key.encode()]
    )


def _value(line: bytes) -> str:
    text = b"".join(line.split()[1:2]).decode(errors="replace")
    try:
        return parse_fingerprint(text)
    except ValueError:
        return text  # AUTHORITIES, or something that matches no certificate
