"""
``python -m tests.attacks``: do the others notice? docs/operating.rst tells more.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path

from tests.attacks.attacks import ATTACKS, chosen
from tests.attacks.build import CannotBuild, build
from tests.attacks.report import HEAD, row, told
from tests.attacks.run import MEMORY, Outcome, attack, memory
from tests.attacks.server import Daemon, Target

SECONDS, QUICK = 30.0, 3.0


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    names = sorted(
        {
            attack.name.split("-")[0] if attack.name.startswith(("flood", "pool")) else attack.name
            for attack in ATTACKS
        }
    )
    parser = argparse.ArgumentParser(
        prog="python -m tests.attacks",
        description="Attack a daemon, and see what the others notice.",
        epilog="Attacks: "
        + "; ".join(f"{attack.name}: {attack.title}" for attack in ATTACKS)
        + f"; memory: {MEMORY:,} connections of all kinds, and what is left of them.",
    )
    parser.add_argument(
        "--attack",
        action="append",
        metavar="NAME",
        help="only this one; may be given several times (below)",
    )
    parser.add_argument(
        "--seconds",
        type=float,
        help=f"of each attack (default: {SECONDS:g}; {QUICK:g} with --quick)",
    )
    parser.add_argument(
        "--quick", action="store_true", help="a tenth of everything: to see that it works"
    )
    parser.add_argument(
        "--port", type=int, help="of a server that runs already (default: one is started)"
    )
    parser.add_argument(
        "--pin",
        action="store_true",
        help="the daemon has one core to itself, everyone else the others",
    )
    options = parser.parse_args(arguments)
    options.attack = options.attack or [*names, "memory"]
    unknown = [name for name in options.attack if name != "memory" and not chosen([name])]
    if unknown:
        parser.error(f"there is no attack called {unknown[0]}; --help lists them")
    options.seconds = options.seconds or (QUICK if options.quick else SECONDS)
    return options


def main(options: argparse.Namespace) -> int:
    """Returns the exit status: 1 where a bound is not met."""
    with tempfile.TemporaryDirectory(prefix="groupchat-attacks-") as folder:
        knock = build(Path(folder))
        server = (
            nullcontext(Target(options.port))
            if options.port
            else Daemon().attacked(Path(folder), options.pin)
        )
        with server as target:
            return _run(options, target, knock)


def _run(options: argparse.Namespace, target: Target, knock: Path) -> int:
    faults = 0
    print(HEAD, flush=True)
    for which in chosen(options.attack):
        outcome: Outcome = attack(target, knock, which, options.seconds)
        faults += len(outcome.faults)
        print(row(outcome), flush=True)
    if "memory" in options.attack:
        left = memory(target, knock, MEMORY // (10 if options.quick else 1))
        faults += len(left.faults)
        print(told(left), flush=True)
    print("Every bound is met." if not faults else f"Not met: {faults}.")
    return 1 if faults else 0


if __name__ == "__main__":
    try:
        sys.exit(main(parse()))
    except CannotBuild as why:
        sys.exit(str(why))
