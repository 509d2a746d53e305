"""
Many devices of few names, beside as many members with one device each.
"""

from __future__ import annotations

from tests.benchmarks.loads import Bench, Column, Fanout, Metrics
from tests.benchmarks.member import Member
from tests.benchmarks.servers import GroupChat

CONNECTIONS, EACH = 200, 10
PASSWORD = "benchmark-password"


MEMBERS = f"{CONNECTIONS} members"
CASES = {MEMBERS: 1, f"{CONNECTIONS // EACH} members, {EACH} devices each": EACH}


class Devices(Fanout):
    """As many connections, of more names or of fewer; all names are registered."""

    def cases(self, bench: Bench) -> list[str]:
        return list(CASES)

    def run(self, bench: Bench, case: str) -> Metrics:
        devices = CASES[case]
        server = GroupChat(options={"devices": str(EACH)})
        more = ["-d", str(devices), "-P", PASSWORD]
        with server.running(bench.scratch) as running:
            for number in range(self.size(bench.scale) // devices + 1):
                with Member(running.port, f"m{number}") as member:
                    member.register(PASSWORD)
            with self.begin(bench, running, server, more) as load:
                return self.end(load)


DEVICES = Devices(
    "devices-200",
    f"{CONNECTIONS} connections, 20 of them speak, 64 messages on their way",
    [
        Column("all in, s", "join_s", 2),
        Column("KiB a connection", "member_kib"),
        Column("deliveries/s", "deliveries_s", 0),
        Column("x members", "deliveries_s", 2, over=MEMBERS),
        Column("p50 ms", "p50_ms"),
        Column("p99 ms", "p99_ms"),
        Column("CPU us", "cpu_us", 2),
        Column("x members", "cpu_us", 2, over=MEMBERS),
    ],
    members=CONNECTIONS,
    speakers=20,
    messages=8_000,
    window=64,
)
