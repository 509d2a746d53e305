"""
Fixtures of the ledgers' tests: the machine that they run on, and the ledgers of the contract.
"""

from __future__ import annotations

import pytest

from groupchat.ledgers.retention import RetentionPolicy
from tests.ledgers.keeping import Log, Machine, in_memory, on_disk


@pytest.fixture
def machine() -> Machine:
    return Machine()


STORED = ("sqlite", pytest.param("postgresql", marks=pytest.mark.slow))


def _maker(kind, path, request):
    if kind == "memory":
        return in_memory
    if kind == "sqlite":
        return on_disk(path)
    engine = request.getfixturevalue("engine")
    from tests.ledgers.nodes import database, on_postgresql  # needs psycopg

    return on_postgresql(database(engine))


@pytest.fixture(params=["memory", *STORED])
def make(request, path):
    """Makes the ledger that is looked at."""
    return _maker(request.param, path, request)


@pytest.fixture(params=STORED)
def make_stored(request, path):
    """Makes a ledger that outlives its program."""
    return _maker(request.param, path, request)


@pytest.fixture
def log(make, machine):
    log = Log(lambda reactor: make(reactor, None, machine))
    yield log
    log.close()


@pytest.fixture
def path(tmp_path):
    """The file of a ledger on disk."""
    return tmp_path / "chat.db"


@pytest.fixture
def opened():
    """Opens logs, and closes them at the end."""
    logs = []

    def opened(make):
        logs.append(Log(make))
        return logs[-1]

    yield opened
    for log in logs:
        log.close()


@pytest.fixture
def start(opened, path, machine):
    """
    Starts a ledger on a file, the same one each time unless another is given; the one before has to
    be closed.
    """

    def start(file=path, keep="all"):
        policy = RetentionPolicy.parse(keep)
        return opened(lambda reactor: on_disk(file)(reactor, policy, machine))

    return start


@pytest.fixture
def keeping(opened, make, machine):
    """Makes a log that keeps so much."""

    def keeping(keep):
        policy = RetentionPolicy.parse(keep)
        return opened(lambda reactor: make(reactor, policy, machine))

    return keeping


@pytest.fixture
def again(start):
    """Restarts a ledger."""

    def again(log, **options):
        log.close()
        return start(**options)

    return again
