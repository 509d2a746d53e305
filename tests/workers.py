"""
Divides the tests among the workers of pytest-xdist (``pytest -n 2``).

A file's tests stay together, so that what they share is made once. Tests that measure time or load
the machine run one after the other on one worker. Tests in memory come first.
"""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

__all__ = ["ByFile"]

#: Folders whose tests never run beside one another.
ALONE = ("faults", "attacks", "benchmarks")


class ByFile(LoadScopeScheduling):
    """Gives a worker the tests of a file, or all that run alone."""

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        config.option.loadscopereorder = False  # the order of the collection is ours
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "alone" if PurePosixPath(file).parts[1:2] in [(one,) for one in ALONE] else file
