"""
The floor of coverage that CI keeps.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from coverage import Coverage, CoverageData

from tests.floor import ROOT, ControllerFloor, Floor, WorkerFloor, is_real, put_in_order


class Measured:
    """Stands in for `coverage.Coverage`."""

    def __init__(self, total: float) -> None:
        self.total = total
        self.stopped = 0

    def start(self) -> None:
        pass

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


def test_tests_in_memory_run_first():
    files = [
        "tests/e2e/test_start.py",
        "tests/core/test_hub.py",
        "tests/hostile/test_table.py",
        "tests/wire/test_x.py",
    ]
    items = [item(file) for file in files]
    put_in_order(items)
    assert [is_real(item.path) for item in items] == [False, False, True, True]


def test_only_the_tests_in_memory_are_measured():
    measured = Measured(100)
    floor = Floor(measured)
    floor.pytest_runtest_setup(item("tests/core/test_hub.py"))
    assert measured.stopped == 0
    floor.pytest_runtest_setup(item("tests/e2e/test_start.py"))
    floor.pytest_runtest_setup(item("tests/hostile/test_table.py"))
    floor.pytest_sessionfinish(SimpleNamespace(exitstatus=0))
    assert measured.stopped == 1


class Part:
    """Stands in for the `coverage.Coverage` of a worker."""

    def __init__(self, lines: dict[str, list[int]]) -> None:
        self._data = CoverageData(no_disk=True)
        self._data.add_lines(lines)

    def start(self) -> None:
        pass

    stop = start

    def get_data(self) -> CoverageData:
        return self._data


def test_what_the_workers_have_measured_is_added_up():
    whole = Coverage(data_file=None)
    controller = ControllerFloor(whole)
    for lines in ([1, 2], [2, 5]):
        output = {}
        WorkerFloor(Part({"a.py": lines}), output).pytest_sessionfinish()
        controller.pytest_testnodedown(SimpleNamespace(workeroutput=output))
    controller.pytest_testnodedown(SimpleNamespace())  # it has crashed
    assert sorted(whole.get_data().lines("a.py")) == [1, 2, 5]


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
