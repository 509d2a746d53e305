"""
A thread for what blocks: one thing after the other, and not without end.
"""

from __future__ import annotations

import threading

import pytest
import pytest_twisted
from twisted.internet import reactor

from groupchat.accounts.worker import ThreadWorker
from groupchat.wire.errors import Unavailable


@pytest.fixture
def worker():
    worker = ThreadWorker(reactor, "test", limit=2, low_priority=True)
    worker.start()
    yield worker
    worker.stop()


@pytest_twisted.ensureDeferred
async def test_it_works_elsewhere_and_answers_here(worker):
    where = await worker.do(threading.get_ident)
    assert where != threading.get_ident()


@pytest_twisted.ensureDeferred
async def test_what_is_too_much_is_refused(worker):
    goes_on = threading.Event()
    first, second = worker.do(goes_on.wait, 10), worker.do(int, "2")
    with pytest.raises(Unavailable):
        await worker.do(int, "3")
    goes_on.set()
    assert (await first, await second) == (True, 2)
    assert await worker.do(int, "4") == 4


@pytest_twisted.ensureDeferred
async def test_what_fails_there_fails_here(worker):
    with pytest.raises(ValueError, match="x"):
        await worker.do(int, "x")
