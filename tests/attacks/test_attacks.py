"""
The attacks work: so short that they say nothing about how well the daemon bears them, which no test
here looks at.
"""

from __future__ import annotations

import os

import pytest

from tests.attacks import insider
from tests.attacks.__main__ import main, parse
from tests.attacks.attacks import ATTACKS, RATE, chosen
from tests.attacks.build import build
from tests.attacks.bystanders import Measure
from tests.attacks.report import row, told
from tests.attacks.run import Memory, Outcome, attack, memory
from tests.attacks.server import Daemon, Facts
from tests.benchmarks.servers import Running

SHORT = 0.3  #: seconds


@pytest.fixture
def knock(needs, tmp_path):
    needs("cc", "gcc")
    return build(tmp_path)


@pytest.mark.limit(120)
def test_attacks_are_carried_out_and_told(knock, tmp_path):
    with Daemon().attacked(tmp_path) as target:
        outcomes = [
            attack(target, knock, which, SHORT)
            for which in chosen(["silent", "close", "flood-who", "log-ins", "tls"])
        ]
        left = memory(target, knock, 400)
    for outcome in outcomes:
        if not outcome.skipped:
            assert (
                outcome.quiet
                and outcome.quiet.deliveries
                and outcome.under
                and outcome.under.deliveries
                and outcome.under.joins
            )
            assert not outcome.under.missing
    assert [outcome.attack.name for outcome in outcomes if outcome.skipped or outcome.report] == [
        "silent",
        "close",
        "flood-who",
        "log-ins",
        "tls",
    ]
    assert outcomes[0].report["opened"] > 100 and outcomes[2].report["MB"] > 0
    assert left.count == 400 and "ChatProtocol" in told(left)
    assert all(row(outcome).startswith(outcome.attack.name) for outcome in outcomes)


def measure(milliseconds=1.0, missing=0, join=5.0):
    return Measure([milliseconds / 1000] * 100, missing, [join / 1000])


def test_a_line_tells_which_bounds_are_not_met():
    which = ATTACKS[0]
    report = {"opened": 100, "seconds": 1.0}
    outcome = Outcome(
        which, "", measure(), measure(40.0, 3, 800.0), report, 0.5, 12, ["too slow", "too late"]
    )
    lines = row(outcome).splitlines()
    assert lines[0].split() == [
        "silent",
        "1.0",
        "40.0",
        "40.0",
        "40.0",
        "800.0",
        "50",
        "+12",
        "100",
        "connections/s",
    ]
    assert [line.split()[1:3] for line in lines[1:]] == [["NOT", "MET:"]] * 2
    assert row(Outcome(which, "no TLS")).split() == ["silent", "skipped:", "no", "TLS"]


def test_what_is_left_is_told():
    before = Facts(1000, 20, 3, {"Session": 1, "timers": 3})
    assert Facts(5000, 20, 3, {"Session": 1, "timers": 5}).more_than(before) == []
    after = Facts(1000, 21, 3, {"Session": 3, "timers": 9})
    assert after.more_than(before) == ["1 more descriptors", "2 more Session", "4 more timers"]
    assert "NOT MET: 1 more" in told(Memory(10, before, after, ["1 more"]))


def test_percentiles():
    measured = Measure([number / 1000 for number in range(1, 101)], 0, [])
    assert [round(measured.quantile(share)) for share in (0.5, 0.99, 1.0)] == [51, 100, 100]


def test_a_part_of_a_name_chooses_several():
    assert {attack.name for attack in chosen(["flood"])} == {
        f"flood-{kind}" for kind in insider.FLOODS
    }
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)
    assert [attack.rate for attack in chosen(["silent", "close"])] == [RATE, RATE]


def test_all_attacks_are_made_unless_some_are_named(capsys):
    assert {which.name for which in chosen(parse([]).attack)} == {which.name for which in ATTACKS}
    assert parse(["--attack", "silent", "--quick"]).seconds < parse([]).seconds
    with pytest.raises(SystemExit):
        parse(["--attack", "nonsense"])
    assert "there is no attack called nonsense" in capsys.readouterr().err


def test_a_server_that_runs_already_can_be_attacked(knock, tmp_path, capsys):
    with Daemon().running(tmp_path) as running:
        assert isinstance(running, Running)
        status = main(
            parse(["--attack", "close", "--seconds", str(SHORT), "--port", str(running.port)])
        )
    assert status in (0, 1)
    assert "close" in capsys.readouterr().out
    assert os.sched_getaffinity(0)
