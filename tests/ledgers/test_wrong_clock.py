"""The ledger on disk where the clock of the machine is wrong."""

from __future__ import annotations

import sqlite3

import pytest

from tests.ledgers.keeping import ALICE, BOB, now, rows


@pytest.fixture
def log(start):
    return start()


DAY = 86_400_000


def kept(path):
    """The ids of the messages that are kept."""
    return [
        id
        for (id,) in rows(
            path,
            "SELECT key & 1099511627775 FROM messages, rooms WHERE key & 1099511627775 >= first",
        )
    ]


def aged(log, start, path, *ages, keep="90d"):
    """A ledger in which messages were said so many days ago, as it was left, started again."""
    log.fill(len(ages))
    log.close()
    with sqlite3.connect(path) as db:
        for id, days in enumerate(ages, 1):
            db.execute(
                "UPDATE messages SET at = ? WHERE key = ?",
                (now() - round(days * DAY), 1 << 40 | id),
            )
    db.close()
    return start(keep=keep)


YEARS_56 = 56 * 365.25


@pytest.mark.parametrize(
    ("ages", "first"),
    [
        ([120, 100, 95, *[YEARS_56] * 10, 60, 30, 1], 4),  # 1970, in the middle
        ([120, 100, 95, *[400] * 10, 60, 30, 1], 4),
        ([*[YEARS_56] * 5, 60, 30, 1], 1),  # and at the first start of all
        ([*[YEARS_56] * 5, 100, 60, 1], 7),
        ([120, *[-1200] * 3, 100, 60, 1], 6),  # 2030, and after it the right time again
        ([*[-1200] * 3, 100, 60, 1], 5),
        ([120, 100, 60, *[-1200] * 3], 1),  # the clock may be wrong now
        ([120, 100, *[-1200] * 3, 1], 3),
    ],
)
def test_what_a_wrong_clock_stamped_is_as_old_as_what_is_around_it(
    log, start, path, logged, ages, first
):
    log = aged(log, start, path, *ages)
    log.said()
    assert kept(path)[0] == log.entered().first == first
    gone = [line for line in logged() if "were deleted" in line]
    assert gone == [
        f"Messages older than 90 days were deleted, {first - 1} in all: {first - 1} in lobby."
    ] * (first > 1)
    log.said()
    assert log.entered().first == first


def test_one_start_in_another_year_lets_nothing_go_and_200_days_later_it_does(
    log, again, path, machine, logged
):
    log.fill(3)
    machine.clock.set_clock(1200)
    for _ in range(2):
        log = again(log, keep="90d")
        log.said("said in 2030", at=machine.clock.now())
    assert "until the server has run for a day" in logged()[0]
    machine.clock.set_clock(0)
    log = again(log, keep="90d")
    log.said(at=machine.clock.now())
    machine.clock.days(30)
    log.said(at=machine.clock.now())
    assert kept(path)[0] == 1
    assert len(set(rows(path, "SELECT at FROM messages WHERE key & 1023 > 5"))) == 1, (
        "it has that time until 2030"
    )
    machine.clock.days(75)
    log.said(at=machine.clock.now())
    assert log.entered().first == 7
    machine.clock.days(200)
    log = again(log, keep="90d")
    log.said(at=machine.clock.now())
    assert log.entered().first == 7, "the clock may be wrong"
    machine.clock.days(1.1)
    log.said(at=machine.clock.now())
    assert log.entered().first == 9


def test_a_clock_that_shows_1970_at_first_lets_nothing_go_when_it_is_right(
    start, again, path, machine
):
    machine.clock.set_clock(-56 * 365.25)
    log = start(keep="90d")
    log.said(at=machine.clock.now())
    machine.clock.set_clock(0)
    log.said(at=machine.clock.now())
    for _ in range(3):
        machine.clock.days(1)
        log.said(at=machine.clock.now())
    log = again(log, keep="90d")
    log.said(at=machine.clock.now())
    assert kept(path)[0] == 1


def test_a_clock_that_jumps_forgets_no_client(log, again, path, machine):
    log.said("one", n=1)
    log.said("other", client=BOB, n=1)
    for days in (100, -20_000, 0):
        machine.clock.set_clock(days)
        log = again(log)
        log.said("two", client=BOB, n=log.entered(BOB).last_n + 1, at=machine.clock.now())
    assert log.entered(ALICE).last_n == 1
    machine.clock.days(40)
    for _ in range(2):
        log.said("three", client=BOB, n=log.entered(BOB).last_n + 1, at=machine.clock.now())
        machine.clock.days(1.1)
    assert log.entered(ALICE).last_n == 0


def test_many_rooms_and_many_messages_are_let_go_in_turn(log, start, path, machine):
    machine.limits = {"pruned_rooms": 3, "aged_messages": 4}
    rooms = [f"room{number}" for number in range(7)]
    for room in rooms:
        log.fill(20, room=room)
    machine.clock.days(91)
    log.close()
    log = start(keep="90d")
    for _ in range(40):
        log.said(at=machine.clock.now())
        machine.clock.days(0.1)
    assert {log.entered(room=room).first for room in rooms} == {21}
