"""
The cures of conftest.py, each tried on a test that is ill.
"""

from __future__ import annotations

from pathlib import Path

import pytest

PREFACE = """
import pytest, pytest_twisted
from twisted.internet import defer, reactor, protocol
from twisted.logger import Logger
from twisted.python import log as old
log = Logger()
"""


@pytest.fixture
def run(pytester: pytest.Pytester):
    """Runs these lines as tests under conftest.py, in a process of their own."""
    pytester.makeconftest(Path(__file__).with_name("conftest.py").read_text())
    pytester.makeini(
        "[pytest]\nmarkers = limit(seconds): \n"
        "faulthandler_timeout = 3\nfaulthandler_exit_on_timeout = true\n"
    )

    def run(lines: str) -> pytest.RunResult:
        pytester.makepyfile(PREFACE + lines)
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", timeout=60)

    return run


def test_a_test_with_nothing_ill_in_it_passes(run):
    run("""
@pytest_twisted.ensureDeferred
async def test_healthy():
    fired = defer.Deferred()
    reactor.callLater(0, fired.callback, None)
    await fired
    log.info("all is well")
""").assert_outcomes(passed=1)


def test_a_test_that_hangs_fails_and_shows_where_it_waited(run):
    result = run("""
@pytest.mark.limit(0.1)
@pytest_twisted.ensureDeferred
async def test_hangs():
    await defer.Deferred()  # for ever

def test_next():
    pass
""")
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(
        ["*await defer.Deferred()  # for ever*", "*TimeoutError: not done after 0.1 s*"]
    )


def test_a_fixture_that_hangs_at_its_start_or_end_fails(run):
    run("""
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
""").assert_outcomes(passed=1, errors=2)


def test_a_test_that_blocks_the_reactor_ends_the_run_with_its_stack(run):
    result = run("""
def test_blocks():
    while True:
        pass
""")
    assert result.ret == 1
    result.stderr.fnmatch_lines(["*Timeout*", "*in test_blocks"])


@pytest.mark.parametrize(
    "line",
    [
        'log.error("the {thing} broke", thing="cup")',
        "old.err(ZeroDivisionError())",
        "defer.fail(ZeroDivisionError())",
        "reactor.callLater(0, lambda: 1 / 0)",
    ],
)
def test_a_test_that_logs_an_error_fails(run, line):
    result = run(f"def test_logs():\n    {line}\n")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["was logged: *"])


def test_an_unhandled_error_in_a_cycle_of_garbage_fails_the_test(run):
    run("""
def test_drops():
    deferred = defer.fail(ZeroDivisionError())
    deferred.itself = deferred
""").assert_outcomes(passed=1, errors=1)


def test_an_error_that_is_expected_may_be_logged(run):
    run("""
def test_kind(expect_logged):
    expect_logged(ArithmeticError)
    old.err(ZeroDivisionError())

def test_text(expect_logged):
    expect_logged("cup broke")
    log.error("the {thing} broke", thing="cup")
""").assert_outcomes(passed=2)


def test_an_error_that_is_expected_must_be_logged(run):
    result = run("""
def test_silent(expect_logged):
    expect_logged(ZeroDivisionError)
""")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["was expected to be logged: *ZeroDivisionError*"])


def test_a_test_that_leaves_a_delayed_call_fails_and_the_call_never_comes(run):
    result = run("""
def test_leaves():
    reactor.callLater(0.2, print, "it came")

@pytest_twisted.ensureDeferred
async def test_next():
    later = defer.Deferred()
    reactor.callLater(0.4, later.callback, None)
    await later
""")
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["was left in the reactor: <DelayedCall *"])
    result.stdout.no_fnmatch_line("it came*")


def test_a_test_that_leaves_a_port_open_fails_and_the_port_is_closed(run):
    result = run("""
ports = []

def test_leaves():
    ports.append(reactor.listenTCP(0, protocol.ServerFactory(), interface="127.0.0.1"))

def test_next():
    assert ports[0].fileno() == -1
""")
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["was left in the reactor: <*ServerFactory*"])


NEEDS = """
def test_real(needs):
    needs("no-such-program", "no-such-package")
"""


def test_what_is_missing_is_a_skip_that_names_its_package_on_a_users_machine(run, monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    result = run(NEEDS)
    result.assert_outcomes(skipped=1)


def test_what_is_missing_is_a_failure_in_ci(run, monkeypatch):
    monkeypatch.setenv("CI", "true")
    result = run(NEEDS)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*needs no-such-program: install no-such-package*"])
