"""
The header of an SQLite file, read without SQLite: that needs no lock, and leaves nothing behind.
"""

from __future__ import annotations

import os

from groupchat.errors import CannotOpen

__all__ = ["check", "check_wal", "is_special"]

_MAGIC = b"SQLite format 3\0"
_SIZE = 100  #: bytes of the header
_VERSION, _APPLICATION = 60, 68  #: where user_version and application_id are, of four bytes each


def is_special(path: str) -> bool:
    """Return whether something is there that is neither a file nor a directory."""
    return os.path.exists(path) and not os.path.isdir(path) and not os.path.isfile(path)


def check_wal(what: str, path: str) -> None:
    """
    Check that a database is there if its WAL is: SQLite deletes a WAL without one.

    :param what: the file, as errors name it.
    :raises CannotOpen: it is gone, and the WAL has something.
    """
    if _size(f"{path}-wal") and not _size(path):
        raise CannotOpen(
            f"{what} is missing or empty, and its -wal has messages",
            "Put it back, or move the -wal away",
        )


def _size(path: str) -> int:
    """Return bytes; 0 if nothing is there."""
    try:
        return os.path.getsize(path)
    except OSError:
        return 0


def check(what: str, path: str, application: int, version: int) -> None:
    """
    Check that a file can be used as a database of ours, or created.

    :param what: the file, as errors name it.
    :param application: its application_id.
    :param version: the newest user_version that can be used.
    :raises CannotOpen: it cannot.
    """
    try:
        if is_special(path):
            raise CannotOpen(f"{what} is a device, a pipe or a socket, and has to be a file")
        check_wal(what, os.path.realpath(path))
        with open(path, "rb") as file:
            header = file.read(_SIZE)
    except FileNotFoundError:
        if not _is_folder_writable(path):
            raise CannotOpen(
                f"{what}: there is none, and it cannot be created",
                "Make sure that its folder exists and can be written",
            ) from None
        return
    except OSError as error:
        raise CannotOpen(f"{what}: {error.strerror}") from None
    if not os.access(path, os.W_OK):
        raise CannotOpen(f"{what}: it cannot be written", "Make it writable")
    if not _is_folder_writable(path):
        raise CannotOpen(
            f"{what}: its folder cannot be written, where files beside it have to be",
            "Make that writable",
        )
    if header:
        _check(what, header, application, version)


def _is_folder_writable(path: str) -> bool:
    return os.access(os.path.dirname(os.path.realpath(path)), os.W_OK | os.X_OK)


def _check(what: str, header: bytes, application: int, version: int) -> None:
    if not header.startswith(_MAGIC) or len(header) < _SIZE:
        raise CannotOpen(f"{what}: it is damaged, or no database at all", "Restore a backup")
    if _number(header, _APPLICATION) != application:
        raise CannotOpen(f"{what} belongs to another program")
    if _number(header, _VERSION) > version:
        raise CannotOpen(f"{what} was written by a newer groupchat", "Install that one")


def _number(header: bytes, offset: int) -> int:
    return int.from_bytes(header[offset : offset + 4])
