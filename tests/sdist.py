"""
Adds the tests and the documents to an sdist, and makes it reproducible: the same files and the same
``SOURCE_DATE_EPOCH`` give the same bytes. ``setup.cfg`` names this to setuptools.
"""

from __future__ import annotations

import gzip
import os
import tarfile
import time
from pathlib import Path

from setuptools.command.sdist import sdist

FOLDERS = ["docs", "etc", "tests"]
FILES = ["CONTRIBUTING.rst", "Containerfile", "ruff.toml"]


class Sdist(sdist):  # type: ignore[misc]
    """An sdist with these folders and files in it."""

    def make_distribution(self) -> None:
        for folder in FOLDERS:
            self.filelist.graft(folder)
        self.filelist.extend(FILES)
        self.filelist.prune("docs/_build")
        self.filelist.prune("tests/web/node_modules")
        self.filelist.global_exclude("*.py[cod]")
        super().make_distribution()

    def make_archive(
        self,
        base_name: str,
        format: str,
        root_dir: str | None = None,
        base_dir: str = "",
        owner: str | None = None,
        group: str | None = None,
    ) -> str:
        """Write the archive (always a .tar.gz) without what differs from one build to the next."""
        at = int(os.environ.get("SOURCE_DATE_EPOCH") or time.time())

        def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
            entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = at, 0, 0, "", ""
            entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
            return entry

        path = f"{base_name}.tar.gz"
        with (
            open(path, "wb") as raw,
            gzip.GzipFile("", "wb", 9, raw, at) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as archive,
        ):
            for file in sorted([Path(base_dir), *Path(base_dir).rglob("*")]):
                archive.add(file, recursive=False, filter=plain)
        return path
