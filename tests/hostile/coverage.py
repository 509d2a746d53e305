"""
``python -m tests.hostile.coverage``: a fuzzer that looks at which lines of the server its bytes
reach, and looks for more.

It needs atheris (``pip install atheris``), which is not among what the tests need. What follows is
handed to libFuzzer: ``-max_total_time=300``, ``-runs=100000``, a directory for what it has found
out. One input is one connection: its first byte says which wire and whether it logs in, and the
rest is sent, cut at every 0xFD 0xFD.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from tempfile import mkdtemp

try:
    import atheris
except ImportError:
    sys.exit(
        "needs atheris: pip install atheris (it has wheels for some Pythons only; docs/hostile.rst says more)"
    )

with atheris.instrument_imports(include=["groupchat"]):
    from groupchat.server import factory, outbound, protocol  # noqa: F401
    from groupchat.wire import jsonlines, plain  # noqa: F401
    from tests.hostile import fuzz

from twisted.logger import globalLogPublisher

from tests.hostile.case import hello
from tests.hostile.grammar import PIECES, Grammar
from tests.hostile.play import RawClient

CUT = b"\xfd\xfd"
HELLO = {"json": hello(), "plain": b"mallory\n"}
#: seconds of the processor that one input may take: instrumented it is some ten times slower
SLOW = 0.5


class Target(fuzz.Fuzz):
    """The same server and the same looks as the fuzzer's, with bytes from elsewhere."""

    def one(self, data: bytes) -> None:
        """
        One connection.

        :raises Found: something that must never be.
        """
        first, rest = data[:1] or b"\0", data[1:]
        self._wire = "json" if first[0] & 1 else "plain"
        self._mallory = RawClient(self.server)
        began = time.thread_time()
        if first[0] & 2:
            self._send(HELLO[self._wire])
        self._send(*(rest.split(CUT)))
        self._listen()
        self._round_trip()
        self._look()
        self._part()
        if time.thread_time() - began > SLOW:
            raise fuzz.Found(f"It took {time.thread_time() - began:.2f} s")
        self.sent.clear()
        self._fresh += 1
        if self._fresh > 2000:
            self._begin()


def main() -> None:
    fuzz.TURN = SLOW
    target = Target(0)
    globalLogPublisher.addObserver(target.observe)
    directory = Path(mkdtemp(prefix="hostile-"))
    options = [f"-dict={_dictionary(directory)}", "-max_len=4096", "-len_control=0", "-timeout=10"]
    own = [option for option in sys.argv[1:] if not option.startswith("-")]
    found = own[:1] or [str(directory / "found")]
    Path(found[0]).mkdir(exist_ok=True)
    atheris.Setup(
        [sys.argv[0], *options, *(set(sys.argv[1:]) - set(found)), *found, str(_seeds(directory))],
        target.one,
    )
    atheris.Fuzz()


def _dictionary(directory: Path) -> Path:
    """The words of both wires, as libFuzzer reads them."""
    file = directory / "words"
    file.write_text(
        "".join('"' + "".join(f"\\x{byte:02x}" for byte in word) + '"\n' for word in PIECES)
    )
    return file


def _seeds(directory: Path) -> Path:
    """A few hundred connections to begin with."""
    grammar = Grammar(0)
    seeds = directory / "seeds"
    seeds.mkdir()
    for number in range(400):
        wire = "json" if number & 1 else "plain"
        lines = [grammar.line(wire)[:1000] for _ in range(grammar.random.randrange(1, 5))]
        (seeds / str(number)).write_bytes(bytes([number & 3]) + b"".join(lines))
    return seeds


if __name__ == "__main__":
    main()
