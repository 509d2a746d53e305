"""
``python -m tests.hostile``: the hostile cases against a real daemon, and the fuzzer.
docs/hostile.rst tells more.
"""

from __future__ import annotations

import argparse
import gc
import os
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

from twisted.internet import defer, task

from tests.e2e.support import VENV
from tests.hostile.cases import CASES
from tests.hostile.fuzz import WIRES, Found, Fuzz
from tests.hostile.real import play


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.hostile", description="Can one guest hurt the others?"
    )
    parser.add_argument(
        "--lines",
        type=int,
        default=1_000_000,
        help="lines that the fuzzer sends (default: a million); 0: none",
    )
    parser.add_argument(
        "--seconds", type=float, default=0, help="and no longer than so many seconds"
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="the same seed sends the same lines (default: 1)"
    )
    parser.add_argument(
        "--cases",
        default="",
        help="only the cases with this in their name; none: none (default: all)",
    )
    parser.add_argument(
        "--wire",
        choices=[*WIRES, "both"],
        default="both",
        help="that the fuzzer speaks (default: both)",
    )
    return parser.parse_args()


def fuzz(options: argparse.Namespace) -> bool:
    """Run the fuzzer. Returns whether all was well."""
    wires = WIRES if options.wire == "both" else (options.wire,)
    fuzz = Fuzz(options.seed, wires)
    gc.collect()
    gc.freeze()  # what is here already, the table among it, is not the server's
    try:
        fuzz.run(options.lines, options.seconds, _print)
    except Exception as found:
        kept = Path(mkdtemp(prefix="hostile-")) / "sent"
        kept.write_bytes(b"".join(fuzz.sent))
        _print(
            f"After {fuzz.counts['lines']:,} lines: {found if isinstance(found, Found) else repr(found)}"
        )
        _print(f"What that connection had sent is kept in {kept}")
        if not isinstance(found, Found):
            raise
        return False
    _print(fuzz.told(fuzz.counts["milliseconds"] / 1000))
    return True


async def table(options: argparse.Namespace) -> bool:
    """Play the table against real daemons. Returns whether all was well."""
    cases = [case for case in CASES if options.cases in case.name]
    with TemporaryDirectory(prefix="hostile-") as directory:
        return not cases or await play(cases, Path(directory), _find, _print)


def _find(program: str, package: str = "") -> str:
    places = os.pathsep.join([str(VENV), os.environ.get("PATH", os.defpath)])
    return shutil.which(program, path=places) or sys.exit(
        f"needs {program}: install {package or program}"
    )


def _print(line: str) -> None:
    print(line, flush=True)


async def main(options: argparse.Namespace) -> None:
    well = options.cases == "none" or await table(options)
    well = (not options.lines or fuzz(options)) and well
    if not well:
        raise SystemExit(1)


if __name__ == "__main__":
    task.react(lambda _: defer.ensureDeferred(main(parse())))
