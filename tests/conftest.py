"""
Limits every test, and checks what it leaves behind.

pytest-twisted lets a hanging test hang, and passes one that logs an error or leaves the reactor
dirty. Here each of these fails:

- a test, an async fixture or its end that takes longer than `LIMIT` seconds (or those of
  ``@pytest.mark.limit``). A test that blocks the reactor itself ends the whole run, with its stack
  (``faulthandler_timeout`` in setup.cfg);
- a test that logs an error it does not name by `expect_logged`, Deferreds dropped with an unhandled
  error included;
- a test that leaves delayed calls, readers or writers in the reactor.

`needs` names what a test needs from outside: where it is missing, the test is skipped, or fails in
CI.

``pytest --fast`` leaves out the tests that run real programs, and those marked with
``@pytest.mark.slow``.
"""

from __future__ import annotations

import gc
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import hypothesis
import pytest
import pytest_twisted
from twisted.internet import defer, error, task
from twisted.logger import LogEvent, LogLevel, formatEvent, globalLogPublisher
from twisted.python.failure import Failure

LIMIT = 30.0  #: seconds

hypothesis.settings.register_profile("groupchat", deadline=None, max_examples=100)
hypothesis.settings.register_profile("fast", deadline=None, max_examples=25)
hypothesis.settings.load_profile("groupchat")


# A limit for each test.


class _Limit:
    """Stands between pytest-twisted and whatever it waits for in the reactor."""

    seconds = LIMIT

    def __init__(self) -> None:
        self._run = pytest_twisted._run_inline_callbacks

    def __call__(self, function: Callable[..., Any], *args: Any) -> Any:
        return self._run(self._limited, function, *args)

    def _limited(self, function: Callable[..., Any], *args: Any) -> defer.Deferred[Any]:
        from twisted.internet import reactor

        return defer.maybeDeferred(function, *args).addTimeout(
            self.seconds, reactor, self._too_long
        )  # type: ignore[arg-type]

    @staticmethod
    def _too_long(result: Any, seconds: float) -> None:
        cause = result.value if isinstance(result, Failure) else None
        raise TimeoutError(
            f"not done after {seconds:g} s; the traceback above this one shows what it waited for"
        ) from cause


_limit = _Limit()
pytest_twisted._run_inline_callbacks = _limit


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    mark = item.get_closest_marker("limit")
    _limit.seconds = mark.args[0] if mark else LIMIT
    return (yield)


# Errors that are logged.


class Logged:
    """The errors that are logged while a test runs, and those that it expects."""

    def __init__(self) -> None:
        self.events: list[LogEvent] = []
        self.expected: list[type[BaseException] | str] = []

    def observe(self, event: LogEvent) -> None:
        if event.get("log_level", LogLevel.info) >= LogLevel.error:
            self.events.append(event)

    def complaints(self) -> list[str]:
        """Returns all that was logged but not expected, or expected but not logged."""
        unseen = [
            want for want in self.expected if not any(_is(event, want) for event in self.events)
        ]
        unasked = [
            event for event in self.events if not any(_is(event, want) for want in self.expected)
        ]
        return [f"was expected to be logged: {want!r}" for want in unseen] + [
            f"was logged: {_told(event)}" for event in unasked
        ]


def _failure(event: LogEvent) -> Failure | None:
    return event.get("log_failure", event.get("failure"))  # `twisted.python.log` calls it so


def _is(event: LogEvent, want: type[BaseException] | str) -> bool:
    if isinstance(want, str):
        return want in _told(event)
    failure = _failure(event)
    return failure is not None and failure.check(want) is not None


def _told(event: LogEvent) -> str:
    failure = _failure(event)
    return f"{formatEvent(event)}\n{failure.getTraceback() if failure else ''}".strip()


@pytest.fixture
def expect_logged(_nothing_unseen: Logged) -> Callable[[type[BaseException] | str], None]:
    """Call it with a type of error, or a part of the text, that the test must log."""
    return _nothing_unseen.expected.append


@pytest.fixture
def logged() -> Iterator[Callable[[], list[str]]]:
    """Call it for the lines that were logged so far, Twisted's own left out."""
    lines: list[str] = []

    def observe(event: LogEvent) -> None:
        if not event.get("log_namespace", "-").startswith(("-", "twisted")):
            lines.append(formatEvent(event))

    globalLogPublisher.addObserver(observe)
    yield lambda: list(lines)
    globalLogPublisher.removeObserver(observe)


# Leftovers in the reactor.


class _Leftovers:
    """Everything that a test adds to the reactor and does not take out again."""

    def __init__(self) -> None:
        _turn()
        self._calls, self._files = self._now()

    @staticmethod
    def _now() -> tuple[set[Any], set[Any]]:
        from twisted.internet import reactor

        calls = {call for call in reactor.getDelayedCalls() if call.active()}  # type: ignore[attr-defined]
        return calls, {*reactor.getReaders(), *reactor.getWriters()}  # type: ignore[attr-defined]

    def complaints(self) -> list[str]:
        """Take out what is left. Returns a complaint about each."""
        _turn()
        calls, files = self._now()
        calls, files = calls - self._calls, files - self._files
        for call in calls:
            call.cancel()
        for file in files:
            _close(file)
        return [f"was left in the reactor: {left!r}" for left in [*calls, *files]]


def _turn() -> None:
    """Let the reactor do what is due already."""
    from twisted.internet import reactor

    for _ in range(2):
        pytest_twisted.blockon(task.deferLater(reactor, 0))  # type: ignore[arg-type]


def _close(file: Any) -> None:
    from twisted.internet import reactor

    reactor.removeReader(file)  # type: ignore[attr-defined]
    reactor.removeWriter(file)  # type: ignore[attr-defined]
    file.connectionLost(Failure(error.ConnectionAborted("left over by a test")))


@pytest.fixture(autouse=True)
def _nothing_unseen(request: pytest.FixtureRequest) -> Iterator[Logged]:
    logged = Logged()
    leftovers = _Leftovers()
    globalLogPublisher.addObserver(logged.observe)
    yield logged
    left = leftovers.complaints()
    request.node.funcargs.clear()  # the fixtures are over: their values are garbage now, too
    gc.collect()
    gc.freeze()  # the reports of past tests and the like stay: later collections can skip them
    globalLogPublisher.removeObserver(logged.observe)
    complaints = left + logged.complaints()
    if complaints:
        pytest.fail("\n".join(complaints), pytrace=False)


def pytest_configure(config: pytest.Config) -> None:
    """
    Measure the coverage of the project's own tests where that is asked for; not of tests that a
    test runs.
    """
    if os.environ.get("GROUPCHAT_COVERAGE") and config.rootpath == Path(__file__).parents[1]:
        from tests import floor

        floor.register(config)
    if config.getoption("fast"):
        hypothesis.settings.load_profile("fast")


def pytest_collection_finish() -> None:
    """
    Spare the collector everything that exists before the first test: it lives on anyway.
    """
    gc.collect()
    gc.freeze()


# The fast tests.


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--fast",
        action="store_true",
        help="run the tests in memory only, without those that are marked as slow",
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    from tests import floor

    return True if config.getoption("fast") and floor.is_real(collection_path) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    from tests import floor

    floor.put_in_order(items)
    if config.getoption("fast"):
        slow = [item for item in items if item.get_closest_marker("slow")]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Divide the tests among the workers of ``pytest -n``."""
    from tests.workers import ByFile

    return ByFile(config, log)


# Programs that a test needs.


@pytest.fixture(scope="session")
def needs() -> Callable[..., str]:
    """
    Call it with a program, and the package that brings it where that is called otherwise; it
    answers with the path.
    """
    return _needed


def _needed(program: str, package: str = "") -> str:
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    found = shutil.which(program, path=places)
    if found is None:
        _missing(program, f"install {package or program}")
    return found


@pytest.fixture(scope="session")
def engine() -> Any:
    """A PostgreSQL that all tests share."""
    try:
        from tests.engine import Engine, programs
    except ImportError:
        _missing("psycopg", 'pip install "groupchat[postgresql]"')
    found = programs()
    if found is None:
        _missing("PostgreSQL", "install postgresql")
    engine = Engine(found)
    engine.start()
    yield engine
    engine.stop()


def _missing(what: str, remedy: str) -> NoReturn:
    raise (pytest.fail if os.environ.get("CI") else pytest.skip).Exception(
        f"needs {what}: {remedy}"
    )


# A server in memory.


@pytest.fixture
def server() -> Any:
    """A `Server` in memory as it is by default; files that need another one override this."""
    from tests.support import Server

    return Server()
