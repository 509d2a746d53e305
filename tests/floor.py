"""
Measures what the tests in memory cover of ``groupchat/``, and fails the run below the floor in
``setup.cfg``.

Only where ``GROUPCHAT_COVERAGE`` is in the environment, as in CI: these tests take twice as long
with it. The other tests run after them without it, since their limits of time are those of real
programs. Each worker of pytest-xdist measures its own tests, and the controller adds them up.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
TESTS = ROOT / "tests"
#: Folders of tests that are not in memory, or measure time.
REAL = ("e2e", "hostile", "faults", "attacks", "benchmarks")


def register(config: pytest.Config) -> None:
    """Measure this run, from here on."""
    import coverage

    measured = coverage.Coverage(data_file=None, config_file=str(ROOT / "setup.cfg"))
    if hasattr(config, "workeroutput"):
        config.pluginmanager.register(WorkerFloor(measured, config.workeroutput))
    elif config.getoption("numprocesses", None):
        config.pluginmanager.register(ControllerFloor(measured))
    else:
        config.pluginmanager.register(Floor(measured))


def is_real(path: Path) -> bool:
    """Whether the tests of this file or folder run real programs, or measure time."""
    return any(path.is_relative_to(TESTS / folder) for folder in REAL)


def put_in_order(items: list[pytest.Item]) -> None:
    """Let the tests in memory run first."""
    items.sort(key=lambda item: is_real(item.path))


class Measuring:
    """
    Measures from here to the last test in memory.

    :param measured: a `coverage.Coverage`.
    """

    def __init__(self, measured: Any) -> None:
        self._measured = measured
        self._measured.start()
        self._runs = True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        if is_real(item.path):
            self._stop()

    def _stop(self) -> None:
        if self._runs:
            self._measured.stop()
            self._runs = False


class Reporting:
    """
    Tells what is covered, and fails the run below the floor.

    :param measured: a `coverage.Coverage`.
    """

    def __init__(self, measured: Any) -> None:
        self._measured = measured
        self._text = io.StringIO()

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        floor = self._measured.get_option("report:fail_under")
        total = self._measured.report(file=self._text)
        if total < floor:
            self._text.write(
                f"The tests in memory cover {total:.1f} % of groupchat/: "
                f"at least {floor:g} % are required.\n"
            )
            session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        terminalreporter.section("coverage of the tests in memory")
        terminalreporter.write(self._text.getvalue())


class Floor(Measuring, Reporting):
    """A run in one process."""

    def __init__(self, measured: Any) -> None:
        Reporting.__init__(self, measured)
        Measuring.__init__(self, measured)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self._stop()
        super().pytest_sessionfinish(session)


class WorkerFloor(Measuring):
    """
    A worker's part of a run.

    :param output: what the worker gives to the controller.
    """

    def __init__(self, measured: Any, output: dict[str, Any]) -> None:
        super().__init__(measured)
        self._output = output

    def pytest_sessionfinish(self) -> None:
        self._stop()
        self._output["coverage"] = self._measured.get_data().dumps()


class ControllerFloor(Reporting):
    """A run that workers do."""

    def pytest_testnodedown(self, node: Any) -> None:
        from coverage import CoverageData

        output = getattr(node, "workeroutput", None)  # it may have crashed
        if output is not None:
            part = CoverageData(no_disk=True)
            part.loads(output["coverage"])
            self._measured.get_data().update(part)
