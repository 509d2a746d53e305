"""
The throttled log: a few lines about an address, and the rest in numbers.
"""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock
from twisted.logger import Logger

from groupchat.core.throttledlog import (
    BURST_SECONDS,
    MAX_COUNTERS,
    REMIND,
    SUMMARY_DELAY,
    ThrottledLog,
    Trouble,
)
from tests.support import Server


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def notes(clock):
    return ThrottledLog(10, clock, Logger())


def test_so_many_lines_about_one_address_and_the_rest_in_one(notes, clock, logged):
    for number in range(80):
        notes.info("192.0.2.1", "{address}: {number}", number=number)
    assert logged() == [f"192.0.2.1: {number}" for number in range(int(10 * BURST_SECONDS))]
    clock.advance(SUMMARY_DELAY)
    assert logged()[50:] == ["... and 30 more like this from 192.0.2.1"]


def test_about_another_address_there_are_lines_meanwhile(notes, logged):
    for _ in range(80):
        notes.info("192.0.2.1", "{address}")
    notes.info("192.0.2.2", "{address}")
    assert logged()[-1] == "192.0.2.2"


def test_in_the_end_there_are_so_many_a_second(notes, clock, logged):
    for _ in range(1000):
        notes.info("192.0.2.1", "a line")
        clock.advance(0.01)
    assert 140 <= logged().count("a line") <= 150


def test_many_addresses_take_no_more_memory_nor_lines(clock, logged):
    notes = ThrottledLog(10, clock, Logger())
    for number in range(3 * MAX_COUNTERS):
        notes.count(f"2001:db8::{number:x}")
    clock.advance(SUMMARY_DELAY)
    assert len(logged()) == MAX_COUNTERS + 1
    assert logged()[-1] == f"... and {2 * MAX_COUNTERS} more like this from elsewhere"


def test_there_may_be_no_limit(clock, logged):
    notes = ThrottledLog(0, clock, Logger())
    for _ in range(500):
        notes.info("192.0.2.1", "a line")
    assert len(logged()) == 500


def test_once_it_is_quiet_nothing_is_left(notes, clock):
    for _ in range(80):
        notes.info("192.0.2.1", "a line")
    clock.advance(SUMMARY_DELAY)
    clock.advance(SUMMARY_DELAY)
    assert clock.getDelayedCalls() == []


@pytest.mark.parametrize("wire", ["plain", "json"])
def test_refused_names_do_not_flood_the_log(wire, logged):
    server = Server(log_rate=1)
    for _ in range(4):
        client = server.connect(wire)
        for _ in range(5):
            client.hello("root")
            server.run()
    lines = logged()
    assert len(lines) == 5
    assert all("root from 192.0.2.1 was refused" in line for line in lines)
    server.run(SUMMARY_DELAY)
    assert logged()[5:] == ["... and 15 more like this from 192.0.2.1"]


def test_what_is_in_a_name_is_no_format(notes, logged):
    notes.info("192.0.2.1", "{name} came", name="{address!r:>999}")
    assert logged() == ["{address!r:>999} came"]


# Failures that go on.


def test_what_keeps_failing_is_told_once_and_then_by_a_count_until_it_works(logged, expect_logged):
    expect_logged("read it")
    trouble = Trouble("read it", Logger(namespace="test"))
    trouble.worked()
    for _ in range(REMIND + 5):
        trouble.failed("it is damaged")
    for _ in range(2):
        trouble.worked()
    assert logged() == [
        "Can't read it: it is damaged. The previous contents stay in use; the server tries again.",
        f"Still can't read it, tried {REMIND} times: it is damaged",
        f"Can read it again; it had failed {REMIND + 5} times.",
    ]
