"""
What an sdist ships beside what is installed: the tests and the documents. ``setup.cfg`` names this to setuptools.
"""

from __future__ import annotations

from setuptools.command.sdist import sdist

FOLDERS = ["docs", "etc", "tests"]


class Sdist(sdist):  # type: ignore[misc]
    """An sdist with these folders in it."""

    def make_distribution(self) -> None:
        for folder in FOLDERS:
            self.filelist.graft(folder)
        self.filelist.global_exclude("*.py[cod]")
        super().make_distribution()
