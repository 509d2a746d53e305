"""
The floor of coverage that CI keeps.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.floor import ROOT, Floor, is_real


class Measured:
    """Stands in for `coverage.Coverage`."""

    def __init__(self, total: float) -> None:
        self.total = total
        self.stopped = 0

    def stop(self) -> None:
        self.stopped += 1

    def get_option(self, name: str) -> float:
        assert name == "report:fail_under"
        return 95

    def report(self, file) -> float:
        file.write("the table\n")
        return self.total


def item(path: str) -> SimpleNamespace:
    return SimpleNamespace(path=ROOT / path)


def finished(total: float, status: int = 0) -> int:
    session = SimpleNamespace(exitstatus=status)
    Floor(Measured(total)).pytest_sessionfinish(session)
    return session.exitstatus


def test_tests_in_memory_run_first_and_only_they_are_measured():
    measured = Measured(100)
    floor = Floor(measured)
    files = [
        "tests/e2e/test_start.py",
        "tests/core/test_hub.py",
        "tests/hostile/test_table.py",
        "tests/wire/test_x.py",
    ]
    items = [item(file) for file in files]
    floor.pytest_collection_modifyitems(items)
    assert [is_real(item.path) for item in items] == [False, False, True, True]
    floor.pytest_runtest_setup(items[1])
    assert measured.stopped == 0
    floor.pytest_runtest_setup(items[2])
    floor.pytest_runtest_setup(items[3])
    floor.pytest_sessionfinish(SimpleNamespace(exitstatus=0))
    assert measured.stopped == 1


@pytest.mark.parametrize(
    ("total", "status", "expected"), [(95, 0, 0), (94.9, 0, 1), (94.9, 2, 2), (99, 1, 1)]
)
def test_a_run_below_the_floor_fails(total, status, expected):
    assert finished(total, status) == expected


def test_a_file_from_elsewhere_is_in_memory():
    assert not is_real(Path("/tmp/test_x.py"))


def test_a_folder_of_real_programs_is_real_and_that_of_all_tests_is_not():
    assert is_real(ROOT / "tests" / "e2e")
    assert not is_real(ROOT / "tests")
    assert not is_real(ROOT / "tests" / "conftest.py")
