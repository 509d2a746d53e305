"""
Adds the tests and the documents to an sdist. ``setup.cfg`` names this to setuptools.
"""

from __future__ import annotations

from setuptools.command.sdist import sdist

FOLDERS = ["docs", "etc", "tests"]
FILES = ["CONTRIBUTING.rst", "ruff.toml"]


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
