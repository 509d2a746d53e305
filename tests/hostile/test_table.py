"""
Every hostile case, through every wire: the reaction is exactly the documented one, the others don't
notice, and nothing is left.
"""

from __future__ import annotations

import gc
from collections import Counter

import pytest

from tests.hostile import apart, corrections, searching, verbs
from tests.hostile.cases import CASES
from tests.hostile.play import MemoryRunner
from tests.ledgers.keeping import Unthreaded


@pytest.fixture(autouse=True)
def _what_is_left_lives_on():
    """
    Spare the collector a thousand looks at everything that exists already (tests/conftest.py).
    """
    gc.freeze()


def test_there_are_at_least_600_cases_each_with_a_name_of_its_own():
    names = Counter(case.name for case in CASES)
    assert len(names) >= 600
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_hurts_nobody(case):
    for wire in case.parts:
        play(MemoryRunner(case, wire))


#: The cases in which the ledger itself decides, and some of all others.
DECIDED = [*verbs.counts(), *corrections.CASES, *searching.CASES, *apart.CASES]
ON_DISK = {case.name: case for case in [*DECIDED, *CASES[::10]]}


@pytest.mark.parametrize("case", ON_DISK.values(), ids=ON_DISK.keys())
def test_hurts_nobody_on_the_ledger_on_disk_either(case, tmp_path):
    for wire in case.parts:
        runner = MemoryRunner(
            case, wire, lambda reactor, wire=wire: Unthreaded(reactor, str(tmp_path / f"{wire}.db"))
        )
        play(runner)
        runner.server.ledger.close()
        runner.server.run()


def play(runner: MemoryRunner) -> None:
    """Do it, and look at what comes of it, what the others notice of it, and what is left."""
    wire, part = runner.wire, runner.part
    runner.act()
    assert (wire, runner.told()) == (wire, part.told)
    assert (wire, runner.heard()) == (wire, [list(part.heard)] * 2)
    assert (wire, runner.others()) == (
        wire,
        {who: list(heard) for who, heard in part.others.items()},
    )
    assert (wire, runner.end()) == (wire, part.end)
    runner.round_trip()
    if part.end == "open" and runner.case.lives:
        runner.still_there()
    runner.leave()
