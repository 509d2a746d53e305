"""
``python -m tests.faults``: break the server again and again, and see whether the promise holds.
docs/faults.rst tells more.
"""

from __future__ import annotations

import argparse
import sys

from twisted.internet import defer, task

from tests.faults.disk import compiler
from tests.faults.run import soak
from tests.faults.scenario import SINGLE


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults", description="Does the promise hold when things break?"
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="the same seed makes the same plan (default: 1)"
    )
    parser.add_argument(
        "--minutes",
        type=float,
        help="run at least so long (default: 2, or 0 where a number is asked for)",
    )
    parser.add_argument("--faults", type=int, default=0, help="at least so many faults")
    parser.add_argument("--answers", type=int, default=0, help="at least so many sayings answered")
    parser.add_argument("--kills", type=int, default=0, help="at least so many SIGKILLs")
    parser.add_argument("--power-cuts", type=int, default=0, help="at least so many power cuts")
    parser.add_argument("--reconnects", type=int, default=0, help="at least so many reconnections")
    parser.add_argument(
        "--load",
        type=int,
        default=1000,
        help="sayings answered between two faults, at most (default: 1000)",
    )
    parser.add_argument(
        "--nodes", type=int, default=0, help="several nodes on one PostgreSQL (default: one server)"
    )
    return parser.parse_args()


async def main(options: argparse.Namespace) -> None:
    kill = "kill-node" if options.nodes else "kill"
    wanted = {kill: options.kills, "power-cut": options.power_cuts}
    least = {"faults": options.faults, "ok": options.answers}
    counted = any((*wanted.values(), *least.values(), options.reconnects))
    minutes = options.minutes if options.minutes is not None else 0 if counted else 2
    scenario = SINGLE
    if options.nodes:
        from tests.faults.group_nemesis import nodes  # needs psycopg

        scenario = nodes(options.nodes)
    total = await soak(
        options.seed, minutes, wanted, options.reconnects, options.load, _print, scenario, least
    )
    print(total.table())
    for directory in total.kept:
        print(f"The history and the ledger are kept in {directory}")
    if total.findings.counts:
        raise SystemExit(1)


def _print(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    if compiler() is None:
        sys.exit("needs cc: install gcc")
    task.react(lambda _: defer.ensureDeferred(main(parse())))
