"""
The cost of garbage: a member sends much useless input of one kind at once. How much CPU does the
daemon spend on it, and how long do bystanders wait for an answer meanwhile?

The two are measured apart, since bystanders who ask all the time cost CPU, too.
"""

from __future__ import annotations

import select
import socket
import time
from contextlib import ExitStack, closing
from itertools import count
from typing import NamedTuple

from tests.benchmarks.loads import Bench, Column, Metrics
from tests.benchmarks.servers import LOOPBACK, GroupChat, Running

SMALL, BIG = 65_536, 1_000_000  #: bytes
LIMIT = 60.0  #: seconds in which all of it is dealt with
WATCHED = 1.0  #: seconds for which one is watched whom the server slows down
BYSTANDERS, PACE = 25, 0.025  #: how many there are, and seconds between two questions of each


class Wire(NamedTuple):
    """A login, a part of the answer that shows its success, and a good-bye."""

    hello: bytes
    inside: bytes
    bye: bytes


PLAIN = Wire(b"n%d\n", b"You are up to date.", b"\n/quit\n")
JSON = Wire(b'{"type":"hello","name":"n%d"}\n', b'"catchup"', b'\n{"type":"quit"}\n')
ASIDE = JSON._replace(hello=b'{"type":"hello","name":"n%d","rooms":{"aside":null}}\n')


class Kind(NamedTuple):
    """
    :ivar wire: that it is sent on.
    :ivar unit: that is sent again and again.
    :ivar rate: as in ``--rate``; "": the default.
    :ivar slowed: whether the server slows it down, as it should: then it is watched for a while,
        not to its end.
    """

    wire: Wire
    unit: bytes
    rate: str = ""
    slowed: bool = False


NOTHING, EMPTY = "nothing", "empty lines"
KINDS = {
    NOTHING: Kind(PLAIN, b"", slowed=True),
    EMPTY: Kind(PLAIN, b"\n"),
    "one endless line": Kind(PLAIN, b"x"),
    "lines that are no JSON": Kind(JSON, b"{x\n"),
    "lines of one letter": Kind(PLAIN, b"x\n", slowed=True),
    "lines of one letter, --rate 0": Kind(PLAIN, b"x\n", rate="0"),
    "pings": Kind(JSON, b'{"type":"ping"}\n', slowed=True),
    "pings, --rate 0": Kind(JSON, b'{"type":"ping"}\n', rate="0"),
}


class GarbageInput:
    """
    Each kind of input, in two sizes.

    :param kinds: only these.
    """

    name = "garbage-input"
    title = (
        "what one member's senseless input costs, with the default --rate unless it says otherwise"
    )
    long_ledger = False
    columns = [
        Column("64 KiB: CPU ms", "small_cpu_ms"),
        Column("longest stall ms", "small_stall_ms"),
        Column("1 MB: CPU ms", "big_cpu_ms"),
        Column("longest stall ms", "big_stall_ms"),
        Column("took s", "big_s", 2),
    ]

    def __init__(self, kinds: list[str] | None = None) -> None:
        self._kinds = kinds or list(KINDS)

    def cases(self, bench: Bench) -> list[str]:
        return self._kinds

    def run(self, bench: Bench, case: str) -> Metrics:
        kind = KINDS[case]
        with GroupChat(options={"rate": kind.rate}).running(bench.scratch) as running:
            limit = max(0.1, WATCHED * bench.scale) if kind.slowed else LIMIT
            small, big = (_Input(kind, round(size * bench.scale), limit) for size in (SMALL, BIG))
            small_cpu, _ = _cost(running, small)
            big_cpu, big_took = _cost(running, big)
            return {
                "small_cpu_ms": small_cpu * 1000,
                "small_stall_ms": _stall(running, small) * 1000,
                "big_cpu_ms": big_cpu * 1000,
                "big_stall_ms": _stall(running, big) * 1000,
                "big_s": big_took,
            }


class _Input:
    """
    The bytes that are sent.

    :param limit: seconds for which it is watched.
    """

    def __init__(self, kind: Kind, size: int, limit: float) -> None:
        self.wire = kind.wire
        self.limit = limit
        self.data = kind.unit * (size // len(kind.unit)) + kind.wire.bye if kind.unit else b""


def _cost(running: Running, what: _Input) -> tuple[float, float]:
    """The CPU that the daemon spends on it, and the time that it takes, in seconds."""
    with closing(_Sender(running.port, what)) as sender:
        cpu, begin = running.cpu(), time.monotonic()
        while not sender.over:
            _turn(sender, [])
        return running.cpu() - cpu, time.monotonic() - begin


def _stall(running: Running, what: _Input) -> float:
    """The longest that a bystander waits meanwhile, in seconds."""
    with ExitStack() as ends:
        bystanders = [
            ends.enter_context(closing(_Bystander(running.port, n))) for n in range(BYSTANDERS)
        ]
        sender = ends.enter_context(closing(_Sender(running.port, what)))
        while not sender.over:
            for bystander in bystanders:
                bystander.ask_if_due()
            _turn(sender, bystanders)
        while not all(bystander.answered for bystander in bystanders):
            _turn(None, bystanders)
        return max(bystander.longest for bystander in bystanders)


def _turn(sender: _Sender | None, bystanders: list[_Bystander]) -> None:
    reading = [*bystanders, *([sender] if sender else [])]
    writing = [sender] if sender and sender.left else []
    readable, writable, _ = select.select(reading, writing, [], PACE / BYSTANDERS)
    for one in readable:
        one.read()
    for one in writable:
        one.write()


class _One:
    """A client that has logged in."""

    _names = count()

    def __init__(self, port: int, wire: Wire) -> None:
        self._socket = socket.create_connection((LOOPBACK, port), timeout=LIMIT)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(wire.hello % next(self._names))
        heard = b""
        while wire.inside not in heard:
            data = self._socket.recv(65_536)
            heard += data
            assert data, heard
        self._socket.setblocking(False)

    def fileno(self) -> int:
        return self._socket.fileno()

    def read(self) -> None:
        """Something has come."""
        raise NotImplementedError

    def close(self) -> None:
        self._socket.close()


class _Sender(_One):
    """
    Sends it, and goes.

    :ivar left: what is not sent yet.
    """

    def __init__(self, port: int, what: _Input) -> None:
        super().__init__(port, what.wire)
        self._until = time.monotonic() + what.limit
        self._ended = False
        self.left = memoryview(what.data)

    @property
    def over(self) -> bool:
        """Whether it is all dealt with, or the server slows us down and will for long."""
        return self._ended or time.monotonic() > self._until

    def write(self) -> None:
        try:
            self.left = self.left[self._socket.send(self.left) :]
        except OSError:
            self._ended = True

    def read(self) -> None:
        try:
            self._ended = not self._socket.recv(1 << 20)
        except OSError:
            self._ended = True


class _Bystander(_One):
    """
    Asks now and then from another room, never so often that it is slowed down for it.

    :ivar answered: whether there is an answer to the last question.
    :ivar longest: seconds between a question and its answer.
    """

    def __init__(self, port: int, number: int) -> None:
        super().__init__(port, ASIDE)
        self.answered = True
        self.longest = 0.0
        self._asked = time.monotonic() - PACE * number / BYSTANDERS

    def ask_if_due(self) -> None:
        now = time.monotonic()
        if self.answered and now - self._asked >= PACE:
            self.answered, self._asked = False, now
            self._socket.send(b'{"type":"ping"}\n')

    def read(self) -> None:
        data = self._socket.recv(1 << 20)
        assert data, "the bystander was turned away"
        if b'"pong"' in data:
            self.answered = True
            self.longest = max(self.longest, time.monotonic() - self._asked)


GARBAGE_INPUT = GarbageInput()
