"""
Measures what the tests in memory cover of ``groupchat/``, and fails the run below the floor in
``setup.cfg``.

Only where ``GROUPCHAT_COVERAGE`` is in the environment, as in CI: these tests take twice as long
with it. The other tests run after them without it, since their limits of time are those of real
programs.
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
    measured.start()
    config.pluginmanager.register(Floor(measured))


def is_real(path: Path) -> bool:
    """Whether the tests of this file or folder run real programs, or measure time."""
    return any(path.is_relative_to(TESTS / folder) for folder in REAL)


class Floor:
    """
    Lets the tests in memory run first, and stops to measure with the last of them.

    :param measured: a `coverage.Coverage` that has been started.
    """

    def __init__(self, measured: Any) -> None:
        self._measured = measured
        self._runs = True
        self._report = io.StringIO()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: is_real(item.path))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        if is_real(item.path):
            self._stop()

    def _stop(self) -> None:
        if self._runs:
            self._measured.stop()
            self._runs = False

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self._stop()
        floor = self._measured.get_option("report:fail_under")
        total = self._measured.report(file=self._report)
        if total < floor:
            self._report.write(
                f"The tests in memory cover {total:.1f} % of groupchat/: "
                f"at least {floor:g} % are required.\n"
            )
            session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        terminalreporter.section("coverage of the tests in memory")
        terminalreporter.write(self._report.getvalue())
