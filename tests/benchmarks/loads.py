"""
The interface of a load, and the loads that `load.c` makes: a room, its speakers, and their pace.

A load compares cases: servers, or conditions of one server. Each case runs once in a round, and
returns its metrics.
"""

from __future__ import annotations

import json
import math
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from tests.benchmarks.build import Programs
from tests.benchmarks.disk import syncs
from tests.benchmarks.servers import (
    BASELINE,
    BASELINE_JSON,
    OURS,
    THREAD_PER_CLIENT,
    TLS,
    WIRES,
    Running,
    Server,
)

Metrics = dict[str, float]


class Column(NamedTuple):
    """
    One column of a load's table.

    :ivar metric: that it shows.
    :ivar over: the case that it is divided by, or "".
    :ivar digits: behind the point.
    :ivar less: the case that is subtracted from it, or "".
    """

    heading: str
    metric: str
    digits: int = 1
    over: str = ""
    less: str = ""


class Bench(NamedTuple):
    """
    Everything that all loads share.

    :ivar servers: by their names, those that can be measured here.
    :ivar stored: the long ledger.
    :ivar scale: 1 for the whole size, less for a smaller one.
    :ivar scratch: where the servers run; None: the usual place.
    """

    programs: Programs
    servers: dict[str, Server]
    stored: Path
    scale: float = 1.0
    scratch: Path | None = None


class Load(Protocol):
    """
    :ivar name: to choose it by.
    :ivar title: what it is, in a line.
    :ivar long_ledger: whether it needs the long ledger.
    """

    name: str
    title: str
    columns: list[Column]
    long_ledger: bool

    def cases(self, bench: Bench) -> list[str]:
        """Returns the cases that are compared, in the order of the table."""

    def run(self, bench: Bench, case: str) -> Metrics:
        """Run it once."""


class NotDelivered(Exception):
    """The load did not come to its end: what it said of it."""


THROUGHPUT = [
    Column("deliveries/s", "deliveries_s", 0),
    Column("x baseline", "deliveries_s", 2, over=BASELINE),
    Column("x ngircd", "deliveries_s", 2, over="ngircd"),
    Column("x threads", "deliveries_s", 2, over=THREAD_PER_CLIENT),
    Column("p50 ms", "p50_ms"),
    Column("p99 ms", "p99_ms"),
    Column("CPU us", "cpu_us", 2),
]
THROUGHPUT_TLS = [
    Column("deliveries/s", "deliveries_s", 0),
    Column("x plain", "deliveries_s", 2, over=OURS),
    Column("x baseline", "deliveries_s", 2, over=BASELINE_JSON + TLS),
    Column("x ngircd", "deliveries_s", 2, over="ngircd" + TLS),
    Column("x inspircd", "deliveries_s", 2, over="inspircd" + TLS),
    Column("p50 ms", "p50_ms"),
    Column("p99 ms", "p99_ms"),
    Column("CPU us", "cpu_us", 2),
    Column("load CPU", "load_cpu", 2),
]
LATENCY = [
    Column("p50 ms", "p50_ms", 2),
    Column("x baseline", "p50_ms", 2, over=BASELINE),
    Column("p99 ms", "p99_ms", 2),
    Column("x baseline", "p99_ms", 2, over=BASELINE),
    Column("x inspircd", "p99_ms", 2, over="inspircd"),
    Column("last p50 ms", "last_p50_ms", 2),
    Column("last p99 ms", "last_p99_ms", 2),
]
LATENCY_TLS = [
    Column("p50 ms", "p50_ms", 2),
    Column("x plain", "p50_ms", 2, over=OURS),
    Column("p99 ms", "p99_ms", 2),
    Column("x plain", "p99_ms", 2, over=OURS),
    Column("x ngircd", "p99_ms", 2, over="ngircd" + TLS),
    Column("x inspircd", "p99_ms", 2, over="inspircd" + TLS),
    Column("last p50 ms", "last_p50_ms", 2),
    Column("last p99 ms", "last_p99_ms", 2),
]
MEMORY = [
    Column("all in, s", "join_s"),
    Column("idle: KiB a member", "member_kib"),
    Column("more than plain", "member_kib", less=OURS),
    Column("after talk: KiB a member", "talked_kib"),
    Column("more than plain", "talked_kib", less=OURS),
]
SCALE = [
    Column("all in, s", "join_s"),
    Column("KiB a member", "member_kib"),
    Column("deliveries/s", "deliveries_s", 0),
    Column("first p50 ms", "p50_ms"),
    Column("last p99 ms", "last_p99_ms"),
]


class Fanout:
    """
    A load as `load.c` makes it.

    :param window: messages on their way in a closed loop, or
    :param rate: messages a second in an open one.
    :param encrypted: whether it is for the servers with TLS, beside ours without; otherwise it is
        for those without.
    :param only: of them, those that it is for; otherwise all.
    """

    long_ledger = False

    def __init__(
        self,
        name: str,
        title: str,
        columns: list[Column],
        *,
        members: int,
        speakers: int,
        messages: int,
        window: int = 1,
        rate: int = 0,
        rooms: int = 1,
        encrypted: bool = False,
        only: list[str] | None = None,
    ) -> None:
        self.name = name
        self.title = title
        self.columns = columns
        self.members = members
        self.speakers = speakers
        self.messages = messages
        self.window = window
        self.rate = rate
        self.rooms = rooms
        self.encrypted = encrypted
        self.only = only

    def cases(self, bench: Bench) -> list[str]:
        return [
            name
            for name, server in bench.servers.items()
            if server.encrypted == self.encrypted or name == OURS
            if (not server.special if self.only is None else name in self.only)
        ]

    def run(self, bench: Bench, case: str) -> Metrics:
        server = bench.servers[case]
        with (
            server.running(bench.scratch) as running,
            self.begin(bench, running, server) as load,
        ):
            return self.end(load)

    def begin(
        self, bench: Bench, running: Running, server: Server, more: Sequence[str] = ()
    ) -> subprocess.Popen[str]:
        """Start the load on this server, with more options of load.c."""
        where = ["-w", server.wire, *running.options()]
        encrypted = ["-e"] if server.encrypted else []
        command = [str(bench.programs.load), *where, *encrypted, *self.options(bench.scale), *more]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def options(self, scale: float) -> list[str]:
        """
        Its size, as load.c takes it. A smaller one has fewer messages, and fewer people by the root
        of that.
        """
        rooms, members = self._rooms(scale), self.size(scale)
        sizes = {
            "-n": members,
            "-s": min(members, max(rooms, self.speakers)),
            "-r": rooms,
            "-m": max(2, round(self.messages * scale)),
            "-b": 80,
            **({"-R": self.rate} if self.rate else {"-W": self.window}),
        }
        return [str(word) for option in sizes.items() for word in option]

    def size(self, scale: float) -> int:
        """Returns the number of members."""
        return max(2 * self._rooms(scale), round(self.members * math.sqrt(scale)), 4)

    def _rooms(self, scale: float) -> int:
        return max(1, round(self.rooms * math.sqrt(scale)))

    def end(self, load: subprocess.Popen[str]) -> Metrics:
        """
        Wait for its end.

        :raises NotDelivered: not all of it was.
        """
        metrics = outcome(load)
        for metric, when in (("member_kib", "in"), ("talked_kib", "talked")):
            grown = metrics[f"memory_{when}_kib"] - metrics["memory_before_kib"]
            metrics[metric] = grown / metrics["members"]
        return metrics


def outcome(load: subprocess.Popen[str]) -> Metrics:
    """
    Wait for the end of a program that prints its metrics.

    :raises NotDelivered: not everything was.
    """
    text, errors = load.communicate()
    if load.returncode:
        raise NotDelivered(f"{' '.join(map(str, load.args))}\n{text}{errors}")  # type: ignore[arg-type]
    metrics: Metrics = json.loads(text)
    return metrics


DISK = "the disk alone"


class OpenLoop(Fanout):
    """A fixed rate of messages; beside the servers, the time that the disk takes to sync them."""

    def cases(self, bench: Bench) -> list[str]:
        return [*super().cases(bench), DISK]

    def run(self, bench: Bench, case: str) -> Metrics:
        if case != DISK:
            return super().run(bench, case)
        took = syncs(bench.scratch, self.rate, max(2, round(self.messages * bench.scale)))
        p50, p99 = took[len(took) // 2], took[len(took) * 99 // 100]
        return {"p50_ms": p50, "p99_ms": p99, "last_p50_ms": p50, "last_p99_ms": p99}


def _fanout(encrypted: bool) -> list[Fanout]:
    """The loads that all servers get, without TLS or with it."""
    tls, over_tls = ("-tls", ", over TLS") if encrypted else ("", "")
    throughput = THROUGHPUT_TLS if encrypted else THROUGHPUT
    return [
        Fanout(
            f"throughput-200{tls}",
            f"200 members, 100 of them speak, 500 messages on their way{over_tls}",
            throughput,
            members=200,
            speakers=100,
            messages=20_000,
            window=500,
            encrypted=encrypted,
        ),
        Fanout(
            f"chat-200{tls}",
            f"200 members, 20 of them speak, 64 messages on their way{over_tls}",
            throughput,
            members=200,
            speakers=20,
            messages=8_000,
            window=64,
            encrypted=encrypted,
        ),
        Fanout(
            f"chat-1000{tls}",
            f"1,000 members, 50 of them speak, 64 messages on their way{over_tls}",
            throughput,
            members=1_000,
            speakers=50,
            messages=1_000,
            window=64,
            encrypted=encrypted,
        ),
        Fanout(
            f"ping-pong-1000{tls}",
            f"1,000 members, 50 of them speak, one message at a time{over_tls}",
            throughput,
            members=1_000,
            speakers=50,
            messages=300,
            window=1,
            encrypted=encrypted,
        ),
        OpenLoop(
            f"open-loop-50{tls}",
            f"1,000 members, 50 messages a second{over_tls}",
            LATENCY_TLS if encrypted else LATENCY,
            members=1_000,
            speakers=50,
            messages=1_000,
            rate=50,
            encrypted=encrypted,
        ),
    ]


def throughput_beside(other: str) -> list[Column]:
    """
    Returns the columns of a load that cases share with another one of ours.

    :param other: the heading of the ratios to it.
    """
    return [
        Column("deliveries/s", "deliveries_s", 0),
        Column(f"x {other}", "deliveries_s", 2, over=OURS),
        Column("p50 ms", "p50_ms"),
        Column("p99 ms", "p99_ms"),
        Column("CPU us", "cpu_us", 2),
        Column(f"x {other}", "cpu_us", 2, over=OURS),
    ]


def latency_beside(other: str) -> list[Column]:
    """Returns the same for an open loop."""
    return [
        Column("p50 ms", "p50_ms", 2),
        Column(f"x {other}", "p50_ms", 2, over=OURS),
        Column("p99 ms", "p99_ms", 2),
        Column(f"x {other}", "p99_ms", 2, over=OURS),
    ]


THROUGHPUT_WEB, LATENCY_WEB = throughput_beside("JSON"), latency_beside("JSON")
MEMORY_WEB = [
    Column("all in, s", "join_s"),
    Column("idle: KiB a member", "member_kib"),
    Column("more than JSON", "member_kib", less=OURS),
]
_OURS = [OURS, OURS + WIRES["websocket"], OURS + WIRES["event-stream"]]
#: the ways of a browser beside the JSON wire
WEB = [
    Fanout(
        "chat-200-web",
        "200 members as in a browser, 20 of them speak, 64 messages on their way",
        THROUGHPUT_WEB,
        members=200,
        speakers=20,
        messages=8_000,
        window=64,
        only=_OURS,
    ),
    Fanout(
        "chat-1000-web",
        "1,000 members as in a browser, 50 of them speak, 64 messages on their way",
        THROUGHPUT_WEB,
        members=1_000,
        speakers=50,
        messages=1_000,
        window=64,
        only=_OURS,
    ),
    Fanout(
        "open-loop-50-web",
        "1,000 members as in a browser, 50 messages a second",
        LATENCY_WEB,
        members=1_000,
        speakers=50,
        messages=1_000,
        rate=50,
        only=_OURS,
    ),
    Fanout(
        "memory-4000-web",
        "4,000 members as in a browser, one message at a time",
        MEMORY_WEB,
        members=4_000,
        speakers=10,
        messages=30,
        only=_OURS,
    ),
]
FANOUT = _fanout(encrypted=False)
FANOUT_TLS = _fanout(encrypted=True)
SIZE = [
    Fanout(
        "join-10k",
        "10,000 members in one room, one message at a time",
        SCALE,
        members=10_000,
        speakers=10,
        messages=30,
        only=[OURS],
    ),
    Fanout(
        "rooms-500",
        "10,000 members in 500 rooms, 500 messages on their way",
        SCALE,
        members=10_000,
        speakers=1_000,
        messages=20_000,
        window=500,
        rooms=500,
        only=[OURS],
    ),
    Fanout(
        "memory-2000-tls",
        "2,000 members over TLS and without, before the first message and after some",
        MEMORY,
        members=2_000,
        speakers=10,
        messages=30,
        encrypted=True,
        only=[OURS, OURS + TLS],
    ),
]
