"""
Upgrade: brings a ledger of an older version to the newest, and keeps it as it was.

A new file is made beside it, packed and of the newest version, and takes the ledger's name once it
is whole and synced. The old file stays, under another name. If the process is killed meanwhile, the
ledger is either as it was or whole and new, and the next start begins again if need be.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing

from twisted.logger import Logger

from groupchat.atomicfile import sync_folder
from groupchat.errors import CannotOpen
from groupchat.ledgers.environment import Environment

__all__ = ["APPLICATION", "Upgrade", "add_tables", "kept_as"]

APPLICATION = 0x67726368  #: "grch", in the header of a ledger
INCREMENTAL = 2  #: `auto_vacuum` of a file that can get smaller page by page
_PARTIAL = ".upgrading"  #: the end of the name of a file that is not whole yet


def kept_as(real: str, version: int) -> str:
    """Return the path under which a ledger stays as it was before an upgrade."""
    return f"{real}.v{version}"


def add_tables(db: sqlite3.Connection, schemas: Mapping[int, str], version: int) -> None:
    """Lead a database from a version to the newest, in one transaction."""
    steps = "; ".join(schemas[number] for number in range(version + 1, max(schemas) + 1))
    db.executescript(
        f"BEGIN IMMEDIATE; {steps}; PRAGMA application_id = {APPLICATION};"
        f" PRAGMA user_version = {max(schemas)}; COMMIT"
    )


class Upgrade:
    """
    :param path: of the ledger, as the operator gave it.
    :param real: the file's one path. It is locked, and its WAL is written back.
    :param version: of the ledger.
    """

    log = Logger()

    def __init__(self, path: str, real: str, version: int, environment: Environment) -> None:
        self._path = path
        self._real = real
        self._version = version
        self._environment = environment
        self._partial = f"{real}{_PARTIAL}"
        self._kept = kept_as(real, version)

    def check_place(self) -> None:
        """
        Make sure that the old file can stay where it shall: at most an earlier one is there.

        :raises CannotOpen: something else is there.
        """
        if os.path.lexists(self._kept) and not _is_ledger(self._kept, self._version):
            raise CannotOpen(
                f"the ledger {self._path} can't be upgraded: {self._kept}, the name for a copy of"
                " it, is taken",
                "Move that file away",
            )

    def make(self, db: sqlite3.Connection) -> None:
        """
        Make the new file.

        :param db: the ledger, open.
        :raises sqlite3.Error: it can't be made.
        """
        self.log.info(
            "The ledger {path} is of version {version}: it is upgraded, which takes about 5 s for"
            " each gigabyte.",
            path=self._path,
            version=self._version,
        )
        self.clean_up()
        os.close(os.open(self._partial, os.O_CREAT | os.O_EXCL, 0o600))
        db.execute(f"PRAGMA auto_vacuum = {INCREMENTAL}")
        db.execute("VACUUM INTO ?", (self._partial,))
        schemas = self._environment.schemas()
        with closing(self._environment.connect(self._partial, False)) as new:
            add_tables(new, schemas, self._version)
        _adopt(self._real, self._partial)

    def publish(self) -> None:
        """
        Let the new file take the place of the ledger, which nothing has open any more.

        :raises OSError: the ledger is as it was.
        """
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._kept)
        os.link(self._real, self._kept)
        sync_folder(self._real)
        os.replace(self._partial, self._real)
        sync_folder(self._real)
        self.log.info(
            "The ledger {path} is upgraded. {kept} is the ledger as it was: remove it once you"
            " are sure that you don't go back.",
            path=self._path,
            kept=self._kept,
        )

    def clean_up(self) -> None:
        """Remove a new file that is not whole."""
        for path in (self._partial, f"{self._partial}-journal"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)


def _is_ledger(path: str, version: int) -> bool:
    """Return whether a file is a ledger of a version."""
    try:
        with open(path, "rb") as file:
            header = file.read(100)
    except OSError:
        return False
    found = [int.from_bytes(header[start : start + 4]) for start in (68, 60)]
    return found == [APPLICATION, version]


def _adopt(old: str, new: str) -> None:
    """Give the new file the rights and the owner of the old one, and sync it."""
    status = os.stat(old)
    with open(new, "rb") as file:
        os.fchmod(file.fileno(), status.st_mode & 0o777)
        if (os.fstat(file.fileno()).st_uid, os.fstat(file.fileno()).st_gid) != (
            status.st_uid,
            status.st_gid,
        ):
            os.fchown(file.fileno(), status.st_uid, status.st_gid)
        os.fsync(file.fileno())
