"""
One attack after the other, each beside a quiet while: what do the others notice, and what is left
of it?
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from tests.attacks.attacks import Attack, attacking
from tests.attacks.bystanders import Bystanders, Measure, TurnedAway
from tests.attacks.server import Facts, Target

WITHIN = 25.0  #: milliseconds by which the p99 may be more than in a quiet while
JOIN = 500.0  #: milliseconds in which someone from elsewhere is in
REACHED = 0.9  #: of the rate of connections, at least
QUIET = 1 / 3  #: of the time of an attack, before it
#: seconds after an attack in which all of it is gone: who waits for a name may wait for 10
SETTLE = 15.0
LOOK = 1.0  #: seconds between two looks at it meanwhile
MEMORY = 100_000  #: connections
#: of them before it is looked at what it holds: so many that its crowd is as big as it gets
WARM = 40_000
GROWTH = 4096  #: KiB by which it may have grown after the others
_KINDS = ("silent", "close", "half", "hello")


class Outcome(NamedTuple):
    """
    Of one attack.

    :ivar skipped: why it did not happen.
    :ivar cpu: of the daemon, as a share of a core.
    :ivar faults: which bounds are not met.
    """

    attack: Attack
    skipped: str = ""
    quiet: Measure | None = None
    under: Measure | None = None
    report: dict[str, Any] = {}
    cpu: float = 0.0
    grown: int = 0
    faults: list[str] = []


def attack(target: Target, knock: Path, which: Attack, seconds: float) -> Outcome:
    """Watch the bystanders in a quiet while, then under this attack."""
    missing = which.missing(target.port)
    if missing:
        return Outcome(which, missing)
    bystanders = Bystanders(target.port)
    try:
        return _attack(
            target, which, which.command(knock, target.port, seconds), bystanders, seconds
        )
    except TurnedAway as why:
        return Outcome(which, faults=[str(why)])
    finally:
        bystanders.close()


def _attack(
    target: Target, which: Attack, command: list[str], bystanders: Bystanders, seconds: float
) -> Outcome:
    quiet = bystanders.watch(max(2.0, seconds * QUIET))
    before, cpu = target.facts(), target.cpu()
    with attacking(command) as attacker:
        under = bystanders.watch(seconds)
        cpu = (target.cpu() - cpu) / seconds
    after = _settled(target, before, bystanders.watch)
    faults = [*_bounds(quiet, under), *after.more_than(before), *_reached(which, attacker.report)]
    return Outcome(
        which, "", quiet, under, attacker.report, cpu, after.memory - before.memory, faults
    )


def _settled(target: Target, before: Facts, wait: Callable[[float], Any] = time.sleep) -> Facts:
    """Returns the daemon's facts once they are as before, or after a while."""
    until = time.monotonic() + SETTLE
    while True:
        wait(LOOK)
        after = target.facts()
        if not after.more_than(before) or time.monotonic() > until:
            return after


def _bounds(quiet: Measure, under: Measure) -> list[str]:
    faults = []
    if not under.quantile(0.99) <= quiet.quantile(0.99) + WITHIN:
        faults.append(f"p99 is not within {WITHIN:g} ms of the quiet one")
    if not under.join <= JOIN:
        faults.append(f"a newcomer took more than {JOIN:g} ms")
    if under.missing or quiet.missing:
        faults.append(f"{under.missing + quiet.missing} deliveries are missing")
    return faults


def _reached(which: Attack, report: dict[str, Any]) -> list[str]:
    if which.rate and report["opened"] < which.rate * REACHED * report["seconds"]:
        return [
            f"only {report['opened'] / report['seconds']:.0f} connections a second were reached"
        ]
    return []


class Memory(NamedTuple):
    """The daemon's facts before and after many connections."""

    count: int
    before: Facts
    after: Facts
    faults: list[str]


def memory(target: Target, knock: Path, count: int) -> Memory:
    """Do many connections of all kinds leave anything behind?"""
    nothing = Facts()._replace(descriptors=1 << 20, threads=1 << 20)
    _come_and_go(target, knock, max(len(_KINDS), count * WARM // MEMORY))
    before = _settled(target, nothing)
    _come_and_go(target, knock, count)
    after = _settled(target, before)
    faults = after.more_than(before)
    if after.memory - before.memory > GROWTH:
        faults.append(f"{after.memory - before.memory} KiB more are occupied")
    return Memory(count, before, after, faults)


def _come_and_go(target: Target, knock: Path, count: int) -> None:
    for kind in _KINDS:
        command = [
            str(knock),
            "-p",
            str(target.port),
            "-k",
            kind,
            "-a",
            "8",
            "-r",
            "5000",
            "-o",
            "400",
        ]
        subprocess.run(
            [*command, "-t", "300", "-n", str(count // len(_KINDS))],
            check=True,
            stdout=subprocess.DEVNULL,
        )
