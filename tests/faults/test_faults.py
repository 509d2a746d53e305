"""
The promise under faults, and the checker under builds that break it.

`docs/faults.rst` tells how to run this for longer. Here it is one run with a fixed plan, then every
broken build until it is found out, and the recovery of a big ledger.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest
import pytest_twisted

from groupchat.core.entries import MessageEntry
from groupchat.ledgers.retention import RetentionPolicy
from groupchat.ledgers.writer import Writer
from tests.faults.broken import BUILDS, client_patch
from tests.faults.checker import FINDINGS, Checker, Findings
from tests.faults.disk import Disk
from tests.faults.history import GONE, direct_room, removal
from tests.faults.members import Member
from tests.faults.nemesis import Environment
from tests.faults.run import Run
from tests.faults.scenario import SINGLE
from tests.faults.twins import interleaved

#: The daily run: each fault, and some on the heels of another.
PLAN = (
    "kill",
    "power-cut",
    "reset",
    "stall",
    "full",
    "term",
    "sync-error",
    "slow",
    "reset",
    "kill",
    "kill",
    "power-cut",
    "freeze",
    "write-error",
    "stall",
    "reset",
    "power-cut",
    "power-cut",
    "kill",
    "reset",
)

#: The daily run of three nodes: each fault, for two minutes in all.
NODES_PLAN = (
    "kill-node",
    "cut-links",
    "kill-engine",
    "reset",
    "lose-answers",
    "stall-links",
    "kill-node",
    "freeze-node",
    "cut-links",
    "slow-links",
    "term-node",
    "freeze-engine",
    "kill-engine",
    "promote",
    "stall-links",
    "kill-node",
    "freeze-node",
    "promote",
    "lose-answers",
    "promote",
)


@pytest.fixture
def directory(tmp_path: Path, needs: Any) -> Path:
    """A directory for a run, where there is a C compiler for its shim."""
    needs("cc", "gcc")
    return tmp_path


# The server.


@pytest.mark.limit(140)
@pytest_twisted.ensureDeferred
async def test_nothing_is_lost_and_nothing_comes_twice(directory: Path):
    run_ = Run(directory, 1, PLAN, load=600)
    await run_.run()
    assert not run_.findings.counts, "\n".join(run_.findings.examples)
    assert run_.counts["faults"] == len(PLAN)
    assert run_.counts["stored"] > 1000
    assert run_.counts["no"]  # a full disk is told
    assert run_.counts["posted"] > 20  # over HTTP


@pytest.mark.slow
@pytest.mark.limit(360)
@pytest_twisted.ensureDeferred
async def test_three_nodes_lose_nothing_and_show_nothing_twice(tmp_path: Path, engine: Any):
    from tests.faults.group_nemesis import nodes  # needs psycopg

    run_ = Run(tmp_path, 1, NODES_PLAN, load=300, scenario=nodes(3))
    await run_.run()
    assert not run_.findings.counts, "\n".join(run_.findings.examples)
    assert run_.counts["faults"] == len(NODES_PLAN)
    assert run_.counts["stored"] > 1000


# The checker.


@pytest.mark.limit(60)
@pytest.mark.parametrize("name", BUILDS)
@pytest_twisted.ensureDeferred
async def test_a_broken_build_is_found_out(
    name: str, directory: Path, request: pytest.FixtureRequest
):
    build, scenario = BUILDS[name], SINGLE
    if build.nodes:
        request.getfixturevalue("engine")
        from tests.faults.group_nemesis import nodes  # needs psycopg

        scenario = nodes(build.nodes, standby=False)._replace(patience=10)
    number = 0
    found = Findings()
    with client_patch(name):
        while not any(found.counts[kind] for kind in build.finds):
            number += 1
            leg_directory = directory / str(number)
            leg_directory.mkdir()
            run_ = Run(
                leg_directory,
                f"{name}/{number}",
                build.faults,
                "" if build.client else name,
                load=build.load,
                drain=8,
                scenario=scenario,
            )
            await run_.run()
            found = run_.findings


LOG = {"lobby": ["a.1", "b.1", "a.2"]}
WELL: list[list[Any]] = [
    ["a", "asks", "lobby", None, None],
    ["b", "asks", "lobby", None, None],
    *([who, "upto", "lobby", 0] for who in "ab"),
    ["a", "said", "lobby", 1, "a.1"],
    ["b", "said", "lobby", 1, "b.1"],
    ["a", "ok", "lobby", 1, 1],
    *([who, what, "lobby", 1, "a.1"] for who in "ab" for what in ("told", "shown")),
    ["b", "ok", "lobby", 1, 2],
    *([who, what, "lobby", 2, "b.1"] for who in "ab" for what in ("told", "shown")),
    ["a", "said", "lobby", 2, "a.2"],
    ["a", "ok", "lobby", 2, 3],
    *([who, what, "lobby", 3, "a.2"] for who in "ab" for what in ("told", "shown")),
]


def found(records: list[list[Any]], log: dict[str, list[str]] | None = None) -> set[str]:
    findings = Findings()
    Checker([LOG if log is None else log], findings).check(
        [at, *record] for at, record in enumerate(records)
    )
    return set(findings.counts)


def without(*record: Any) -> list[list[Any]]:
    return [other for other in WELL if other != [*record]]


def instead(old: list[Any], *new: list[Any]) -> list[list[Any]]:
    return [record for other in WELL for record in (new if other == old else [other])]


LAST = ["b", "shown", "lobby", 3, "a.2"]


def test_the_checker_is_content_with_a_good_run():
    assert found(WELL) == set()


@pytest.mark.parametrize(
    ("kind", "records", "log"),
    [
        ("lost", WELL, {"lobby": ["a.1", "b.1"]}),
        ("lost", without(*LAST), None),
        ("lost", instead(LAST, LAST, ["b", "reset", "lobby"]), None),
        ("lost", instead(LAST, LAST, ["b", "gap", "lobby", 3, 5]), None),
        ("phantom", instead(LAST, LAST, ["b", "shown", "lobby", 4, "c.1"]), None),
        ("phantom", WELL, {"lobby": ["a.1", "b.1", "a.2", "c.1"]}),
        ("stored twice", WELL, {"lobby": ["a.1", "b.1", "a.2", "b.1"]}),
        ("delivered twice", instead(LAST, LAST, LAST), None),
        ("delivered twice", instead(LAST, ["b", "told", "lobby", 3, "a.2"], LAST), None),
        ("id reused", instead(LAST, ["b", "shown", "lobby", 3, "b.1"]), None),
        ("order differs", WELL, {"lobby": ["b.1", "a.1", "a.2"]}),
        ("order differs", WELL, {"lobby": ["a.2", "b.1", "a.1"]}),
        ("silent hole", without("b", "shown", "lobby", 2, "b.1"), None),
        ("silent hole", without("b", "told", "lobby", 2, "b.1"), None),
        ("silent hole", WELL, {"lobby": ["a.1", "b.1", "?", "a.2"]}),
        (
            "wrong no",
            instead(["a", "ok", "lobby", 2, 3], ["a", "no", "lobby", 2, "storage-full"]),
            None,
        ),
        ("wrong no", instead(LAST, LAST, ["a", "no", "lobby", 2, "unavailable"]), None),
        ("shown too soon", WELL, {"lobby": ["a.1", "b.1"]}),
    ],
)
def test_the_checker_finds(kind: str, records: list[list[Any]], log: dict[str, list[str]] | None):
    assert kind in found(records, log)
    assert kind in FINDINGS


def test_the_checker_finds_two_of_one_name():
    assert interleaved(["t1-1.1", "t1-1.2", "t2-1.1", "t1-2.1"]) == []
    assert interleaved(["t1-1.1", "t2-1.1", "t1-1.2"]) == ["t1-1.2"]


# Corrections, removals, marks and direct rooms.

# Removals, marks and direct rooms.

REMOVAL = removal("lobby", 2)
REMOVED = {"lobby": ["a.1", GONE, f"{GONE}2", REMOVAL, "a.2"]}


def reads(who: str, *keys: str) -> list[list[Any]]:
    """Somebody is told and shown these messages, from the first on."""
    ids = enumerate(keys, 1)
    return [[who, what, "lobby", id, key] for id, key in ids for what in ("told", "shown")]


def says(who: str, n: int, key: str, id: int, room: str = "lobby") -> list[list[Any]]:
    return [[who, "said", room, n, key], [who, "ok", room, n, id]]


def taken_back() -> list[list[Any]]:
    """Somebody corrects and removes a message; another comes later, and does not see it."""
    return [
        ["b", "asks", "lobby", "e", 0],
        *says("a", 1, "a.1", 1),
        *says("b", 1, "b.1", 2),
        *says("b", 2, "b.2", 3),
        *reads("b", "a.1", "b.1", "b.2"),
        *says("b", 3, REMOVAL, 4),
        *says("a", 2, "a.2", 5),
        *reads("b", "a.1", "b.1", "b.2", REMOVAL, "a.2")[6:],
        ["c", "asks", "lobby", "e", 0],
        *reads("c", "a.1", GONE, GONE, REMOVAL, "a.2"),
    ]


def later(kind: str, *record: Any) -> list[list[Any]]:
    """The same, but for one record of the member that comes later."""
    told = ["c", kind, *record[:2]]
    return [["c", kind, *record] if other[:4] == told else other for other in taken_back()]


def test_the_checker_is_content_with_a_removal():
    assert found(taken_back(), {"lobby": [*REMOVED["lobby"]]}) == set()


@pytest.mark.parametrize(
    ("kind", "records", "log"),
    [
        ("removed text", later("told", "lobby", 2, "b.1"), REMOVED["lobby"]),
        ("removed text", later("told", "lobby", 3, "b.2"), REMOVED["lobby"]),
        ("removed text", taken_back(), ["a.1", "b.1", "b.2", REMOVAL, "a.2"]),
        ("phantom", later("told", "lobby", 1, GONE), REMOVED["lobby"]),
        ("lost", taken_back(), ["a.1", GONE, f"{GONE}2", "a.2"]),
        ("stored twice", taken_back(), [*REMOVED["lobby"], REMOVAL]),
    ],
)
def test_the_checker_finds_of_a_removal(kind: str, records: list[list[Any]], log: list[str]):
    assert kind in found(records, {"lobby": [*log]})
    assert kind in FINDINGS


def test_the_plain_wire_does_not_tell_what_was_removed():
    heard = [["o", "heard", "lobby", key] for key in ("a.1", "a.2")]
    assert found([*taken_back(), *heard], {"lobby": [*REMOVED["lobby"]]}) == set()


def marks(id: int, kept: int) -> list[list[Any]]:
    return [["a", "marked", "lobby", id], ["a", "room", "lobby", 3, 2, kept]]


def test_the_checker_finds_a_mark_that_goes_back():
    assert found([*WELL, *marks(2, 2)]) == set()
    assert found([*WELL, *marks(2, 1)]) == {"mark went back"}


def test_the_checker_finds_a_third_who_is_shown_a_direct_message():
    room = direct_room("b", "a")
    well = [
        *says("a", 1, "a.1", 1, room),
        ["b", "told", room, 1, "a.1"],
        ["b", "shown", room, 1, "a.1"],
    ]
    own = [["a", "shown", room, 1, "a.1"]]
    assert found([*well, *own], {room: ["a.1"]}) == set()
    assert "seen by a third" in found(
        [*well, ["c", "told", direct_room("a", "c"), 1, "a.1"]], {room: ["a.1"]}
    )
    assert "seen by a third" in found([*well, ["o", "heard", "lobby", "a.1"]], {room: ["a.1"]})


def test_what_is_refused_and_said_again_is_well():
    again = instead(
        ["a", "ok", "lobby", 2, 3],
        ["a", "no", "lobby", 2, "storage-full"],
        ["a", "said", "lobby", 2, "a.2"],
    )
    assert found(again) == set()


# The disk.

WRITE = """
import os, sys
file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
os.pwrite(file, b"synced", 0)
os.fsync(file)
os.pwrite(file, b"not synced, and longer", 3)
os.ftruncate(file, 5)
os.pwrite(file, b"!", 1)
"""


def test_a_power_cut_takes_of_what_was_not_synced_any_part(directory: Path):
    ledger, journal = directory / "file", directory / "file.unsynced"
    disk = Disk(directory, ledger)
    subprocess.run(
        [sys.executable, "-c", WRITE, ledger], env=disk.environment, check=True, timeout=20
    )
    whole, unsynced = ledger.read_bytes(), journal.read_bytes()
    left = set()
    for seed in range(100):
        ledger.write_bytes(whole)
        journal.write_bytes(unsynced)
        assert disk.lose_power(Random(seed)) == 3
        left.add(ledger.read_bytes())
    assert whole == b"s!nno"
    assert {b"synced", b"synnot synced, and longer", b"synce", whole} <= left


# The recovery.

MESSAGES = 1_000_000
CLIENTS = 20
BATCH = 20_000


def fill(ledger: Path) -> None:
    """Store a million messages, as a daemon that is killed leaves them."""
    writer = Writer(str(ledger), RetentionPolicy())
    writer.open()
    for start in range(0, MESSAGES, BATCH):
        numbers = range(start, start + BATCH)
        writer.commit(
            [
                MessageEntry("lobby", "someone", f"message {n}: a line like any other", 1000 + n)
                for n in numbers
            ]
        )
    writer.close()


@pytest.mark.limit(100)
@pytest_twisted.ensureDeferred
async def test_a_million_messages_are_no_reason_to_wait(directory: Path):
    environment = Environment(directory, Random(1))
    fill(environment.ledger)
    await environment.start()
    for number in range(CLIENTS):
        environment.members.append(
            Member(
                f"m{number}",
                ["lobby"],
                environment.history,
                environment.proxy.port,
                environment.rng,
            )
        )
        environment.members[-1].start()
    counts = environment.history.counts
    await environment.history.until(lambda: counts["upto"] == CLIENTS, 20)
    environment.members[0].talk()
    accepting, resumed = [], []
    for _ in range(3):  # the best of three, as others may be at work here
        await environment.history.until(environment.answered(200), 20)
        await environment.server.kill()
        back = counts["upto"] + CLIENTS
        begun = time.monotonic()
        await environment.start()
        accepting.append(time.monotonic() - begun)
        await environment.history.until(lambda back=back: counts["upto"] >= back, 20)
        resumed.append(time.monotonic() - begun)
    await environment.end()
    print(f"accepting after {accepting}, {CLIENTS} clients resumed after {resumed}")
    assert min(accepting) < 1
    assert min(resumed) < 3
