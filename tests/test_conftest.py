"""
The checks of conftest.py, each tried on a test that is ill.

The ill tests stand above the tests about them, and run once, together, in a process of their own.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

PREFACE = """
import threading
import pytest, pytest_twisted
from twisted.internet import defer, reactor, protocol
from twisted.logger import Logger
from twisted.python import log as old
log = Logger()
"""
SETTINGS = f"""
[pytest]
pythonpath = {Path(__file__).parents[1]}
markers =
    limit(seconds):
    slow:
addopts = -p no:cacheprovider -p no:hypothesispytest
faulthandler_timeout = 2
faulthandler_exit_on_timeout = true
"""


@dataclass
class Outcome:
    """
    The end of some ill tests.

    :ivar of: for each test "passed", "skipped", "failed", "failed on setup" or
        "failed on teardown".
    :ivar said: everything that pytest says about them.
    """

    of: dict[str, str]
    said: str


_ill: dict[str, str] = {}


def ill(lines: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Lets a test be about the tests in these lines, and learn their `outcome`."""

    def register(test: Callable[..., None]) -> Callable[..., None]:
        _ill[test.__name__] = lines
        return test

    return register


def run(directory: Path, files: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    """Run files of tests under conftest.py."""
    conftest = Path(__file__).with_name("conftest.py").read_text()
    settings = {"conftest.py": conftest, "pytest.ini": SETTINGS}
    for name, text in {**settings, **files}.items():
        (directory / name).write_text(text)
    command = [sys.executable, "-m", "pytest", *options]
    return subprocess.run(
        command, cwd=directory, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """The outcomes of all ill tests, by the names of the tests about them."""
    place = tmp_path_factory.mktemp("ill")
    files = {f"{name}.py": PREFACE + lines for name, lines in _ill.items()}
    done = run(place, files, "--junitxml=all.xml")
    found: dict[str, Outcome] = {name: Outcome({}, "") for name in _ill}
    for case in ElementTree.parse(place / "all.xml").iter("testcase"):
        outcome = found[case.attrib["classname"]]
        outcome.of[case.attrib["name"]] = how_it_ended(case)
        outcome.said += "\n".join([*case.itertext(), *(end.get("message", "") for end in case)])
    assert all(outcome.of for outcome in found.values()), done.stdout + done.stderr
    return found


def how_it_ended(case: ElementTree.Element) -> str:
    ends = [end for end in case if end.tag in ("failure", "error", "skipped")]
    if not ends:
        return "passed"
    (end,) = ends
    if end.tag == "error":
        return " ".join(end.attrib["message"].split()[:3])
    return {"failure": "failed", "skipped": "skipped"}[end.tag]


@pytest.fixture
def outcome(outcomes: dict[str, Outcome], request: pytest.FixtureRequest) -> Outcome:
    """The outcome of the ill tests above this test."""
    return outcomes[request.node.originalname]


@ill("""
@pytest_twisted.ensureDeferred
async def test_healthy():
    fired = defer.Deferred()
    reactor.callLater(0, fired.callback, None)
    await fired
    log.info("all is well")
""")
def test_a_test_with_nothing_ill_in_it_passes(outcome):
    assert outcome.of == {"test_healthy": "passed"}


@ill("""
@pytest.mark.limit(0.1)
@pytest_twisted.ensureDeferred
async def test_hangs():
    await defer.Deferred()  # for ever

def test_next():
    pass
""")
def test_a_test_that_hangs_fails_and_shows_where_it_waited(outcome):
    assert outcome.of == {"test_hangs": "failed", "test_next": "passed"}
    assert "await defer.Deferred()  # for ever" in outcome.said
    assert "TimeoutError: not done after 0.1 s" in outcome.said


@ill("""
@pytest_twisted.async_fixture
async def never_starts():
    await defer.Deferred()

@pytest_twisted.async_yield_fixture
async def never_ends():
    yield
    await defer.Deferred()

@pytest.mark.limit(0.1)
def test_start(never_starts):
    pass

@pytest.mark.limit(0.1)
def test_end(never_ends):
    pass
""")
def test_a_fixture_that_hangs_at_its_start_or_end_fails(outcome):
    assert outcome.of == {"test_start": "failed on setup", "test_end": "failed on teardown"}


def test_a_test_that_blocks_the_reactor_ends_the_run_with_its_stack(tmp_path):
    blocks = "def test_blocks():\n    threading.Event().wait()\n"
    done = run(tmp_path, {"test_it.py": PREFACE + blocks})
    assert done.returncode == 1
    assert "Timeout" in done.stderr
    assert "in test_blocks" in done.stderr


@ill("""
def test_by_logger():
    log.error("the {thing} broke", thing="cup")

def test_by_the_old_log():
    old.err(ZeroDivisionError())

def test_by_a_deferred():
    defer.fail(ZeroDivisionError())

def test_by_the_reactor():
    reactor.callLater(0, lambda: 1 / 0)

def test_by_a_deferred_in_a_cycle_of_garbage():
    deferred = defer.fail(ZeroDivisionError())
    deferred.itself = deferred
""")
def test_a_test_that_logs_an_error_fails(outcome):
    assert len(outcome.of) == 5
    assert set(outcome.of.values()) == {"failed on teardown"}
    assert outcome.said.count("was logged: ") >= 5
    assert "was logged: the cup broke" in outcome.said


@ill("""
def test_kind(expect_logged):
    expect_logged(ArithmeticError)
    old.err(ZeroDivisionError())

def test_text(expect_logged):
    expect_logged("cup broke")
    log.error("the {thing} broke", thing="cup")
""")
def test_an_error_that_is_expected_may_be_logged(outcome):
    assert outcome.of == {"test_kind": "passed", "test_text": "passed"}


@ill("""
def test_silent(expect_logged):
    expect_logged(ZeroDivisionError)
""")
def test_an_error_that_is_expected_must_be_logged(outcome):
    assert outcome.of == {"test_silent": "failed on teardown"}
    assert "was expected to be logged: <class 'ZeroDivisionError'>" in outcome.said


@ill("""
came = []

def test_leaves():
    reactor.callLater(0.01, came.append, "it came")

@pytest_twisted.ensureDeferred
async def test_next():
    later = defer.Deferred()
    reactor.callLater(0.02, later.callback, None)
    await later
    assert came == []
""")
def test_a_test_that_leaves_a_delayed_call_fails_and_the_call_never_comes(outcome):
    assert outcome.of == {"test_leaves": "failed on teardown", "test_next": "passed"}
    assert "was left in the reactor: <DelayedCall " in outcome.said


@ill("""
ports = []

def test_leaves():
    ports.append(reactor.listenTCP(0, protocol.ServerFactory(), interface="127.0.0.1"))

def test_next():
    assert ports[0].fileno() == -1
""")
def test_a_test_that_leaves_a_port_open_fails_and_the_port_is_closed(outcome):
    assert outcome.of == {"test_leaves": "failed on teardown", "test_next": "passed"}
    assert "was left in the reactor: <" in outcome.said
    assert "ServerFactory" in outcome.said


@ill("""
def test_real(needs, monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    needs("no-such-program", "no-such-package")
""")
def test_a_missing_program_is_a_skip_that_names_its_package_on_a_users_machine(outcome):
    assert outcome.of == {"test_real": "skipped"}
    assert "needs no-such-program: install no-such-package" in outcome.said


@ill("""
def test_real(needs, monkeypatch):
    monkeypatch.setenv("CI", "true")
    needs("no-such-program", "no-such-package")
""")
def test_a_missing_program_is_a_failure_in_ci(outcome):
    assert outcome.of == {"test_real": "failed"}
    assert "needs no-such-program: install no-such-package" in outcome.said


def test_the_fast_tests_are_those_that_are_not_slow(tmp_path):
    lines = """
@pytest.mark.slow
def test_slow():
    pass

def test_quick():
    pass
"""
    done = run(tmp_path, {"test_it.py": PREFACE + lines}, "--fast")
    assert "1 passed, 1 deselected" in done.stdout


def test_no_test_may_take_as_long_as_one_that_blocks_the_reactor(pytestconfig: pytest.Config):
    folder = Path(__file__).parent
    limits = [
        int(limit)
        for path in folder.rglob("test_*.py")
        for limit in re.findall(r"mark\.limit\((\d+)\)", path.read_text())
    ]
    assert max(limits) < float(pytestconfig.getini("faulthandler_timeout"))
