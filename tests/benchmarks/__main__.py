"""
``python -m tests.benchmarks``: how fast, against whom. docs/performance.rst tells more.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.benchmarks import page
from tests.benchmarks.build import CannotBuild
from tests.benchmarks.page import LOADS
from tests.benchmarks.results import Results
from tests.benchmarks.run import run

QUICK = 0.1  #: the scale of --quick


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description="How fast is it, and how fast are others on this machine?",
        epilog="Loads: " + "; ".join(f"{load.name}: {load.title}" for load in LOADS) + ".",
    )
    names = [load.name for load in LOADS]
    parser.add_argument(
        "--loads",
        nargs="+",
        choices=names,
        default=names,
        metavar="NAME",
        help="only these loads (below)",
    )
    parser.add_argument(
        "--cases",
        nargs="+",
        metavar="NAME",
        help="only these servers, or other rows of the tables",
    )
    parser.add_argument(
        "--against",
        type=Path,
        metavar="PYTHON",
        help="the Python of an environment with another groupchat, to be measured by turns",
    )
    parser.add_argument(
        "--rounds",
        type=int,
        help="how often each is run, in turn with the others (default: 5; 1 with --quick)",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="a tenth of each load: to see that it works, not how fast",
    )
    parser.add_argument(
        "--stored",
        type=float,
        default=1,
        metavar="MILLIONS",
        help="messages in the long ledger (default: 1)",
    )
    parser.add_argument(
        "--scratch", type=Path, help="a folder on the disk to be measured (default: the usual one)"
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("build/benchmarks"),
        help="folder for the results (default: %(default)s)",
    )
    parser.add_argument(
        "--docs",
        action="store_true",
        help="put them into docs/performance.rst, too: a whole run, or --again",
    )
    parser.add_argument(
        "--again",
        type=Path,
        metavar="JSON",
        help="measure nothing: make tables and plot of these results",
    )
    options = parser.parse_args(arguments)
    if (
        options.docs
        and not options.again
        and (options.quick or options.loads != names or options.cases or options.against)
    ):
        parser.error("--docs is for all loads in their whole size")
    return options


def main(options: argparse.Namespace) -> None:
    results = Results.read(options.again) if options.again else measure(options)
    print("\n" + page.report(results))
    written = page.write(results, options.out) + (page.renew(results) if options.docs else [])
    print("Written:", *written)
    if results.failed:
        sys.exit("Failed: " + "; ".join(results.failed))


def measure(options: argparse.Namespace) -> Results:
    scale = QUICK if options.quick else 1.0
    loads = [load for load in LOADS if load.name in options.loads]
    rounds = options.rounds or (1 if options.quick else 5)
    with tempfile.TemporaryDirectory(prefix="groupchat-benchmarks-", dir=options.scratch) as folder:
        stored = round(options.stored * 1e6 * scale)
        return run(
            Path(folder),
            loads,
            rounds,
            scale,
            stored,
            lambda line: print(line, flush=True),
            options.cases,
            options.against,
        )


if __name__ == "__main__":
    try:
        main(parse())
    except CannotBuild as why:
        sys.exit(str(why))
